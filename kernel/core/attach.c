// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "attach.h"
#include "tap.h"
#include "tcp.h"
#include "trace.h"
#include "udp.h"

#define TABLE_BITS 14

struct bucket {
	struct hlist_head head;
	spinlock_t lock; /* for changes of head; readers use RCU */
};

static struct bucket *table;
static struct kmem_cache *socket_cache;
static atomic_t attached = ATOMIC_INIT(0); /* sockets with instances */

static struct bucket *bucket_of(const struct sock *sk)
{
	return &table[hash_ptr(sk, TABLE_BITS)];
}

u32 l45_attach_count(void)
{
	return atomic_read(&attached);
}

struct l45_socket *l45_socket_get(const struct sock *sk)
{
	struct l45_socket *socket;

	rcu_read_lock();
	hlist_for_each_entry_rcu(socket, &bucket_of(sk)->head, node) {
		if (socket->sk == sk && refcount_inc_not_zero(&socket->refs)) {
			rcu_read_unlock();
			return socket;
		}
	}
	rcu_read_unlock();
	return NULL;
}

int l45_socket_delay(u64 ns)
{
	ktime_t expires = ktime_add_ns(ktime_get(), ns);

	do {
		if (signal_pending(current))
			return -EINTR;
		set_current_state(TASK_INTERRUPTIBLE);
	} while (schedule_hrtimeout(&expires, HRTIMER_MODE_ABS) &&
		 ktime_before(ktime_get(), expires));
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void set_free(struct rcu_head *rcu)
{
	struct l45_set *set = container_of(rcu, struct l45_set, rcu);
	u32 i;

	for (i = 0; i < set->count; i++)
		l45_instance_put(set->instances[i]);
	kfree(set);
}

/* Replaces the set, keeping the books. Takes over the references in `set`. */
static void set_replace(struct l45_socket *socket, struct l45_set *set)
{
	struct l45_set *old;
	u32 i;

	lockdep_assert_held(&socket->lock);
	old = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
	if (set && !set->count) {
		kfree(set);
		set = NULL;
	}
	if (!old && set)
		atomic_inc(&attached);
	else if (old && !set)
		atomic_dec(&attached);

	rcu_assign_pointer(socket->set, set);
	if (set) {
		for (i = 0; i < set->count; i++)
			atomic_inc(&set->instances[i]->sockets);
	}
	if (old) {
		for (i = 0; i < old->count; i++)
			atomic_dec(&old->instances[i]->sockets);
		call_rcu(&old->rcu, set_free);
	}
}

/* Equal priorities keep the order of the registry, which is by age. */
static void set_insert(struct l45_set *set, struct l45_instance *instance)
{
	u32 priority = READ_ONCE(instance->priority);
	u32 i = set->count++;

	for (; i && READ_ONCE(set->instances[i - 1]->priority) > priority; i--)
		set->instances[i] = set->instances[i - 1];
	set->instances[i] = instance;
}

/* Those of `old` but one, in order, into a set that has room for them. */
static void set_fill(struct l45_set *set, const struct l45_set *old,
		     const struct l45_instance *without)
{
	u32 i;

	set->count = 0;
	for (i = 0; old && i < old->count; i++) {
		if (old->instances[i] == without)
			continue;
		/* The old set has a reference, so this can't be the first. */
		refcount_inc(&old->instances[i]->refs);
		set_insert(set, old->instances[i]);
	}
}

/* A copy with one more, or one less. */
static struct l45_set *set_copy(const struct l45_set *old, struct l45_instance *with,
				const struct l45_instance *without)
{
	u32 count = (old ? old->count : 0) + !!with;
	struct l45_set *set;

	set = kmalloc(struct_size(set, instances, count), GFP_ATOMIC);
	if (!set)
		return NULL;
	set_fill(set, old, without);
	if (with) {
		refcount_inc(&with->refs);
		set_insert(set, with);
	}
	return set;
}

struct l45_set *l45_attach_get_set(struct l45_socket *socket)
{
	struct l45_set *set = NULL;
	const struct l45_set *old;
	u32 room = 0, count;

	for (;;) {
		spin_lock_bh(&socket->lock);
		old = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
		count = old ? old->count : 0;
		if (set && count <= room)
			break;
		spin_unlock_bh(&socket->lock);
		kfree(set);
		set = kmalloc(struct_size(set, instances, count), GFP_KERNEL | __GFP_NOFAIL);
		room = count;
	}
	set_fill(set, old, NULL);
	spin_unlock_bh(&socket->lock);
	return set;
}

void l45_attach_put_set(struct l45_set *set)
{
	if (set)
		set_free(&set->rcu);
}

static void socket_free(struct rcu_head *rcu)
{
	struct l45_socket *socket = container_of(rcu, struct l45_socket, rcu);

	kmem_cache_free(socket_cache, socket);
	module_put(THIS_MODULE);
}

void l45_socket_put(struct l45_socket *socket)
{
	if (!refcount_dec_and_test(&socket->refs))
		return;
	l45_tcp_free(socket->tcp);
	l45_udp_cork_free(socket->cork);
	call_rcu(&socket->rcu, socket_free);
}

struct l45_socket *l45_attach_socket(struct sock *sk, const struct l45_owner *owner)
{
	struct bucket *bucket = bucket_of(sk);
	struct l45_socket *socket;

	/* Fails when we are being unloaded. */
	if (!try_module_get(THIS_MODULE))
		return NULL;
	socket = kmem_cache_alloc(socket_cache, GFP_KERNEL);
	if (!socket) {
		module_put(THIS_MODULE);
		return NULL;
	}
	memset(socket, 0, sizeof(*socket));
	refcount_set(&socket->refs, 1);
	spin_lock_init(&socket->lock);
	socket->sk = sk;
	socket->owner = *owner;

	spin_lock_bh(&bucket->lock);
	hlist_add_head_rcu(&socket->node, &bucket->head);
	spin_unlock_bh(&bucket->lock);
	return socket;
}

/*
 * Where a socket lives on without us, someone may have read one of our functions or
 * sock->ops out of it and not have used it yet. A grace period of RCU tasks waits for
 * exactly those to come out, or to sleep in there, where they are found. Until then the
 * socket keeps this module. One period is under way at a time.
 */
static struct {
	spinlock_t lock; /* for all of this */
	struct list_head waiting, arrived;
	struct rcu_head rcu;
} late = {
	.lock = __SPIN_LOCK_UNLOCKED(late.lock),
	.waiting = LIST_HEAD_INIT(late.waiting),
	.arrived = LIST_HEAD_INIT(late.arrived),
};

static void late_end(struct rcu_head *rcu)
{
	struct l45_socket *socket, *next;
	LIST_HEAD(done);

	spin_lock_bh(&late.lock);
	list_splice_init(&late.waiting, &done);
	list_splice_init(&late.arrived, &late.waiting);
	if (!list_empty(&late.waiting))
		call_rcu_tasks(&late.rcu, late_end);
	spin_unlock_bh(&late.lock);

	list_for_each_entry_safe(socket, next, &done, late) {
		l45_tap_kick(socket->sk);
		sock_put(socket->sk);
		l45_socket_put(socket);
	}
}

/* Takes over the reference. */
static void late_begin(struct l45_socket *socket)
{
	sock_hold(socket->sk);
	spin_lock_bh(&late.lock);
	if (list_empty(&late.waiting)) {
		list_add(&socket->late, &late.waiting);
		call_rcu_tasks(&late.rcu, late_end);
	} else {
		list_add(&socket->late, &late.arrived);
	}
	spin_unlock_bh(&late.lock);
}

void l45_attach_drop(struct l45_socket *socket, bool lives)
{
	struct bucket *bucket = bucket_of(socket->sk);
	bool first;

	spin_lock_bh(&bucket->lock);
	spin_lock(&socket->lock);
	first = !socket->closed;
	socket->closed = true;
	if (first) {
		hlist_del_init_rcu(&socket->node);
		set_replace(socket, NULL);
	}
	spin_unlock(&socket->lock);
	spin_unlock_bh(&bucket->lock);
	if (!first)
		return;

	if (lives)
		late_begin(socket);
	else
		l45_socket_put(socket);
}

void l45_attach_clear(struct l45_socket *socket)
{
	spin_lock_bh(&socket->lock);
	set_replace(socket, NULL);
	spin_unlock_bh(&socket->lock);
}

static bool match_owners(const struct l45_instance *instance, const struct l45_socket *socket)
{
	return l45_match_owner(instance->match, socket->sk, &socket->owner) ||
	       (socket->acceptor.pid &&
		l45_match_owner(instance->match, socket->sk, &socket->acceptor));
}

bool l45_attach_wanted(const struct sock *sk, const struct l45_owner *owner)
{
	struct l45_instance *instance;
	bool wanted = false;

	rcu_read_lock();
	list_for_each_entry_rcu(instance, &l45_instances, list) {
		if (!READ_ONCE(instance->deprecated) &&
		    l45_match_owner(instance->match, sk, owner)) {
			wanted = true;
			break;
		}
	}
	rcu_read_unlock();
	return wanted;
}

static bool match_socket(const struct l45_instance *instance, const struct l45_socket *socket)
{
	struct l45_endpoint local, remote;

	if (!match_owners(instance, socket))
		return false;
	l45_endpoint_local(socket->sk, &local);
	if (!l45_match_local(instance->match, &local))
		return false;
	/* Datagrams are asked one by one where they come from or go to. */
	if (socket->sk->sk_protocol != IPPROTO_TCP)
		return true;
	return l45_endpoint_remote(socket->sk, &remote) &&
	       l45_match_remote(instance->match, &remote);
}

int l45_attach_one(struct l45_socket *socket, struct l45_instance *instance)
{
	struct l45_instance *overdue = NULL;
	struct l45_set *old, *set;
	int ret = 0;

	if (!match_socket(instance, socket))
		return 0;

	spin_lock_bh(&socket->lock);
	old = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
	/* Whoever revokes marks it dead before going through the sockets. */
	if (!socket->closed && !READ_ONCE(instance->dead) && !l45_set_has(old, instance)) {
		ret = -ENOSPC;
		if (old && old->count == L45_SET_MAX) {
			overdue = l45_tcp_overdue(socket->tcp);
			if (!overdue)
				goto out;
		}
		set = set_copy(old, instance, overdue);
		if (set) {
			if (overdue)
				trace_l45_detach(socket, overdue);
			set_replace(socket, set);
			l45_count(instance, ATTACHED, 1);
			ret = 1;
		} else {
			ret = -ENOMEM;
		}
	}
out:
	spin_unlock_bh(&socket->lock);
	if (ret > 0)
		trace_l45_attach(socket, instance);
	return ret;
}

int l45_attach_settle(struct l45_socket *socket)
{
	struct l45_instance *instance;
	int count = 0, ret;

	rcu_read_lock();
	list_for_each_entry_rcu(instance, &l45_instances, list) {
		if (READ_ONCE(instance->deprecated))
			continue;
		ret = l45_attach_one(socket, instance);
		/* No program loses a new flow for one instance too many. */
		if (ret == -ENOSPC)
			continue;
		if (ret < 0) {
			count = ret;
			break;
		}
		count += ret;
	}
	rcu_read_unlock();
	return count;
}

/*
 * Calls `visit` for each socket that has the instance, or with NULL for each that has
 * none, with references on it and on its struct sock, where it may sleep.
 */
static void walk_with(struct l45_instance *instance,
		      void (*visit)(struct l45_socket *socket, struct l45_instance *instance))
{
	static u32 walk;
	u32 i;

	lockdep_assert_held(&l45_registry_lock);
	walk++;
	for (i = 0; i < 1U << TABLE_BITS; i++) {
		struct bucket *bucket = &table[i];
		struct l45_socket *socket, *found;
		const struct l45_set *set;

		while (!hlist_empty(&bucket->head)) {
			found = NULL;
			rcu_read_lock();
			spin_lock_bh(&bucket->lock);
			hlist_for_each_entry(socket, &bucket->head, node) {
				if (socket->walk == walk)
					continue;
				socket->walk = walk;
				set = rcu_dereference(socket->set);
				if (instance ? !l45_set_has(set, instance) : !!set)
					continue;
				/* In the table, thus not closed, thus alive. */
				refcount_inc(&socket->refs);
				sock_hold(socket->sk);
				found = socket;
				break;
			}
			spin_unlock_bh(&bucket->lock);
			rcu_read_unlock();
			if (!found)
				break;

			visit(found, instance);
			sock_put(found->sk);
			l45_socket_put(found);
			cond_resched();
		}
	}
}

/* The set anew, in order, less `without`. */
static void set_rebuild(struct l45_socket *socket, const struct l45_instance *without)
{
	struct l45_set *old, *set;

	for (;;) {
		spin_lock_bh(&socket->lock);
		old = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
		set = old ? set_copy(old, NULL, without) : NULL;
		if (!old || set)
			break;
		/* To revoke may not fail. */
		spin_unlock_bh(&socket->lock);
		msleep(20);
	}
	if (old)
		set_replace(socket, set);
	spin_unlock_bh(&socket->lock);
}

static void visit_changed(struct l45_socket *socket, struct l45_instance *instance)
{
	set_rebuild(socket, NULL);
	l45_tcp_changed(socket);
}

/* Off the socket, but for a stream that may have bytes of it still to read. Under lock_sock. */
static bool detach(struct l45_socket *socket, struct l45_instance *instance)
{
	if (l45_tcp_awaits(socket->tcp, instance))
		return false;
	set_rebuild(socket, instance);
	trace_l45_detach(socket, instance);
	return true;
}

static void visit_revoked(struct l45_socket *socket, struct l45_instance *instance)
{
	lock_sock(socket->sk);
	detach(socket, instance);
	l45_tcp_update(socket);
	l45_tap_release_locked(socket);
	release_sock(socket->sk);
}

bool l45_attach_drained(struct l45_socket *socket)
{
	struct l45_set *set = l45_attach_get_set(socket);
	bool any = false;
	u32 i;

	for (i = 0; i < set->count; i++) {
		if (READ_ONCE(set->instances[i]->dead))
			any |= detach(socket, set->instances[i]);
	}
	l45_attach_put_set(set);
	return any;
}

static void visit_unused(struct l45_socket *socket, struct l45_instance *instance)
{
	l45_tap_release(socket);
}

void l45_attach_changed(struct l45_instance *instance)
{
	walk_with(instance, visit_changed);
	/* Listeners, and sockets that might have got it. */
	if (instance->deprecated)
		walk_with(NULL, visit_unused);
}

void l45_attach_revoke(struct l45_instance *instance)
{
	walk_with(instance, visit_revoked);
	walk_with(NULL, visit_unused);
}

struct l45_socket *l45_attach_next(u32 *bucket, u32 *index)
{
	struct l45_socket *socket;

	for (; *bucket < 1U << TABLE_BITS; (*bucket)++, *index = 0) {
		u32 at = 0;

		rcu_read_lock();
		hlist_for_each_entry_rcu(socket, &table[*bucket].head, node) {
			if (at++ < *index)
				continue;
			(*index)++;
			if (rcu_access_pointer(socket->set) &&
			    refcount_inc_not_zero(&socket->refs)) {
				rcu_read_unlock();
				return socket;
			}
		}
		rcu_read_unlock();
	}
	return NULL;
}

/* With a constructor, the allocator leaves clearing to us. */
static void construct(void *socket)
{
}

int l45_attach_init(void)
{
	u32 i;

	table = kvcalloc(1U << TABLE_BITS, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < 1U << TABLE_BITS; i++)
		spin_lock_init(&table[i].lock);

	socket_cache = kmem_cache_create("l45_socket", sizeof(struct l45_socket), 0, 0, construct);
	if (!socket_cache) {
		kvfree(table);
		return -ENOMEM;
	}
	return 0;
}

void l45_attach_uninit(void)
{
	rcu_barrier_tasks();
	/* Sockets free sets, which free instances: a callback each. */
	rcu_barrier();
	rcu_barrier();
	rcu_barrier();
	kmem_cache_destroy(socket_cache);
	kvfree(table);
}
