/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that we run in. Everything else is written for one kernel,
 * by the names below where two of them don't agree.
 */
#ifndef L45_COMPAT_H
#define L45_COMPAT_H

#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/splice.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/inet_sock.h>
#include <net/tcp.h>

#define L45_LINUX_6_1 (LINUX_VERSION_CODE >> 8 == KERNEL_VERSION(6, 1, 0) >> 8)
#define L45_LINUX_6_12 (LINUX_VERSION_CODE >> 8 == KERNEL_VERSION(6, 12, 0) >> 8)

#if !L45_LINUX_6_1 && !L45_LINUX_6_12
#error "Layer 4.5 is made for Linux 6.1 and 6.12: struct proto and its callers differ in others"
#endif
#ifndef CONFIG_64BIT
#error "Layer 4.5 reads its counters and socket buffers in 64-bit words without high memory"
#endif

/* Our functions that are called in another form, or for which there is no caller: compat.c. */
void l45_compat_tcp(struct proto *proto);
void l45_compat_tcp_ops(struct proto_ops *ops);
void l45_compat_udp(struct proto *proto);

#if L45_LINUX_6_1

#include <asm/unaligned.h>
#include <linux/pipe_fs_i.h>

struct proto_accept_arg {
	int flags;
	int err;
	bool kern;
};

static inline struct sock *l45_proto_accept(const struct proto *proto, struct sock *sk,
					    struct proto_accept_arg *arg)
{
	return proto->accept(sk, arg->flags, &arg->err, arg->kern);
}

/* The last argument of struct proto's ioctl, and an answer to it. */
typedef unsigned long l45_ioctl_arg;

static inline int l45_ioctl_answer(l45_ioctl_arg arg, int answer)
{
	return put_user(answer, (int __user *)arg);
}

static inline bool l45_connect_deferred(const struct sock *sk)
{
	return inet_sk(sk)->defer_connect;
}

/* Hand pages to TCP, without a copy where it can. */
static inline int l45_send_pages(struct sock *sk, struct page *page, int offset, size_t size,
				 int flags)
{
	return do_tcp_sendpages(sk, page, offset, size, flags);
}

/* Read into a pipe by way of recvmsg. */
static inline ssize_t l45_splice_copies(struct socket *sock, loff_t *ppos,
					struct pipe_inode_info *pipe, size_t len,
					unsigned int flags)
{
	struct msghdr msg = {};
	ssize_t ret;

	iov_iter_pipe(&msg.msg_iter, ITER_DEST, pipe, len);
	ret = sock->ops->recvmsg(sock, &msg, len,
				 sock->file->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0);
	/* Free what was reserved and not filled. */
	if (ret <= 0)
		iov_iter_advance(&msg.msg_iter, 0);
	return ret;
}

/* The code of a loaded module. */
static inline const void *l45_module_text(const struct module *module, size_t *size)
{
	*size = module->core_layout.text_size;
	return module->core_layout.base;
}

static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}

#define iter_iov(iter) ((iter)->iov)
#define inet_cmsg_flags(inet) ((inet)->cmsg_flags)
#define l45_bpf_udp4_recvmsg(sk, name, len) BPF_CGROUP_RUN_PROG_UDP4_RECVMSG_LOCK(sk, name)
#define l45_bpf_udp6_recvmsg(sk, name, len) BPF_CGROUP_RUN_PROG_UDP6_RECVMSG_LOCK(sk, name)
#define l45_assign_str(field, value) __assign_str(field, value)

#else

#include <linux/bvec.h>
#include <linux/unaligned.h>

/* Pages come in messages, and MSG_MORE says that others follow. */
#define MSG_SENDPAGE_NOTLAST 0

static inline struct sock *l45_proto_accept(const struct proto *proto, struct sock *sk,
					    struct proto_accept_arg *arg)
{
	return proto->accept(sk, arg);
}

typedef int *l45_ioctl_arg;

static inline int l45_ioctl_answer(l45_ioctl_arg arg, int answer)
{
	*arg = answer;
	return 0;
}

static inline bool l45_connect_deferred(const struct sock *sk)
{
	return inet_test_bit(DEFER_CONNECT, sk);
}

static inline int l45_send_pages(struct sock *sk, struct page *page, int offset, size_t size,
				 int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };
	struct bio_vec vec;

	bvec_set_page(&vec, page, size, offset);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, size);
	return tcp_sendmsg_locked(sk, &msg, size);
}

static inline ssize_t l45_splice_copies(struct socket *sock, loff_t *ppos,
					struct pipe_inode_info *pipe, size_t len,
					unsigned int flags)
{
	return copy_splice_read(sock->file, ppos, pipe, len, flags);
}

static inline const void *l45_module_text(const struct module *module, size_t *size)
{
	*size = module->mem[MOD_TEXT].size;
	return module->mem[MOD_TEXT].base;
}

#define l45_bpf_udp4_recvmsg(sk, name, len) BPF_CGROUP_RUN_PROG_UDP4_RECVMSG_LOCK(sk, name, len)
#define l45_bpf_udp6_recvmsg(sk, name, len) BPF_CGROUP_RUN_PROG_UDP6_RECVMSG_LOCK(sk, name, len)
#define l45_assign_str(field, value) __assign_str(field)

#endif

#endif /* L45_COMPAT_H */
