// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cgroup.h>
#include <linux/ipv6.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>

#include "match.h"

void l45_owner_of(struct l45_owner *owner, struct task_struct *task)
{
	BUILD_BUG_ON(sizeof(owner->thread) != sizeof(task->comm));
	rcu_read_lock();
	/* Padded with NUL. They change under us at any time, but for the last byte. */
	memcpy(owner->thread, task->comm, sizeof(owner->thread));
	memcpy(owner->group, task->group_leader->comm, sizeof(owner->group));
	owner->pid = task_tgid_nr(task);
	rcu_read_unlock();
}

static bool match_name(const struct l45_pattern *pattern, const char *name)
{
	if (pattern->any_ending)
		return !strncmp(name, pattern->name, pattern->length);
	return !strcmp(name, pattern->name);
}

static bool match_cgroup(const struct l45_match *match, const struct sock *sk)
{
	struct cgroup *cgroup;
	bool found = false;
	u8 i;

	rcu_read_lock();
	for (cgroup = sock_cgroup_ptr(&((struct sock *)sk)->sk_cgrp_data); cgroup && !found;
	     cgroup = cgroup_parent(cgroup)) {
		for (i = 0; i < match->cgroups && !found; i++)
			found = cgroup_id(cgroup) == match->cgroup[i];
	}
	rcu_read_unlock();
	return found;
}

bool l45_match_application(const struct l45_match *match, const struct l45_owner *owner)
{
	u8 i;

	for (i = 0; i < match->applications; i++) {
		const struct l45_pattern *pattern = &match->application[i];

		if (match_name(pattern, owner->thread) || match_name(pattern, owner->group))
			return true;
	}
	return !match->applications;
}

bool l45_match_owner(const struct l45_match *match, const struct sock *sk,
		     const struct l45_owner *owner)
{
	u8 i;

	if (!(sk->sk_protocol == IPPROTO_TCP ? match->tcp : match->udp))
		return false;

	if (!l45_match_application(match, owner))
		return false;
	if (match->uids) {
		uid_t uid = from_kuid(&init_user_ns, sk->sk_uid);

		for (i = 0; i < match->uids; i++) {
			if (match->uid[i] == uid)
				break;
		}
		if (i == match->uids)
			return false;
	}
	return !match->cgroups || match_cgroup(match, sk);
}

static bool match_endpoint(const struct l45_prefix *prefix, u8 prefixes,
			   const struct l45_port_range *port, u8 ports,
			   const struct l45_endpoint *endpoint)
{
	u8 i;

	for (i = 0; i < ports; i++) {
		if (endpoint->port >= port[i].first && endpoint->port <= port[i].last)
			break;
	}
	if (ports && i == ports)
		return false;

	for (i = 0; i < prefixes; i++) {
		if (ipv6_prefix_equal(&endpoint->address, &prefix[i].address, prefix[i].length))
			break;
	}
	return !prefixes || i < prefixes;
}

bool l45_match_local_lists(const struct l45_match *match, const struct l45_endpoint *local)
{
	/* A socket bound to no address has each of the host's: any prefix can be meant. */
	bool any = ipv6_addr_any(&local->address) ||
		   (ipv6_addr_v4mapped(&local->address) && !local->address.s6_addr32[3]);

	return match_endpoint(match->local_prefix, any ? 0 : match->local_prefixes,
			      match->local_port, match->local_ports, local);
}

bool l45_match_remote_lists(const struct l45_match *match, const struct l45_endpoint *remote)
{
	return match_endpoint(match->remote_prefix, match->remote_prefixes, match->remote_port,
			      match->remote_ports, remote);
}

void l45_endpoint_local(const struct sock *sk, struct l45_endpoint *local)
{
	const struct inet_sock *inet = inet_sk(sk);

	local->port = READ_ONCE(inet->inet_num);
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		local->address = sk->sk_v6_rcv_saddr;
		return;
	}
#endif
	ipv6_addr_set_v4mapped(READ_ONCE(inet->inet_rcv_saddr), &local->address);
}

bool l45_endpoint_remote(const struct sock *sk, struct l45_endpoint *remote)
{
	const struct inet_sock *inet = inet_sk(sk);

	remote->port = ntohs(READ_ONCE(inet->inet_dport));
	if (!remote->port)
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		remote->address = sk->sk_v6_daddr;
		return true;
	}
#endif
	ipv6_addr_set_v4mapped(READ_ONCE(inet->inet_daddr), &remote->address);
	return true;
}

bool l45_endpoint_sockaddr(const struct sockaddr *address, int length,
			   struct l45_endpoint *endpoint)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	if (length >= SIN6_LEN_RFC2133 && address->sa_family == AF_INET6) {
		endpoint->address = in6->sin6_addr;
		endpoint->port = ntohs(in6->sin6_port);
		return true;
	}
	/* IPv4 sockets accept AF_UNSPEC for AF_INET. */
	if (length >= (int)sizeof(*in) &&
	    (address->sa_family == AF_INET || address->sa_family == AF_UNSPEC)) {
		ipv6_addr_set_v4mapped(in->sin_addr.s_addr, &endpoint->address);
		endpoint->port = ntohs(in->sin_port);
		return true;
	}
	return false;
}
