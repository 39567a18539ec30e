// SPDX-License-Identifier: GPL-2.0-only
/* The ways into our functions that not every kernel has in the same form: see compat.h. */
#include "compat.h"
#include "tap.h"
#include "tcp.h"
#include "tcp_stream.h"

#if L45_LINUX_6_1

static struct sock *accept_by_arguments(struct sock *sk, int flags, int *err, bool kern)
{
	struct proto_accept_arg arg = { .flags = flags, .err = *err, .kern = kern };
	struct sock *child = l45_tap_accept(sk, &arg);

	*err = arg.err;
	return child;
}

static int sendpage_locked(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct bio_vec vec = {
		.bv_page = page, .bv_offset = offset, .bv_len = size,
	};
	struct msghdr msg = {
		.msg_flags = flags & ~MSG_SENDPAGE_NOTLAST,
	};
	int ret;

	if (!socket)
		l45_tap_enter();
	if (flags & MSG_SENDPAGE_NOTLAST)
		msg.msg_flags |= MSG_MORE;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, size);
	if (!socket || !l45_tcp_send(sk, socket, &msg, &ret))
		ret = tcp_sendpage_locked(sk, page, offset, size, flags);
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
	return ret;
}

static int sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct l45_socket *socket = l45_tap_find(sk);
	int ret;

	lock_sock(sk);
	ret = sendpage_locked(sk, page, offset, size, flags);
	release_sock(sk);
	if (socket) {
		l45_tap_release_late(socket);
		l45_socket_put(socket);
	}
	return ret;
}

void l45_compat_tcp(struct proto *proto)
{
	proto->accept = accept_by_arguments;
	proto->sendpage = sendpage;
}

void l45_compat_tcp_ops(struct proto_ops *ops)
{
	ops->sendpage_locked = sendpage_locked;
}

void l45_compat_udp(struct proto *proto)
{
	/* Without it, the pages come through sendmsg. */
	proto->sendpage = NULL;
}

#else

void l45_compat_tcp(struct proto *proto)
{
	proto->accept = l45_tap_accept;
}

/* Pages come through sendmsg. */
void l45_compat_tcp_ops(struct proto_ops *ops)
{
}

void l45_compat_udp(struct proto *proto)
{
}

#endif
