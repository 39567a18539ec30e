// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf-cgroup.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/transp_v6.h>
#include <net/udp.h>

#include <asm/ioctls.h>

#include "attach.h"
#include "compat.h"
#include "engine.h"
#include "tap.h"
#include "trace.h"
#include "udp.h"
#include "user_piece.h"

/* Most datagrams need no allocation. */
#define SMALL 384
#define LARGEST 65535

struct scratch {
	struct l45_cursor cursor;
	struct l45_flow flow;
	u8 in[SMALL];
	u8 out[SMALL];
};

/* Where a datagram is, and room for what becomes of it: as much in each. */
struct buffers {
	const u8 *in;
	u32 len;
	u8 *out;
	u8 *spare; /* may be where `in` is */
	u32 cap;
};

/* A datagram that is put together by several sends. */
struct l45_cork {
	struct sockaddr_storage name;
	int name_len;
	void *control;
	size_t control_len;
	u32 flags;
	u32 len;
	u8 data[LARGEST];
};

void l45_udp_cork_free(struct l45_cork *cork)
{
	if (cork)
		kfree(cork->control);
	kvfree(cork);
}

void l45_udp_prepare(struct sock *sk)
{
	/* Coalesced datagrams can't be told apart once some have shrunk. */
	udp_clear_bit(GRO_ENABLED, sk);
	udp_clear_bit(ACCEPT_L4, sk);
}

/* With a reference; NULL: not ours. Decides what is attached, once that can be told. */
static struct l45_socket *enter(struct sock *sk, int *err)
{
	struct l45_socket *socket = l45_socket_get(sk);

	*err = 0;
	if (!socket || READ_ONCE(socket->settled))
		return socket;

	lock_sock(sk);
	if (!socket->settled) {
		*err = l45_attach_settle(socket);
		if (*err >= 0) {
			*err = 0;
			WRITE_ONCE(socket->settled, true);
			l45_udp_prepare(sk);
			l45_tap_release_locked(socket);
		}
	}
	release_sock(sk);
	return socket;
}

static void leave(struct l45_socket *socket)
{
	if (socket)
		l45_socket_put(socket);
	else
		l45_tap_leave();
}

/* A run that changes nothing but counters. */
static void observe(struct l45_instance *instance, struct scratch *scratch,
		    const struct buffers *buffers)
{
	struct l45_flow flow = scratch->flow;
	bool passed = true;
	u32 n;

	/* Up to the first link of a chain that would change it, all see the same. */
	for (n = 0; n < instance->chain.count; n++) {
		u32 link = l45_chain_order(&instance->chain, flow.direction, n);
		struct l45_run run = {
			.in = buffers->in, .in_len = buffers->len, .last = true,
			.out = buffers->out, .out_cap = buffers->cap,
		};
		int ret;

		l45_chain_flow(&instance->chain, link, &flow, &scratch->flow);
		ret = l45_engine_whole(&scratch->cursor, instance->chain.links[link].ops,
				       &scratch->flow, &run);
		if (ret == L45_SEGMENT_PASS)
			continue;
		passed = false;
		if (ret < 0 || ret == L45_SEGMENT_DROP || run.inserted || run.removed ||
		    run.out_used != run.in_len || memcmp(run.in, run.out, run.in_len)) {
			l45_count(instance, OBSERVED, 1);
			break;
		}
	}
	if (passed)
		l45_count(instance, PASSED, 1);
}

/* Does any of them want to see what goes there? By how much can it grow? */
static bool wanted_egress(struct l45_socket *socket, const struct l45_endpoint *remote, u32 *grow)
{
	const struct l45_set *set;
	bool wanted = false;
	u32 i;

	*grow = 0;
	rcu_read_lock();
	set = rcu_dereference(socket->set);
	for (i = 0; set && i < set->count; i++) {
		const struct l45_instance *instance = set->instances[i];

		if (!l45_instance_works(instance, L45_NL_DIRECTION_EGRESS) ||
		    !l45_match_remote(instance->match, remote))
			continue;
		wanted = true;
		*grow = max(*grow, instance->ops->max_insert);
	}
	rcu_read_unlock();
	return wanted;
}

struct result {
	struct l45_instance *instance; /* with a reference; NULL: unchanged */
	const u8 *data;
	u32 len;
	u32 inserted, removed;
	u64 delay_ns;
};

/* 0, or a negative errno; -ENOSPC: too little room. -EALREADY: dropped. */
static int customize(struct l45_socket *socket, enum l45_direction direction,
		     const struct l45_endpoint *local, const struct l45_endpoint *remote,
		     struct scratch *scratch, const struct buffers *buffers,
		     struct result *result)
{
	u8 flag = direction == L45_EGRESS ? L45_NL_DIRECTION_EGRESS : L45_NL_DIRECTION_INGRESS;
	const struct l45_set *set;
	int ret = 0;
	u32 i;

	memset(result, 0, sizeof(*result));
	rcu_read_lock();
	set = rcu_dereference(socket->set);
	for (i = 0; set && i < set->count; i++) {
		struct l45_run run = {
			.in = buffers->in, .in_len = buffers->len, .last = true,
			.out = buffers->out, .out_cap = buffers->cap,
		};
		struct l45_instance *instance = set->instances[i];

		if (!l45_instance_works(instance, flag) ||
		    !l45_match_remote(instance->match, remote) ||
		    (local && !l45_match_local(instance->match, local)))
			continue;

		l45_socket_flow(socket, instance, direction, &scratch->flow);
		if (l45_instance_observes(instance)) {
			observe(instance, scratch, buffers);
			continue;
		}
		if (unlikely(l45_chained(instance->ops)))
			ret = l45_chain_whole(&scratch->cursor, &scratch->flow, &run,
					      buffers->spare, buffers->cap);
		else
			ret = l45_engine_whole(&scratch->cursor, instance->ops, &scratch->flow,
					       &run);
		switch (ret) {
		case L45_SEGMENT_PASS:
			l45_count(instance, PASSED, 1);
			trace_l45_pass(socket->sk, instance, direction, buffers->len);
			ret = 0;
			continue;
		case L45_SEGMENT_END:
			/* The set holds a reference, so there is one to copy. */
			refcount_inc(&instance->refs);
			result->instance = instance;
			result->data = run.out;
			result->len = run.out_used;
			result->inserted = run.inserted;
			result->removed = run.removed;
			result->delay_ns = run.delay_ns;
			ret = 0;
			break;
		case L45_SEGMENT_DROP:
			l45_count(instance, DROPPED, 1);
			ret = -EALREADY;
			break;
		case -ENOSPC:
			break;
		default:
			l45_count(instance, ERRORS, 1);
		}
		break;
	}
	rcu_read_unlock();
	return ret;
}

static void count_done(struct l45_socket *socket, enum l45_direction direction,
		       const struct result *result, u32 len)
{
	struct l45_instance *instance = result->instance;

	if (!instance)
		return;
	if (direction == L45_EGRESS) {
		l45_count(instance, EGRESS_MESSAGES, 1);
		l45_count(instance, EGRESS_BYTES_IN, len);
		l45_count(instance, EGRESS_BYTES_OUT, result->len);
	} else {
		l45_count(instance, INGRESS_MESSAGES, 1);
		l45_count(instance, INGRESS_BYTES_IN, len);
		l45_count(instance, INGRESS_BYTES_OUT, result->len);
	}
	l45_count(instance, INSERTED, result->inserted);
	l45_count(instance, REMOVED, result->removed);
	l45_instance_used(instance);
	trace_l45_customize(socket->sk, instance, direction, len, result->len);
}

static void forget(struct result *result)
{
	if (result->instance)
		l45_instance_put(result->instance);
}

/* The control messages of UDP GSO that say 0: don't. */
struct no_gso {
	struct cmsghdr header;
	u16 size;
	u8 pad[CMSG_SPACE(sizeof(u16)) - sizeof(struct cmsghdr) - sizeof(u16)];
};

/* Finds the segment size and makes msg one that isn't segmented by the stack. */
static int take_gso(struct sock *sk, struct msghdr *msg, u16 *size, void **control)
{
	struct cmsghdr *cmsg;
	struct no_gso *no_gso;
	bool found = false;

	*control = NULL;
	*size = READ_ONCE(udp_sk(sk)->gso_size);
	if (msg->msg_controllen) {
		for_each_cmsghdr(cmsg, msg) {
			if (!CMSG_OK(msg, cmsg))
				return -EINVAL;
			if (cmsg->cmsg_level != SOL_UDP || cmsg->cmsg_type != UDP_SEGMENT)
				continue;
			if (cmsg->cmsg_len != CMSG_LEN(sizeof(u16)))
				return -EINVAL;
			/* A copy of what the application gave. */
			*size = *(u16 *)CMSG_DATA(cmsg);
			*(u16 *)CMSG_DATA(cmsg) = 0;
			found = true;
		}
	}
	if (!*size || found)
		return 0;

	no_gso = kzalloc(sizeof(*no_gso) + msg->msg_controllen, GFP_KERNEL);
	if (!no_gso)
		return -ENOMEM;
	no_gso->header.cmsg_level = SOL_UDP;
	no_gso->header.cmsg_type = UDP_SEGMENT;
	no_gso->header.cmsg_len = CMSG_LEN(sizeof(u16));
	memcpy(no_gso + 1, msg->msg_control, msg->msg_controllen);
	msg->msg_control = no_gso;
	msg->msg_controllen += sizeof(*no_gso);
	*control = no_gso;
	return 0;
}

/* All or nothing, as copy_from_iter_full(), into memory that is known to be ours. */
static bool fetch(u8 *to, u32 len, struct iov_iter *from)
{
	void __user *piece;

	if (l45_user_piece(from, &piece) < len || raw_copy_from_user(to, piece, len))
		return copy_from_iter_full(to, len, from);
	iov_iter_advance(from, len);
	return true;
}

/* The same the other way, as copy_to_iter(). */
static bool hand(const u8 *from, u32 len, struct iov_iter *to)
{
	void __user *piece;

	if (l45_user_piece(to, &piece) < len || raw_copy_to_user(piece, from, len))
		return copy_to_iter(from, len, to) == len;
	iov_iter_advance(to, len);
	return true;
}

/* One datagram of `len` bytes from the iterator of msg. */
static noinline int send_one(struct sock *sk, struct l45_socket *socket,
			     const struct l45_endpoint *remote, struct msghdr *msg, u32 len,
			     u32 grow)
{
	struct scratch scratch __l45_uninitialized;
	struct msghdr inner = *msg;
	struct result result __l45_uninitialized;
	struct buffers buffers = {
		.len = len, .out = scratch.out, .spare = scratch.in, .cap = SMALL,
	};
	u8 *buffer = NULL;
	struct kvec vec;
	int ret;

	if (len + grow > SMALL) {
		buffers.cap = len + grow;
		buffer = kvmalloc(2 * buffers.cap, GFP_KERNEL);
		if (!buffer)
			return -ENOBUFS;
		buffers.spare = buffer;
		buffers.out = buffer + buffers.cap;
	}
	/* Nobody wants the input any more once there is an output. */
	buffers.in = buffers.spare;
	if (!fetch(buffers.spare, len, &msg->msg_iter)) {
		kvfree(buffer);
		return -EFAULT;
	}

	ret = customize(socket, L45_EGRESS, NULL, remote, &scratch, &buffers, &result);
	if (ret == -ENOSPC)
		ret = -EMSGSIZE;
	if (ret)
		goto out;
	if (result.delay_ns && l45_socket_delay(result.delay_ns)) {
		ret = sock_intr_errno(MAX_SCHEDULE_TIMEOUT);
		goto out;
	}

	vec.iov_base = result.instance ? (u8 *)result.data : buffers.spare;
	vec.iov_len = result.instance ? result.len : len;
	if (vec.iov_len > LARGEST) {
		ret = -EMSGSIZE;
		goto out;
	}
	iov_iter_kvec(&inner.msg_iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	/* The pages of the application stay with it. */
	inner.msg_flags &= ~(MSG_ZEROCOPY | MSG_SPLICE_PAGES | MSG_MORE | MSG_SENDPAGE_NOTLAST);
	inner.msg_ubuf = NULL;
	ret = l45_tap_stock(sk)->sendmsg(sk, &inner, vec.iov_len);
	if (ret >= 0) {
		count_done(socket, L45_EGRESS, &result, len);
		ret = 0;
	} else if (result.instance) {
		l45_count(result.instance, ERRORS, 1);
	}
out:
	forget(&result);
	if (unlikely(buffer))
		kvfree(buffer);
	/* For the application a dropped datagram is one that was lost on the way. */
	return ret == -EALREADY ? 0 : ret;
}

static int send_datagram(struct sock *sk, struct l45_socket *socket, struct msghdr *msg, u32 len)
{
	struct l45_endpoint remote;
	void *control;
	u32 grow, at;
	u16 size;
	int err;

	if (msg->msg_name ? !l45_endpoint_sockaddr(msg->msg_name, msg->msg_namelen, &remote) :
			    !l45_endpoint_remote(sk, &remote))
		goto stock; /* it knows the right error */
	if (!wanted_egress(socket, &remote, &grow))
		goto stock;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;

	err = take_gso(sk, msg, &size, &control);
	if (err)
		return err;
	at = 0;
	do {
		u32 one = size ? min_t(u32, size, len - at) : len;

		err = send_one(sk, socket, &remote, msg, one, grow);
		at += one;
	} while (!err && at < len);
	if (!err)
		err = l45_tap_zerocopy(sk, msg, len);
	if (unlikely(control))
		kfree(control);
	return err ?: (int)len;

stock:
	return l45_tap_stock(sk)->sendmsg(sk, msg, len);
}

static int send_cork(struct sock *sk, struct l45_socket *socket)
{
	struct l45_cork *cork = socket->cork;
	struct msghdr msg = {};
	struct kvec vec;
	int err;

	sock_owned_by_me(sk);
	/* The socket is unlocked while we send, so nobody else may see it. */
	socket->cork = NULL;
	release_sock(sk);

	vec.iov_base = cork->data;
	vec.iov_len = cork->len;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, cork->len);
	msg.msg_name = cork->name_len ? &cork->name : NULL;
	msg.msg_namelen = cork->name_len;
	msg.msg_control = cork->control;
	msg.msg_controllen = cork->control_len;
	msg.msg_flags = cork->flags;
	err = send_datagram(sk, socket, &msg, cork->len);
	l45_udp_cork_free(cork);

	lock_sock(sk);
	return min(err, 0);
}

/* Collects what belongs to one datagram, since only a whole one can be customized. */
static int send_part(struct sock *sk, struct l45_socket *socket, struct msghdr *msg, size_t len,
		     bool more)
{
	struct l45_cork *cork;
	int err = 0;

	lock_sock(sk);
	cork = socket->cork;
	if (!cork) {
		cork = kvzalloc(sizeof(*cork), GFP_KERNEL);
		if (!cork) {
			err = -ENOBUFS;
			goto out;
		}
		socket->cork = cork;
		if (msg->msg_name) {
			cork->name_len = min_t(int, msg->msg_namelen, sizeof(cork->name));
			memcpy(&cork->name, msg->msg_name, cork->name_len);
		}
		if (msg->msg_controllen) {
			cork->control = kmemdup(msg->msg_control, msg->msg_controllen, GFP_KERNEL);
			if (!cork->control) {
				err = -ENOBUFS;
				goto fail;
			}
			cork->control_len = msg->msg_controllen;
		}
		cork->flags = msg->msg_flags & (MSG_DONTROUTE | MSG_CONFIRM | MSG_DONTWAIT);
	}
	if (len > LARGEST - cork->len) {
		err = -EMSGSIZE;
		goto fail;
	}
	if (!copy_from_iter_full(cork->data + cork->len, len, &msg->msg_iter)) {
		err = -EFAULT;
		goto fail;
	}
	cork->len += len;
	if (!more)
		err = send_cork(sk, socket);
	goto out;

fail:
	/* As the stock functions do: the whole datagram is lost. */
	socket->cork = NULL;
	l45_udp_cork_free(cork);
out:
	release_sock(sk);
	return err ?: (int)len;
}

int l45_udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct l45_socket *socket;
	int ret, err;
	bool more;

	socket = enter(sk, &err);
	if (!socket) {
		l45_tap_enter();
		ret = l45_tap_stock(sk)->sendmsg(sk, msg, len);
		l45_tap_leave();
		return ret;
	}
	more = udp_test_bit(CORK, sk) || (msg->msg_flags & (MSG_MORE | MSG_SENDPAGE_NOTLAST));

	if (err)
		ret = err;
	else if (len > LARGEST)
		ret = -EMSGSIZE;
	else if (!rcu_access_pointer(socket->set) || READ_ONCE(udp_sk(sk)->pending))
		ret = l45_tap_stock(sk)->sendmsg(sk, msg, len);
	else if (more || READ_ONCE(socket->cork))
		ret = send_part(sk, socket, msg, len, more);
	else
		ret = send_datagram(sk, socket, msg, len);
	l45_socket_put(socket);
	return ret;
}

void l45_udp_splice_eof(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct l45_socket *socket = l45_socket_get(sk);

	if (!socket)
		l45_tap_enter();
	if (socket && READ_ONCE(socket->cork) && !udp_test_bit(CORK, sk)) {
		lock_sock(sk);
		if (socket->cork)
			send_cork(sk, socket);
		release_sock(sk);
	}
	l45_tap_stock(sk)->splice_eof(sock);
	leave(socket);
}

int l45_udp_setsockopt(struct sock *sk, int level, int name, sockptr_t value, unsigned int len)
{
	struct l45_socket *socket = l45_socket_get(sk);
	int on = 1, ret;

	if (!socket)
		l45_tap_enter();
	/* It would replace our functions without our notice. */
	if (socket && level == SOL_IPV6 && name == IPV6_ADDRFORM) {
		ret = -EBUSY;
		goto out;
	}
	/* Coalescing is an offer, which we never take. */
	if (socket && level == SOL_UDP && name == UDP_GRO) {
		ret = len < sizeof(int) ? -EINVAL : 0;
		goto out;
	}
	ret = l45_tap_stock(sk)->setsockopt(sk, level, name, value, len);
	if (ret || !socket || level != SOL_UDP || name != UDP_CORK ||
	    copy_from_sockptr(&on, value, sizeof(on)) || on)
		goto out;
	lock_sock(sk);
	if (socket->cork)
		ret = send_cork(sk, socket);
	release_sock(sk);
out:
	leave(socket);
	return ret;
}

/* Ingress */

struct decoded {
	struct result result;
	const u8 *data; /* NULL: the skb as it is */
	u32 len;
	u8 *in, *out; /* allocated */
};

static void decoded_free(struct decoded *decoded)
{
	forget(&decoded->result);
	if (unlikely(decoded->in))
		kvfree(decoded->in);
	if (unlikely(decoded->out))
		kvfree(decoded->out);
}

static int decode_datagram(struct l45_socket *socket, struct sk_buff *skb, struct scratch *scratch,
		  struct decoded *decoded)
{
	struct buffers buffers = {
		.in = skb->data, .len = skb->len,
		.out = scratch->out, .spare = scratch->in, .cap = SMALL,
	};
	struct l45_endpoint local, remote;
	u32 len = skb->len;
	int ret;

	memset(decoded, 0, sizeof(*decoded));
	decoded->len = len;
	if (!rcu_access_pointer(socket->set))
		return 0;

	local.port = ntohs(udp_hdr(skb)->dest);
	remote.port = ntohs(udp_hdr(skb)->source);
	if (skb->protocol == htons(ETH_P_IPV6)) {
		local.address = ipv6_hdr(skb)->daddr;
		remote.address = ipv6_hdr(skb)->saddr;
	} else {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &local.address);
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &remote.address);
	}

	if (skb_is_nonlinear(skb)) {
		decoded->in = kvmalloc(len, GFP_KERNEL);
		if (!decoded->in)
			return -ENOBUFS;
		if (skb_copy_bits(skb, 0, decoded->in, len))
			return -EFAULT;
		buffers.in = decoded->in;
	}
	if (len > SMALL) {
		buffers.cap = len;
		goto grow;
	}
	for (;;) {
		ret = customize(socket, L45_INGRESS, &local, &remote, scratch, &buffers,
				&decoded->result);
		if (ret != -ENOSPC)
			break;
		/* It expands. */
		if (buffers.cap == LARGEST)
			return -EPROTO;
		buffers.cap = min_t(u32, buffers.cap * 4, LARGEST);
grow:
		kvfree(decoded->out);
		decoded->out = kvmalloc(2 * buffers.cap, GFP_KERNEL);
		if (!decoded->out)
			return -ENOBUFS;
		buffers.out = decoded->out;
		buffers.spare = decoded->out + buffers.cap;
	}
	if (!ret && decoded->result.instance) {
		decoded->data = decoded->result.data;
		decoded->len = decoded->result.len;
	}
	return ret;
}

static struct udp_mib __percpu *mib_of(struct sock *sk, bool ip4)
{
	struct net *net = sock_net(sk);

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ip4)
		return net->mib.udp_stats_in6;
#endif
	return net->mib.udp_statistics;
}

static void copy_name(struct sock *sk, struct msghdr *msg, struct sk_buff *skb, bool ip4,
		      int *addr_len)
{
	if (sk->sk_family == AF_INET) {
		DECLARE_SOCKADDR(struct sockaddr_in *, sin, msg->msg_name);

		sin->sin_family = AF_INET;
		sin->sin_port = udp_hdr(skb)->source;
		sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
		memset(sin->sin_zero, 0, sizeof(sin->sin_zero));
		*addr_len = sizeof(*sin);
		l45_bpf_udp4_recvmsg(sk, (struct sockaddr *)sin, addr_len);
	} else {
		DECLARE_SOCKADDR(struct sockaddr_in6 *, sin6, msg->msg_name);

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = udp_hdr(skb)->source;
		sin6->sin6_flowinfo = 0;
		if (ip4) {
			ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &sin6->sin6_addr);
			sin6->sin6_scope_id = 0;
		} else {
			sin6->sin6_addr = ipv6_hdr(skb)->saddr;
			sin6->sin6_scope_id =
				ipv6_iface_scope_id(&sin6->sin6_addr, inet6_iif(skb));
		}
		*addr_len = sizeof(*sin6);
		l45_bpf_udp6_recvmsg(sk, (struct sockaddr *)sin6, addr_len);
	}
}

static void copy_control(struct sock *sk, struct msghdr *msg, struct sk_buff *skb, bool ip4,
			 int off)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		struct ipv6_pinfo *np = inet6_sk(sk);

		if (!ip4) {
			if (np->rxopt.all)
				ip6_datagram_recv_ctl(sk, msg, skb);
			return;
		}
		if (np->rxopt.bits.rxinfo) {
			struct in6_pktinfo info = {
				.ipi6_ifindex = PKTINFO_SKB_CB(skb)->ipi_ifindex,
			};

			ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &info.ipi6_addr);
			if (info.ipi6_ifindex >= 0)
				put_cmsg(msg, SOL_IPV6, IPV6_PKTINFO, sizeof(info), &info);
		}
	}
#endif
	if (inet_cmsg_flags(inet_sk(sk)))
		ip_cmsg_recv_offset(msg, sk, skb, sizeof(struct udphdr), off);
}

static bool checksum_right(struct sk_buff *skb)
{
	return udp_skb_csum_unnecessary(skb) || !__udp_lib_checksum_complete(skb);
}

static noinline int receive_datagram(struct sock *sk, struct l45_socket *socket, struct msghdr *msg,
			    size_t len, int flags, int *addr_len)
{
	bool peeking = flags & MSG_PEEK;
	struct udp_mib __percpu *mib;
	struct decoded decoded __l45_uninitialized;
	struct scratch scratch __l45_uninitialized;
	struct sk_buff *skb;
	u32 copied, raw = 0, seen = 0;
	int off, start, err;
	bool ip4;

again:
	/*
	 * SO_PEEK_OFF counts what the application sees, the queue what is in it: go through
	 * it one by one.
	 */
	start = sk_peek_offset(sk, flags);
	off = start > 0 ? raw : start;
	skb = __skb_recv_udp(sk, flags, &off, &err);
	if (!skb)
		return err;

	ip4 = skb->protocol == htons(ETH_P_IP);
	mib = mib_of(sk, ip4);
	if (!checksum_right(skb)) {
		if (!peeking || !__sk_queue_drop_skb(sk, &udp_sk(sk)->reader_queue, skb, flags,
						     udp_skb_destructor)) {
			SNMP_INC_STATS(mib, UDP_MIB_CSUMERRORS);
			SNMP_INC_STATS(mib, UDP_MIB_INERRORS);
		}
		goto drop;
	}

	err = decode_datagram(socket, skb, &scratch, &decoded);
	if (err == -ENOBUFS)
		goto fail;
	if (err) {
		/* Its peer could send anything: that is no error of this application. */
		decoded_free(&decoded);
		if (!peeking || !__sk_queue_drop_skb(sk, &udp_sk(sk)->reader_queue, skb, flags,
						     udp_skb_destructor))
			atomic_inc(&sk->sk_drops);
		goto drop;
	}

	if (start > 0 && start - seen >= decoded.len) {
		raw += skb->len;
		seen += decoded.len;
		decoded_free(&decoded);
		consume_skb(skb);
		goto again;
	}
	if (start > 0)
		off = start - seen;

	copied = min_t(size_t, len, decoded.len - off);
	if (copied < decoded.len - off)
		msg->msg_flags |= MSG_TRUNC;

	if (decoded.data)
		err = hand(decoded.data + off, copied, &msg->msg_iter) ? 0 : -EFAULT;
	else
		err = skb_copy_datagram_iter(skb, off, &msg->msg_iter, copied);
	if (err)
		goto fail;

	if (!peeking)
		SNMP_INC_STATS(mib, UDP_MIB_INDATAGRAMS);
	sock_recv_cmsgs(msg, sk, skb);
	if (msg->msg_name)
		copy_name(sk, msg, skb, ip4, addr_len);
	copy_control(sk, msg, skb, ip4, off);

	err = flags & MSG_TRUNC ? decoded.len : copied;
	if (!peeking) {
		count_done(socket, L45_INGRESS, &decoded.result, skb->len);
		/* Interrupted or not, it is here now. */
		if (decoded.result.delay_ns)
			l45_socket_delay(decoded.result.delay_ns);
	}
	decoded_free(&decoded);
	skb_consume_udp(sk, skb, peeking ? -err : err);
	return err;

fail:
	decoded_free(&decoded);
	if (!peeking) {
		atomic_inc(&sk->sk_drops);
		SNMP_INC_STATS(mib, UDP_MIB_INERRORS);
	}
	kfree_skb(skb);
	return err;

drop:
	kfree_skb(skb);
	cond_resched();
	goto again;
}

/* An error's payload is the start of what we sent: not what the application did. */
static int receive_error(struct sock *sk, struct msghdr *msg, int flags, int *addr_len)
{
	struct kvec vec = {};

	iov_iter_kvec(&msg->msg_iter, ITER_DEST, &vec, 1, 0);
	return l45_tap_stock(sk)->recvmsg(sk, msg, 0, flags, addr_len);
}

int l45_udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct l45_socket *socket;
	int ret, err;

	socket = enter(sk, &err);
	if (!socket) {
		l45_tap_enter();
		ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
		l45_tap_leave();
		return ret;
	}
	if (err)
		ret = err;
	else if (flags & MSG_ERRQUEUE && rcu_access_pointer(socket->set))
		ret = receive_error(sk, msg, flags, addr_len);
#if IS_ENABLED(CONFIG_IPV6)
	else if (flags & MSG_ERRQUEUE ||
		 (sk->sk_family == AF_INET6 && inet6_sk(sk)->rxopt.bits.rxpmtu &&
		  READ_ONCE(inet6_sk(sk)->rxpmtu)))
#else
	else if (flags & MSG_ERRQUEUE)
#endif
		ret = l45_tap_stock(sk)->recvmsg(sk, msg, len, flags, addr_len);
	else
		ret = receive_datagram(sk, socket, msg, len, flags, addr_len);
	l45_socket_put(socket);
	return ret;
}

/* Length of the next datagram as the application will get it. */
static noinline int next_len(struct sock *sk, struct l45_socket *socket)
{
	struct sk_buff_head *reader = &udp_sk(sk)->reader_queue;
	struct decoded decoded __l45_uninitialized;
	struct scratch scratch __l45_uninitialized;
	struct sk_buff *skb;
	int len = 0;

	spin_lock_bh(&reader->lock);
	if (skb_queue_empty(reader)) {
		spin_lock(&sk->sk_receive_queue.lock);
		skb_queue_splice_tail_init(&sk->sk_receive_queue, reader);
		spin_unlock(&sk->sk_receive_queue.lock);
	}
	skb = skb_peek(reader);
	if (skb)
		refcount_inc(&skb->users);
	spin_unlock_bh(&reader->lock);
	if (!skb)
		return 0;

	if (checksum_right(skb)) {
		if (!decode_datagram(socket, skb, &scratch, &decoded))
			len = decoded.len;
		decoded_free(&decoded);
	}
	consume_skb(skb);
	return len;
}

int l45_udp_ioctl(struct sock *sk, int cmd, l45_ioctl_arg arg)
{
	struct l45_socket *socket;
	int ret, err;

	socket = enter(sk, &err);
	if (!socket)
		l45_tap_enter();
	if (socket && cmd == SIOCINQ)
		ret = l45_ioctl_answer(arg, next_len(sk, socket));
	else
		ret = l45_tap_stock(sk)->ioctl(sk, cmd, arg);
	leave(socket);
	return ret;
}
