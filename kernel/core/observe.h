/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What would a customization do to one direction of a stream, if it had it alone? It is
 * shown the bytes and changes none. As the engine, this compiles in user space too.
 */
#ifndef L45_OBSERVE_H
#define L45_OBSERVE_H

#include "engine.h"

struct l45_observer {
	/* What it would have done since the caller has cleared it. */
	bool changes;
	u64 inserted, removed;

	bool over;	/* it has nothing more to say */
	bool searching; /* ingress: until its mark comes */
	u64 passing;	/* bytes that it has left to others */
	u32 held_len;
	struct l45_flow flow; /* set by the caller before the start */
	u8 held[L45_VIEW_MAX];
	struct l45_cursor cursor;
};

/* `late`: it comes to the middle of a stream. */
void l45_observer_start(struct l45_observer *observer, const struct l45_ops *ops, bool late);
/* The stream goes on with these bytes. */
void l45_observer_show(struct l45_observer *observer, const u8 *data, u32 len);

#endif /* L45_OBSERVE_H */
