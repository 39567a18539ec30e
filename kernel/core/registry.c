// SPDX-License-Identifier: GPL-2.0-only
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "attach.h"
#include "registry.h"
#include "tap.h"
#include "trace.h"

DEFINE_MUTEX(l45_registry_lock);
LIST_HEAD(l45_instances);
LIST_HEAD(l45_customizations);

static u32 generation;
static u32 instance_count;
static u64 serial;

u32 l45_registry_generation(void)
{
	return READ_ONCE(generation);
}

u32 l45_registry_count(void)
{
	return READ_ONCE(instance_count);
}

static void changed(void)
{
	lockdep_assert_held(&l45_registry_lock);
	/* 0 is what netlink takes for "doesn't check". */
	WRITE_ONCE(generation, generation + 1 ?: 1);
}

struct l45_customization *l45_customization_find(const char *name)
{
	struct l45_customization *customization;

	lockdep_assert_held(&l45_registry_lock);
	list_for_each_entry(customization, &l45_customizations, list) {
		if (!strcmp(customization->ops->name, name))
			return customization;
	}
	return NULL;
}

static bool valid_params(const struct l45_ops *ops)
{
	u32 i;

	if (ops->params_size > L45_PARAMS_MAX || (ops->params_count && !ops->params))
		return false;
	for (i = 0; i < ops->params_count; i++) {
		const struct l45_param *param = &ops->params[i];

		if (!param->name || strnlen(param->name, L45_NAME_LEN) == L45_NAME_LEN ||
		    !param->size || (u32)param->offset + param->size > ops->params_size)
			return false;
		if (param->type == L45_PARAM_UINT) {
			if (param->size > sizeof(u64) || !is_power_of_2(param->size))
				return false;
		} else if (param->type != L45_PARAM_STRING && param->type != L45_PARAM_BINARY) {
			return false;
		}
	}
	return true;
}

int l45_register(struct l45_ops *ops)
{
	struct l45_customization *customization;
	int err = 0;

	if (ops->abi != L45_ABI || !ops->name || !*ops->name ||
	    strnlen(ops->name, L45_NAME_LEN) == L45_NAME_LEN || !ops->version ||
	    !ops->egress || !ops->ingress || ops->state_size > L45_STATE_MAX || l45_chained(ops) ||
	    ops->max_insert > U16_MAX || !(ops->flags & (L45_STREAM | L45_DATAGRAM)) ||
	    !valid_params(ops))
		return -EINVAL;

	customization = kzalloc(sizeof(*customization), GFP_KERNEL);
	if (!customization)
		return -ENOMEM;
	customization->ops = ops;
	customization->load = get_random_u32();

	mutex_lock(&l45_registry_lock);
	if (l45_customization_find(ops->name)) {
		err = -EEXIST;
		kfree(customization);
	} else {
		list_add_tail_rcu(&customization->list, &l45_customizations);
		changed();
	}
	mutex_unlock(&l45_registry_lock);
	return err;
}
EXPORT_SYMBOL_GPL(l45_register);

void l45_unregister(struct l45_ops *ops)
{
	struct l45_customization *customization;

	mutex_lock(&l45_registry_lock);
	customization = l45_customization_find(ops->name);
	if (!WARN_ON(!customization || customization->ops != ops || atomic_read(&customization->users))) {
		list_del_rcu(&customization->list);
		kfree_rcu(customization, rcu);
		changed();
	}
	mutex_unlock(&l45_registry_lock);
}
EXPORT_SYMBOL_GPL(l45_unregister);

struct l45_instance *l45_instance_alloc(void)
{
	struct l45_instance *instance;

	instance = kzalloc(sizeof(*instance), GFP_KERNEL);
	if (!instance)
		return NULL;
	instance->match = kzalloc(sizeof(*instance->match), GFP_KERNEL);
	instance->counters = alloc_percpu(struct l45_counters);
	if (!instance->match || !instance->counters) {
		kfree(instance->match);
		free_percpu(instance->counters);
		kfree(instance);
		return NULL;
	}
	refcount_set(&instance->refs, 1);
	return instance;
}

static void instance_free(struct rcu_head *rcu)
{
	struct l45_instance *instance = container_of(rcu, struct l45_instance, rcu);

	u32 i;

	for (i = 0; i < instance->chain.count; i++) {
		const struct l45_link *link = &instance->chain.links[i];

		if (instance->registered)
			atomic_dec(&link->customization->users);
		/* Some may hold secrets. */
		kfree_sensitive(link->params);
		module_put(link->ops->owner);
	}
	free_percpu(instance->counters);
	kfree(instance->match);
	kfree_sensitive(instance);
}

void l45_instance_put(struct l45_instance *instance)
{
	/* A grace period on top, since some only look at it under RCU. */
	if (refcount_dec_and_test(&instance->refs))
		call_rcu(&instance->rcu, instance_free);
}

struct l45_instance *l45_instance_find(const u8 *id)
{
	struct l45_instance *instance;

	lockdep_assert_held(&l45_registry_lock);
	list_for_each_entry(instance, &l45_instances, list) {
		if (!memcmp(instance->id, id, L45_ID_LEN))
			return instance;
	}
	return NULL;
}

u8 *l45_instance_link(struct l45_instance *instance, struct l45_customization *customization)
{
	struct l45_link *link = &instance->chain.links[instance->chain.count];
	const struct l45_ops *ops = customization->ops;
	u8 *params;

	lockdep_assert_held(&l45_registry_lock);
	params = kzalloc(max_t(u32, ops->params_size, 1), GFP_KERNEL);
	/* Fails while it is being unloaded, when it is as good as gone. */
	if (!params || !try_module_get(ops->owner)) {
		kfree(params);
		return NULL;
	}
	link->ops = ops;
	link->params = params;
	link->customization = customization;
	instance->chain.count++;
	return params;
}

const char *l45_instance_linked(struct l45_instance *instance)
{
	struct l45_chain *chain = &instance->chain;

	if (chain->count == 1) {
		instance->ops = chain->links[0].ops;
		instance->params = chain->links[0].params;
		return NULL;
	}
	instance->ops = &chain->ops;
	instance->params = chain;
	return l45_chain_init(chain);
}

int l45_instance_new(struct l45_instance *instance)
{
	int err;
	u32 i;

	lockdep_assert_held(&l45_registry_lock);
	if (l45_instance_find(instance->id))
		return -EEXIST;

	instance->serial = ++serial;
	instance->registered = true;
	for (i = 0; i < instance->chain.count; i++)
		atomic_inc(&instance->chain.links[i].customization->users);
	list_add_tail_rcu(&instance->list, &l45_instances);
	WRITE_ONCE(instance_count, instance_count + 1);
	/* From here on new sockets find it; then those that were there before. */
	err = l45_tap_scan(instance);
	if (err) {
		WRITE_ONCE(instance->dead, true);
		/* Nobody was told that it understands. */
		WRITE_ONCE(instance->mode, L45_NL_MODE_INACTIVE);
		list_del_rcu(&instance->list);
		WRITE_ONCE(instance_count, instance_count - 1);
		l45_attach_revoke(instance);
		/* The list was a reader's way to it: the caller's put ends it after RCU. */
		return err;
	}
	changed();
	trace_l45_instance(instance, "new");
	return 0;
}

bool l45_instance_set(struct l45_instance *instance, const struct l45_change *change)
{
	bool any = false;

	lockdep_assert_held(&l45_registry_lock);
	if (change->key) {
		memcpy(instance->key, change->key, L45_KEY_LEN);
		instance->keyed = true;
	}
	if (change->priority && *change->priority != instance->priority) {
		WRITE_ONCE(instance->priority, *change->priority);
		any = true;
	}
	if (change->mode && *change->mode != instance->mode) {
		WRITE_ONCE(instance->mode, *change->mode);
		any = true;
	}
	if (change->directions && *change->directions != instance->directions) {
		WRITE_ONCE(instance->directions, *change->directions);
		any = true;
	}
	if (change->deprecated && *change->deprecated && !instance->deprecated) {
		WRITE_ONCE(instance->deprecated, true);
		any = true;
	}
	if (!any)
		return false;
	l45_attach_changed(instance);
	changed();
	trace_l45_instance(instance, "set");
	return true;
}

void l45_instance_del(struct l45_instance *instance)
{
	lockdep_assert_held(&l45_registry_lock);
	WRITE_ONCE(instance->dead, true);
	list_del_rcu(&instance->list);
	WRITE_ONCE(instance_count, instance_count - 1);
	l45_attach_revoke(instance);
	changed();
	trace_l45_instance(instance, "del");
	l45_instance_put(instance);
}
