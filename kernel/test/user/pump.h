/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the core's data path: pumps bytes through the instances of one direction
 * of a flow with the real engine, cut into pieces at will.
 */
#ifndef L45_PUMP_H
#define L45_PUMP_H

#include "../../core/chain.h"
#include "../../user/load.h"

#define PUMP_INSTANCES 2

/* Where the choices of a run come from: any number from 0 to max. */
struct choice {
	u32 (*pick)(struct choice *choice, u32 max);
};

struct bytes {
	u8 *data;
	u32 len, room;
};

struct pump {
	struct l45_cursor cursors[PUMP_INSTANCES]; /* by priority */
	struct l45_flow flows[PUMP_INSTANCES];
	u32 count;
	int owner; /* whose the stream is at this point, or -1 */
	u64 raw;   /* bytes that nobody claims */

	const u8 *in;
	u32 in_len, in_used;
	bool fin;      /* nothing follows the input */
	u32 leave_at;  /* position where the owner is asked to leave */
	bool detached; /* it has left */

	struct bytes out;
	struct bytes peeked; /* what out must hold once it is that long */
	u64 delay_ns;
	u32 inserted, removed, passed;
	struct choice *choice;
};

void bytes_add(struct bytes *bytes, const void *data, u32 len);
void bytes_free(struct bytes *bytes);

/* What the cursor of a chain's stream needs, to be freed; NULL of any other. */
struct l45_chain_state *pump_links(const struct l45_ops *ops);
void pump_init(struct pump *pump, enum l45_direction direction, const struct instance *instances,
	       u32 count, struct choice *choice);
/*
 * Pumps `len` more bytes, up to the end of the datagram or stream if `fin`, or until the
 * owner has left. Returns 0, L45_SEGMENT_DROP or what the engine fails with; ends the
 * program if a promise is broken: no progress, or other bytes than were peeked. Input
 * behind in_used must be given again.
 */
int pump(struct pump *pump, const void *in, u32 len, bool fin);
void pump_free(struct pump *pump);

#endif /* L45_PUMP_H */
