// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uio.h>

#include "tcp_stream.h"

/* Input that a customization gets to see at once, if it doesn't ask for more. */
#define VIEW 64

static void tx_consume(struct l45_tcp_direction *d, struct l45_build *build, u32 len)
{
	u32 held = min(d->held_len, len);

	if (held) {
		d->held_len -= held;
		memmove(d->held, d->held + held, d->held_len);
	}
	iov_iter_advance(build->from, len - held);
}

int l45_tcp_build(struct l45_tcp *tcp, struct l45_build *build)
{
	struct l45_tcp_direction *d = &tcp->tx;

	for (;;) {
		u32 space = build->cap - min(build->cap, build->used);
		u8 *out = build->out + build->used;
		struct l45_segment segment;
		size_t total;
		u32 n;
		int err;

		if (d->instance)
			build->instance = d->instance;
		if (!d->instance) {
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
				n = max_t(u32, d->cursor.need, VIEW);
				n = min_t(size_t, n - min(n, d->held_len),
					  iov_iter_count(build->from));
				if (n) {
					size_t got = copy_from_iter(d->held + d->held_len, n,
								    build->from);

					d->held_len += got;
					if (!got) {
						build->fault = true;
						return 0;
					}
				}
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
			build->removed += n;
			break;
		case L45_SEGMENT_INSERT:
			n = min_t(u64, segment.len, space);
			if (!n)
				return 0;
			memcpy(out, segment.data, n);
			build->used += n;
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
				}
			}
			if (!n) {
				build->end = !d->held_len && !iov_iter_count(build->from);
				return 0;
			}
			if (d->instance)
				l45_engine_transform(&d->cursor, out, n);
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
			if (!(d->instance->ops->flags & L45_HANDOVER))
				d->plain = L45_REST;
			l45_tcp_let_go(tcp, d, &segment);
			continue;
		default:
			build->end = true;
			return 0;
		}
		if (d->instance) {
			l45_engine_commit(&d->cursor, &segment, n);
			d->passed = 0;
			d->together = 0;
		} else {
			l45_tcp_plain_done(d, n);
		}
	}
}
