// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uio.h>

#include "tcp_stream.h"
#include "user_piece.h"

/* Input that a customization gets to see at once, if it doesn't ask for more. */
#define VIEW 64

void l45_tcp_build_count(struct l45_tcp *tcp, struct l45_build *build)
{
	const struct l45_instance *instance = build->instance;

	if (instance) {
		l45_count(instance, EGRESS_BYTES_IN, build->in);
		l45_count(instance, EGRESS_BYTES_OUT, build->put);
		l45_tcp_count_changes(instance, &tcp->tx, build->inserted, build->removed);
	}
	build->in = 0;
	build->put = 0;
	build->inserted = 0;
	build->removed = 0;
}

static void tx_consume(struct l45_tcp_direction *d, struct l45_build *build, u32 len)
{
	u32 held = min(d->held_len, len);

	if (held) {
		d->held_len -= held;
		memmove(d->held, d->held + held, d->held_len);
	}
	iov_iter_advance(build->from, len - held);
}

/* Where the next bytes lie together: with the application, or in a page of a file's. */
struct source {
	void __user *user;
	const u8 *page;
	size_t len; /* 0 where that isn't so simple */
};

static void look(struct source *source, const struct iov_iter *from)
{
	const struct bio_vec *vec = from->bvec;

	source->page = NULL;
	source->len = from->count;
	/* At the end there is no vector to look at any more. */
	if (!source->len)
		return;
	if (!iov_iter_is_bvec(from)) {
		source->len = l45_user_piece(from, &source->user);
		return;
	}
	source->page = page_address(vec->bv_page) + vec->bv_offset + from->iov_offset;
	source->len = min(from->count, vec->bv_len - from->iov_offset);
}

static bool copy_bytes(u8 *out, struct source *source, u32 n)
{
	if (source->page) {
		memcpy(out, source->page, n);
		source->page += n;
	} else {
		if (raw_copy_from_user(out, source->user, n))
			return false;
		source->user += n;
	}
	source->len -= n;
	return true;
}

/*
 * The usual case: nothing is held, and the application's bytes lie together, so each is
 * copied once, to where it goes out from. Stops at whatever isn't usual. Returns as
 * l45_engine_plan(): 0, there may be a plan to go on with; 1, the segment is set; an error.
 */
static int build_straight(struct l45_tcp *tcp, struct l45_build *build,
			  struct l45_segment *segment)
{
	struct l45_cursor *cursor = &tcp->tx.cursor;
	u32 space = build->cap - min(build->cap, build->used), inserted = 0;
	u8 *out = build->out + build->used, *end = out + space;
	struct source source;
	u8 *copied_to = NULL;
	size_t all;
	int ret = 0;

	look(&source, build->from);
	all = source.len;
	if (!all || build->last || cursor->leaving)
		return 0;
	check_object_size(out, space, false);
	while (!cursor->delay_ns && !cursor->skip && !cursor->insert) {
		u32 n = min_t(u64, cursor->copy, min_t(size_t, source.len, end - out));

		if (n) {
			/* Where it can't be read, the other way finds out how far it can. */
			if (!copy_bytes(out, &source, n))
				break;
			l45_tcp_show(&tcp->tx, out, n);
			l45_engine_transform(cursor, out, n);
			l45_engine_copied(cursor, n);
			out += n;
			copied_to = out;
		}
		if (!cursor->blind || l45_engine_planned(cursor) || !source.len ||
		    end - out < L45_INSERT_MAX)
			break;
		ret = l45_engine_plan(cursor, NULL,
				      min_t(size_t, build->from->count - (all - source.len), U32_MAX),
				      false, out, segment);
		if (ret)
			break;
		if (unlikely(cursor->delay_ns)) {
			memcpy(cursor->buf, out, cursor->insert);
			break;
		}
		out += cursor->insert;
		inserted += cursor->insert;
		cursor->insert = 0;
	}
	iov_iter_advance(build->from, all - source.len);
	build->in += all - source.len;
	build->put += out - build->out - build->used;
	build->used = out - build->out;
	build->inserted += inserted;
	if (copied_to) {
		build->copied_to = copied_to - build->out;
		l45_tcp_claimed(tcp, &tcp->tx);
	}
	return ret;
}

int l45_tcp_build(struct l45_tcp *tcp, struct l45_build *build)
{
	struct l45_tcp_direction *d = &tcp->tx;

	for (;;) {
		struct l45_segment segment;
		size_t total;
		u32 space, n;
		int err = 0;
		u8 *out;

		if (d->instance) {
			if (d->instance != build->instance)
				l45_tcp_build_count(tcp, build);
			build->instance = d->instance;
			if (!d->held_len)
				err = build_straight(tcp, build, &segment);
			if (err < 0)
				return err;
		}
		space = build->cap - min(build->cap, build->used);
		out = build->out + build->used;
		if (err) {
			/* It has said what comes next. */
		} else if (!d->instance) {
			if (!d->plain && (d->held_len || iov_iter_count(build->from))) {
				l45_tcp_ask(tcp, d, L45_EGRESS);
				continue;
			}
			segment.kind = L45_SEGMENT_COPY;
			segment.len = d->plain;
		} else {
			if (!l45_engine_planned(&d->cursor)) {
				/* What is inserted goes out in one piece. */
				if (space < L45_INSERT_MAX)
					return 0;
				n = l45_chained(d->instance->ops) ? L45_VIEW_MAX : VIEW;
				n = max(d->cursor.need, n);
				n = min_t(size_t, n - min(n, d->held_len),
					  iov_iter_count(build->from));
				if (n) {
					size_t got = copy_from_iter(d->held + d->held_len, n,
								    build->from);

					l45_tcp_show(d, d->held + d->held_len, got);
					d->held_len += got;
					if (!got) {
						build->fault = true;
						return 0;
					}
				}
				if (d->cursor.links)
					d->cursor.links->beyond =
						min_t(size_t, iov_iter_count(build->from), U32_MAX);
				total = d->held_len + iov_iter_count(build->from);
				err = l45_engine_next(&d->cursor, d->held, d->held_len,
						      build->last && d->held_len == total,
						      &segment);
			} else {
				total = d->held_len + iov_iter_count(build->from);
				err = l45_engine_next(&d->cursor, NULL,
						      min_t(size_t, total, U32_MAX), build->last,
						      &segment);
			}
			if (err)
				return err;
		}

		switch (segment.kind) {
		case L45_SEGMENT_SKIP:
			n = min_t(u64, segment.len, d->held_len + iov_iter_count(build->from));
			if (!n)
				return 0;
			tx_consume(d, build, n);
			build->in += n;
			build->removed += n;
			break;
		case L45_SEGMENT_INSERT:
			n = min_t(u64, segment.len, space);
			if (!n)
				return 0;
			memcpy(out, segment.data, n);
			build->used += n;
			build->put += n;
			build->inserted += n;
			break;
		case L45_SEGMENT_COPY:
			n = min_t(u64, segment.len, space);
			if (d->held_len) {
				n = min(n, d->held_len);
				memcpy(out, d->held, n);
				tx_consume(d, build, n);
			} else {
				n = min_t(size_t, n, iov_iter_count(build->from));
				if (n) {
					n = copy_from_iter(out, n, build->from);
					build->fault = !n;
					l45_tcp_show(d, out, n);
				}
			}
			if (!n) {
				build->end = !d->held_len && !iov_iter_count(build->from);
				return 0;
			}
			if (d->instance) {
				l45_engine_transform(&d->cursor, out, n);
				build->in += n;
				build->put += n;
			}
			build->used += n;
			build->copied_to = build->used;
			break;
		case L45_SEGMENT_DELAY:
			tcp->not_before = ktime_add_ns(ktime_get(), segment.len);
			l45_engine_commit(&d->cursor, &segment, 1);
			return 0;
		case L45_SEGMENT_PASS:
			l45_count(d->instance, PASSED, 1);
			l45_tcp_let_go(tcp, d, &segment);
			continue;
		case L45_SEGMENT_DETACH:
			/* The peer couldn't tell where another one begins. */
			if (!(d->instance->ops->flags & (L45_HANDOVER | L45_TRANSPARENT))) {
				d->plain = L45_REST;
				d->never = ~0ULL;
			}
			l45_tcp_let_go(tcp, d, &segment);
			continue;
		default:
			build->end = true;
			return 0;
		}
		if (d->instance) {
			l45_engine_commit(&d->cursor, &segment, n);
			l45_tcp_claimed(tcp, d);
		} else {
			l45_tcp_plain_done(d, n);
		}
	}
}
