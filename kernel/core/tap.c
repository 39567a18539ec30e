// SPDX-License-Identifier: GPL-2.0-only
/*
 * How sockets come to run our functions, and cease to. The four protocols' init is
 * ours while the module is loaded. A socket whose owner matches an instance gets our
 * copy of its struct proto there; the rest is decided when its addresses are known.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <net/inet_common.h>
#include <net/tcp.h>
#include <net/transp_v6.h>
#include <net/udp.h>

#include <asm/syscall.h>

#include "attach.h"
#include "compat.h"
#include "registry.h"
#include "tap.h"
#include "tcp.h"
#include "tcp_stream.h"
#include "trace.h"
#include "udp.h"

enum { TCP4, TCP6, UDP4, UDP6, TAPS };

static struct tap {
	struct proto *stock; /* NULL: this kernel has no such protocol */
	int (*init)(struct sock *sk);
	struct proto proto;
	const struct proto_ops *stock_ops; /* TCP */
	struct proto_ops ops;
} taps[TAPS];

/* By what doesn't change while the socket is ours: see IPV6_ADDRFORM. */
static struct tap *tap_of(const struct sock *sk)
{
	if (sk->sk_protocol == IPPROTO_TCP)
		return &taps[sk->sk_family == AF_INET6 ? TCP6 : TCP4];
	return &taps[sk->sk_family == AF_INET6 ? UDP6 : UDP4];
}

struct proto *l45_tap_stock(const struct sock *sk)
{
	return tap_of(sk)->stock;
}

const struct proto_ops *l45_tap_stock_ops(const struct sock *sk)
{
	return tap_of(sk)->stock_ops;
}

void l45_tap_enter(void)
{
	/* Can't be the first: see late_begin(), or the socket is a listener's child. */
	__module_get(THIS_MODULE);
}

void l45_tap_leave(void)
{
	module_put(THIS_MODULE);
}

void l45_tap_swap_ops(struct l45_socket *socket)
{
	struct socket *sock = socket->sk->sk_socket;
	struct tap *tap = tap_of(socket->sk);

	/* An accepted socket gets its struct socket only after we have seen it. */
	if (sock && READ_ONCE(sock->ops) == tap->stock_ops)
		WRITE_ONCE(sock->ops, &tap->ops);
}

static void restore_ops(struct l45_socket *socket)
{
	struct socket *sock = socket->sk->sk_socket;
	struct tap *tap = tap_of(socket->sk);

	if (sock && READ_ONCE(sock->ops) == &tap->ops)
		WRITE_ONCE(sock->ops, tap->stock_ops);
}

int l45_tap_zerocopy(struct sock *sk, const struct msghdr *msg, size_t len)
{
	struct ubuf_info *ubuf;

	if (!(msg->msg_flags & MSG_ZEROCOPY) || msg->msg_ubuf || !sock_flag(sk, SOCK_ZEROCOPY) ||
	    !len)
		return 0;
	ubuf = msg_zerocopy_realloc(sk, len, NULL);
	if (!ubuf)
		return -ENOBUFS;
	uarg_to_msgzc(ubuf)->zerocopy = 0;
	net_zcopy_put(ubuf);
	return 0;
}

/* Children of a listener are copies of it and reference its struct proto until freed. */
static void restore_child(struct sock *sk)
{
	struct tap *tap = tap_of(sk);

	if (READ_ONCE(sk->sk_prot) == &tap->proto)
		WRITE_ONCE(sk->sk_prot, tap->stock);
	if (sk->sk_prot_creator == &tap->proto) {
		sk->sk_prot_creator = tap->stock;
		module_put(THIS_MODULE);
	}
}

/* NULL without memory, and while we are being unloaded. */
static struct l45_socket *tap_socket(struct sock *sk, const struct l45_owner *owner)
{
	struct l45_socket *socket;

	socket = l45_attach_socket(sk, owner);
	if (socket)
		WRITE_ONCE(sk->sk_prot, &tap_of(sk)->proto);
	return socket;
}

/* Leaves the socket's own functions in charge, for good. */
static void untap(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;

	l45_tcp_end(socket);
	restore_ops(socket);
	if (READ_ONCE(sk->sk_prot) == &tap_of(sk)->proto)
		WRITE_ONCE(sk->sk_prot, tap_of(sk)->stock);
	l45_attach_drop(socket, true);
}

void l45_tap_release_locked(struct l45_socket *socket)
{
	if (socket->closed)
		return;
	WRITE_ONCE(socket->leaving, false);
	if (socket->tcp && l45_attach_drained(socket))
		l45_tcp_update(socket);
	if (rcu_access_pointer(socket->set) || socket->cork)
		return;
	if (socket->tcp && !l45_tcp_done(socket->tcp)) {
		WRITE_ONCE(socket->leaving, true);
		return;
	}
	/* It may still match others: as a listener for its children, or until it is settled. */
	if ((!socket->settled || socket->sk->sk_state == TCP_LISTEN) &&
	    l45_attach_wanted(socket->sk, &socket->owner))
		return;
	untap(socket);
}

/* Of a task that sleeps, in a call that does nothing else. */
static bool is_sending(struct task_struct *task)
{
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER))
		return false;
	switch (syscall_get_nr(task, task_pt_regs(task))) {
	case __NR_write:
	case __NR_writev:
	case __NR_sendto:
	case __NR_sendmsg:
	case __NR_sendmmsg:
		return true;
	}
	return false;
}

#define WAITERS 32
#define LATECOMERS 2
#define PATIENCE (10 * HZ)

/*
 * Whoever sleeps in one of the socket's former functions, stock or ours, would treat the
 * next message by it, or keep us from being unloaded. As live patching does: wake them
 * up as if by a signal, and let them come in again. But a sender would return with less
 * than it was given, which few programs expect: it is left alone, finds out by itself, and
 * keeps us loaded until then. `own`: so many of them are where they should be.
 */
static bool kick(struct sock *sk, u32 own)
{
	struct task_struct *group, *task, *tasks[WAITERS];
	struct wait_queue_entry *entry;
	const void *waiters[WAITERS];
	u32 count = 0, found = 0, i;
	struct socket_wq *wq;
	unsigned long flags;

	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (!skwq_has_sleeper(wq))
		goto out;
	spin_lock_irqsave(&wq->wait.lock, flags);
	list_for_each_entry(entry, &wq->wait.head, entry) {
		/* Of those that poll this is something else, which equals no task. */
		if (count < WAITERS)
			waiters[count++] = entry->private;
	}
	spin_unlock_irqrestore(&wq->wait.lock, flags);

	for_each_process_thread(group, task) {
		for (i = 0; i < count; i++) {
			if (waiters[i] == task && !is_sending(task) && found < WAITERS)
				tasks[found++] = task;
		}
	}
	if (found <= own) {
		found = 0;
		goto out;
	}
	for (i = 0; i < found; i++)
		set_tsk_thread_flag(tasks[i], TIF_NOTIFY_SIGNAL);
	__wake_up(&wq->wait, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLIN | EPOLLERR));
out:
	rcu_read_unlock();
	return found;
}

void l45_tap_kick(struct sock *sk)
{
	kick(sk, 0);
}

/*
 * Who reads a stream in a stock function would not know a mark. Is there nobody, or no
 * mark to know? If not, they have been told.
 */
static bool rid(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	bool kicked, plain;

	if (!socket)
		return true;
	kicked = kick(sk, READ_ONCE(socket->readers));
	lock_sock(sk);
	plain = l45_tcp_rx_plain(socket->tcp);
	release_sock(sk);
	l45_socket_put(socket);
	return !kicked || plain;
}

void l45_tap_release(struct l45_socket *socket)
{
	lock_sock(socket->sk);
	l45_tap_release_locked(socket);
	release_sock(socket->sk);
}

static int tap_init_sock(struct sock *sk)
{
	struct l45_owner owner;
	int err;

	err = tap_of(sk)->init(sk);
	if (err || sk->sk_kern_sock || !l45_registry_count())
		return err;

	l45_owner_of(&owner, current);
	/* While we are being unloaded there are no instances, so this is for want of memory. */
	if (l45_attach_wanted(sk, &owner) && !tap_socket(sk, &owner))
		return -ENOMEM;
	return 0;
}

/* Stock closes after it, or this is all there is when the creation failed. */
static void tap_destroy(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct proto *stock = l45_tap_stock(sk);

	l45_tap_enter();
	if (socket) {
		WRITE_ONCE(sk->sk_prot, stock);
		l45_attach_drop(socket, false);
		l45_socket_put(socket);
	} else {
		restore_child(sk);
	}
	stock->destroy(sk);
	l45_tap_leave();
}

static void tcp_tap_close(struct sock *sk, long timeout)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct proto *stock = l45_tap_stock(sk);

	l45_tap_enter();
	lock_sock(sk);
	if (socket) {
		l45_tcp_flush(socket);
		l45_tcp_end(socket);
		WRITE_ONCE(sk->sk_prot, stock);
	}
	restore_child(sk);
	release_sock(sk);
	if (socket) {
		l45_attach_drop(socket, false);
		l45_socket_put(socket);
	}
	stock->close(sk, timeout);
	l45_tap_leave();
}

static int tcp_tap_disconnect(struct sock *sk, int flags)
{
	struct l45_socket *socket = l45_socket_get(sk);
	int err;

	l45_tap_enter();
	if (socket) {
		l45_tcp_end(socket);
		restore_ops(socket);
	}
	err = l45_tap_stock(sk)->disconnect(sk, flags);
	if (socket) {
		/* It can be connected again, to something else. */
		l45_attach_clear(socket);
		socket->settled = false;
		l45_socket_put(socket);
	}
	l45_tap_leave();
	return err;
}

static int tcp_tap_connect(struct sock *sk, struct sockaddr *address, int len)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct proto *stock = l45_tap_stock(sk);
	struct l45_tcp *tcp = NULL;
	int err;

	if (!socket) {
		l45_tap_enter();
		err = stock->connect(sk, address, len);
		l45_tap_leave();
		return err;
	}

	/* The first bytes would go out with the SYN. */
	tcp_sk(sk)->fastopen_connect = 0;
	/* Once that is out there may be no failing. */
	tcp = l45_tcp_alloc();
	if (!tcp) {
		err = -ENOMEM;
		goto out;
	}
	err = stock->connect(sk, address, len);
	if (err)
		goto out;

	socket->settled = true;
	err = l45_attach_settle(socket);
	if (!err) {
		untap(socket);
		goto out;
	}
	if (err > 0)
		err = l45_tcp_begin(socket, tcp, false);
	if (!err)
		tcp = NULL;
	else
		/* Not customized where it should be is worse than not connected. */
		tcp_tap_disconnect(sk, O_NONBLOCK);
out:
	l45_tcp_free(tcp);
	l45_socket_put(socket);
	return err;
}

/* Attach what matches the new connection. It keeps the stock functions on failure. */
static int adopt(struct sock *sk, const struct l45_owner *listener)
{
	struct l45_socket *socket;
	struct l45_owner owner;
	struct l45_tcp *tcp;
	int err = 0;

	lock_sock(sk);
	restore_child(sk);
	l45_owner_of(&owner, current);
	if (!l45_registry_count() ||
	    (!l45_attach_wanted(sk, &owner) && !l45_attach_wanted(sk, listener)))
		goto out;

	err = -ENOMEM;
	tcp = l45_tcp_alloc();
	if (!tcp)
		goto out;
	socket = tap_socket(sk, listener);
	if (!socket) {
		l45_tcp_free(tcp);
		goto out;
	}
	socket->acceptor = owner;
	socket->settled = true;
	err = l45_attach_settle(socket);
	if (err > 0) {
		err = l45_tcp_begin(socket, tcp, false);
		if (!err)
			goto out;
	}
	l45_tcp_free(tcp);
	untap(socket);
out:
	release_sock(sk);
	return err;
}

/*
 * A connection that was accepted by a call that was under way when its listener became
 * ours hasn't been seen yet; it comes by when it is used for the first time.
 */
struct l45_socket *l45_tap_find(struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct l45_owner owner;

	if (socket || likely(sk->sk_prot_creator != &tap_of(sk)->proto))
		return socket;
	l45_tap_enter();
	l45_owner_of(&owner, current);
	if (!adopt(sk, &owner))
		socket = l45_socket_get(sk);
	l45_tap_leave();
	return socket;
}

struct sock *l45_tap_accept(struct sock *sk, struct proto_accept_arg *arg)
{
	struct l45_socket *socket = l45_socket_get(sk);
	struct sock *child;

	l45_tap_enter();
	child = l45_proto_accept(l45_tap_stock(sk), sk, arg);
	if (child) {
		int ret = 0;

		if (socket && !arg->kern) {
			ret = adopt(child, &socket->owner);
		} else {
			lock_sock(child);
			restore_child(child);
			release_sock(child);
		}
		if (ret) {
			l45_tap_stock(child)->close(child, 0);
			child = NULL;
			arg->err = ret;
		}
	}
	if (socket)
		l45_socket_put(socket);
	l45_tap_leave();
	return child;
}

/* Called when the lock is given up; the first time that an accepted socket has a file. */
static void tcp_tap_release_cb(struct sock *sk)
{
	struct l45_socket *socket;

	l45_tap_stock(sk)->release_cb(sk);
	if (!sk->sk_socket || READ_ONCE(sk->sk_socket->ops) != tap_of(sk)->stock_ops)
		return;
	socket = l45_socket_get(sk);
	if (!socket)
		return;
	if (socket->tcp)
		l45_tap_swap_ops(socket);
	l45_socket_put(socket);
}

static void tcp_tap_shutdown(struct sock *sk, int how)
{
	struct l45_socket *socket = l45_socket_get(sk);

	if (socket) {
		if (how & SEND_SHUTDOWN)
			l45_tcp_flush(socket);
		l45_socket_put(socket);
	}
	l45_tap_stock(sk)->shutdown(sk, how);
}

static int tcp_tap_setsockopt(struct sock *sk, int level, int name, sockptr_t value,
			      unsigned int len)
{
	int err;

	if (level == SOL_TCP && l45_socket_has(sk)) {
		switch (name) {
		case TCP_ULP: /* kernel TLS would copy our functions and outlive us */
		case TCP_REPAIR:
			return -EOPNOTSUPP;
		}
	}
	l45_tap_enter();
	err = l45_tap_stock(sk)->setsockopt(sk, level, name, value, len);
	l45_tap_leave();
	return err;
}

static int tcp_tap_getsockopt(struct sock *sk, int level, int name, char __user *value,
			      int __user *len)
{
	int err;

	/* Maps pages of the receive queue, tags and all. */
	if (level == SOL_TCP && name == TCP_ZEROCOPY_RECEIVE && l45_socket_has(sk))
		return -EOPNOTSUPP;
	l45_tap_enter();
	err = l45_tap_stock(sk)->getsockopt(sk, level, name, value, len);
	l45_tap_leave();
	return err;
}

static void build_tcp(struct tap *tap, struct proto *stock)
{
	tap->proto = *stock;
	tap->proto.owner = THIS_MODULE;
	tap->proto.close = tcp_tap_close;
	tap->proto.destroy = tap_destroy;
	tap->proto.connect = tcp_tap_connect;
	tap->proto.disconnect = tcp_tap_disconnect;
	tap->proto.release_cb = tcp_tap_release_cb;
	tap->proto.shutdown = tcp_tap_shutdown;
	tap->proto.setsockopt = tcp_tap_setsockopt;
	tap->proto.getsockopt = tcp_tap_getsockopt;
	tap->proto.sendmsg = l45_tcp_sendmsg;
	tap->proto.recvmsg = l45_tcp_recvmsg;
	tap->proto.ioctl = l45_tcp_ioctl;
	tap->proto.sock_is_readable = l45_tcp_is_readable;
	l45_compat_tcp(&tap->proto);
#ifdef CONFIG_BPF_SYSCALL
	/* sockmap would replace our functions. */
	tap->proto.psock_update_sk_prot = NULL;
#endif
	tap->stock = stock;
}

static void build_ops(struct tap *tap, const struct proto_ops *stock)
{
	/* The owner too: sock_release() puts whom it found first, whoever has been there since. */
	tap->ops = *stock;
	tap->ops.splice_read = l45_tcp_splice_read;
	tap->ops.read_sock = l45_tcp_read_sock;
	tap->ops.read_skb = l45_tcp_read_skb;
	tap->ops.peek_len = l45_tcp_peek_len;
	tap->ops.poll = l45_tcp_poll;
	tap->ops.sendmsg_locked = l45_tcp_sendmsg_locked;
	l45_compat_tcp_ops(&tap->ops);
	tap->stock_ops = stock;
}

static void build_udp(struct tap *tap, struct proto *stock)
{
	tap->proto = *stock;
	tap->proto.owner = THIS_MODULE;
	tap->proto.destroy = tap_destroy;
	tap->proto.setsockopt = l45_udp_setsockopt;
	tap->proto.sendmsg = l45_udp_sendmsg;
	tap->proto.recvmsg = l45_udp_recvmsg;
	tap->proto.ioctl = l45_udp_ioctl;
	if (stock->splice_eof)
		tap->proto.splice_eof = l45_udp_splice_eof;
	l45_compat_udp(&tap->proto);
#ifdef CONFIG_BPF_SYSCALL
	tap->proto.psock_update_sk_prot = NULL;
#endif
	tap->stock = stock;
}

/* Live sockets */

struct found {
	struct list_head list;
	struct file *file;
	struct l45_owner owner;
};

struct scan {
	struct l45_instance *instance;
	struct l45_owner owner;
	struct list_head found;
	int err;
};

static int scan_file(const void *context, struct file *file, unsigned int fd)
{
	struct scan *scan = (struct scan *)context;
	struct socket *sock = sock_from_file(file);
	struct found *found;
	struct sock *sk;

	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk || (sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    !((sk->sk_protocol == IPPROTO_TCP && sk->sk_type == SOCK_STREAM) ||
	      (sk->sk_protocol == IPPROTO_UDP && sk->sk_type == SOCK_DGRAM)))
		return 0;
	if (!tap_of(sk)->stock)
		return 0;

	if (!l45_match_owner(scan->instance->match, sk, &scan->owner))
		return 0;

	found = kmalloc(sizeof(*found), GFP_ATOMIC);
	if (!found) {
		scan->err = -ENOMEM;
		return 1;
	}
	found->file = get_file(file);
	found->owner = scan->owner;
	list_add_tail(&found->list, &scan->found);
	return 0;
}

static bool pristine(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	switch (sk->sk_state) {
	case TCP_CLOSE:
	case TCP_LISTEN:
		return true;
	case TCP_SYN_SENT:
		return !l45_connect_deferred(sk);
	case TCP_ESTABLISHED:
		return !tp->data_segs_in && !tp->data_segs_out && !tp->bytes_received &&
		       tcp_rtx_and_write_queues_empty(sk);
	}
	return false;
}

/* Can it join what is under way, plain so far? */
static bool joins(const struct sock *sk, const struct l45_instance *instance)
{
	return (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 |
				      TCPF_FIN_WAIT2) &&
	       instance->ops->flags & (L45_JOIN | L45_TRANSPARENT);
}

static int take_tcp(struct sock *sk, struct l45_instance *instance, const struct l45_owner *owner)
{
	struct l45_socket *socket;
	struct l45_tcp *tcp;
	int err;

	if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN) {
		/* To be decided when it connects or accepts. */
		return tap_socket(sk, owner) ? 0 : -ENOMEM;
	}
	tcp = l45_tcp_alloc();
	if (!tcp)
		return -ENOMEM;
	socket = tap_socket(sk, owner);
	if (!socket) {
		l45_tcp_free(tcp);
		return -ENOMEM;
	}
	socket->settled = true;
	err = l45_attach_one(socket, instance);
	if (err > 0) {
		err = l45_tcp_begin(socket, tcp, !pristine(sk));
		if (!err)
			return 0;
	}
	l45_tcp_free(tcp);
	untap(socket);
	return err;
}

static int take(struct sock *sk, struct l45_instance *instance, const struct l45_owner *owner)
{
	bool immediate = instance->attach == L45_NL_ATTACH_IMMEDIATE;
	struct l45_socket *socket;
	int err = 0;

	lock_sock(sk);
	socket = l45_socket_get(sk);
	if (socket) {
		/* Not settled yet: it will find the instance by itself. */
		if (immediate && socket->settled)
			err = l45_attach_one(socket, instance);
		if (err > 0)
			l45_tcp_update(socket);
		l45_socket_put(socket);
	} else if (READ_ONCE(sk->sk_prot) == tap_of(sk)->stock && sk->sk_socket) {
		if (sk->sk_protocol == IPPROTO_TCP) {
			/* A listener's connections to come are future sockets. */
			if (sk->sk_state == TCP_LISTEN ||
			    (immediate && (pristine(sk) || joins(sk, instance))))
				err = take_tcp(sk, instance, owner);
		} else if (immediate) {
			socket = tap_socket(sk, owner);
			if (socket) {
				l45_udp_prepare(sk);
				if (READ_ONCE(inet_sk(sk)->inet_num)) {
					socket->settled = true;
					err = l45_attach_one(socket, instance);
					if (err <= 0)
						untap(socket);
				}
			} else {
				err = -ENOMEM;
			}
		}
	}
	release_sock(sk);
	if (READ_ONCE(sk->sk_prot) == &tap_of(sk)->proto)
		l45_tap_kick(sk);
	return min(err, 0);
}

/*
 * Goes through the tables of open files: sockets in flight over a Unix socket, or
 * known to io_uring alone, aren't there.
 */
int l45_tap_scan(struct l45_instance *instance)
{
	struct scan scan = { .instance = instance };
	const struct files_struct *scanned = NULL;
	struct task_struct *group, *task;
	struct found *found, *next;
	unsigned long deadline;
	int i;

	INIT_LIST_HEAD(&scan.found);

	rcu_read_lock();
	for_each_process_thread(group, task) {
		/*
		 * Which thread created a socket isn't known any more; one whose name fits
		 * will do. Threads share their table as a rule: look at it no more often
		 * than needed.
		 */
		l45_owner_of(&scan.owner, task);
		if (!l45_match_application(instance->match, &scan.owner))
			continue;
		task_lock(task);
		if (task->files && task->files != scanned) {
			scanned = task->files;
			iterate_fd(task->files, 0, scan_file, &scan);
		}
		task_unlock(task);
		if (scan.err)
			break;
	}
	rcu_read_unlock();

	list_for_each_entry(found, &scan.found, list) {
		struct socket *sock = sock_from_file(found->file);

		if (!scan.err && sock->sk)
			scan.err = take(sock->sk, instance, &found->owner);
	}
	/* Those that are on their way to sleep arrive there, maybe by way of the lock. */
	deadline = jiffies + PATIENCE;
	for (i = 0; !list_empty(&scan.found); i++) {
		bool clear = i >= LATECOMERS;

		synchronize_rcu();
		list_for_each_entry(found, &scan.found, list) {
			struct sock *sk = sock_from_file(found->file)->sk;

			if (sk && READ_ONCE(sk->sk_prot) == &tap_of(sk)->proto)
				clear &= rid(sk);
		}
		if (clear || time_after(jiffies, deadline))
			break;
	}
	list_for_each_entry_safe(found, next, &scan.found, list) {
		fput(found->file);
		kfree(found);
	}
	return scan.err;
}

static int find_udp6(struct proto **proto)
{
	struct socket *sock;
	int err;

	/* udpv6_prot isn't exported. */
	err = sock_create_kern(&init_net, PF_INET6, SOCK_DGRAM, IPPROTO_UDP, &sock);
	if (err == -EAFNOSUPPORT) {
		*proto = NULL;
		return 0;
	}
	if (err)
		return err;
	*proto = sock->sk->sk_prot;
	sock_release(sock);
	return 0;
}

static int find_ops(struct tap *tap, int family)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	build_ops(tap, sock->ops);
	sock_release(sock);
	return 0;
}

int l45_tap_init(void)
{
	struct proto *udp6;
	int err, i;

	err = find_udp6(&udp6);
	if (err)
		return err;

	build_tcp(&taps[TCP4], &tcp_prot);
	build_udp(&taps[UDP4], &udp_prot);
	err = find_ops(&taps[TCP4], PF_INET);
	if (err)
		return err;
#if IS_ENABLED(CONFIG_IPV6)
	if (udp6) {
		build_tcp(&taps[TCP6], &tcpv6_prot);
		build_udp(&taps[UDP6], udp6);
		err = find_ops(&taps[TCP6], PF_INET6);
		if (err)
			return err;
	}
#endif
	for (i = 0; i < TAPS; i++) {
		if (!taps[i].stock)
			continue;
		taps[i].init = taps[i].stock->init;
		/* A copy's init is never called: sockets are made from the stock. */
		smp_wmb();
		WRITE_ONCE(taps[i].stock->init, tap_init_sock);
	}
	return 0;
}

void l45_tap_uninit(void)
{
	int i;

	for (i = 0; i < TAPS; i++) {
		if (taps[i].stock)
			WRITE_ONCE(taps[i].stock->init, taps[i].init);
	}
	/* Whoever is in our functions now, or about to be, comes out of them by himself. */
	synchronize_rcu_tasks();
}
