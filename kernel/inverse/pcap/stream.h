/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of a TCP connection: takes its bytes in order, runs them through the ingress
 * of whichever instance they belong to, and remembers what became of which byte, so that any
 * segment, acknowledgement or retransmission can be told in the numbers of the plain stream.
 *
 * Positions count bytes from the first one after SYN; FIN counts as one.
 */
#ifndef L45_STREAM_H
#define L45_STREAM_H

#include "../../core/engine.h"
#include "instances.h"

#define CANDIDATES_MAX 8 /* deployments that may have customized one flow */

/* An instance that may own the stream. */
struct candidate {
	const struct deployment *deployment;
	struct l45_flow flow;
	struct l45_cursor cursor;
};

/*
 * What became of `in_len` bytes from `in` on: `out_len` bytes from `out` on. They are `data`
 * if set; else the same as they were, or none.
 */
struct piece {
	s64 in, out;
	u64 in_len, out_len;
	u8 *data;
};

/* Bytes that came before those ahead of them. */
struct early {
	struct early *next;
	s64 at;
	u32 len;
	bool fin;
	u8 data[];
};

struct stream {
	bool known; /* where it begins */
	bool ended; /* FIN has been taken in */
	u32 first;    /* sequence number of position 0 */
	s64 acked;    /* highest position that the peer acknowledged */
	u32 held;     /* packets that still need what this remembers */

	struct candidate *candidates;
	u32 count;
	int owner;   /* whose the stream is at this point, or -1 */
	u64 raw;     /* bytes that nobody claims; L45_REST: until somebody's mark */
	bool looked; /* there is nobody's mark at this very point */

	s64 in, out; /* all before `in` is understood, and has become all before `out` */
	struct piece *pieces;
	u32 pieces_count, pieces_room, pieces_gone;

	u8 *pending; /* bytes from `in` on, which are to be seen together with what follows */
	u32 pending_len, pending_room;
	struct early *early;
	u32 early_count, early_bytes;
};

struct stream_stats {
	u64 removed, inserted; /* bytes */
	u64 broken; /* times that a customized stream broke its format */
	u64 lost;   /* times that bytes were missing */
};

void stream_init(struct stream *stream, struct candidate *candidates, u32 count);
void stream_free(struct stream *stream);

/* Position 0 has this sequence number. */
void stream_start(struct stream *stream, u32 first);
/* The same amid a stream whose beginning was not captured. */
void stream_join(struct stream *stream, u32 first);
s64 stream_position(const struct stream *stream, u32 sequence);

/* Takes in a segment's bytes: in order, again, or ahead of others. */
void stream_take(struct stream *stream, s64 at, const u8 *data, u32 len, bool fin,
		 struct stream_stats *stats);
/* What is missing or undecided will not come any more. */
void stream_settle(struct stream *stream, struct stream_stats *stats);

/* Is it known what becomes of everything before this position? */
static inline bool stream_resolved(const struct stream *stream, s64 position)
{
	return !stream->known || position <= stream->in;
}

/* The position in the plain stream. */
s64 stream_map(const struct stream *stream, s64 position);
/* What becomes of the bytes at `at`; returns how many, of at most `room`, and -1 if more. */
s64 stream_render(const struct stream *stream, s64 at, const u8 *data, u32 len, u8 *out, u32 room);
/* Forgets what nobody will ask for any more. */
void stream_trim(struct stream *stream);

#endif /* L45_STREAM_H */
