// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams. All state is protected by the socket lock: lock_sock, or the spinlock of a
 * socket that nobody owns. It is never given up with a step of the engine carried out
 * in part on the way out, so that concurrent senders can take turns.
 */
#include <linux/module.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include <asm/ioctls.h>

#include "attach.h"
#include "engine.h"
#include "tap.h"
#include "tcp.h"
#include "trace.h"

/* Input that a customization gets to see at once, if it doesn't ask for more. */
#define VIEW 64

/*
 * Whose is the stream? At its start and wherever an instance says that what follows
 * isn't its own, the others are asked in order of priority. What none of them claims is
 * plain for as many bytes as the first knew to belong together.
 */
struct direction {
	struct l45_instance *instance; /* of tcp->set; NULL: plain, or none asked yet */
	u64 plain;		       /* bytes left of what nobody claimed, or L45_REST */
	u64 together;		       /* what `plain` will be if nobody claims it */
	u64 passed, never;	       /* instances that were asked here; that never want to be */
	int err;		       /* for good */
	u32 held_len;		       /* taken over, but not yet through the engine */
	struct l45_flow flow;
	u8 held[L45_VIEW_MAX];
	struct l45_cursor cursor;
};

struct l45_tcp {
	refcount_t refs;
	struct l45_socket *socket;
	struct l45_set *set; /* those that the stream began with */
	void (*data_ready)(struct sock *sk);
	bool ended;
	ktime_t not_before; /* the next byte out */

	/* Customized, yet not taken by TCP for want of memory. */
	struct page *page;
	u32 page_at, page_left;

	struct direction tx;
	struct direction rx;
};

static struct kmem_cache *cache;

struct l45_tcp *l45_tcp_alloc(void)
{
	struct l45_tcp *tcp;

	tcp = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!tcp)
		return NULL;
	/* Cursors, and what is held, are set up when there is something. */
	memset(tcp, 0, offsetof(struct l45_tcp, tx));
	memset(&tcp->tx, 0, offsetof(struct direction, flow));
	memset(&tcp->rx, 0, offsetof(struct direction, flow));
	refcount_set(&tcp->refs, 1);
	return tcp;
}

void l45_tcp_free(struct l45_tcp *tcp)
{
	if (!tcp || !refcount_dec_and_test(&tcp->refs))
		return;
	if (tcp->page)
		put_page(tcp->page);
	l45_attach_put_set(tcp->set);
	kmem_cache_free(cache, tcp);
}

static bool speaks(const struct l45_instance *instance, u8 flag)
{
	return !READ_ONCE(instance->dead) && !l45_instance_observes(instance) &&
	       l45_instance_works(instance, flag);
}

/* The first in order, other than those in `but`. Priorities may have changed since. */
static int choice(const struct l45_tcp *tcp, u8 flag, u64 but)
{
	const struct l45_set *set = tcp->set;
	int best = -1;
	u32 i;

	for (i = 0; i < set->count; i++) {
		if (!(but & BIT_ULL(i)) && speaks(set->instances[i], flag) &&
		    (best < 0 || READ_ONCE(set->instances[i]->priority) <
					 READ_ONCE(set->instances[best]->priority)))
			best = i;
	}
	return best;
}

static u64 bit_of(const struct l45_tcp *tcp, const struct l45_instance *instance)
{
	u32 i = 0;

	while (tcp->set->instances[i] != instance)
		i++;
	return BIT_ULL(i);
}

/* There is input, and nobody has it: ask the next one, or find that it is plain. */
static void ask(struct l45_tcp *tcp, struct direction *d, enum l45_direction direction)
{
	u8 flag = direction == L45_EGRESS ? L45_NL_DIRECTION_EGRESS : L45_NL_DIRECTION_INGRESS;
	int i = choice(tcp, flag, d->passed | d->never);

	if (i >= 0) {
		d->instance = tcp->set->instances[i];
		l45_socket_flow(tcp->socket, d->instance, direction, &d->flow);
		l45_engine_start(&d->cursor, d->instance->ops, &d->flow);
		return;
	}
	d->plain = d->together ?: L45_REST;
	d->together = 0;
	d->passed = 0;
}

/* The engine said PASS or DETACH. */
static void let_go(struct l45_tcp *tcp, struct direction *d, const struct l45_segment *segment)
{
	u64 bit = bit_of(tcp, d->instance);

	if (segment->kind == L45_SEGMENT_PASS && segment->len != L45_REST) {
		d->passed |= bit;
		d->together = d->together ?: segment->len;
	} else {
		d->never |= bit;
	}
	d->instance = NULL;
}

/* Bytes that nobody claimed went by. */
static void plain_done(struct direction *d, u64 len)
{
	if (d->plain != L45_REST)
		d->plain -= len;
}

/* Ingress */

/* A position in the input that can run ahead of the real one. */
struct walk {
	struct sock *sk;
	struct l45_tcp *tcp;
	struct direction *rx;
	struct sk_buff *skb; /* where seq is */
	u32 seq;
	u32 offset;	/* of seq in skb */
	u32 held_at;	/* bytes of held that are through */
	u32 raw;	/* bytes consumed, for the counters */
	u8 view[L45_VIEW_MAX];
};

static void walk_begin(struct walk *walk, struct sock *sk, struct l45_tcp *tcp,
		       struct direction *rx)
{
	walk->sk = sk;
	walk->tcp = tcp;
	walk->rx = rx;
	walk->skb = NULL;
	walk->seq = tcp_sk(sk)->copied_seq;
	walk->held_at = 0;
	walk->raw = 0;
}

static void rx_copy(struct direction *to, const struct direction *from)
{
	memcpy(to, from, offsetof(struct direction, held));
	memcpy(to->held, from->held, from->held_len);
	if (from->instance) {
		l45_engine_copy(&to->cursor, &from->cursor);
		to->cursor.flow = &to->flow;
	}
}

static u32 walk_held(const struct walk *walk)
{
	return walk->rx->held_len - walk->held_at;
}

/* Bytes of the queue at the position that are in one skb. */
static u32 walk_queued(struct walk *walk)
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

static u32 walk_total(struct walk *walk)
{
	struct sk_buff *tail = skb_peek_tail(&walk->sk->sk_receive_queue);
	u32 total = walk_held(walk);

	if (walk_queued(walk))
		total += TCP_SKB_CB(tail)->end_seq - walk->seq -
			 !!(TCP_SKB_CB(tail)->tcp_flags & TCPHDR_FIN);
	return total;
}

/* No more will come. A reset is something else: it is reported as such. */
static bool input_ended(const struct sock *sk)
{
	return !sk->sk_err && (sock_flag(sk, SOCK_DONE) || (sk->sk_shutdown & RCV_SHUTDOWN) ||
			       sk->sk_state == TCP_CLOSE);
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

static u32 walk_gather(struct walk *walk, u8 *to, u32 cap)
{
	struct sk_buff_head *queue = &walk->sk->sk_receive_queue;
	u32 len = min(walk_held(walk), cap);
	struct sk_buff *skb;
	u32 offset;

	memcpy(to, walk->rx->held + walk->held_at, len);
	if (len == cap || !walk_queued(walk))
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

static const u8 *walk_view(struct walk *walk, u32 *len, bool *last)
{
	u32 want = max_t(u32, walk->rx->cursor.need, 1);
	const u8 *view = NULL;
	u32 total;

	if (!walk_held(walk) && walk_queued(walk)) {
		view = skb_view(walk->skb, walk->offset, len);
		if (view && *len < want)
			view = NULL;
	}
	total = walk_total(walk);
	if (!view) {
		view = walk->view;
		*len = total ? walk_gather(walk, walk->view, sizeof(walk->view)) : 0;
	}
	*last = *len == total && input_ended(walk->sk);
	return view;
}

static void walk_consume(struct walk *walk, u32 len)
{
	u32 held = min(walk_held(walk), len);

	walk->held_at += held;
	walk->seq += len - held;
	walk->raw += len;
}

/* Make the consumption real. */
static void walk_commit(struct walk *walk)
{
	struct direction *d = walk->rx;
	struct tcp_sock *tp = tcp_sk(walk->sk);
	u32 len = walk->seq - tp->copied_seq;

	if (walk->held_at) {
		d->held_len -= walk->held_at;
		memmove(d->held, d->held + walk->held_at, d->held_len);
		walk->held_at = 0;
	}
	if (len) {
		tcp_read_done(walk->sk, len);
		if (unlikely(tp->urg_data) && after(tp->copied_seq, tp->urg_seq)) {
			WRITE_ONCE(tp->urg_data, 0);
			tcp_fast_path_check(walk->sk);
		}
	}
	walk->skb = NULL;
	walk->seq = tp->copied_seq;
}

/* What is to be done with the input at the position. */
static int walk_next(struct walk *walk, struct l45_segment *segment)
{
	struct direction *d = walk->rx;
	const u8 *in = NULL;
	bool last;
	u32 len;
	int err;

	for (;;) {
		len = walk_held(walk) ?: walk_queued(walk);
		last = !len && input_ended(walk->sk);

		if (!d->instance) {
			if (len && !d->plain) {
				ask(walk->tcp, d, L45_INGRESS);
				continue;
			}
			segment->kind = len ? L45_SEGMENT_COPY :
				       last ? L45_SEGMENT_END : L45_SEGMENT_MORE;
			segment->len = len ? d->plain : 1;
			return 0;
		}
		if (!l45_engine_planned(&d->cursor))
			in = walk_view(walk, &len, &last);

		err = l45_engine_next(&d->cursor, in, len, last, segment);
		if (err)
			return err;
		if (segment->kind == L45_SEGMENT_PASS) {
			l45_count(d->instance, PASSED, 1);
			trace_l45_pass(walk->sk, d->instance, L45_INGRESS, 0);
		} else if (segment->kind != L45_SEGMENT_DETACH) {
			if (segment->kind != L45_SEGMENT_MORE) {
				d->passed = 0;
				d->together = 0;
			}
			return 0;
		}
		let_go(walk->tcp, d, segment);
	}
}

static void walk_done(struct walk *walk, const struct l45_segment *segment, u64 len)
{
	if (walk->rx->instance)
		l45_engine_commit(&walk->rx->cursor, segment, len);
	else
		plain_done(walk->rx, len);
}

/*
 * Take what the application will never see out of the queue, so that poll() tells the
 * truth: tags whole, and the beginning of one that is still to come.
 */
static void eat(struct sock *sk, struct l45_tcp *tcp)
{
	struct direction *d = &tcp->rx;
	struct l45_segment segment;
	struct walk walk;
	bool ready = false;

	if (!d->instance && d->plain == L45_REST) {
		WRITE_ONCE(tcp->socket->ready, d->held_len);
		return;
	}
	walk_begin(&walk, sk, tcp, &tcp->rx);
	while (!d->err) {
		u32 len;

		d->err = walk_next(&walk, &segment);
		if (d->err)
			break;
		if (segment.kind == L45_SEGMENT_SKIP) {
			len = walk_held(&walk) ?: walk_queued(&walk);
			len = min_t(u64, segment.len, len);
			if (!len)
				break;
			walk_consume(&walk, len);
			walk_done(&walk, &segment, len);
			if (d->instance)
				l45_count(d->instance, REMOVED, len);
			continue;
		}
		if (segment.kind == L45_SEGMENT_MORE && d->instance) {
			len = walk_total(&walk);
			if (len && len <= sizeof(walk.view)) {
				walk_gather(&walk, walk.view, len);
				walk_consume(&walk, len);
				walk_commit(&walk);
				memcpy(d->held, walk.view, len);
				d->held_len = len;
				walk.raw -= len;
			}
		}
		ready = segment.kind == L45_SEGMENT_INSERT || segment.kind == L45_SEGMENT_DELAY ||
			(segment.kind == L45_SEGMENT_COPY && walk_held(&walk));
		break;
	}
	walk_commit(&walk);
	if (d->err && d->instance)
		l45_count(d->instance, ERRORS, 1);
	if (d->instance)
		l45_count(d->instance, INGRESS_BYTES_IN, walk.raw);
	WRITE_ONCE(tcp->socket->ready, ready || d->err);
}

static void data_ready(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct l45_tcp *tcp;

	if (WARN_ON_ONCE(!socket))
		return;
	tcp = socket->tcp;
	if (tcp) {
		eat(sk, tcp);
		if (READ_ONCE(socket->ready) || !skb_queue_empty(&sk->sk_receive_queue) ||
		    (sk->sk_shutdown & RCV_SHUTDOWN) || sk->sk_err)
			tcp->data_ready(sk);
	}
	l45_socket_put(socket);
}

bool l45_tcp_is_readable(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	bool ready = false;

	if (socket) {
		ready = READ_ONCE(socket->ready);
		l45_socket_put(socket);
	}
	return ready;
}

/* The application's next bytes: 0, or -EFAULT with the engine where it was. */
static int deliver(struct walk *walk, const struct l45_segment *segment, struct msghdr *msg,
		   u32 len, int flags)
{
	struct direction *d = walk->rx;
	bool held = walk_held(walk);
	u32 done = 0;

	if (segment->kind == L45_SEGMENT_INSERT) {
		if (!(flags & MSG_TRUNC) &&
		    copy_to_iter(segment->data, len, &msg->msg_iter) != len)
			return -EFAULT;
		return 0;
	}
	if (!d->instance || !d->cursor.transform) {
		if (flags & MSG_TRUNC)
			return 0;
		if (held)
			return copy_to_iter(d->held + walk->held_at, len, &msg->msg_iter) == len ?
				       0 : -EFAULT;
		return skb_copy_datagram_iter(walk->skb, walk->offset, &msg->msg_iter, len);
	}
	while (done < len) {
		u32 n = min_t(u32, len - done, sizeof(walk->view));

		if (held)
			memcpy(walk->view, d->held + walk->held_at + done, n);
		else if (skb_copy_bits(walk->skb, walk->offset + done, walk->view, n))
			return -EFAULT;
		/* Can't be undone: after a fault the stream isn't what it was. */
		l45_engine_transform(&d->cursor, walk->view, n);
		if (!(flags & MSG_TRUNC) && copy_to_iter(walk->view, n, &msg->msg_iter) != n) {
			d->err = -EFAULT;
			return -EFAULT;
		}
		done += n;
	}
	return 0;
}

/* As in the stock function: is there a reason to return, and with what? 0: wait. */
static int wait_verdict(struct sock *sk, int copied, long timeo)
{
	if (copied) {
		if (!timeo || sk->sk_err || sk->sk_state == TCP_CLOSE ||
		    (sk->sk_shutdown & RCV_SHUTDOWN) || signal_pending(current))
			return 1;
		return 0;
	}
	if (sock_flag(sk, SOCK_DONE))
		return 1;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 1;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 0;
}

/* Bytes up to the urgent one; at it, one, with `swallow` set where it isn't inline. */
static u32 limit_urgent(struct walk *walk, u32 len, int copied, bool *swallow)
{
	const struct tcp_sock *tp = tcp_sk(walk->sk);
	u32 urgent;

	*swallow = false;
	if (likely(!tp->urg_data) || walk_held(walk))
		return len;
	urgent = tp->urg_seq - walk->seq;
	if (urgent >= len)
		return len;
	if (urgent)
		return urgent;
	if (copied)
		return 0;
	*swallow = !sock_flag(walk->sk, SOCK_URGINLINE);
	return 1;
}

static int receive(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg, size_t len,
		   int flags)
{
	bool peeking = flags & MSG_PEEK;
	struct l45_segment segment;
	u64 bytes_out = 0, removed = 0, inserted = 0;
	struct l45_instance *counted = NULL;
	struct direction *rx = &tcp->rx;
	struct walk walk;
	int copied = 0, target, err = 0;
	long timeo;

	sock_owned_by_me(sk);
	if (peeking) {
		rx = kmalloc(sizeof(*rx), GFP_KERNEL);
		if (!rx)
			return -ENOBUFS;
		rx_copy(rx, &tcp->rx);
	}
	timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	len = min_t(size_t, len, INT_MAX);
	walk_begin(&walk, sk, tcp, rx);

	while (copied < len) {
		bool swallow;
		u32 n;

		err = rx->err;
		if (!err)
			err = walk_next(&walk, &segment);
		if (err) {
			if (!peeking && !rx->err) {
				rx->err = err;
				if (rx->instance)
					l45_count(rx->instance, ERRORS, 1);
			}
			break;
		}
		if (rx->instance)
			counted = rx->instance;

		n = walk_held(&walk) ?: walk_queued(&walk);
		switch (segment.kind) {
		case L45_SEGMENT_SKIP:
			n = min_t(u64, n, segment.len);
			walk_consume(&walk, n);
			walk_done(&walk, &segment, n);
			removed += n;
			continue;
		case L45_SEGMENT_INSERT:
			n = min_t(u64, len - copied, segment.len);
			err = deliver(&walk, &segment, msg, n, flags);
			if (err)
				goto out;
			walk_done(&walk, &segment, n);
			copied += n;
			inserted += n;
			continue;
		case L45_SEGMENT_COPY:
			n = min_t(u64, n, min_t(u64, len - copied, segment.len));
			n = limit_urgent(&walk, n, copied, &swallow);
			if (!n)
				goto out;
			err = deliver(&walk, &segment, msg, n, swallow ? MSG_TRUNC : flags);
			if (err)
				goto out;
			walk_consume(&walk, n);
			walk_done(&walk, &segment, n);
			if (!swallow)
				copied += n;
			continue;
		case L45_SEGMENT_DELAY:
			if (peeking) {
				walk_done(&walk, &segment, 1);
				continue;
			}
			if (copied)
				goto out;
			walk_commit(&walk);
			walk_done(&walk, &segment, 1);
			release_sock(sk);
			err = l45_socket_delay(segment.len);
			lock_sock(sk);
			if (err || tcp->ended) {
				err = err ? sock_intr_errno(timeo) : -ENOTCONN;
				goto out;
			}
			walk_begin(&walk, sk, tcp, rx);
			continue;
		case L45_SEGMENT_END:
			goto out;
		default:
			break;
		}

		/* More is needed. */
		if (copied >= target && !READ_ONCE(sk->sk_backlog.tail))
			break;
		err = wait_verdict(sk, copied, timeo);
		if (err) {
			err = min(err, 0);
			break;
		}
		if (!peeking)
			walk_commit(&walk);
		eat(sk, tcp);
		if (copied >= target) {
			release_sock(sk);
			lock_sock(sk);
		} else if (!READ_ONCE(tcp->socket->ready)) {
			err = sk_wait_data(sk, &timeo, skb_peek_tail(&sk->sk_receive_queue));
			if (err < 0)
				break;
		}
		if (tcp->ended) {
			err = -ENOTCONN;
			break;
		}
		if (peeking) {
			/* It all begins again, with more. */
			iov_iter_revert(&msg->msg_iter, flags & MSG_TRUNC ? 0 : copied);
			copied = 0;
			rx_copy(rx, &tcp->rx);
		} else {
			bytes_out += walk.raw;
		}
		walk_begin(&walk, sk, tcp, rx);
	}
out:
	if (peeking) {
		kfree(rx);
	} else if (!tcp->ended) {
		bytes_out += walk.raw;
		walk_commit(&walk);
		eat(sk, tcp);
		if (counted && copied > 0) {
			l45_count(counted, INGRESS_MESSAGES, 1);
			l45_count(counted, INGRESS_BYTES_IN, bytes_out);
			l45_count(counted, INGRESS_BYTES_OUT, copied);
			l45_count(counted, INSERTED, inserted);
			l45_count(counted, REMOVED, removed);
			l45_instance_used(counted);
			trace_l45_customize(sk, counted, L45_INGRESS, bytes_out, copied);
		}
	}
	return copied ?: err;
}

/* Does the engine, or what it left behind, stand between the queue and the application? */
static bool rx_plain(const struct l45_tcp *tcp)
{
	return !tcp || (tcp->rx.plain == L45_REST && !tcp->rx.instance && !tcp->rx.held_len);
}

static int readable_len(struct sock *sk, struct l45_tcp *tcp)
{
	struct l45_segment segment;
	struct walk walk;
	struct direction *rx;
	u64 sum = 0;

	rx = kmalloc(sizeof(*rx), GFP_KERNEL);
	if (!rx)
		return -ENOBUFS;
	rx_copy(rx, &tcp->rx);
	walk_begin(&walk, sk, tcp, rx);
	while (!rx->err && !walk_next(&walk, &segment)) {
		u32 n = walk_held(&walk) ?: walk_queued(&walk);

		if (segment.kind == L45_SEGMENT_INSERT) {
			n = segment.len;
			sum += n;
		} else if (segment.kind == L45_SEGMENT_SKIP || segment.kind == L45_SEGMENT_COPY) {
			n = min_t(u64, n, segment.len);
			if (!n)
				break;
			if (segment.kind == L45_SEGMENT_COPY)
				sum += n;
			walk_consume(&walk, n);
		} else if (segment.kind != L45_SEGMENT_DELAY) {
			break;
		}
		walk_done(&walk, &segment, n);
	}
	kfree(rx);
	return min_t(u64, sum, INT_MAX);
}

int l45_tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct l45_socket *socket = l45_tap_find(sk);
	struct l45_tcp *tcp;
	int inq = 0, ret;

	if (!socket) {
		l45_tap_enter();
		ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
		l45_tap_leave();
		return ret;
	}
	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		goto stock;

	lock_sock(sk);
	tcp = socket->tcp;
	if (rx_plain(tcp) || tcp_sk(sk)->repair) {
		release_sock(sk);
		goto stock;
	}
	refcount_inc(&tcp->refs);
	ret = receive(sk, tcp, msg, len, flags);
	if (ret >= 0 && (msg->msg_get_inq || tcp_sk(sk)->recvmsg_inq)) {
		inq = readable_len(sk, tcp);
		if (inq >= 0) {
			/* End of file is something to read too. */
			if (!inq && sock_flag(sk, SOCK_DONE))
				inq = 1;
			msg->msg_inq = inq;
		}
	}
	release_sock(sk);
	if (ret >= 0 && inq >= 0 && tcp_sk(sk)->recvmsg_inq)
		put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
	l45_tcp_free(tcp);
	l45_socket_put(socket);
	return ret;

stock:
	ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
	l45_socket_put(socket);
	return ret;
}

ssize_t l45_tcp_splice_read(struct socket *sock, loff_t *ppos, struct pipe_inode_info *pipe,
			    size_t len, unsigned int flags)
{
	struct sock *sk = sock->sk;
	struct l45_socket *socket = l45_socket_get(sk);
	struct msghdr msg = {};
	int addr_len = 0;
	ssize_t ret;

	if (!socket || rx_plain(READ_ONCE(socket->tcp))) {
		if (!socket)
			l45_tap_enter();
		ret = l45_tap_stock_ops(sk)->splice_read(sock, ppos, pipe, len, flags);
		if (!socket)
			l45_tap_leave();
	} else {
		iov_iter_pipe(&msg.msg_iter, ITER_DEST, pipe, len);
		ret = l45_tcp_recvmsg(sk, &msg, len,
				      sock->file->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0,
				      &addr_len);
		/* Free what was reserved and not filled. */
		if (ret <= 0)
			iov_iter_advance(&msg.msg_iter, 0);
	}
	if (socket)
		l45_socket_put(socket);
	return ret;
}

/* Inside the kernel nobody waits for a struct msghdr. */
static bool stock_reads(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	bool plain = true;

	if (socket) {
		plain = rx_plain(socket->tcp);
		l45_socket_put(socket);
	}
	return plain;
}

int l45_tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor)
{
	return stock_reads(sk) ? tcp_read_sock(sk, desc, actor) : -EOPNOTSUPP;
}

int l45_tcp_read_skb(struct sock *sk, skb_read_actor_t actor)
{
	return stock_reads(sk) ? tcp_read_skb(sk, actor) : -EOPNOTSUPP;
}

int l45_tcp_peek_len(struct socket *sock)
{
	struct l45_socket *socket = l45_socket_get(sock->sk);
	int ret;

	if (!socket)
		return tcp_peek_len(sock);
	lock_sock(sock->sk);
	ret = rx_plain(socket->tcp) ? tcp_peek_len(sock) : readable_len(sock->sk, socket->tcp);
	release_sock(sock->sk);
	l45_socket_put(socket);
	return ret;
}

int l45_tcp_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	struct l45_socket *socket = l45_tap_find(sk);
	int ret, len = 0;
	bool plain = true;

	if (!socket)
		l45_tap_enter();
	if (socket && cmd == SIOCINQ) {
		lock_sock(sk);
		plain = rx_plain(socket->tcp);
		if (!plain)
			len = readable_len(sk, socket->tcp);
		release_sock(sk);
	}
	if (plain)
		ret = l45_tap_stock(sk)->ioctl(sk, cmd, arg);
	else
		ret = len < 0 ? len : put_user(len, (int __user *)arg);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}

/* Egress */

static bool tx_plain(const struct l45_tcp *tcp)
{
	return tcp->tx.plain == L45_REST && !tcp->tx.instance && !tcp->tx.held_len && !tcp->page;
}

struct build {
	struct iov_iter *from;
	u8 *out;
	u32 cap, used;
	u32 inserted, removed;
	bool last;  /* nothing will follow, ever */
	bool fault; /* the application's memory isn't there */
	bool end;   /* nothing more to do */
	struct l45_instance *instance; /* whom it counts for */
};

static void tx_consume(struct direction *d, struct build *build, u32 len)
{
	u32 held = min(d->held_len, len);

	if (held) {
		d->held_len -= held;
		memmove(d->held, d->held + held, d->held_len);
	}
	iov_iter_advance(build->from, len - held);
}

/* Run the engine from the application's memory into ours until either ends. */
static int build_chunk(struct l45_tcp *tcp, struct build *build)
{
	struct direction *d = &tcp->tx;

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
				ask(tcp, d, L45_EGRESS);
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
			break;
		case L45_SEGMENT_DELAY:
			tcp->not_before = ktime_add_ns(ktime_get(), segment.len);
			l45_engine_commit(&d->cursor, &segment, 1);
			return 0;
		case L45_SEGMENT_PASS:
			l45_count(d->instance, PASSED, 1);
			let_go(tcp, d, &segment);
			continue;
		case L45_SEGMENT_DETACH:
			/* The peer couldn't tell where another one begins. */
			if (!(d->instance->ops->flags & L45_HANDOVER))
				d->plain = L45_REST;
			let_go(tcp, d, &segment);
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
			plain_done(d, n);
		}
	}
}

/*
 * Hand over what was built, all of it: the send buffer may be exceeded by this one
 * chunk. Only for want of memory some stays with us.
 */
static int push(struct sock *sk, struct l45_tcp *tcp, struct page *page, u32 offset, u32 len,
		int flags)
{
	const int room = INT_MAX / 2;
	struct tcp_sock *tp = tcp_sk(sk);
	int sndbuf = sk->sk_sndbuf, ret;
	u32 lowat = tp->notsent_lowat;

	WRITE_ONCE(sk->sk_sndbuf, room);
	WRITE_ONCE(tp->notsent_lowat, U32_MAX);
	ret = do_tcp_sendpages(sk, page, offset, len,
			       (flags & (MSG_MORE | MSG_NOSIGNAL)) | MSG_DONTWAIT |
			       MSG_NO_SHARED_FRAGS | MSG_NOSIGNAL);
	WRITE_ONCE(tp->notsent_lowat, lowat);
	/* Memory pressure may have lowered it meanwhile. */
	WRITE_ONCE(sk->sk_sndbuf, min(sk->sk_sndbuf, sndbuf));

	if (ret < 0 && ret != -EAGAIN)
		return ret;
	ret = max(ret, 0);
	if (ret < len) {
		get_page(page);
		tcp->page = page;
		tcp->page_at = offset + ret;
		tcp->page_left = len - ret;
		return -EAGAIN;
	}
	return 0;
}

static int push_left(struct sock *sk, struct l45_tcp *tcp)
{
	struct page *page = tcp->page;
	int err;

	if (!page)
		return 0;
	tcp->page = NULL;
	err = push(sk, tcp, page, tcp->page_at, tcp->page_left, 0);
	put_page(page);
	return err;
}

/* Build and push one chunk. */
static int send_chunk(struct sock *sk, struct l45_tcp *tcp, struct build *build, int flags)
{
	struct page_frag *frag = sk_page_frag(sk);
	size_t before = iov_iter_count(build->from);
	struct l45_instance *instance;
	int room, err;

	if (!skb_page_frag_refill(2 * L45_INSERT_MAX, frag, sk->sk_allocation))
		return -EAGAIN;
	room = max_t(int, READ_ONCE(sk->sk_sndbuf) - READ_ONCE(sk->sk_wmem_queued),
		     2 * L45_INSERT_MAX);
	build->out = page_address(frag->page) + frag->offset;
	build->cap = min_t(u32, room, frag->size - frag->offset);
	build->used = 0;

	err = build_chunk(tcp, build);
	if (build->used) {
		u32 offset = frag->offset;
		int ret;

		frag->offset += build->used;
		if (iov_iter_count(build->from) && !build->fault)
			flags |= MSG_MORE;
		ret = push(sk, tcp, frag->page, offset, build->used, flags);
		/* What is left is consumed all the same. */
		if (!err && ret != -EAGAIN)
			err = ret;
	}
	instance = build->instance;
	if (instance) {
		l45_count(instance, EGRESS_BYTES_IN, before - iov_iter_count(build->from));
		l45_count(instance, EGRESS_BYTES_OUT, build->used);
		l45_count(instance, INSERTED, build->inserted);
		l45_count(instance, REMOVED, build->removed);
	}
	build->inserted = 0;
	build->removed = 0;
	return err;
}

/*
 * Go on without more input: what was taken from the application must be on its way
 * when it gets to know that it was.
 */
static void drain(struct sock *sk, struct l45_tcp *tcp, bool last)
{
	struct iov_iter none;
	struct build build = { .from = &none, .last = last };
	int i;

	iov_iter_kvec(&none, ITER_SOURCE, NULL, 0, 0);
	if (push_left(sk, tcp))
		return;
	/* What is held fits into one chunk, and the engine bounds what is inserted. */
	for (i = 0; i < L45_IDLE_MAX && !build.end; i++) {
		if (send_chunk(sk, tcp, &build, 0))
			break;
	}
}

/* What the customization says at the end, or on leaving. */
static void send_closing(struct sock *sk, struct l45_tcp *tcp, bool last)
{
	if (!tcp->tx.err && !sk->sk_err && !(sk->sk_shutdown & SEND_SHUTDOWN) &&
	    (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))
		drain(sk, tcp, last);
}

static int wait_delay(struct sock *sk, struct l45_tcp *tcp, long timeo)
{
	s64 ns = ktime_to_ns(ktime_sub(tcp->not_before, ktime_get()));
	int err;

	if (ns <= 0)
		return 0;
	release_sock(sk);
	err = l45_socket_delay(ns);
	lock_sock(sk);
	return err ? sock_intr_errno(timeo) : 0;
}

static int send_customized(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg)
{
	size_t size = iov_iter_count(&msg->msg_iter), sent;
	struct build build = { .from = &msg->msg_iter };
	int flags = msg->msg_flags, err;
	struct sockcm_cookie cookie;
	long timeo;

	sock_owned_by_me(sk);
	timeo = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	tcp_rate_check_app_limited(sk);
	if ((1 << sk->sk_state) & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) {
		err = sk_stream_wait_connect(sk, &timeo);
		if (err)
			return sk_stream_error(sk, flags, err);
	}
	if (msg->msg_controllen) {
		sockcm_init(&cookie, sk);
		if (sock_cmsg_send(sk, msg, &cookie))
			return -EINVAL;
	}
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);

	for (;;) {
		err = tcp->ended ? -ENOTCONN : tcp->tx.err;
		if (err)
			break;
		err = -EPIPE;
		if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
			break;
		err = wait_delay(sk, tcp, timeo);
		if (err)
			break;
		/* It was unlocked. */
		if (tcp->not_before > ktime_get() || tcp->ended || sk->sk_err ||
		    (sk->sk_shutdown & SEND_SHUTDOWN))
			continue;

		if (sk_stream_memory_free(sk)) {
			err = push_left(sk, tcp);
			if (!err) {
				if (!iov_iter_count(&msg->msg_iter) &&
				    (!tcp->tx.instance ||
				     !l45_engine_planned(&tcp->tx.cursor)))
					break;
				build.end = false;
				build.fault = false;
				err = send_chunk(sk, tcp, &build, flags);
				if (build.fault) {
					err = err ?: -EFAULT;
					break;
				}
				if (!err && build.end)
					break;
				if (!err)
					continue;
			}
			if (err != -EAGAIN) {
				if (err == -EPROTO || err == -EBADMSG) {
					tcp->tx.err = err;
					if (build.instance)
						l45_count(build.instance, ERRORS, 1);
				}
				break;
			}
		}
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		err = sk_stream_wait_memory(sk, &timeo);
		if (err)
			break;
	}

	sent = size - iov_iter_count(&msg->msg_iter);
	if (err && tcp->tx.held_len && !tcp->tx.err && !tcp->ended)
		send_closing(sk, tcp, false);
	if (sent) {
		if (flags & MSG_EOR && !iov_iter_count(&msg->msg_iter) &&
		    tcp_write_queue_tail(sk))
			TCP_SKB_CB(tcp_write_queue_tail(sk))->eor = 1;
		if (build.instance) {
			l45_count(build.instance, EGRESS_MESSAGES, 1);
			l45_instance_used(build.instance);
			trace_l45_customize(sk, build.instance, L45_EGRESS, size, sent);
		}
		err = l45_tap_zerocopy(sk, msg, sent);
		return err ?: (int)sent;
	}
	if (!err)
		return 0;
	err = sk_stream_error(sk, flags, err);
	/* Wake an edge-triggered waiter that would miss the edge. */
	if (err == -EAGAIN && tcp_rtx_and_write_queues_empty(sk))
		sk->sk_write_space(sk);
	return err;
}

/* Under lock_sock. 0: it is the stock function's, which may take the lock. */
static bool send_ours(struct sock *sk, struct l45_socket *socket)
{
	struct l45_tcp *tcp = socket->tcp;

	if (!tcp)
		return false;
	/* Nobody speaks, and by the first byte nobody will. */
	if (!tcp->tx.instance && !tcp->tx.plain &&
	    choice(tcp, L45_NL_DIRECTION_EGRESS, tcp->tx.passed | tcp->tx.never) < 0 &&
	    !tcp->tx.together)
		tcp->tx.plain = L45_REST;
	return !tx_plain(tcp);
}

static int send_locked(struct sock *sk, struct l45_socket *socket, struct msghdr *msg)
{
	struct l45_tcp *tcp = socket->tcp;
	int ret;

	if (msg->msg_flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	refcount_inc(&tcp->refs);
	ret = send_customized(sk, tcp, msg);
	l45_tcp_free(tcp);
	return ret;
}

int l45_tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct l45_socket *socket = l45_tap_find(sk);
	int ret;

	if (!socket) {
		l45_tap_enter();
		ret = l45_tap_stock(sk)->sendmsg(sk, msg, len);
		l45_tap_leave();
		return ret;
	}
	lock_sock(sk);
	if (!socket->settled && (msg->msg_flags & MSG_FASTOPEN))
		/* The first bytes would go out with the SYN, as they are. */
		ret = -EOPNOTSUPP;
	else if (send_ours(sk, socket))
		ret = send_locked(sk, socket, msg);
	else
		ret = tcp_sendmsg_locked(sk, msg, len);
	release_sock(sk);
	l45_socket_put(socket);
	return ret;
}

int l45_tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct l45_socket *socket = l45_socket_get(sk);
	int ret;

	if (!socket)
		l45_tap_enter();
	if (socket && send_ours(sk, socket))
		ret = send_locked(sk, socket, msg);
	else
		ret = tcp_sendmsg_locked(sk, msg, len);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}

int l45_tcp_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t size,
			    int flags)
{
	struct l45_socket *socket = l45_socket_get(sk);
	int ret;

	if (!socket)
		l45_tap_enter();
	if (socket && send_ours(sk, socket)) {
		struct bio_vec vec = {
			.bv_page = page, .bv_offset = offset, .bv_len = size,
		};
		struct msghdr msg = {
			.msg_flags = flags & ~MSG_SENDPAGE_NOTLAST,
		};

		if (flags & MSG_SENDPAGE_NOTLAST)
			msg.msg_flags |= MSG_MORE;
		iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, size);
		ret = send_locked(sk, socket, &msg);
	} else {
		ret = tcp_sendpage_locked(sk, page, offset, size, flags);
	}
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}

int l45_tcp_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct l45_socket *socket = l45_tap_find(sk);
	int ret;

	if (socket)
		l45_socket_put(socket);
	lock_sock(sk);
	ret = l45_tcp_sendpage_locked(sk, page, offset, size, flags);
	release_sock(sk);
	return ret;
}

void l45_tcp_flush(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp = socket->tcp;

	if (!tcp || tx_plain(tcp))
		return;
	/* shutdown() has announced itself already, which TCP would take for the end. */
	if (sk->sk_shutdown & SEND_SHUTDOWN) {
		sk->sk_shutdown &= ~SEND_SHUTDOWN;
		send_closing(sk, tcp, true);
		sk->sk_shutdown |= SEND_SHUTDOWN;
	} else {
		send_closing(sk, tcp, true);
	}
	tcp->tx.instance = NULL;
}

/* Life */

int l45_tcp_begin(struct l45_socket *socket, struct l45_tcp *tcp)
{
	struct sock *sk = socket->sk;

	sock_owned_by_me(sk);
	tcp->set = l45_attach_get_set(socket);
	if (!tcp->set)
		return -ENOMEM;
	tcp->socket = socket;
	socket->tcp = tcp;

	write_lock_bh(&sk->sk_callback_lock);
	tcp->data_ready = sk->sk_data_ready;
	WRITE_ONCE(sk->sk_data_ready, data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	l45_tap_swap_ops(socket);
	/* A child may have waited for its accept() with data. */
	eat(sk, tcp);
	return 0;
}

void l45_tcp_end(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp = socket->tcp;

	if (!tcp)
		return;
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == data_ready)
		WRITE_ONCE(sk->sk_data_ready, tcp->data_ready);
	write_unlock_bh(&sk->sk_callback_lock);
	socket->tcp = NULL;
	WRITE_ONCE(socket->ready, false);
	tcp->ended = true;
	l45_tcp_free(tcp);
}

bool l45_tcp_done(const struct l45_tcp *tcp)
{
	u32 i;

	if (tcp->tx.instance || tcp->tx.held_len || tcp->page || tcp->rx.instance ||
	    tcp->rx.held_len)
		return false;
	for (i = 0; i < tcp->set->count; i++) {
		if (!READ_ONCE(tcp->set->instances[i]->dead))
			return false;
	}
	return true;
}

static bool must_leave(const struct l45_tcp *tcp)
{
	const struct l45_instance *instance = tcp->tx.instance;
	int first;

	if (!speaks(instance, L45_NL_DIRECTION_EGRESS))
		return true;
	/* For a better one only if that can take over. */
	first = choice(tcp, L45_NL_DIRECTION_EGRESS, tcp->tx.never);
	return first >= 0 && tcp->set->instances[first] != instance &&
	       (instance->ops->flags & L45_HANDOVER);
}

void l45_tcp_changed(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	lock_sock(sk);
	tcp = socket->tcp;
	if (tcp && tcp->tx.instance && must_leave(tcp)) {
		tcp->tx.cursor.leaving = true;
		/* It may be at a boundary right now. */
		send_closing(sk, tcp, false);
	}
	release_sock(sk);
}

int l45_tcp_init(void)
{
	/* What is held and inserted is copied from and to the application right here. */
	cache = kmem_cache_create_usercopy("l45_tcp", sizeof(struct l45_tcp), 0, 0,
					   offsetof(struct l45_tcp, tx),
					   sizeof(struct l45_tcp) - offsetof(struct l45_tcp, tx),
					   NULL);
	return cache ? 0 : -ENOMEM;
}

void l45_tcp_uninit(void)
{
	kmem_cache_destroy(cache);
}
