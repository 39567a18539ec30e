// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include <net/tcp.h>

#include "tcp_walk.h"
#include "trace.h"
#include "user_piece.h"

void l45_walk_begin(struct l45_walk *walk, struct sock *sk, struct l45_tcp *tcp,
		    struct l45_tcp_direction *rx)
{
	walk->sk = sk;
	walk->tcp = tcp;
	walk->rx = rx;
	walk->skb = NULL;
	walk->seq = tcp_sk(sk)->copied_seq;
	walk->held_at = 0;
	walk->raw = 0;
	walk->removed = 0;
	walk->said = 0;
}

struct l45_tcp_direction *l45_tcp_rx_ahead(const struct l45_tcp_direction *rx)
{
	const struct l45_chain_state *links = rx->cursor.links;
	struct l45_tcp_direction *ahead;

	ahead = kmalloc(sizeof(*ahead) + (links ? l45_chain_state_size(links->room) : 0),
			GFP_KERNEL);
	if (!ahead)
		return NULL;
	memcpy(ahead, rx, offsetof(struct l45_tcp_direction, held));
	memcpy(ahead->held, rx->held, rx->held_len);
	ahead->cursor.links = NULL;
	if (links) {
		ahead->cursor.links = (struct l45_chain_state *)(ahead + 1);
		l45_chain_state_init(ahead->cursor.links, links->room);
	}
	if (rx->instance) {
		l45_engine_copy(&ahead->cursor, &rx->cursor);
		ahead->cursor.flow = &ahead->flow;
		if (l45_chained(rx->instance->ops))
			l45_chain_copy(ahead->cursor.links, links);
	}
	return ahead;
}

u32 l45_walk_queued(struct l45_walk *walk)
{
	struct sk_buff_head *queue = &walk->sk->sk_receive_queue;
	struct sk_buff *skb = walk->skb ?: skb_peek(queue);

	for (; skb; skb = skb_peek_next(skb, queue)) {
		walk->offset = walk->seq - TCP_SKB_CB(skb)->seq;
		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)
			walk->offset--;
		if (walk->offset < skb->len) {
			walk->skb = skb;
			return skb->len - walk->offset;
		}
		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
			break;
	}
	return 0;
}

u32 l45_walk_total(struct l45_walk *walk)
{
	struct sk_buff *tail = skb_peek_tail(&walk->sk->sk_receive_queue);
	u32 total = l45_walk_held(walk);

	if (l45_walk_queued(walk))
		total += TCP_SKB_CB(tail)->end_seq - walk->seq -
			 !!(TCP_SKB_CB(tail)->tcp_flags & TCPHDR_FIN);
	return total;
}

/* Contiguous bytes of the skb at offset. */
static const u8 *skb_view(const struct sk_buff *skb, u32 offset, u32 *len)
{
	u32 at = skb_headlen(skb);
	int i;

	if (offset < at) {
		*len = at - offset;
		return skb->data + offset;
	}
	if (!skb_frags_readable(skb))
		return NULL;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		if (offset < at + skb_frag_size(frag)) {
			*len = at + skb_frag_size(frag) - offset;
			return (const u8 *)skb_frag_address(frag) + offset - at;
		}
		at += skb_frag_size(frag);
	}
	return NULL;
}

u32 l45_walk_gather(struct l45_walk *walk, u8 *to, u32 cap)
{
	struct sk_buff_head *queue = &walk->sk->sk_receive_queue;
	u32 len = min(l45_walk_held(walk), cap);
	struct sk_buff *skb;
	u32 offset;

	memcpy(to, walk->rx->held + walk->held_at, len);
	if (len == cap || !l45_walk_queued(walk))
		return len;
	offset = walk->offset;
	for (skb = walk->skb; skb && len < cap; skb = skb_peek_next(skb, queue)) {
		u32 n;

		if (offset >= skb->len) {
			/* A FIN of its own, or what overlaps: position anew. */
			break;
		}
		n = min(cap - len, skb->len - offset);
		if (skb_copy_bits(skb, offset, to + len, n))
			break;
		len += n;
		offset = 0;
		if (!skb_queue_is_last(queue, skb)) {
			const struct sk_buff *next = skb_queue_next(queue, skb);

			offset = TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(next)->seq;
		}
	}
	return len;
}

const u8 *l45_walk_contiguous(struct l45_walk *walk, u32 *len)
{
	const u8 *view;

	if (!l45_walk_held(walk)) {
		view = skb_view(walk->skb, walk->offset, len);
		if (view)
			return view;
	}
	*len = l45_walk_gather(walk, walk->view, sizeof(walk->view));
	return walk->view;
}

static const u8 *walk_view(struct l45_walk *walk, u32 *len, bool *last)
{
	u32 want = max_t(u32, walk->rx->cursor.need, 1);
	const u8 *view = NULL;
	u32 total;

	if (!l45_walk_held(walk) && l45_walk_queued(walk)) {
		view = skb_view(walk->skb, walk->offset, len);
		if (view && *len < want)
			view = NULL;
	}
	total = l45_walk_total(walk);
	if (!view) {
		view = walk->view;
		*len = total ? l45_walk_gather(walk, walk->view, sizeof(walk->view)) : 0;
	}
	*last = *len == total && l45_walk_ended(walk);
	return view;
}

/* What leaves the queue. */
static void show_leaving(struct l45_walk *walk, u32 len)
{
	walk->skb = NULL;
	walk->seq -= len;
	while (len && l45_walk_queued(walk)) {
		const u8 *view;
		u32 n;

		view = skb_view(walk->skb, walk->offset, &n);
		if (!view) {
			n = min_t(u32, walk->skb->len - walk->offset, sizeof(walk->view));
			if (skb_copy_bits(walk->skb, walk->offset, walk->view, n))
				break;
			view = walk->view;
		}
		n = min(n, len);
		l45_tcp_show(walk->rx, view, n);
		walk->seq += n;
		len -= n;
	}
	walk->seq += len;
}

void l45_walk_commit(struct l45_walk *walk)
{
	struct l45_tcp_direction *d = walk->rx;
	struct tcp_sock *tp = tcp_sk(walk->sk);
	u32 len = walk->seq - tp->copied_seq;

	if (walk->held_at) {
		d->held_len -= walk->held_at;
		memmove(d->held, d->held + walk->held_at, d->held_len);
		walk->held_at = 0;
	}
	if (len) {
		if (unlikely(d->watch))
			show_leaving(walk, len);
		tcp_read_done(walk->sk, len);
		if (unlikely(tp->urg_data) && after(tp->copied_seq, tp->urg_seq)) {
			WRITE_ONCE(tp->urg_data, 0);
			tcp_fast_path_check(walk->sk);
		}
	}
	walk->skb = NULL;
	walk->seq = tp->copied_seq;
}

u32 l45_walk_straight(struct l45_walk *walk, struct iov_iter *iter, size_t len)
{
	struct l45_cursor *cursor = &walk->rx->cursor;
	u32 in_len = 0, all, removed = 0;
	const u8 *in = NULL;
	void __user *to;
	size_t room;

	if (!walk->rx->instance || l45_walk_held(walk) ||
	    tcp_sk(walk->sk)->urg_data || l45_walk_ended(walk))
		return 0;
	room = min(l45_user_piece(iter, &to), len);
	if (room && l45_walk_queued(walk))
		in = skb_view(walk->skb, walk->offset, &in_len);
	if (!in)
		return 0;
	check_object_size(in, in_len, true);

	all = in_len;
	while (!cursor->delay_ns && !cursor->transform) {
		u32 n = min(cursor->skip, in_len);

		if (n) {
			l45_engine_skipped(cursor, n);
			removed += n;
			in += n;
			in_len -= n;
		}
		n = min_t(u64, cursor->copy, min_t(size_t, in_len, room));
		if (n && !cursor->insert) {
			/* Where it can't be written, the other way finds out how far it can. */
			if (raw_copy_to_user(to, in, n))
				break;
			l45_engine_copied(cursor, n);
			to += n;
			room -= n;
			in += n;
			in_len -= n;
		}
		/* It may want what lies elsewhere to be in view. */
		if (l45_engine_planned(cursor) || !room || in_len < L45_VIEW_MAX)
			break;
		walk->said = l45_engine_plan(cursor, in, in_len, false, cursor->buf,
					     &walk->segment);
		if (walk->said)
			break;
	}
	all -= in_len;
	if (all) {
		l45_walk_consume(walk, all);
		walk->removed += removed;
		l45_tcp_claimed(walk->tcp, walk->rx);
		iov_iter_advance(iter, all - removed);
	}
	return all - removed;
}

/* Behind its mark is nothing that the instance knows. */
static bool no_start(int err, const struct l45_segment *segment)
{
	return err == -EBADMSG || (!err && (segment->kind == L45_SEGMENT_PASS ||
					    segment->kind == L45_SEGMENT_DETACH));
}

int l45_walk_next(struct l45_walk *walk, struct l45_segment *segment)
{
	struct l45_tcp_direction *d = walk->rx;
	const u8 *in = NULL;
	bool last;
	u32 len;
	int err;

	for (;;) {
		len = l45_walk_held(walk) ?: l45_walk_queued(walk);
		last = !len && l45_walk_ended(walk);
		/* What a device keeps in memory of its own. */
		if (len && !l45_walk_held(walk) && !skb_frags_readable(walk->skb))
			return -EFAULT;

		if (!d->instance) {
			if (len && !d->plain) {
				l45_tcp_ask(walk->tcp, d, L45_INGRESS);
				continue;
			}
			if (len && d->plain == L45_REST && walk->tcp->marks) {
				err = l45_walk_search(walk, segment);
				if (err > 0)
					continue;
				return err;
			}
			segment->kind = len ? L45_SEGMENT_COPY :
				       last ? L45_SEGMENT_END : L45_SEGMENT_MORE;
			segment->len = len ? d->plain : 1;
			return 0;
		}
		if (walk->said) {
			err = min(walk->said, 0);
			*segment = walk->segment;
			walk->said = 0;
		} else {
			if (!l45_engine_planned(&d->cursor))
				in = walk_view(walk, &len, &last);
			err = l45_engine_next(&d->cursor, in, len, last, segment);
			/* It is all there, in pieces: once more, with as much in view as is needed. */
			if (!err && segment->kind == L45_SEGMENT_MORE && len < segment->len &&
			    l45_walk_total(walk) >= segment->len)
				continue;
		}
		if (d->joining && no_start(err, segment)) {
			/* It looked like a mark: so does the application's next byte. */
			d->joining = false;
			d->instance = NULL;
			d->plain = L45_REST;
			segment->kind = L45_SEGMENT_COPY;
			segment->len = 1;
			return 0;
		}
		if (err)
			return err;
		if (segment->kind == L45_SEGMENT_PASS) {
			l45_count(d->instance, PASSED, 1);
			trace_l45_pass(walk->sk, d->instance, L45_INGRESS, 0);
		} else if (segment->kind != L45_SEGMENT_DETACH) {
			if (segment->kind != L45_SEGMENT_MORE)
				l45_tcp_claimed(walk->tcp, d);
			return 0;
		}
		l45_tcp_let_go(walk->tcp, d, segment);
		d->boundary = l45_walk_position(walk);
	}
}
