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

/* For variables that are written before they are read, which else are cleared first. */
#if __has_attribute(__uninitialized__)
#define __l45_uninitialized __attribute__((__uninitialized__))
#else
#define __l45_uninitialized
#endif

/* Steps in a row that may consume no input; one more is an endless loop. */
#define L45_IDLE_MAX 32
/*
 * In l45_ops.flags, beside those of customizations: it is several, see chain.h. Each of its
 * links is held to L45_IDLE_MAX; how often all of them together insert follows from that.
 */
#define L45_CHAINED (1u << 31)
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
	bool egress;
	bool blind; /* L45_BLIND holds here */

	/* Of a chain's stream only: set by the caller, and left as it is by start and copy. */
	struct l45_chain_state *links;
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

/* Input was passed on. */
static inline void l45_engine_copied(struct l45_cursor *cursor, u64 bytes)
{
	if (cursor->copy != L45_REST)
		cursor->copy -= bytes;
	if (bytes)
		cursor->idle = 0;
}

/* Input was left out. */
static inline void l45_engine_skipped(struct l45_cursor *cursor, u32 bytes)
{
	cursor->skip -= bytes;
	cursor->idle = 0;
}

static inline void l45_engine_commit(struct l45_cursor *cursor, const struct l45_segment *segment,
				     u64 bytes)
{
	if (bytes > segment->len)
		bytes = segment->len;

	switch (segment->kind) {
	case L45_SEGMENT_SKIP:
		l45_engine_skipped(cursor, bytes);
		break;
	case L45_SEGMENT_INSERT:
		cursor->insert -= bytes;
		break;
	case L45_SEGMENT_COPY:
		l45_engine_copied(cursor, bytes);
		break;
	case L45_SEGMENT_DELAY:
		cursor->delay_ns = 0;
		break;
	default:
		break;
	}
}

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

static inline void l45_engine_accept(struct l45_cursor *cursor, const struct l45_step *step)
{
	cursor->delay_ns = step->delay_ns;
	cursor->skip = step->skip;
	cursor->insert = step->insert;
	cursor->insert_len = step->insert;
	cursor->copy = step->copy;
	cursor->transform = step->transform;
	cursor->first = false;
	cursor->need = 0;
}

/* What l45_engine_plan() makes of an answer that isn't the usual one. */
int l45_engine_answer(struct l45_cursor *cursor, const struct l45_step *step,
		      enum l45_verdict verdict, u32 in_len, bool last,
		      struct l45_segment *segment);

/*
 * For callers that look at the plan themselves: ask for the next step when there is none.
 * 0: the cursor has it, and what it inserts is at `buf` (room for L45_INSERT_MAX); 1: the
 * segment is set instead; or an error. Inline, since it is all that a tag costs.
 */
static __always_inline int l45_engine_plan(struct l45_cursor *cursor, const u8 *in, u32 in_len,
					   bool last, u8 *buf, struct l45_segment *segment)
{
	struct l45_step step __l45_uninitialized;
	enum l45_verdict verdict;

	if (!last && !cursor->leaving && in_len < (cursor->need ?: 1)) {
		segment->kind = L45_SEGMENT_MORE;
		segment->len = cursor->need ?: 1;
		return 1;
	}
	/* The counter is reset by any byte consumed, so this ends hostile and silly loops. */
	if (cursor->idle >= L45_IDLE_MAX && !(cursor->ops->flags & L45_CHAINED))
		return -EPROTO;
	cursor->idle++;

	/* One by one, as an initializer clears the gaps as well. */
	step.in = cursor->blind ? NULL : in;
	step.in_len = in_len;
	step.first = cursor->first;
	step.last = last;
	step.leaving = cursor->leaving;
	step.need = 0;
	step.skip = 0;
	step.insert = 0;
	step.buf = buf;
	step.copy = 0;
	step.transform = false;
	step.delay_ns = 0;
	if (cursor->egress)
		verdict = cursor->ops->egress(cursor->flow, cursor->state, &step);
	else
		verdict = cursor->ops->ingress(cursor->flow, cursor->state, &step);

	/* What we told it is ours; it may have scribbled over it. */
	if (verdict == L45_OK && in_len && step.skip <= in_len && step.insert <= L45_INSERT_MAX &&
	    !step.delay_ns && !step.transform) {
		l45_engine_accept(cursor, &step);
		return 0;
	}
	return l45_engine_answer(cursor, &step, verdict, in_len, last, segment);
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
	bool paced; /* return L45_SEGMENT_DELAY instead of summing up delays; commit it */

	/* Results; they add up over several runs. */
	u32 in_used;
	u32 out_used;
	u32 inserted;
	u32 removed;
	u64 delay_ns; /* sum of the delays met; waiting is the caller's */
	u64 len;      /* as in the segment: bytes wanted in view, or passed, or nanoseconds */
};

/*
 * Runs until the input or the space is used up or the customization says something.
 * Returns -ENOSPC when `out` is full, another negative errno as l45_engine_next(), or
 * L45_SEGMENT_MORE, END, DETACH, PASS or DROP. Call it again with more of either:
 * it goes on at in + in_used and out + out_used.
 */
int l45_engine_run(struct l45_cursor *cursor, struct l45_run *run);

/*
 * The same for a whole datagram, from its start: L45_SEGMENT_END with all of it in `out`,
 * L45_SEGMENT_PASS or DROP, or a negative errno.
 */
int l45_engine_whole(struct l45_cursor *cursor, const struct l45_ops *ops,
		     const struct l45_flow *flow, struct l45_run *run);

#endif /* L45_ENGINE_H */
