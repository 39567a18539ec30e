// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "pump.h"

#define PEEK_MAX 600

static void broken(const char *promise)
{
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

void bytes_add(struct bytes *bytes, const void *data, u32 len)
{
	if (!len)
		return;
	if (bytes->room - bytes->len < len) {
		bytes->room = (bytes->len + len) * 2;
		bytes->data = realloc(bytes->data, bytes->room);
		if (!bytes->data)
			abort();
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

struct l45_chain_state *pump_links(const struct l45_ops *ops)
{
	struct l45_chain_state *links;

	if (!l45_chained(ops))
		return NULL;
	links = malloc(l45_chain_state_size(L45_CHAIN_MAX));
	l45_chain_state_init(links, L45_CHAIN_MAX);
	return links;
}

void pump_init(struct pump *pump, enum l45_direction direction, const struct instance *instances,
	       u32 count, struct choice *choice)
{
	u32 i;

	memset(pump, 0, sizeof(*pump));
	pump->owner = -1;
	pump->count = count;
	pump->choice = choice;
	pump->leave_at = UINT32_MAX;
	for (i = 0; i < count; i++) {
		pump->flows[i] = instances[i].flow;
		pump->flows[i].direction = direction;
		pump->cursors[i].links = pump_links(instances[i].ops);
		l45_engine_start(&pump->cursors[i], instances[i].ops, &pump->flows[i]);
	}
}

void pump_free(struct pump *pump)
{
	u32 i;

	for (i = 0; i < pump->count; i++)
		free(pump->cursors[i].links);
	bytes_free(&pump->out);
	bytes_free(&pump->peeked);
}

static u32 pick(struct pump *pump, u32 from, u32 to)
{
	return from + pump->choice->pick(pump->choice, to - from);
}

/* What a reader who peeks sees now is what a reader must get later. */
static void peek(struct pump *pump, const struct l45_cursor *cursor, const struct l45_run *run)
{
	struct l45_cursor *ahead;
	struct l45_run view = *run;
	u8 out[PEEK_MAX];

	/* Someone who is asked to leave may say something else than was peeked. */
	if (pump->leave_at != UINT32_MAX || pump->peeked.len > pump->out.len || pick(pump, 0, 3))
		return;
	ahead = malloc(sizeof(*ahead));
	ahead->links = pump_links(cursor->ops);
	l45_engine_copy(ahead, cursor);
	if (ahead->links)
		l45_chain_copy(ahead->links, cursor->links);
	view.out = out;
	view.out_cap = sizeof(out);
	l45_engine_run(ahead, &view);
	pump->peeked.len = 0;
	bytes_add(&pump->peeked, pump->out.data, pump->out.len);
	bytes_add(&pump->peeked, out, view.out_used);
	free(ahead->links);
	free(ahead);
}

static void put(struct pump *pump, const u8 *data, u32 len)
{
	u32 both;

	bytes_add(&pump->out, data, len);
	both = pump->peeked.len < pump->out.len ? pump->peeked.len : pump->out.len;
	if (both && memcmp(pump->out.data, pump->peeked.data, both))
		broken("a read gives what a peek has shown");
}

/* A datagram is no stream: all of it goes through one link after the other. */
static int run_chain(const struct l45_flow *flow, struct l45_run *run)
{
	u8 *out = run->out, *spare = malloc(run->out_cap);
	struct l45_cursor cursor;
	int ret = l45_chain_whole(&cursor, flow, run, spare, run->out_cap);

	if (ret == L45_SEGMENT_END) {
		run->in_used = run->in_len;
		if (run->out == spare)
			memcpy(out, spare, run->out_used);
	}
	run->out = out;
	free(spare);
	return ret;
}

static int run_one(struct pump *pump, u32 i, const u8 *view, u32 view_len, bool last,
		   bool *want)
{
	struct l45_cursor *cursor = &pump->cursors[i];
	bool whole = l45_chained(cursor->ops) && cursor->flow->protocol == IPPROTO_UDP;
	u32 cap = whole || pick(pump, 0, 3) ? 65536 + L45_INSERT_MAX : pick(pump, 1, 40);
	u8 *out = malloc(cap);
	struct l45_run run = {
		.in = view, .in_len = view_len, .last = last, .out = out, .out_cap = cap,
	};
	int ret;

	cursor->leaving = pump->in_used >= pump->leave_at;
	if (!whole)
		peek(pump, cursor, &run);
	ret = whole ? run_chain(cursor->flow, &run) : l45_engine_run(cursor, &run);
	if (cursor->links) {
		u64 inserted = 0, removed = 0;

		l45_chain_take(cursor->links, &inserted, &removed);
		run.inserted = inserted;
		run.removed = removed;
	}
	put(pump, out, run.out_used);
	free(out);
	pump->in_used += run.in_used;
	pump->inserted += run.inserted;
	pump->removed += run.removed;
	pump->delay_ns += run.delay_ns;
	if (run.in_used || run.out_used || ret == L45_SEGMENT_END)
		pump->owner = i;
	*want = ret == L45_SEGMENT_MORE;
	if (ret == L45_SEGMENT_PASS) {
		pump->raw = run.len < pump->raw ? run.len : pump->raw;
		l45_engine_start(cursor, cursor->ops, cursor->flow);
	}
	return ret;
}

/*
 * Asks the owner, or else everyone by priority. Who owned the stream until now and
 * passes has nothing more to say at this point, so the others are asked.
 */
static int ask(struct pump *pump, const u8 *view, u32 view_len, bool last,
		   bool *want)
{
	u32 used = pump->in_used;
	u32 i;
	int ret;

	pump->raw = L45_REST;
	if (pump->owner >= 0) {
		ret = run_one(pump, pump->owner, view, view_len, last, want);
		if (ret != L45_SEGMENT_PASS) {
			pump->raw = 0;
			return ret;
		}
		pump->owner = -1;
		if (pump->in_used != used) {
			pump->raw = 0;
			return L45_SEGMENT_MORE;
		}
	}
	for (i = 0; i < pump->count; i++) {
		ret = run_one(pump, i, view, view_len, last, want);
		if (ret != L45_SEGMENT_PASS || pump->in_used != used) {
			pump->raw = 0;
			return ret == L45_SEGMENT_PASS ? L45_SEGMENT_MORE : ret;
		}
		pump->owner = -1;
	}
	pump->passed++;
	return L45_SEGMENT_PASS;
}

int pump(struct pump *pump, const void *in, u32 len, bool fin)
{
	bool datagram = pump->flows[0].protocol == IPPROTO_UDP;
	u32 idle = 0;
	u32 seen = 0;

	pump->in = in ?: (const u8 *)"";
	pump->in_len = len;
	pump->in_used = 0;
	pump->fin = fin;

	for (;;) {
		u32 before = pump->in_used + pump->out.len;
		bool last;
		bool want = false;
		u8 *view;
		int ret = L45_SEGMENT_MORE;

		if (datagram || seen < pump->in_used)
			seen = datagram ? len : pump->in_used;
		last = fin && seen == len;

		if (pump->raw) {
			u32 some = seen - pump->in_used;

			if (some > pump->raw)
				some = pump->raw;
			put(pump, pump->in + pump->in_used, some);
			pump->in_used += some;
			if (pump->raw != L45_REST)
				pump->raw -= some;
			if (pump->raw && pump->in_used == len)
				return 0;
			want = pump->in_used == seen;
		} else {
			/* A view of its own, so that reading beyond it is found. */
			view = malloc(seen - pump->in_used);
			memcpy(view, pump->in + pump->in_used, seen - pump->in_used);
			ret = ask(pump, view, seen - pump->in_used, last, &want);
			free(view);
		}

		switch (ret) {
		case L45_SEGMENT_END:
			if (pump->in_used != len)
				broken("the end is behind all of the input");
			return 0;
		case L45_SEGMENT_DETACH:
			pump->detached = true;
			return 0;
		case L45_SEGMENT_DROP:
			return ret;
		case L45_SEGMENT_MORE:
			if (!want)
				break;
			if (seen == len) {
				if (last && !pump->raw && pump->in_used != len)
					broken("nothing is waited for behind the end");
				if (!last)
					return 0;
				break;
			}
			seen += pick(pump, 0, 1) ? 1 : pick(pump, 1, len - seen);
			break;
		case L45_SEGMENT_PASS:
		case -ENOSPC:
			break;
		default:
			return ret;
		}

		idle = pump->in_used + pump->out.len == before ? idle + 1 : 0;
		if (idle > len + 1000)
			broken("it gets on");
	}
}
