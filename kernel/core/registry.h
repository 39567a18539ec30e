/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_REGISTRY_H
#define L45_REGISTRY_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/timekeeping.h>

#include <l45/customization.h>

#include "chain.h"
#include "counters.h"
#include "match.h"

/* Who changes the registry, or what is attached to which socket because of it. */
extern struct mutex l45_registry_lock;
/* Both lists are read under RCU and changed under the lock. */
extern struct list_head l45_instances; /* by age */
extern struct list_head l45_customizations;

struct l45_customization {
	struct list_head list;
	struct rcu_head rcu;
	struct l45_ops *ops;
	atomic_t users; /* instances, revoked ones as long as a stream holds them */
	u32 load; /* another one each time it is loaded */
};

struct l45_instance {
	struct list_head list;
	struct rcu_head rcu;
	refcount_t refs;

	u8 id[L45_ID_LEN];
	u8 deployment[L45_ID_LEN];
	struct l45_chain chain; /* of one link as a rule; each holds a reference on its module */
	const struct l45_ops *ops; /* the one link's or all of the chain's, and what they get */
	const void *params;
	u64 serial; /* the younger, the higher */
	bool registered; /* once; so its customizations count it */
	struct l45_match *match;
	u8 role;
	u8 attach;
	u8 key[L45_KEY_LEN]; /* of challenges; under the lock, as is whether there is one */
	bool keyed;

	/* Changed under the lock, read without. */
	u32 priority;
	u8 mode;
	u8 directions;
	bool deprecated;
	bool dead; /* revoked: nothing attaches it any more, and it only reads what is left */

	atomic_t sockets;
	struct l45_counters __percpu *counters;
	u64 last_used;
};

/* Under RCU or the lock: may the instance work in this direction? */
static inline bool l45_instance_works(const struct l45_instance *instance, u8 direction)
{
	return READ_ONCE(instance->mode) != L45_NL_MODE_INACTIVE &&
	       (READ_ONCE(instance->directions) & direction);
}

static inline bool l45_instance_observes(const struct l45_instance *instance)
{
	return READ_ONCE(instance->mode) == L45_NL_MODE_OBSERVE;
}

static inline void l45_instance_used(struct l45_instance *instance)
{
	u64 now = ktime_get_coarse_boottime_ns();

	/* Don't bounce the cache line between busy CPUs for nanoseconds. */
	if (now - READ_ONCE(instance->last_used) > 1000 * 1000)
		WRITE_ONCE(instance->last_used, now);
}

u32 l45_registry_generation(void);
u32 l45_registry_count(void);
struct l45_customization *l45_customization_find(const char *name);
struct l45_instance *l45_instance_find(const u8 *id);

/*
 * Add a link to an instance that isn't registered yet. Returns it with its parameters zeroed
 * for the caller to fill in, or NULL without memory or while the customization is unloaded.
 */
u8 *l45_instance_link(struct l45_instance *instance, struct l45_customization *customization);
/* All links are there. NULL, or why they make no chain. */
const char *l45_instance_linked(struct l45_instance *instance);
/* Takes over the instance, which has one reference, unless it fails. */
int l45_instance_new(struct l45_instance *instance);
struct l45_change {
	const u32 *priority;
	const u8 *mode;
	const u8 *directions;
	const u8 *deprecated;
	const u8 *key; /* no change that anybody is told of */
};
/* Returns whether anything changed. */
bool l45_instance_set(struct l45_instance *instance, const struct l45_change *change);
void l45_instance_del(struct l45_instance *instance);

struct l45_instance *l45_instance_alloc(void);
static inline bool l45_instance_get(struct l45_instance *instance)
{
	return refcount_inc_not_zero(&instance->refs);
}
void l45_instance_put(struct l45_instance *instance);

#endif /* L45_REGISTRY_H */
