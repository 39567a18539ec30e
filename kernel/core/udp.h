/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_UDP_H
#define L45_UDP_H

#include <net/sock.h>

#include "compat.h"

struct l45_cork;
struct l45_socket;

int l45_udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int l45_udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
int l45_udp_ioctl(struct sock *sk, int cmd, l45_ioctl_arg arg);
int l45_udp_setsockopt(struct sock *sk, int level, int name, sockptr_t value, unsigned int len);
void l45_udp_splice_eof(struct socket *sock);
void l45_udp_cork_free(struct l45_cork *cork);

/* Make a socket fit for us: no coalesced datagrams. */
void l45_udp_prepare(struct sock *sk);

#endif /* L45_UDP_H */
