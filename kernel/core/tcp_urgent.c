// SPDX-License-Identifier: GPL-2.0-only
/*
 * Urgent data: the byte is the application's, the mark is TCP's. On the way out the mark
 * goes where the byte has got to. On the way in TCP has taken the byte as it is on the
 * wire, so what the application gets is decoded from the queue, where it still is.
 */
#include <linux/slab.h>
#include <net/tcp.h>

#include "tcp_walk.h"

u32 l45_tcp_urgent_limit(const struct l45_walk *walk, u32 len, int copied, bool *swallow)
{
	const struct tcp_sock *tp = tcp_sk(walk->sk);
	u32 urgent;

	*swallow = false;
	if (likely(!tp->urg_data) || l45_walk_held(walk))
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

void l45_tcp_urgent_mark(struct sock *sk, const struct l45_tcp *tcp, const struct l45_build *build)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (build->copied_to && !iov_iter_count(build->from) && !tcp->tx.held_len)
		tp->snd_up = tp->write_seq + build->copied_to;
}

static int decode(struct sock *sk, struct l45_tcp *tcp, u8 *byte)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct l45_segment segment;
	struct l45_tcp_direction *rx;
	struct l45_walk walk;
	u32 n;

	*byte = tp->urg_data;
	if (l45_tcp_rx_plain(tcp) || before(tp->urg_seq, tp->copied_seq))
		return 0;
	rx = l45_tcp_rx_ahead(&tcp->rx);
	if (!rx)
		return -ENOBUFS;
	l45_walk_begin(&walk, sk, tcp, rx);
	while (!rx->err && !l45_walk_next(&walk, &segment)) {
		n = l45_walk_held(&walk) ?: l45_walk_queued(&walk);
		n = min_t(u64, n, segment.len);
		switch (segment.kind) {
		case L45_SEGMENT_INSERT:
			n = segment.len;
			break;
		case L45_SEGMENT_DELAY:
			n = 1;
			break;
		case L45_SEGMENT_SKIP:
			l45_walk_consume(&walk, n);
			break;
		case L45_SEGMENT_COPY:
			n = min_t(u32, n, sizeof(walk.view));
			if (!l45_walk_held(&walk))
				n = min(n, tp->urg_seq - walk.seq + 1);
			n = l45_walk_gather(&walk, walk.view, n);
			if (rx->instance)
				l45_engine_transform(&rx->cursor, walk.view, n);
			l45_walk_consume(&walk, n);
			break;
		default:
			n = 0;
		}
		if (!n)
			break;
		if (segment.kind == L45_SEGMENT_COPY && after(walk.seq, tp->urg_seq)) {
			*byte = walk.view[n - 1];
			break;
		}
		l45_walk_done(&walk, &segment, n);
	}
	kfree(rx);
	return 0;
}

int l45_tcp_urgent_receive(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg, size_t len,
			   int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 byte;
	int err;

	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data || tp->urg_data == TCP_URG_READ)
		return -EINVAL;
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (!(tp->urg_data & TCP_URG_VALID))
		return sk->sk_state == TCP_CLOSE || sk->sk_shutdown & RCV_SHUTDOWN ? 0 : -EAGAIN;

	err = decode(sk, tcp, &byte);
	if (err)
		return err;
	if (!(flags & MSG_PEEK))
		WRITE_ONCE(tp->urg_data, TCP_URG_READ);
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && memcpy_to_msg(msg, &byte, 1))
		return -EFAULT;
	return 1;
}
