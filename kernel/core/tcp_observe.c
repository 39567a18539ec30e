// SPDX-License-Identifier: GPL-2.0-only
/* Instances that only observe a stream. */
#include <linux/slab.h>

#include "observe.h"
#include "tcp_stream.h"
#include "trace.h"

struct l45_watch {
	struct l45_watch *next;
	struct l45_instance *instance; /* with a reference */
	u32 len; /* bytes shown since it was counted */
	struct l45_observer observer;
};

static bool watches(const struct l45_tcp *tcp, const struct l45_instance *instance,
		    const struct l45_tcp_direction *d)
{
	u8 flag = d == &tcp->tx ? L45_NL_DIRECTION_EGRESS : L45_NL_DIRECTION_INGRESS;

	return l45_set_has(tcp->set, instance) && !READ_ONCE(instance->dead) &&
	       l45_instance_observes(instance) && l45_instance_works(instance, flag);
}

static void watch_end(struct l45_watch **at)
{
	struct l45_watch *watch = *at;

	*at = watch->next;
	l45_instance_put(watch->instance);
	kfree(watch);
}

static void watch_begin(struct l45_tcp *tcp, struct l45_tcp_direction *d, struct l45_instance *instance,
		  bool late)
{
	u32 links = l45_chained(instance->ops) ? instance->chain.count : 0;
	struct l45_watch *watch = kmalloc(sizeof(*watch) + l45_chain_state_size(links),
					  GFP_KERNEL | __GFP_NOFAIL);

	watch->observer.cursor.links = (struct l45_chain_state *)(watch + 1);
	l45_chain_state_init(watch->observer.cursor.links, links);
	refcount_inc(&instance->refs);
	watch->instance = instance;
	watch->len = 0;
	l45_socket_flow(tcp->socket, instance, d == &tcp->tx ? L45_EGRESS : L45_INGRESS,
			&watch->observer.flow);
	l45_observer_start(&watch->observer, instance->ops, late);
	watch->next = d->watch;
	d->watch = watch;
}

static void watch_renew(struct l45_tcp *tcp, struct l45_tcp_direction *d, bool late)
{
	struct l45_watch **at = &d->watch, *watch;
	u32 i;

	while (*at) {
		if (watches(tcp, (*at)->instance, d))
			at = &(*at)->next;
		else
			watch_end(at);
	}
	for (i = 0; i < tcp->set->count; i++) {
		struct l45_instance *instance = tcp->set->instances[i];

		for (watch = d->watch; watch && watch->instance != instance; watch = watch->next)
			continue;
		if (!watch && watches(tcp, instance, d))
			watch_begin(tcp, d, instance, late);
	}
}

void l45_tcp_watch(struct l45_tcp *tcp, bool late)
{
	watch_renew(tcp, &tcp->tx, late);
	watch_renew(tcp, &tcp->rx, late);
}

void l45_tcp_watch_end(struct l45_tcp *tcp)
{
	while (tcp->tx.watch)
		watch_end(&tcp->tx.watch);
	while (tcp->rx.watch)
		watch_end(&tcp->rx.watch);
}

void l45_tcp_watch_show(struct l45_tcp_direction *d, const u8 *data, u32 len)
{
	struct l45_watch *watch;

	for (watch = d->watch; watch; watch = watch->next) {
		l45_observer_show(&watch->observer, data, len);
		watch->len += len;
	}
}

void l45_tcp_watch_count(const struct sock *sk, struct l45_tcp_direction *d)
{
	struct l45_watch *watch;

	for (watch = d->watch; watch; watch = watch->next) {
		struct l45_observer *observer = &watch->observer;

		if (observer->changes) {
			l45_count(watch->instance, OBSERVED, 1);
			l45_instance_used(watch->instance);
			trace_l45_observe(sk, watch->instance, observer->flow.direction, watch->len,
					  watch->len + observer->inserted - observer->removed);
		}
		observer->changes = false;
		observer->inserted = 0;
		observer->removed = 0;
		watch->len = 0;
	}
}
