/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_MATCH_H
#define L45_MATCH_H

#include <linux/in6.h>
#include <linux/types.h>
#include <net/sock.h>

#include "../uapi/l45_netlink.h"

/* Both families in one: IPv4 as ::ffff:a.b.c.d. */
struct l45_endpoint {
	struct in6_addr address; /* any: not known */
	u16 port;		 /* 0: not known */
};

struct l45_prefix {
	struct in6_addr address;
	u8 length; /* of 128 */
};

struct l45_port_range {
	u16 first, last;
};

struct l45_pattern {
	char name[L45_COMM_LEN];
	u8 length;
	bool any_ending;
};

struct l45_match {
	bool tcp, udp;
	u8 applications, local_prefixes, remote_prefixes, local_ports, remote_ports, uids, cgroups;
	struct l45_pattern application[L45_LIST_MAX];
	struct l45_prefix local_prefix[L45_LIST_MAX];
	struct l45_prefix remote_prefix[L45_LIST_MAX];
	struct l45_port_range local_port[L45_LIST_MAX];
	struct l45_port_range remote_port[L45_LIST_MAX];
	u32 uid[L45_LIST_MAX];
	u64 cgroup[L45_LIST_MAX];
};

/* Who a socket belongs to. */
struct l45_owner {
	char thread[L45_COMM_LEN];
	char group[L45_COMM_LEN]; /* name of the thread group's leader */
	pid_t pid;		  /* of the process, in the initial namespace */
};

void l45_owner_of(struct l45_owner *owner, struct task_struct *task);
bool l45_match_application(const struct l45_match *match, const struct l45_owner *owner);
bool l45_match_owner(const struct l45_match *match, const struct sock *sk,
		     const struct l45_owner *owner);
bool l45_match_local_lists(const struct l45_match *match, const struct l45_endpoint *local);
bool l45_match_remote_lists(const struct l45_match *match, const struct l45_endpoint *remote);

/* Datagrams are asked one by one, and most matches have no list. */
static inline bool l45_match_local(const struct l45_match *match,
				   const struct l45_endpoint *local)
{
	return !(match->local_prefixes | match->local_ports) ||
	       l45_match_local_lists(match, local);
}

static inline bool l45_match_remote(const struct l45_match *match,
				    const struct l45_endpoint *remote)
{
	return !(match->remote_prefixes | match->remote_ports) ||
	       l45_match_remote_lists(match, remote);
}

void l45_endpoint_local(const struct sock *sk, struct l45_endpoint *local);
/* False while the socket has none. */
bool l45_endpoint_remote(const struct sock *sk, struct l45_endpoint *remote);
/* False when it isn't an address of either family. */
bool l45_endpoint_sockaddr(const struct sockaddr *address, int length,
			   struct l45_endpoint *endpoint);

#endif /* L45_MATCH_H */
