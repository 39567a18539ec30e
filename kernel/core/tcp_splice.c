// SPDX-License-Identifier: GPL-2.0-only
/* Readers that don't come through struct proto. */
#include <linux/net.h>
#include <net/tcp.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_stream.h"

ssize_t l45_tcp_splice_read(struct socket *sock, loff_t *ppos, struct pipe_inode_info *pipe,
			    size_t len, unsigned int flags)
{
	struct sock *sk = sock->sk;
	struct l45_socket *socket = l45_socket_get(sk);
	ssize_t ret;

	if (!socket || l45_tcp_rx_stock(READ_ONCE(socket->tcp))) {
		if (!socket)
			l45_tap_enter();
		ret = l45_tap_stock_ops(sk)->splice_read(sock, ppos, pipe, len, flags);
		if (!socket)
			l45_tap_leave();
	} else {
		ret = l45_splice_copies(sock, ppos, pipe, len, flags);
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
		plain = l45_tcp_rx_plain(socket->tcp);
		l45_socket_put(socket);
	}
	return plain;
}

int l45_tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor)
{
	return stock_reads(sk) ? l45_tap_stock_ops(sk)->read_sock(sk, desc, actor) : -EOPNOTSUPP;
}

int l45_tcp_read_skb(struct sock *sk, skb_read_actor_t actor)
{
	return stock_reads(sk) ? l45_tap_stock_ops(sk)->read_skb(sk, actor) : -EOPNOTSUPP;
}
