// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"
#include "mark.h"
#include "observe.h"

void l45_observer_start(struct l45_observer *observer, const struct l45_ops *ops, bool late)
{
	bool egress = observer->flow.direction == L45_EGRESS;

	memset(observer, 0, offsetof(struct l45_observer, flow));
	l45_engine_start(&observer->cursor, ops, &observer->flow);
	if (!late)
		return;
	observer->searching = !egress && ops->flags & L45_JOIN;
	observer->over = !observer->searching &&
			 !(egress && ops->flags & (L45_JOIN | L45_TRANSPARENT));
}

/* Bytes that lie together, at the position. */
struct view {
	const u8 *data; /* not yet held */
	u32 len;
};

static const u8 *view_of(struct l45_observer *observer, struct view *view, u32 *len)
{
	u32 n;

	if (!observer->held_len) {
		*len = view->len;
		return view->data;
	}
	n = min_t(u32, view->len, sizeof(observer->held) - observer->held_len);
	memcpy(observer->held + observer->held_len, view->data, n);
	observer->held_len += n;
	view->data += n;
	view->len -= n;
	*len = observer->held_len;
	return observer->held;
}

static void view_consume(struct l45_observer *observer, struct view *view, u32 len)
{
	if (observer->held_len) {
		observer->held_len -= len;
		memmove(observer->held, observer->held + len, observer->held_len);
	} else {
		view->data += len;
		view->len -= len;
	}
}

/* Until there is more. A view is never longer than what can be held when this is called. */
static void view_hold(struct l45_observer *observer, struct view *view)
{
	if (!view->len)
		return;
	memcpy(observer->held + observer->held_len, view->data, view->len);
	observer->held_len += view->len;
	view->len = 0;
}

/* It may keep count of what it transforms. */
static void observe_transform(struct l45_observer *observer, const u8 *in, u32 len)
{
	u8 scratch[64];

	while (len) {
		u32 n = min_t(u32, len, sizeof(scratch));

		memcpy(scratch, in, n);
		l45_engine_transform(&observer->cursor, scratch, n);
		observer->changes |= memcmp(scratch, in, n) != 0;
		in += n;
		len -= n;
	}
}

/* The links of a chain say it themselves: its steps replace all. */
static void observe_change(struct l45_observer *observer, u32 inserted, u32 removed)
{
	if (l45_chained(observer->cursor.ops))
		return;
	observer->inserted += inserted;
	observer->removed += removed;
	observer->changes |= inserted || removed;
}

static void observe_links(struct l45_observer *observer)
{
	struct l45_chain_state *state = observer->cursor.links;

	l45_chain_take(state, &observer->inserted, &observer->removed);
	observer->changes |= state->changes;
	state->changes = false;
}

static void observe_again(struct l45_observer *observer)
{
	observer->searching = false;
	l45_engine_start(&observer->cursor, observer->cursor.ops, &observer->flow);
}

/* Both return whether there may be more to do. */
static bool observe_search(struct l45_observer *observer, struct view *view)
{
	u32 len, at;
	const u8 *in = view_of(observer, view, &len);
	bool held = observer->held_len;

	at = l45_mark_find(in, len, observer->flow.mark);
	view_consume(observer, view, at);
	if (len - at >= L45_MARK_LEN) {
		observe_again(observer);
		return true;
	}
	if (held)
		return view->len;
	view_hold(observer, view);
	return false;
}

static bool observe_step(struct l45_observer *observer, struct view *view)
{
	struct l45_cursor *cursor = &observer->cursor;
	struct l45_segment segment;
	const u8 *in;
	u32 len, n;

	in = view_of(observer, view, &len);
	if (observer->passing) {
		n = min_t(u64, observer->passing, len);
		view_consume(observer, view, n);
		observer->passing -= n;
		if (!observer->passing)
			observe_again(observer);
		return n;
	}
	if (l45_engine_next(cursor, in, len, false, &segment)) {
		/* It would have failed the stream. */
		observer->changes = true;
		observer->over = true;
		return false;
	}
	n = min_t(u64, segment.len, len);
	switch (segment.kind) {
	case L45_SEGMENT_SKIP:
		observe_change(observer, 0, n);
		view_consume(observer, view, n);
		break;
	case L45_SEGMENT_COPY:
		if (cursor->transform)
			observe_transform(observer, in, n);
		view_consume(observer, view, n);
		break;
	case L45_SEGMENT_INSERT:
		n = segment.len;
		observe_change(observer, n, 0);
		break;
	case L45_SEGMENT_DELAY:
		n = 1;
		observer->changes = true;
		break;
	case L45_SEGMENT_MORE:
		view_hold(observer, view);
		return false;
	case L45_SEGMENT_PASS:
		if (segment.len != L45_REST) {
			observer->passing = segment.len;
			return true;
		}
		if (!cursor->egress && cursor->ops->flags & L45_JOIN) {
			/* Its mark doesn't begin here. */
			view_consume(observer, view, 1);
			observer->searching = true;
			return true;
		}
		fallthrough;
	default:
		observer->over = true;
		return false;
	}
	l45_engine_commit(cursor, &segment, n);
	return n;
}

void l45_observer_show(struct l45_observer *observer, const u8 *data, u32 len)
{
	struct view view = { .data = data, .len = len };

	while (!observer->over &&
	       (observer->searching ? observe_search(observer, &view) : observe_step(observer, &view)))
		continue;
	if (l45_chained(observer->cursor.ops))
		observe_links(observer);
}
