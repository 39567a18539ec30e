/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_TCP_H
#define L45_TCP_H

#include <linux/net.h>
#include <net/sock.h>

#include "compat.h"

struct l45_instance;
struct l45_socket;
struct l45_tcp;

struct l45_tcp *l45_tcp_alloc(void);
void l45_tcp_free(struct l45_tcp *tcp);

/*
 * The stream begins, or a live one, plain so far, goes on with us. Takes tcp over. Under
 * lock_sock.
 */
int l45_tcp_begin(struct l45_socket *socket, struct l45_tcp *tcp, bool live);
/* It ends: the stock functions go on. Under lock_sock. */
void l45_tcp_end(struct l45_socket *socket);
/* The instances of the socket, or what they do, are others. */
void l45_tcp_changed(struct l45_socket *socket);
/* The same under lock_sock. */
void l45_tcp_update(struct l45_socket *socket);
/* May the stream have bytes of the revoked instance still to read? Under lock_sock. */
bool l45_tcp_awaits(const struct l45_tcp *tcp, const struct l45_instance *instance);
/*
 * Of the revoked instances that have never begun, the one that has been awaited the longest, for
 * another that needs its place: if it had said anything, that would have been on its way while
 * all others came and went. NULL: none, or what may be its bytes has yet to be read. Under
 * lock_sock.
 */
struct l45_instance *l45_tcp_overdue(const struct l45_tcp *tcp);
/* Is there nothing of us in the stream, now and later? Under lock_sock. */
bool l45_tcp_done(const struct l45_tcp *tcp);

int l45_tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int l45_tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t len);
int l45_tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
ssize_t l45_tcp_splice_read(struct socket *sock, loff_t *ppos, struct pipe_inode_info *pipe,
			    size_t len, unsigned int flags);
int l45_tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor);
int l45_tcp_read_skb(struct sock *sk, skb_read_actor_t actor);
int l45_tcp_peek_len(struct socket *sock);
__poll_t l45_tcp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait);
int l45_tcp_ioctl(struct sock *sk, int cmd, l45_ioctl_arg arg);
bool l45_tcp_is_readable(struct sock *sk);
/* Last words, while the socket can still send. Under lock_sock. */
void l45_tcp_flush(struct l45_socket *socket);

int l45_tcp_init(void);
void l45_tcp_uninit(void);

#endif /* L45_TCP_H */
