// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"

void l45_engine_start(struct l45_cursor *cursor, const struct l45_ops *ops,
		      const struct l45_flow *flow)
{
	memset(cursor, 0, offsetof(struct l45_cursor, links));
	memset(cursor->state, 0, ops->state_size);
	cursor->ops = ops;
	cursor->flow = flow;
	cursor->first = true;
	cursor->stream = flow->protocol == IPPROTO_TCP;
	cursor->egress = flow->direction == L45_EGRESS;
	cursor->blind = cursor->egress && cursor->stream && ops->flags & L45_BLIND;
}

void l45_engine_copy(struct l45_cursor *to, const struct l45_cursor *from)
{
	memcpy(to, from, offsetof(struct l45_cursor, links));
	memcpy(to->state, from->state, from->ops->state_size);
	if (from->insert) {
		u32 at = from->insert_len - from->insert;

		memcpy(to->buf + at, from->buf + at, from->insert);
	}
}

/* Is the step one that can be carried out? */
static int check_step(const struct l45_cursor *cursor, const struct l45_step *step, u32 in_len)
{
	if (step->skip > in_len || step->insert > L45_INSERT_MAX ||
	    step->delay_ns > L45_DELAY_MAX || (step->transform && !cursor->ops->transform))
		return -EPROTO;
	return 0;
}

int l45_engine_answer(struct l45_cursor *cursor, const struct l45_step *step,
		      enum l45_verdict verdict, u32 in_len, bool last,
		      struct l45_segment *segment)
{
	int err;

	switch (verdict) {
	case L45_OK:
		err = check_step(cursor, step, in_len);
		if (err)
			return err;
		l45_engine_accept(cursor, step);
		if (in_len || l45_engine_planned(cursor))
			return 0;
		/* Nothing to do with nothing. */
		if (last) {
			cursor->end = true;
			return 0;
		}
		cursor->idle = 0;
		segment->kind = L45_SEGMENT_MORE;
		segment->len = 1;
		return 1;
	case L45_DETACH:
		err = check_step(cursor, step, in_len);
		if (err)
			return err;
		l45_engine_accept(cursor, step);
		cursor->detach = true;
		return 0;
	case L45_NEED:
		if (last && !in_len) {
			cursor->end = true;
			return 0;
		}
		if (last)
			return -EBADMSG;
		if (!cursor->stream || step->need <= in_len || step->need > L45_VIEW_MAX)
			return -EPROTO;
		cursor->idle = 0;
		cursor->need = step->need;
		segment->kind = L45_SEGMENT_MORE;
		segment->len = step->need;
		return 1;
	case L45_PASS:
		/* What is passed goes by unseen, so this starts afresh behind it. */
		cursor->idle = 0;
		cursor->need = 0;
		segment->kind = L45_SEGMENT_PASS;
		segment->len = cursor->stream && step->copy ? step->copy : L45_REST;
		return 1;
	case L45_DROP:
		if (cursor->stream)
			return -EBADMSG;
		segment->kind = L45_SEGMENT_DROP;
		return 1;
	case L45_ABORT:
		return -EBADMSG;
	}
	return -EPROTO;
}

/* Not worth more copies of it. */
static noinline int plan(struct l45_cursor *cursor, const u8 *in, u32 in_len, bool last,
			 struct l45_segment *segment)
{
	return l45_engine_plan(cursor, in, in_len, last, cursor->buf, segment);
}

static __always_inline int next(struct l45_cursor *cursor, const u8 *in, u32 in_len, bool last,
				struct l45_segment *segment)
{
	segment->len = 0;
	segment->data = NULL;

	for (;;) {
		int ret;

		if (cursor->delay_ns) {
			segment->kind = L45_SEGMENT_DELAY;
			segment->len = cursor->delay_ns;
			return 0;
		}
		if (cursor->skip) {
			segment->kind = L45_SEGMENT_SKIP;
			segment->len = cursor->skip;
			return 0;
		}
		if (cursor->insert) {
			segment->kind = L45_SEGMENT_INSERT;
			segment->len = cursor->insert;
			segment->data = cursor->buf + cursor->insert_len - cursor->insert;
			return 0;
		}
		if (cursor->copy) {
			/* "All the rest" is no reason to stay when asked to leave. */
			if (cursor->leaving && cursor->copy == L45_REST && !cursor->detach) {
				cursor->copy = 0;
				continue;
			}
			if (in_len) {
				segment->kind = L45_SEGMENT_COPY;
				segment->len = cursor->copy;
				return 0;
			}
			if (!last) {
				segment->kind = L45_SEGMENT_MORE;
				segment->len = 1;
				return 0;
			}
			cursor->copy = 0;
			cursor->end = true;
		}
		if (cursor->detach) {
			segment->kind = L45_SEGMENT_DETACH;
			return 0;
		}
		if (cursor->end) {
			segment->kind = L45_SEGMENT_END;
			return 0;
		}

		ret = plan(cursor, in, in_len, last, segment);
		if (ret)
			return ret < 0 ? ret : 0;
	}
}

int l45_engine_next(struct l45_cursor *cursor, const u8 *in, u32 in_len, bool last,
		    struct l45_segment *segment)
{
	return next(cursor, in, in_len, last, segment);
}

/*
 * A whole step at once, where there is room for all of it: as the loop below does, without
 * looking for what is left of it each time. Returns as l45_engine_plan().
 */
static int run_step(struct l45_cursor *cursor, struct l45_run *run, struct l45_segment *segment)
{
	const u8 *in = run->in + run->in_used;
	u32 in_len = run->in_len - run->in_used, copy;
	u8 *out = run->out + run->out_used;
	int ret;

	ret = l45_engine_plan(cursor, in, in_len, run->last, cursor->buf, segment);
	if (ret || cursor->delay_ns || cursor->leaving)
		return ret;
	copy = min_t(u64, cursor->copy, in_len - cursor->skip);
	if (run->out_cap - run->out_used < cursor->insert + copy)
		return 0;

	if (cursor->insert)
		memcpy(out, cursor->buf, cursor->insert);
	if (copy)
		memcpy(out + cursor->insert, in + cursor->skip, copy);
	l45_engine_transform(cursor, out + cursor->insert, copy);
	run->in_used += cursor->skip + copy;
	run->out_used += cursor->insert + copy;
	run->removed += cursor->skip;
	run->inserted += cursor->insert;
	cursor->insert = 0;
	if (cursor->skip)
		l45_engine_skipped(cursor, cursor->skip);
	l45_engine_copied(cursor, copy);
	return 0;
}

int l45_engine_run(struct l45_cursor *cursor, struct l45_run *run)
{
	struct l45_segment segment = {};

	if (!l45_engine_planned(cursor)) {
		int ret = run_step(cursor, run, &segment);

		if (ret) {
			run->len = segment.len;
			return ret < 0 ? ret : (int)segment.kind;
		}
	}
	for (;;) {
		const u8 *in = run->in + run->in_used;
		u32 in_len = run->in_len - run->in_used;
		u32 space = run->out_cap - run->out_used;
		u8 *out = run->out + run->out_used;
		u64 len;
		int err;

		err = next(cursor, in, in_len, run->last, &segment);
		if (err)
			return err;

		len = segment.len;
		switch (segment.kind) {
		case L45_SEGMENT_SKIP:
			if (len > in_len)
				len = in_len;
			if (!len) {
				run->len = segment.len;
				return L45_SEGMENT_MORE;
			}
			run->in_used += len;
			run->removed += len;
			break;
		case L45_SEGMENT_INSERT:
			if (len > space)
				len = space;
			if (!len)
				return -ENOSPC;
			memcpy(out, segment.data, len);
			run->out_used += len;
			run->inserted += len;
			break;
		case L45_SEGMENT_COPY:
			if (len > in_len)
				len = in_len;
			if (len > space)
				len = space;
			if (!len)
				return -ENOSPC;
			memcpy(out, in, len);
			l45_engine_transform(cursor, out, len);
			run->in_used += len;
			run->out_used += len;
			break;
		case L45_SEGMENT_DELAY:
			if (run->paced) {
				run->len = len;
				return L45_SEGMENT_DELAY;
			}
			run->delay_ns += len;
			break;
		default:
			run->len = len;
			return segment.kind;
		}
		l45_engine_commit(cursor, &segment, len);
	}
}

int l45_engine_whole(struct l45_cursor *cursor, const struct l45_ops *ops,
		     const struct l45_flow *flow, struct l45_run *run)
{
	u32 left;
	int ret;

	l45_engine_start(cursor, ops, flow);
	ret = l45_engine_run(cursor, run);
	if (ret == L45_SEGMENT_DETACH) {
		/* Done with it: the rest goes as it is. */
		left = run->in_len - run->in_used;
		if (run->out_cap - run->out_used < left)
			return -ENOSPC;
		memcpy(run->out + run->out_used, run->in + run->in_used, left);
		run->in_used += left;
		run->out_used += left;
		return L45_SEGMENT_END;
	}
	/* All of it is in view: nothing is to be waited for. */
	if (ret >= 0 && ret != L45_SEGMENT_END && ret != L45_SEGMENT_PASS &&
	    ret != L45_SEGMENT_DROP)
		return -EPROTO;
	return ret;
}
