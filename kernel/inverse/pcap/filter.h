/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rewrites the packets of a capture to what they would have been without customizations.
 * Packets come out in the order in which they went in. One whose bytes can't be told yet, for
 * a segment ahead of it is missing or a message is cut in two, waits, and all behind it, too.
 */
#ifndef L45_FILTER_H
#define L45_FILTER_H

#include <sys/time.h>

#include "stream.h"

#define HELD_MAX 16384		   /* packets that wait; then what they wait for is given up */
#define HELD_BYTES_MAX (64 << 20)
#define FLOWS_MAX 65536		   /* connections that are followed; the idlest one goes */

/* A packet goes out; `wire_len` counts bytes that were not captured, too. */
typedef void filter_emit(void *context, struct timeval time, const u8 *data, u32 len,
			 u32 wire_len);

struct filter_stats {
	u64 packets;
	u64 rewritten;	/* came out with other bytes */
	u64 fragments;	/* of IP: passed on as they are */
	u64 truncated;	/* customized, perhaps, but not captured as a whole */
	u64 oversized;	/* too large once plain: passed on as they are */
	u64 dropped;	/* datagrams that the receiving host drops; passed on as they are */
	struct stream_stats streams;
};

struct filter;

struct filter *filter_new(const struct instances *instances, int link, filter_emit *emit,
			  void *context);
void filter_packet(struct filter *filter, struct timeval time, const u8 *data, u32 len,
		   u32 wire_len);
/* The capture has ended: lets out what still waits. */
void filter_flush(struct filter *filter);
const struct filter_stats *filter_stats(const struct filter *filter);
void filter_free(struct filter *filter);

#endif /* L45_FILTER_H */
