/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_TAP_H
#define L45_TAP_H

#include <linux/net.h>
#include <net/sock.h>

#include "attach.h"

/* The functions that the socket would run without us. */
struct proto *l45_tap_stock(const struct sock *sk);
const struct proto_ops *l45_tap_stock_ops(const struct sock *sk);

/* As l45_socket_get(), for a stream that is about to be used. */
struct l45_socket *l45_tap_find(struct sock *sk);

struct proto_accept_arg;
struct sock *l45_tap_accept(struct sock *sk, struct proto_accept_arg *arg);

/* For calls that find themselves in our functions without a socket of ours. */
void l45_tap_enter(void);
void l45_tap_leave(void);

/* Splice, read_sock and the like don't go through struct proto. Under lock_sock. */
void l45_tap_swap_ops(struct l45_socket *socket);

/* What an application learns of MSG_ZEROCOPY: we had to copy, its pages are free. */
int l45_tap_zerocopy(struct sock *sk, const struct msghdr *msg, size_t len);

/* Match live sockets with a new instance. */
int l45_tap_scan(struct l45_instance *instance);
/* Return the socket to its stock functions if nothing is attached to it any more. */
void l45_tap_release(struct l45_socket *socket);
/* The same under lock_sock. */
void l45_tap_release_locked(struct l45_socket *socket);
/* Wake up who sleeps in one of the socket's former functions, to come in again. */
void l45_tap_kick(struct sock *sk);
/* After every use: as soon as a stream that is to be released can be. */
static inline void l45_tap_release_late(struct l45_socket *socket)
{
	if (unlikely(READ_ONCE(socket->leaving)))
		l45_tap_release(socket);
}

int l45_tap_init(void);
void l45_tap_uninit(void);

#endif /* L45_TAP_H */
