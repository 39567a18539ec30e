/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for what goes out in bulk. The allocator clears a page before it gives it away,
 * which costs half as much as filling it; so those that TCP is done with are used again,
 * and given back when nobody has wanted one for a while.
 */
#ifndef L45_TCP_PAGES_H
#define L45_TCP_PAGES_H

#include <net/sock.h>

/* Room for bytes to send. Whoever holds it is the only one to write there. */
struct l45_room {
	struct page *page;	/* with a reference, unless it belongs to a frag */
	struct page_frag *frag; /* of the task, for a few bytes */
	u32 offset, size;
};

/* For `want` bytes, or some of them. False without memory. */
bool l45_room_take(struct sock *sk, struct l45_room *room, size_t want);
/* So many bytes are written: nobody else may put any there, TCP included. */
static inline void l45_room_advance(struct l45_room *room, u32 len)
{
	room->offset += len;
	if (room->frag)
		room->frag->offset = room->offset;
}

/* Give back what is left behind `offset`; the bytes before it stay as long as TCP wants. */
void l45_room_give(struct l45_room *room);

void l45_pages_uninit(void);

#endif /* L45_TCP_PAGES_H */
