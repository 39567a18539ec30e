// SPDX-License-Identifier: GPL-2.0-only
/* What poll, epoll, FIONREAD and their like are told. */
#include <linux/slab.h>
#include <net/tcp.h>

#include <asm/ioctls.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_walk.h"

/* The usual case: the queue is empty, or begins with what is the application's. */
static bool nothing_to_eat(const struct sock *sk, const struct l45_tcp_direction *d)
{
	const struct l45_cursor *cursor = &d->cursor;

	if (!d->instance || d->err || d->held_len || cursor->delay_ns || cursor->skip ||
	    cursor->insert || sk->sk_shutdown & RCV_SHUTDOWN || sk->sk_err ||
	    sock_flag(sk, SOCK_DONE) || sk->sk_state == TCP_CLOSE)
		return false;
	return cursor->copy || skb_queue_empty(&sk->sk_receive_queue);
}

void l45_tcp_eat(struct sock *sk, struct l45_tcp *tcp)
{
	struct l45_tcp_direction *d = &tcp->rx;
	struct l45_segment segment;
	struct l45_walk walk __l45_uninitialized;
	bool ready = false;

	if (!d->instance && d->plain == L45_REST && !tcp->marks) {
		WRITE_ONCE(tcp->socket->ready, d->held_len);
		return;
	}
	if (nothing_to_eat(sk, d)) {
		WRITE_ONCE(tcp->socket->ready, false);
		return;
	}
	l45_walk_begin(&walk, sk, tcp, &tcp->rx);
	while (!d->err) {
		u32 len;

		d->err = l45_walk_next(&walk, &segment);
		if (d->err)
			break;
		if (segment.kind == L45_SEGMENT_SKIP) {
			len = l45_walk_held(&walk) ?: l45_walk_queued(&walk);
			len = min_t(u64, segment.len, len);
			if (!len)
				break;
			l45_walk_consume(&walk, len);
			l45_walk_done(&walk, &segment, len);
			if (d->instance)
				l45_tcp_count_changes(d->instance, d, 0, len);
			continue;
		}
		if (segment.kind == L45_SEGMENT_MORE) {
			len = l45_walk_total(&walk);
			if (len && len <= sizeof(walk.view)) {
				l45_walk_gather(&walk, walk.view, len);
				l45_walk_consume(&walk, len);
				l45_walk_commit(&walk);
				memcpy(d->held, walk.view, len);
				d->held_len = len;
				walk.raw -= len;
			}
		}
		ready = segment.kind == L45_SEGMENT_INSERT || segment.kind == L45_SEGMENT_DELAY ||
			(segment.kind == L45_SEGMENT_COPY && l45_walk_held(&walk));
		break;
	}
	l45_walk_commit(&walk);
	if (d->err && d->instance)
		l45_count(d->instance, ERRORS, 1);
	if (d->instance)
		l45_count(d->instance, INGRESS_BYTES_IN, walk.raw);
	WRITE_ONCE(tcp->socket->ready, ready || d->err);
}

void l45_tcp_data_ready(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct l45_tcp *tcp;

	if (WARN_ON_ONCE(!socket))
		return;
	tcp = socket->tcp;
	if (tcp) {
		if (tcp->seen != tcp_sk(sk)->rcv_nxt) {
			tcp->arrival = tcp->seen;
			tcp->seen = tcp_sk(sk)->rcv_nxt;
		}
		l45_tcp_eat(sk, tcp);
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

int l45_tcp_readable_len(struct sock *sk, struct l45_tcp *tcp)
{
	struct l45_segment segment;
	struct l45_walk walk __l45_uninitialized;
	struct l45_tcp_direction *rx;
	bool swallow;
	u64 sum = 0;

	rx = l45_tcp_rx_ahead(&tcp->rx);
	if (!rx)
		return -ENOBUFS;
	l45_walk_begin(&walk, sk, tcp, rx);
	while (!rx->err && !l45_walk_next(&walk, &segment)) {
		u32 n = l45_walk_held(&walk) ?: l45_walk_queued(&walk);

		if (segment.kind == L45_SEGMENT_INSERT) {
			n = segment.len;
			sum += n;
		} else if (segment.kind == L45_SEGMENT_SKIP || segment.kind == L45_SEGMENT_COPY) {
			n = min_t(u64, n, segment.len);
			if (segment.kind == L45_SEGMENT_COPY && !sock_flag(sk, SOCK_URGINLINE))
				n = l45_tcp_urgent_limit(&walk, n, 1, &swallow);
			if (!n)
				break;
			if (segment.kind == L45_SEGMENT_COPY)
				sum += n;
			l45_walk_consume(&walk, n);
		} else if (segment.kind != L45_SEGMENT_DELAY) {
			break;
		}
		l45_walk_done(&walk, &segment, n);
	}
	kfree(rx);
	return min_t(u64, sum, INT_MAX);
}

/* TCP counts what is in its queue, tags and all, against SO_RCVLOWAT. */
static bool below_mark(struct sock *sk, struct l45_tcp *tcp)
{
	int len;

	/* No more than this will come before some is read. */
	if (l45_tcp_rx_plain(tcp) || tcp_epollin_ready(sk, INT_MAX))
		return false;
	len = l45_tcp_readable_len(sk, tcp);
	return len >= 0 && len < READ_ONCE(sk->sk_rcvlowat);
}

__poll_t l45_tcp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	struct sock *sk = sock->sk;
	struct l45_socket *socket = l45_socket_get(sk);
	__poll_t mask;

	if (!socket)
		l45_tap_enter();
	mask = l45_tap_stock_ops(sk)->poll(file, sock, wait);
	if (socket && mask & EPOLLIN && READ_ONCE(sk->sk_rcvlowat) > 1 &&
	    !(mask & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))) {
		lock_sock(sk);
		if (below_mark(sk, socket->tcp))
			mask &= ~(EPOLLIN | EPOLLRDNORM);
		release_sock(sk);
	}
	if (socket && READ_ONCE(socket->not_before) > ktime_get())
		mask &= ~(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return mask;
}

int l45_tcp_peek_len(struct socket *sock)
{
	struct sock *sk = sock->sk;
	int (*stock)(struct socket *sock) = l45_tap_stock_ops(sk)->peek_len;
	struct l45_socket *socket = l45_socket_get(sk);
	int ret;

	if (!socket)
		return stock(sock);
	lock_sock(sk);
	ret = l45_tcp_rx_plain(socket->tcp) ? stock(sock) : l45_tcp_readable_len(sk, socket->tcp);
	release_sock(sk);
	l45_socket_put(socket);
	return ret;
}

int l45_tcp_ioctl(struct sock *sk, int cmd, l45_ioctl_arg arg)
{
	struct l45_socket *socket = l45_tap_find(sk);
	int ret, len = 0;
	bool plain = true;

	if (!socket)
		l45_tap_enter();
	if (socket && cmd == SIOCINQ) {
		lock_sock(sk);
		plain = l45_tcp_rx_plain(socket->tcp);
		if (!plain)
			len = l45_tcp_readable_len(sk, socket->tcp);
		release_sock(sk);
	}
	if (plain)
		ret = l45_tap_stock(sk)->ioctl(sk, cmd, arg);
	else
		ret = len < 0 ? len : l45_ioctl_answer(arg, len);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}
