/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Carries out the steps of a customization for one direction of one flow. It
 * touches no socket and compiles in user space too; where bytes come from and go
 * to is its caller's business:
 *
 *	while (...) {
 *		err = l45_engine_next(cursor, in, in_len, last, &segment);
 *		... do what the segment says, for as many bytes as possible ...
 *		l45_engine_commit(cursor, &segment, bytes);
 *	}
 *
 * A cursor is flat: l45_engine_copy() makes a second one that runs ahead of the
 * first without being noticed, for MSG_PEEK, FIONREAD and observing.
 */
#ifndef L45_ENGINE_H
#define L45_ENGINE_H

#ifdef __KERNEL__
#include <linux/in.h>
#else
#include <netinet/in.h>
#endif
#include <l45/customization.h>

/* Steps in a row that may consume no input; one more is an endless loop. */
#define L45_IDLE_MAX 32
/* Longest delay of one step; anything above it is a mistake in arithmetic. */
#define L45_DELAY_MAX (60ULL * 1000 * 1000 * 1000)

enum l45_segment_kind {
	L45_SEGMENT_SKIP,   /* leave out `len` bytes of input */
	L45_SEGMENT_INSERT, /* put out the `len` bytes at `data` */
	L45_SEGMENT_COPY,   /* pass on up to `len` bytes; run l45_engine_transform() on them */
	L45_SEGMENT_DELAY,  /* wait for `len` nanoseconds; commit any number */
	/* These need no commit and stay until the caller has done something about them. */
	L45_SEGMENT_MORE,   /* come again with `len` bytes of input in view, or with `last` */
	L45_SEGMENT_END,    /* the message, or the stream, is complete */
	L45_SEGMENT_DETACH, /* the customization is done with this direction */
	L45_SEGMENT_PASS,   /* not its own; ask it again behind `len` bytes if nobody claims them */
	L45_SEGMENT_DROP,   /* it wants the message dropped */
};

struct l45_segment {
	enum l45_segment_kind kind;
	u64 len;
	const u8 *data;
};

struct l45_cursor {
	const struct l45_ops *ops;
	const struct l45_flow *flow;

	/* What is left of the step being carried out, in this order. */
	u64 delay_ns;
	u32 skip;
	u32 insert; /* bytes left of insert_len, the end of which they are */
	u64 copy;

	u32 insert_len;
	u32 need;
	u8 idle;
	bool transform;
	bool first;
	bool leaving; /* set by the caller, who wants L45_SEGMENT_DETACH */
	bool detach;
	bool end;
	bool stream;

	/* Of these only the used part is ever initialized or copied. */
	u8 state[L45_STATE_MAX] __aligned(8);
	u8 buf[L45_INSERT_MAX];
};

void l45_engine_start(struct l45_cursor *cursor, const struct l45_ops *ops,
		      const struct l45_flow *flow);
void l45_engine_copy(struct l45_cursor *to, const struct l45_cursor *from);

/*
 * What comes next? -EPROTO when the customization answers nonsense, -EBADMSG when
 * it gives up on the input; both for good as far as this cursor is concerned.
 * While l45_engine_planned(), `in` isn't looked at and in_len may count bytes that
 * aren't contiguous.
 */
int l45_engine_next(struct l45_cursor *cursor, const u8 *in, u32 in_len, bool last,
		    struct l45_segment *segment);
void l45_engine_commit(struct l45_cursor *cursor, const struct l45_segment *segment, u64 bytes);

/* Change copied bytes where they are now; before the commit, in order, each once. */
static inline void l45_engine_transform(struct l45_cursor *cursor, u8 *data, u32 len)
{
	if (cursor->transform && len)
		cursor->ops->transform(cursor->flow, cursor->state, data, len);
}

static inline bool l45_engine_planned(const struct l45_cursor *cursor)
{
	return cursor->delay_ns || cursor->skip || cursor->insert || cursor->copy ||
	       cursor->detach || cursor->end;
}

/* May the instance be swapped for another here without either noticing? */
static inline bool l45_engine_at_boundary(const struct l45_cursor *cursor)
{
	return !l45_engine_planned(cursor) && !cursor->need;
}

/* All of the above over linear buffers. */
struct l45_run {
	const u8 *in;
	u32 in_len;
	bool last;
	u8 *out;
	u32 out_cap;

	/* Results; they add up over several runs. */
	u32 in_used;
	u32 out_used;
	u32 inserted;
	u32 removed;
	u64 delay_ns; /* sum of the delays met; waiting is the caller's */
	u64 len;      /* with L45_SEGMENT_MORE: bytes wanted in view */
};

/*
 * Runs until the input or the space is used up or the customization says something.
 * Returns -ENOSPC when `out` is full, another negative errno as l45_engine_next(), or
 * L45_SEGMENT_MORE, END, DETACH, PASS or DROP. Call it again with more of either:
 * it goes on at in + in_used and out + out_used.
 */
int l45_engine_run(struct l45_cursor *cursor, struct l45_run *run);

#endif /* L45_ENGINE_H */
