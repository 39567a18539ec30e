// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"

void l45_chain_flow(const struct l45_chain *chain, u32 link, const struct l45_flow *flow,
		    struct l45_flow *own)
{
	u8 outside = 0;
	u32 i;

	for (i = link + 1; i < chain->count; i++)
		outside += !(chain->links[i].ops->flags & L45_TRANSPARENT);
	*own = *flow;
	own->mark[L45_MARK_LEN - 1] ^= outside;
	own->params = chain->links[link].params;
}

/* Datagrams */

int l45_chain_whole(struct l45_cursor *cursor, const struct l45_flow *flow, struct l45_run *run,
		    u8 *spare, u32 spare_cap)
{
	const struct l45_chain *chain = flow->params;
	struct l45_run one = *run;
	struct l45_flow own;
	bool any = false;
	u32 n, link;
	int ret;

	for (n = 0; n < chain->count; n++) {
		link = l45_chain_order(chain, flow->direction, n);
		l45_chain_flow(chain, link, flow, &own);
		ret = l45_engine_whole(cursor, chain->links[link].ops, &own, &one);
		/* Not the link's: it goes on as it is. */
		if (ret != L45_SEGMENT_PASS && ret != L45_SEGMENT_END)
			return ret;
		if (ret == L45_SEGMENT_END) {
			any = true;
			run->out = one.out;
			run->out_used = one.out_used;
			run->inserted += one.inserted;
			run->removed += one.removed;
			run->delay_ns += one.delay_ns;
			/* The one goes where the other was. */
			one.in = one.out;
			one.in_len = one.out_used;
			one.out = spare;
			one.out_cap = spare_cap;
			spare = run->out;
			spare_cap = run->out_cap;
			run->out_cap = one.out_cap;
		}
		one.in_used = 0;
		one.out_used = 0;
		one.inserted = 0;
		one.removed = 0;
		one.delay_ns = 0;
	}
	run->len = L45_REST;
	return any ? L45_SEGMENT_END : L45_SEGMENT_PASS;
}

/* Streams */

void l45_chain_copy(struct l45_chain_state *to, const struct l45_chain_state *from)
{
	u32 room = to->room, i;

	*to = *from;
	to->room = room;
	for (i = 0; i < from->count; i++) {
		const struct l45_chain_stage *stage = &from->stages[i];
		struct l45_chain_stage *copy = &to->stages[i];

		memcpy(copy, stage, offsetof(struct l45_chain_stage, held));
		memcpy(copy->held, stage->held, stage->held_len);
		l45_engine_copy(&copy->cursor, &stage->cursor);
		copy->cursor.flow = &copy->flow;
	}
}

static void chain_start(struct l45_chain_state *state, const struct l45_flow *flow)
{
	const struct l45_chain *chain = flow->params;
	u32 n;

	state->count = 0;
	state->outer = 0;
	state->begun = false;
	state->ahead = false;
	state->failed = false;
	state->over = L45_OK;
	for (n = 0; n < chain->count; n++) {
		u32 link = l45_chain_order(chain, flow->direction, n);
		struct l45_chain_stage *stage = &state->stages[state->count];

		/* It has sent just what it was given. */
		if (flow->direction == L45_INGRESS &&
		    chain->links[link].ops->flags & L45_TRANSPARENT)
			continue;
		memset(stage, 0, offsetof(struct l45_chain_stage, flow));
		l45_chain_flow(chain, link, flow, &stage->flow);
		l45_engine_start(&stage->cursor, chain->links[link].ops, &stage->flow);
		state->count++;
	}
}

/* Who goes by bytes alone hears of all that there are. */
static u32 chain_in_sight(const struct l45_chain_state *state, const struct l45_step *step,
			  u32 used, u32 i)
{
	u64 len = (u64)step->in_len - used + state->beyond;

	for (; i > state->outer; i--)
		len += state->stages[i].held_len;
	return min_t(u64, len, ~0U);
}

/* Whose is the stream from here on? L45_OK: the chain's. */
static enum l45_verdict chain_begin(struct l45_chain_state *state, const struct l45_flow *flow,
				    struct l45_step *step)
{
	bool egress = flow->direction == L45_EGRESS;
	struct l45_segment segment;
	u64 len = L45_REST;
	u32 i;

	for (i = 0; i < state->count; i++) {
		struct l45_chain_stage *stage = &state->stages[i];
		u32 in_len = stage->cursor.blind ? chain_in_sight(state, step, 0, 0) :
						   step->in_len;

		if (l45_engine_next(&stage->cursor, step->in, in_len, step->last, &segment))
			return L45_ABORT;
		if (segment.kind == L45_SEGMENT_MORE) {
			step->need = segment.len;
			return L45_NEED;
		}
		if (segment.kind != L45_SEGMENT_PASS) {
			state->begun = true;
			state->outer = egress ? 0 : i;
			return L45_OK;
		}
		stage->plain = segment.len;
		stage->left = segment.len == L45_REST;
		len = min_t(u64, len, segment.len);
	}
	step->copy = len == L45_REST ? 0 : len;
	return L45_PASS;
}

/* One step of a chain in the making. */
struct chain_work {
	struct l45_chain_state *state;
	struct l45_step *step;
	u32 used; /* bytes of the input that are through the first stage */
	u32 want; /* bytes that this wants in view */
	bool stop; /* there would be more to do */
};

/* As l45_engine_run(), for bytes that aren't the link's; L45_SEGMENT_COPY: ask it again. */
static int chain_pass(struct l45_chain_stage *stage, struct l45_run *run)
{
	u32 n = min_t(u64, stage->plain, min_t(u32, run->in_len, run->out_cap));

	if (n)
		memcpy(run->out, run->in, n);
	run->in_used = n;
	run->out_used = n;
	run->len = 1;
	if (stage->plain != L45_REST) {
		stage->plain -= n;
		if (!stage->plain) {
			l45_engine_start(&stage->cursor, stage->cursor.ops, &stage->flow);
			return L45_SEGMENT_COPY;
		}
	}
	if (n < run->in_len)
		return -ENOSPC;
	return run->last ? L45_SEGMENT_END : L45_SEGMENT_MORE;
}

static int chain_run(struct chain_work *work, u32 i, struct l45_run *run)
{
	struct l45_chain_stage *stage = &work->state->stages[i];
	struct l45_cursor *cursor = &stage->cursor;
	struct l45_segment segment;

	if (stage->plain)
		return chain_pass(stage, run);
	/* Its plan is what counts, and is carried out below. */
	if (cursor->blind && !l45_engine_planned(cursor))
		l45_engine_next(cursor, NULL, chain_in_sight(work->state, work->step, work->used, i),
				run->last, &segment);
	return l45_engine_run(cursor, run);
}

/* Let one stage do what it can. Returns the bytes that it has taken and put out. */
static u32 chain_stage(struct chain_work *work, u32 i)
{
	struct l45_chain_state *state = work->state;
	struct l45_chain_stage *stage = &state->stages[i];
	struct l45_chain_stage *next = i + 1 < state->count ? stage + 1 : NULL;
	bool first = i == state->outer;
	struct l45_step *step = work->step;
	u32 moved = 0;

	while (!stage->ended) {
		struct l45_run run = { .paced = true };
		int ret;

		if (first) {
			run.in_len = step->in_len - work->used;
			run.in = run.in_len ? step->in + work->used : stage->held;
			run.last = step->last;
		} else {
			run.in = stage->held;
			run.in_len = stage->held_len;
			run.last = stage[-1].ended;
		}
		run.out = next ? next->held + next->held_len : step->buf + step->insert;
		run.out_cap = next ? L45_VIEW_MAX - next->held_len : L45_INSERT_MAX - step->insert;
		stage->cursor.leaving = first && step->leaving;

		ret = chain_run(work, i, &run);
		if (first) {
			work->used += run.in_used;
		} else if (run.in_used) {
			stage->held_len -= run.in_used;
			memmove(stage->held, stage->held + run.in_used, stage->held_len);
		}
		if (next)
			next->held_len += run.out_used;
		else
			step->insert += run.out_used;
		moved += run.in_used + run.out_used;
		state->inserted += run.inserted;
		state->removed += run.removed;
		state->changes |= run.inserted || run.removed ||
				  (run.out_used && !stage->plain && stage->cursor.transform);

		switch (ret) {
		case L45_SEGMENT_COPY:
			continue;
		case L45_SEGMENT_MORE:
			if (first)
				work->want = run.len;
			return moved;
		case L45_SEGMENT_END:
			stage->ended = true;
			return moved;
		case L45_SEGMENT_PASS:
		case L45_SEGMENT_DETACH:
			if (first && !stage->cursor.egress) {
				state->over = ret == L45_SEGMENT_PASS ? L45_PASS : L45_DETACH;
				state->over_len = run.len;
				stage->ended = true;
				return moved;
			}
			stage->plain = ret == L45_SEGMENT_PASS ? run.len : L45_REST;
			stage->left = stage->plain == L45_REST;
			/* It is seen to between the stages. */
			if (stage->left && step->leaving)
				return moved + 1;
			continue;
		case L45_SEGMENT_DELAY:
			/* It is for what follows, and a step has one. */
			if (step->insert || step->delay_ns) {
				work->stop = true;
				return moved;
			}
			step->delay_ns = run.len;
			stage->cursor.delay_ns = 0;
			continue;
		case -ENOSPC:
			work->stop |= !next;
			return moved;
		default:
			state->failed = true;
			return moved;
		}
	}
	return moved;
}

/*
 * Who leaves does so behind the last words of the one before, from when on it takes what that
 * one would: so not a byte goes by the place where the last one ends. Have all of them left?
 */
static bool chain_left(struct chain_work *work)
{
	struct l45_chain_state *state = work->state;

	if (!work->step->leaving)
		return false;
	while (state->stages[state->outer].left) {
		if (state->outer + 1 == state->count)
			return true;
		if (state->stages[state->outer + 1].held_len)
			break;
		state->outer++;
	}
	return false;
}

static enum l45_verdict chain_step(const struct l45_flow *flow, void *cursor_state,
				   struct l45_step *step)
{
	struct l45_cursor *cursor =
		(struct l45_cursor *)((u8 *)cursor_state - offsetof(struct l45_cursor, state));
	struct l45_chain_state *state = cursor->links;
	struct chain_work work = {
		.state = state, .step = step,
	};
	enum l45_verdict verdict;
	u32 i, moved;

	if (step->first)
		chain_start(state, flow);
	if (!state->begun) {
		if (step->leaving)
			return L45_DETACH;
		if (!step->in_len)
			return L45_OK;
		verdict = chain_begin(state, flow, step);
		if (verdict != L45_OK)
			return verdict;
	}

	work.used = state->ahead;
	do {
		moved = 0;
		if (chain_left(&work))
			break;
		for (i = state->outer; i < state->count && !state->failed; i++)
			moved += chain_stage(&work, i);
	} while (moved && !state->failed);

	/* There is more to come of what was taken: the last byte of it stays, to be asked again. */
	work.stop |= state->failed;
	state->ahead = work.stop && work.used;
	step->skip = work.used - state->ahead;

	verdict = L45_OK;
	if (chain_left(&work))
		verdict = L45_DETACH;
	else if (!work.stop)
		verdict = state->over;
	if (step->skip || step->insert || step->delay_ns)
		return verdict == L45_PASS ? L45_OK : verdict;
	if (verdict == L45_PASS && state->over_len != L45_REST)
		step->copy = state->over_len;
	if (verdict != L45_OK)
		return verdict;
	if (state->failed)
		return L45_ABORT;
	if (!step->in_len)
		return L45_OK;
	step->need = work.want;
	return L45_NEED;
}

const char *l45_chain_init(struct l45_chain *chain)
{
	const u32 framed = L45_JOIN | L45_HANDOVER;
	u32 all = L45_STREAM | L45_DATAGRAM | L45_TRANSPARENT | framed;
	struct l45_ops *ops = &chain->ops;
	bool bare = false;
	u32 i;

	memset(ops, 0, sizeof(*ops));
	chain->name[0] = '\0';
	for (i = 0; i < chain->count; i++) {
		const struct l45_ops *link = chain->links[i].ops;
		bool transparent = link->flags & L45_TRANSPARENT;

		all &= link->flags | (transparent ? framed : 0);
		bare |= i && !transparent && (link->flags & framed) != framed;
		ops->max_insert += link->max_insert;
		if (i)
			strcat(chain->name, "+");
		strcat(chain->name, link->name);
	}
	if (bare && !(all & L45_DATAGRAM))
		return "on streams, a link behind the first must mark where it begins and ends";
	if (bare)
		all &= ~L45_STREAM;
	if (!(all & (L45_STREAM | L45_DATAGRAM)))
		return "its links have neither streams nor datagrams in common";

	ops->abi = L45_ABI;
	ops->flags = L45_CHAINED | (all & L45_TRANSPARENT ? all & ~framed : all);
	ops->name = chain->name;
	ops->version = "";
	ops->egress = chain_step;
	ops->ingress = chain_step;
	return NULL;
}
