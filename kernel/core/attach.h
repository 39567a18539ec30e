/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_ATTACH_H
#define L45_ATTACH_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <net/sock.h>

#include "registry.h"

struct l45_tcp;
struct l45_cork;

/* A stream has bits for these, and for two that it is in the middle of. */
#define L45_SET_MAX 62

/* The instances of a socket, by priority, then by age. Never changed, only replaced. */
struct l45_set {
	struct rcu_head rcu;
	u32 count;
	struct l45_instance *instances[]; /* with a reference each */
};

/* A NULL set has none. */
static inline bool l45_set_has(const struct l45_set *set, const struct l45_instance *instance)
{
	u32 i;

	for (i = 0; set && i < set->count; i++) {
		if (set->instances[i] == instance)
			return true;
	}
	return false;
}

/*
 * What we know of a socket that runs our functions. It is in the table from the tap
 * to the close, and holds a reference on this module while it exists. Calls that are
 * under way hold a reference each, so they may sleep.
 */
struct l45_socket {
	struct hlist_node node;
	struct rcu_head rcu;
	struct list_head late; /* from when it is dropped until nobody can come in any more */
	refcount_t refs;
	spinlock_t lock; /* for set and closed */
	u32 walk; /* the last one that came by; under the registry lock */
	bool closed;
	bool settled; /* set was filled; under lock_sock */
	bool ready;	  /* decoded bytes wait to be read */
	bool leaving;	  /* a revoked instance may be able to go; under lock_sock */
	ktime_t not_before; /* a stream's next byte out, where its sender doesn't wait; or 0 */
	u32 readers;	  /* that sleep in our functions; of a stream, under lock_sock */
	struct sock *sk; /* alive while not closed */
	struct l45_set __rcu *set;
	struct l45_owner owner;
	struct l45_owner acceptor; /* who accepted it, for TCP servers */

	struct l45_tcp *tcp;   /* from the first byte on; under lock_sock */
	struct l45_cork *cork; /* a datagram in the making; under lock_sock */
};

struct l45_socket *l45_socket_get(const struct sock *sk);
void l45_socket_put(struct l45_socket *socket);
static inline bool l45_socket_has(const struct sock *sk)
{
	struct l45_socket *socket = l45_socket_get(sk);

	if (socket)
		l45_socket_put(socket);
	return socket;
}

/* What a customization may know. */
static inline void l45_socket_flow(const struct l45_socket *socket,
				   const struct l45_instance *instance,
				   enum l45_direction direction, struct l45_flow *flow)
{
	const struct l45_owner *owner = socket->acceptor.pid ? &socket->acceptor : &socket->owner;

	flow->role = instance->role;
	flow->protocol = socket->sk->sk_protocol;
	flow->direction = direction;
	memcpy(flow->mark, instance->deployment, L45_MARK_LEN);
	memcpy(flow->application, owner->group, L45_COMM_LEN);
	flow->params = instance->params;
}

/* Wait as a customization wants it. Interrupted: -EINTR. */
int l45_socket_delay(u64 ns);

/* Add an untapped socket to the table; the reference returned is the table's. */
struct l45_socket *l45_attach_socket(struct sock *sk, const struct l45_owner *owner);
/*
 * Take it out of the table, with its instances. A straggler may still be about to
 * enter our functions if the socket lives on: it keeps this module for a while then.
 */
void l45_attach_drop(struct l45_socket *socket, bool lives);

/* Take all instances off a socket that stays tapped. */
void l45_attach_clear(struct l45_socket *socket);

/* Does any instance want sockets of this owner? */
bool l45_attach_wanted(const struct sock *sk, const struct l45_owner *owner);
/*
 * Fill the set, now that the local end (and with TCP the remote one) is known.
 * Returns the number of instances or -ENOMEM.
 */
int l45_attach_settle(struct l45_socket *socket);
/* Attach one instance that came later, if it matches: 1, 0 or -ENOMEM. */
int l45_attach_one(struct l45_socket *socket, struct l45_instance *instance);

/* Under the registry lock. */
void l45_attach_changed(struct l45_instance *instance);
void l45_attach_revoke(struct l45_instance *instance);

/* Take revoked instances off a stream that has read all of them. Any? Under lock_sock. */
bool l45_attach_drained(struct l45_socket *socket);

/* The set as it is now, for one's own; empty if there is none. May sleep. */
struct l45_set *l45_attach_get_set(struct l45_socket *socket);
void l45_attach_put_set(struct l45_set *set);

u32 l45_attach_count(void);
/* Walk the table for a dump: the next socket that has instances, from *position on. */
struct l45_socket *l45_attach_next(u32 *bucket, u32 *index);

int l45_attach_init(void);
void l45_attach_uninit(void);

#endif /* L45_ATTACH_H */
