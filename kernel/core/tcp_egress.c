// SPDX-License-Identifier: GPL-2.0-only
#include <net/inet_common.h>
#include <net/tcp.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_pages.h"
#include "tcp_stream.h"
#include "trace.h"

/*
 * Hand over what was built, all of it: the send buffer may be exceeded by this one
 * chunk. Only for want of memory some stays with us. `out`: don't keep the rest of a
 * segment, whatever Nagle and the application think.
 */
static int push(struct sock *sk, struct l45_tcp *tcp, struct page *page, u32 offset, u32 len,
		int flags, bool out)
{
	const int room = INT_MAX / 2;
	struct tcp_sock *tp = tcp_sk(sk);
	int sndbuf = sk->sk_sndbuf, ret;
	u32 lowat = tp->notsent_lowat;
	u8 nonagle = tp->nonagle;

	if (out) {
		flags &= ~MSG_MORE;
		tp->nonagle |= TCP_NAGLE_PUSH;
	}
	WRITE_ONCE(sk->sk_sndbuf, room);
	WRITE_ONCE(tp->notsent_lowat, U32_MAX);
	ret = l45_send_pages(sk, page, offset, len,
			     (flags & (MSG_MORE | MSG_NOSIGNAL)) | MSG_DONTWAIT |
			     MSG_NO_SHARED_FRAGS | MSG_NOSIGNAL);
	WRITE_ONCE(tp->notsent_lowat, lowat);
	tp->nonagle = nonagle;
	tcp->kept = !out;
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
	err = push(sk, tcp, page, tcp->page_at, tcp->page_left, 0, false);
	put_page(page);
	return err;
}

/* Build and push one chunk. What its sender has to wait behind doesn't wait itself. */
static int send_chunk(struct sock *sk, struct l45_tcp *tcp, struct l45_build *build, int flags)
{
	struct l45_room room = {};
	int cap, err;

	if (!l45_room_take(sk, &room, iov_iter_count(build->from)))
		return -EAGAIN;
	cap = max_t(int, READ_ONCE(sk->sk_sndbuf) - READ_ONCE(sk->sk_wmem_queued),
		    2 * L45_INSERT_MAX);
	build->out = page_address(room.page) + room.offset;
	build->cap = min_t(u32, cap, room.size - room.offset);
	build->used = 0;
	build->copied_to = 0;

	err = l45_tcp_build(tcp, build);
	if (build->used) {
		bool more = iov_iter_count(build->from) && !build->fault;
		bool waits = more && (!sk_stream_memory_free(sk) || tcp->not_before);
		u32 offset = room.offset;
		int ret;

		l45_room_advance(&room, build->used);
		if (more)
			flags |= MSG_MORE;
		if (flags & MSG_OOB)
			l45_tcp_urgent_mark(sk, tcp, build);
		ret = push(sk, tcp, room.page, offset, build->used, flags, waits);
		/* What is left is consumed all the same. */
		if (!err && ret != -EAGAIN)
			err = ret;
	}
	l45_room_give(&room);
	l45_tcp_build_count(tcp, build);
	return err;
}

/*
 * Go on without more input: what was taken from the application must be on its way
 * when it gets to know that it was.
 */
static void drain(struct sock *sk, struct l45_tcp *tcp, bool last)
{
	struct iov_iter none;
	struct l45_build build = { .from = &none, .last = last };
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

void l45_tcp_send_closing(struct sock *sk, struct l45_tcp *tcp, bool last)
{
	if (!tcp->tx.err && !sk->sk_err && !(sk->sk_shutdown & SEND_SHUTDOWN) &&
	    (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))
		drain(sk, tcp, last);
}

enum hrtimer_restart l45_tcp_delay_over(struct hrtimer *timer)
{
	struct l45_tcp *tcp = container_of(timer, struct l45_tcp, delay);
	struct l45_socket *socket = tcp->socket;
	struct sock *sk = socket->sk;

	sk->sk_write_space(sk);
	l45_tcp_free(tcp);
	l45_socket_put(socket);
	sock_put(sk);
	return HRTIMER_NORESTART;
}

/* The sender doesn't wait: whoever polls is told when there is nothing to wait for. */
static void delay_begin(struct sock *sk, struct l45_tcp *tcp)
{
	if (READ_ONCE(tcp->socket->not_before) == tcp->not_before)
		return;
	WRITE_ONCE(tcp->socket->not_before, tcp->not_before);
	sock_hold(sk);
	refcount_inc(&tcp->socket->refs);
	refcount_inc(&tcp->refs);
	hrtimer_start(&tcp->delay, tcp->not_before, HRTIMER_MODE_ABS_SOFT);
}

void l45_tcp_hurry(struct l45_tcp *tcp)
{
	bool begun = tcp->socket->not_before;

	tcp->not_before = 0;
	WRITE_ONCE(tcp->socket->not_before, 0);
	/* If it runs already, it is over. */
	if (begun && hrtimer_try_to_cancel(&tcp->delay) > 0)
		hrtimer_start(&tcp->delay, 0, HRTIMER_MODE_ABS_SOFT);
}

static int wait_delay(struct sock *sk, struct l45_tcp *tcp, long *timeo)
{
	s64 ns;
	int err;

	if (!tcp->not_before)
		return 0;
	ns = ktime_to_ns(ktime_sub(tcp->not_before, ktime_get()));
	if (ns <= 0) {
		tcp->not_before = 0;
		WRITE_ONCE(tcp->socket->not_before, 0);
		return 0;
	}
	if (!*timeo) {
		delay_begin(sk, tcp);
		return -EAGAIN;
	}
	if (*timeo != MAX_SCHEDULE_TIMEOUT) {
		ns = min_t(u64, ns, jiffies_to_nsecs(*timeo));
		*timeo -= min_t(long, *timeo, nsecs_to_jiffies(ns));
	}
	release_sock(sk);
	err = l45_socket_delay(ns);
	lock_sock(sk);
	return err ? sock_intr_errno(*timeo) : 0;
}

static int send_customized(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg)
{
	size_t size = iov_iter_count(&msg->msg_iter), sent;
	struct l45_build build = { .from = &msg->msg_iter };
	int flags = msg->msg_flags, err;
	struct l45_instance *kept = NULL;
	struct sockcm_cookie cookie;
	long timeo;

	sock_owned_by_me(sk);
	/* Where a byte gets to that goes through several, nobody knows. */
	if (flags & MSG_OOB && tcp->tx.cursor.links)
		return -EOPNOTSUPP;
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
	/* What an earlier call left to TCP is no reason to take more than there is room for. */
	tcp->kept = false;

	for (;;) {
		err = tcp->ended ? -ENOTCONN : tcp->tx.err;
		if (err)
			break;
		err = -EPIPE;
		if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
			break;
		l45_tcp_keep(&kept, build.instance);
		err = wait_delay(sk, tcp, &timeo);
		if (err)
			break;
		/* It was unlocked. */
		if (tcp->not_before || tcp->ended || sk->sk_err ||
		    (sk->sk_shutdown & SEND_SHUTDOWN))
			continue;

		/* A little goes out beyond the room there is, and takes along what was kept. */
		if (tcp->kept || sk_stream_memory_free(sk)) {
			err = push_left(sk, tcp);
			if (!err) {
				if (!iov_iter_count(&msg->msg_iter) && !tcp->tx.held_len &&
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
		l45_tcp_keep(&kept, build.instance);
		tcp->waiting++;
		err = sk_stream_wait_memory(sk, &timeo);
		tcp->waiting--;
		if (err)
			break;
	}

	sent = size - iov_iter_count(&msg->msg_iter);
	l45_tcp_watch_count(sk, &tcp->tx);
	if (err && tcp->tx.held_len && !tcp->tx.err && !tcp->ended)
		l45_tcp_send_closing(sk, tcp, false);
	if (sent) {
		if (flags & MSG_EOR && !iov_iter_count(&msg->msg_iter) &&
		    tcp_write_queue_tail(sk))
			TCP_SKB_CB(tcp_write_queue_tail(sk))->eor = 1;
		if (build.instance) {
			l45_count(build.instance, EGRESS_MESSAGES, 1);
			l45_instance_used(build.instance);
			trace_l45_customize(sk, build.instance, L45_EGRESS, size, sent);
		}
		l45_tcp_keep(&kept, NULL);
		err = l45_tap_zerocopy(sk, msg, sent);
		return err ?: (int)sent;
	}
	l45_tcp_keep(&kept, NULL);
	if (!err)
		return 0;
	err = sk_stream_error(sk, flags, err);
	/* Wake an edge-triggered waiter that would miss the edge. */
	if (err == -EAGAIN && tcp_rtx_and_write_queues_empty(sk))
		sk->sk_write_space(sk);
	return err;
}

static bool send_ours(struct sock *sk, struct l45_socket *socket)
{
	struct l45_tcp *tcp = socket->tcp;
	struct l45_tcp_direction *tx = &tcp->tx;

	if (!tcp)
		return false;
	/* Nobody speaks, and by the first byte nobody will. */
	if (!tx->instance && !tx->plain && !tx->together &&
	    l45_tcp_choice(tcp, L45_NL_DIRECTION_EGRESS, tx->passed | tx->never, tx->late) < 0) {
		tx->plain = L45_REST;
		tx->late = true;
	}
	/* A call of the stock function is under way: nobody joins in the middle of that. */
	if (!tx->instance && tx->late && READ_ONCE(sk->sk_write_pending) > tcp->waiting)
		return false;
	return tx->watch || !l45_tcp_tx_plain(tcp);
}

bool l45_tcp_send(struct sock *sk, struct l45_socket *socket, struct msghdr *msg, int *ret)
{
	struct l45_tcp *tcp = socket->tcp;

	if (!send_ours(sk, socket))
		return false;
	refcount_inc(&tcp->refs);
	tcp->senders++;
	*ret = send_customized(sk, tcp, msg);
	tcp->senders--;
	l45_tcp_free(tcp);
	return true;
}

/*
 * Who asks for it gets a connection without data in its SYN, as if there were no cookie:
 * by then nobody knows what is to be attached.
 */
static int connect_first(struct sock *sk, struct msghdr *msg)
{
	struct sockaddr *address = msg->msg_name;
	int err;

	if (!(READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen) & TFO_CLIENT_ENABLE) ||
	    (address && msg->msg_namelen >= sizeof(address->sa_family) &&
	     address->sa_family == AF_UNSPEC))
		return -EOPNOTSUPP;
	err = __inet_stream_connect(sk->sk_socket, address, msg->msg_namelen,
				    msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0, 1);
	msg->msg_flags &= ~MSG_FASTOPEN;
	return err;
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
	ret = msg->msg_flags & MSG_FASTOPEN ? connect_first(sk, msg) : 0;
	if (!ret && !l45_tcp_send(sk, socket, msg, &ret))
		ret = tcp_sendmsg_locked(sk, msg, len);
	release_sock(sk);
	l45_tap_release_late(socket);
	l45_socket_put(socket);
	return ret;
}

int l45_tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct l45_socket *socket = l45_socket_get(sk);
	int ret;

	if (!socket)
		l45_tap_enter();
	if (!socket || !l45_tcp_send(sk, socket, msg, &ret))
		ret = tcp_sendmsg_locked(sk, msg, len);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}

void l45_tcp_flush(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp = socket->tcp;

	if (!tcp || l45_tcp_tx_plain(tcp))
		return;
	/* shutdown() has announced itself already, which TCP would take for the end. */
	if (sk->sk_shutdown & SEND_SHUTDOWN) {
		sk->sk_shutdown &= ~SEND_SHUTDOWN;
		l45_tcp_send_closing(sk, tcp, true);
		sk->sk_shutdown |= SEND_SHUTDOWN;
	} else {
		l45_tcp_send_closing(sk, tcp, true);
	}
	tcp->tx.instance = NULL;
}
