// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include <net/tcp.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_walk.h"
#include "trace.h"

/* The application's next bytes: 0, or -EFAULT with the engine where it was. */
static int deliver(struct l45_walk *walk, const struct l45_segment *segment, struct msghdr *msg,
		   u32 len, int flags)
{
	struct l45_tcp_direction *d = walk->rx;
	bool held = l45_walk_held(walk);
	u8 state[L45_STATE_MAX];
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
	memcpy(state, d->cursor.state, d->instance->ops->state_size);
	while (done < len) {
		u32 n = min_t(u32, len - done, sizeof(walk->view));
		u32 got = n;

		if (held)
			memcpy(walk->view, d->held + walk->held_at + done, n);
		else if (skb_copy_bits(walk->skb, walk->offset + done, walk->view, n))
			got = 0;
		l45_engine_transform(&d->cursor, walk->view, n);
		if (got && !(flags & MSG_TRUNC))
			got = copy_to_iter(walk->view, n, &msg->msg_iter);
		done += got;
		if (got == n)
			continue;
		/* As if nothing had been read. */
		if (!(flags & MSG_TRUNC))
			iov_iter_revert(&msg->msg_iter, done);
		memcpy(d->cursor.state, state, d->instance->ops->state_size);
		return -EFAULT;
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

/* What one instance did in one call. */
struct tally {
	struct l45_instance *instance; /* with a reference while the lock may be given up */
	u32 in, out, inserted, removed;
};

static void tally_end(struct sock *sk, struct l45_tcp *tcp, struct tally *tally)
{
	struct l45_instance *instance = tally->instance;

	if (instance) {
		l45_count(instance, INGRESS_BYTES_IN, tally->in);
		l45_count(instance, INGRESS_BYTES_OUT, tally->out);
		l45_tcp_count_changes(instance, &tcp->rx, tally->inserted, tally->removed);
	}
	if (instance && tally->out) {
		l45_count(instance, INGRESS_MESSAGES, 1);
		l45_instance_used(instance);
		trace_l45_customize(sk, instance, L45_INGRESS, tally->in, tally->out);
	}
	memset(tally, 0, sizeof(*tally));
}

static void tally_for(struct sock *sk, struct l45_tcp *tcp, struct tally *tally,
		      struct l45_instance *instance)
{
	if (likely(tally->instance == instance))
		return;
	tally_end(sk, tcp, tally);
	tally->instance = instance;
}

static int receive(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg, size_t len,
		   int flags)
{
	bool peeking = flags & MSG_PEEK;
	struct l45_segment segment;
	struct l45_socket *socket = tcp->socket;
	struct l45_instance *kept = NULL;
	struct tally tally = {};
	struct l45_tcp_direction *rx = &tcp->rx;
	struct l45_walk walk __l45_uninitialized;
	int copied = 0, target, err = 0;
	long timeo;

	sock_owned_by_me(sk);
	if (peeking) {
		rx = l45_tcp_rx_ahead(&tcp->rx);
		if (!rx)
			return -ENOBUFS;
	}
	timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	len = min_t(size_t, len, INT_MAX);
	l45_walk_begin(&walk, sk, tcp, rx);

	while (copied < len) {
		bool swallow;
		u32 n;

		if (!peeking)
			tally_for(sk, tcp, &tally, rx->instance);
		err = rx->err;
		if (!err && !(flags & MSG_TRUNC)) {
			u32 raw = walk.raw, removed = walk.removed;

			n = l45_walk_straight(&walk, &msg->msg_iter, len - copied);
			copied += n;
			tally.in += walk.raw - raw;
			tally.out += n;
			tally.removed += walk.removed - removed;
			if (copied == len)
				break;
		}
		if (!err)
			err = l45_walk_next(&walk, &segment);
		if (err) {
			if (!peeking && !rx->err) {
				rx->err = err;
				if (rx->instance)
					l45_count(rx->instance, ERRORS, 1);
			}
			break;
		}
		if (!peeking)
			tally_for(sk, tcp, &tally, rx->instance);

		n = l45_walk_held(&walk) ?: l45_walk_queued(&walk);
		switch (segment.kind) {
		case L45_SEGMENT_SKIP:
			n = min_t(u64, n, segment.len);
			l45_walk_consume(&walk, n);
			l45_walk_done(&walk, &segment, n);
			tally.in += n;
			tally.removed += n;
			continue;
		case L45_SEGMENT_INSERT:
			n = min_t(u64, len - copied, segment.len);
			err = deliver(&walk, &segment, msg, n, flags);
			if (err)
				goto out;
			l45_walk_done(&walk, &segment, n);
			copied += n;
			tally.out += n;
			tally.inserted += n;
			continue;
		case L45_SEGMENT_COPY:
			n = min_t(u64, n, min_t(u64, len - copied, segment.len));
			n = l45_tcp_urgent_limit(&walk, n, copied, &swallow);
			if (!n)
				goto out;
			err = deliver(&walk, &segment, msg, n, swallow ? MSG_TRUNC : flags);
			if (err)
				goto out;
			l45_walk_consume(&walk, n);
			l45_walk_done(&walk, &segment, n);
			tally.in += n;
			if (!swallow) {
				copied += n;
				tally.out += n;
			}
			continue;
		case L45_SEGMENT_DELAY:
			if (peeking) {
				l45_walk_done(&walk, &segment, 1);
				continue;
			}
			if (copied)
				goto out;
			l45_walk_commit(&walk);
			l45_walk_done(&walk, &segment, 1);
			l45_tcp_keep(&kept, tally.instance);
			release_sock(sk);
			err = l45_socket_delay(segment.len);
			lock_sock(sk);
			if (err || tcp->ended) {
				err = err ? sock_intr_errno(timeo) : -ENOTCONN;
				goto out;
			}
			l45_walk_begin(&walk, sk, tcp, rx);
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
			l45_walk_commit(&walk);
		l45_tcp_eat(sk, tcp);
		l45_tcp_keep(&kept, tally.instance);
		if (copied >= target) {
			release_sock(sk);
			lock_sock(sk);
		} else if (!READ_ONCE(tcp->socket->ready)) {
			WRITE_ONCE(socket->readers, socket->readers + 1);
			err = sk_wait_data(sk, &timeo, skb_peek_tail(&sk->sk_receive_queue));
			WRITE_ONCE(socket->readers, socket->readers - 1);
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
			kfree(rx);
			rx = l45_tcp_rx_ahead(&tcp->rx);
			if (!rx) {
				err = -ENOBUFS;
				break;
			}
		}
		l45_walk_begin(&walk, sk, tcp, rx);
	}
out:
	if (peeking) {
		kfree(rx);
	} else if (!tcp->ended) {
		l45_walk_commit(&walk);
		tally_end(sk, tcp, &tally);
		l45_tcp_watch_count(sk, rx);
		l45_tcp_eat(sk, tcp);
	} else {
		tally_end(sk, tcp, &tally);
	}
	l45_tcp_keep(&kept, NULL);
	return copied ?: err;
}

int l45_tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct l45_socket *socket = l45_tap_find(sk);
	struct l45_tcp *tcp;
	int inq = 0, ret;
	bool ended;

	if (!socket) {
		l45_tap_enter();
		ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
		l45_tap_leave();
		return ret;
	}
	if (flags & MSG_ERRQUEUE)
		goto stock;

	lock_sock(sk);
	tcp = socket->tcp;
	if (l45_tcp_rx_stock(tcp) || tcp_sk(sk)->repair) {
		release_sock(sk);
		goto stock;
	}
	if (flags & MSG_OOB) {
		ret = l45_tcp_urgent_receive(sk, tcp, msg, len, flags);
		release_sock(sk);
		l45_socket_put(socket);
		return ret;
	}
	refcount_inc(&tcp->refs);
	ret = receive(sk, tcp, msg, len, flags);
	ended = tcp->ended;
	if (!ended && ret >= 0 && (msg->msg_get_inq || tcp_sk(sk)->recvmsg_inq)) {
		inq = l45_tcp_readable_len(sk, tcp);
		if (inq >= 0) {
			/* End of file is something to read too. */
			if (!inq && sock_flag(sk, SOCK_DONE))
				inq = 1;
			msg->msg_inq = inq;
		}
	}
	release_sock(sk);
	if (ended && ret == -ENOTCONN) {
		/* Given back while it waited, and perhaps taken again: begin anew. */
		l45_tcp_free(tcp);
		ret = READ_ONCE(sk->sk_prot)->recvmsg(sk, msg, len, flags, addr_len);
		l45_socket_put(socket);
		return ret;
	}
	if (ret >= 0 && inq >= 0 && tcp_sk(sk)->recvmsg_inq)
		put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
	l45_tcp_free(tcp);
	l45_tap_release_late(socket);
	l45_socket_put(socket);
	return ret;

stock:
	ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
	l45_tap_release_late(socket);
	l45_socket_put(socket);
	return ret;
}
