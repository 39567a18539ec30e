// SPDX-License-Identifier: GPL-2.0-only
/* The life of a customized stream. */
#include <linux/slab.h>
#include <net/tcp.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_pages.h"
#include "tcp_stream.h"

static struct kmem_cache *tcp_cache;

struct l45_tcp *l45_tcp_alloc(void)
{
	struct l45_tcp *tcp;

	tcp = kmem_cache_alloc(tcp_cache, GFP_KERNEL);
	if (!tcp)
		return NULL;
	/* Cursors, and what is held, are set up when there is something. */
	memset(tcp, 0, offsetof(struct l45_tcp, tx));
	memset(&tcp->tx, 0, offsetof(struct l45_tcp_direction, flow));
	memset(&tcp->rx, 0, offsetof(struct l45_tcp_direction, flow));
	tcp->tx.cursor.links = NULL;
	tcp->rx.cursor.links = NULL;
	refcount_set(&tcp->refs, 1);
	return tcp;
}

void l45_tcp_free(struct l45_tcp *tcp)
{
	if (!tcp || !refcount_dec_and_test(&tcp->refs))
		return;
	if (tcp->page)
		put_page(tcp->page);
	l45_tcp_watch_end(tcp);
	l45_attach_put_set(tcp->set);
	kfree(tcp->tx.cursor.links);
	kfree(tcp->rx.cursor.links);
	kmem_cache_free(tcp_cache, tcp);
}

/* What so many links need beside the cursor. */
static void make_room(struct l45_tcp_direction *d, u32 count)
{
	struct l45_chain_state *old = d->cursor.links, *links;

	if (count <= (old ? old->room : 0))
		return;
	links = kmalloc(l45_chain_state_size(count), GFP_KERNEL | __GFP_NOFAIL);
	l45_chain_state_init(links, count);
	if (d->instance && l45_chained(d->instance->ops))
		l45_chain_copy(links, old);
	d->cursor.links = links;
	kfree(old);
}

static void make_rooms(struct l45_tcp *tcp)
{
	u32 i, count = 0;

	for (i = 0; i < tcp->set->count; i++) {
		const struct l45_instance *instance = tcp->set->instances[i];

		if (l45_chained(instance->ops))
			count = max(count, instance->chain.count);
	}
	make_room(&tcp->tx, count);
	make_room(&tcp->rx, count);
}

int l45_tcp_begin(struct l45_socket *socket, struct l45_tcp *tcp, bool live)
{
	struct sock *sk = socket->sk;

	sock_owned_by_me(sk);
	tcp->set = l45_attach_get_set(socket);
	make_rooms(tcp);
	tcp->socket = socket;
	tcp->seen = tcp_sk(sk)->rcv_nxt;
	tcp->arrival = tcp->seen;
	if (live) {
		tcp->tx.late = true;
		tcp->rx.plain = L45_REST;
	}
	l45_tcp_count_marks(tcp);
	l45_tcp_watch(tcp, live);
	hrtimer_init(&tcp->delay, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	tcp->delay.function = l45_tcp_delay_over;
	socket->tcp = tcp;

	write_lock_bh(&sk->sk_callback_lock);
	tcp->data_ready = sk->sk_data_ready;
	WRITE_ONCE(sk->sk_data_ready, l45_tcp_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	l45_tap_swap_ops(socket);
	/* A child may have waited for its accept() with data. */
	l45_tcp_eat(sk, tcp);
	return 0;
}

void l45_tcp_end(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp = socket->tcp;

	if (!tcp)
		return;
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == l45_tcp_data_ready)
		WRITE_ONCE(sk->sk_data_ready, tcp->data_ready);
	write_unlock_bh(&sk->sk_callback_lock);
	socket->tcp = NULL;
	WRITE_ONCE(socket->ready, false);
	tcp->ended = true;
	l45_tcp_hurry(tcp);
	l45_tcp_free(tcp);
}

bool l45_tcp_done(const struct l45_tcp *tcp)
{
	u32 i;

	if (tcp->senders || tcp->tx.instance || tcp->tx.held_len || tcp->page ||
	    tcp->rx.instance || tcp->rx.held_len)
		return false;
	for (i = 0; i < tcp->set->count; i++) {
		if (!READ_ONCE(tcp->set->instances[i]->dead))
			return false;
	}
	return true;
}

static bool must_leave(const struct l45_tcp *tcp)
{
	const struct l45_instance *instance = tcp->tx.instance;
	u32 flags = instance->ops->flags;
	int first;

	if (!l45_tcp_speaks(instance, L45_NL_DIRECTION_EGRESS))
		return true;
	/* For a better one only if that can take over. */
	first = l45_tcp_choice(tcp, L45_NL_DIRECTION_EGRESS, tcp->tx.never,
			       flags & L45_TRANSPARENT);
	return first >= 0 && tcp->set->instances[first] != instance &&
	       (flags & (L45_HANDOVER | L45_TRANSPARENT));
}

static void keep(struct l45_set *set, struct l45_instance *instance)
{
	if (l45_set_has(set, instance))
		return;
	refcount_inc(&instance->refs);
	set->instances[set->count++] = instance;
}

static u64 renumber(u64 bits, const struct l45_set *old, const struct l45_set *set)
{
	u64 renumbered = 0;
	u32 i, j;

	if (bits == ~0ULL)
		return bits;
	for (i = 0; i < old->count; i++) {
		for (j = 0; j < set->count && bits & BIT_ULL(i); j++) {
			if (set->instances[j] == old->instances[i])
				renumbered |= BIT_ULL(j);
		}
	}
	return renumbered;
}

/* Those attached now, and those that the stream is in the middle of. */
static void update_set(struct l45_tcp *tcp)
{
	struct l45_set *attached = l45_attach_get_set(tcp->socket);
	struct l45_set *old = tcp->set, *set;
	u32 i;

	set = kmalloc(struct_size(set, instances, L45_SET_MAX + 2), GFP_KERNEL | __GFP_NOFAIL);
	set->count = 0;
	if (tcp->tx.instance)
		keep(set, tcp->tx.instance);
	if (tcp->rx.instance)
		keep(set, tcp->rx.instance);
	for (i = 0; i < attached->count; i++)
		keep(set, attached->instances[i]);

	tcp->tx.passed = renumber(tcp->tx.passed, old, set);
	tcp->tx.never = renumber(tcp->tx.never, old, set);
	tcp->rx.passed = renumber(tcp->rx.passed, old, set);
	tcp->rx.never = renumber(tcp->rx.never, old, set);
	tcp->rx.begun = renumber(tcp->rx.begun, old, set);
	if (tcp->rx.suspect)
		tcp->rx.suspect = fls64(renumber(BIT_ULL(tcp->rx.suspect - 1), old, set));
	tcp->set = set;
	make_rooms(tcp);
	l45_attach_put_set(old);
	l45_attach_put_set(attached);
}

void l45_tcp_update(struct l45_socket *socket)
{
	struct l45_tcp *tcp = socket->tcp;

	sock_owned_by_me(socket->sk);
	if (!tcp)
		return;
	update_set(tcp);
	l45_tcp_count_marks(tcp);
	l45_tcp_watch(tcp, true);
	if (tcp->tx.instance && must_leave(tcp)) {
		tcp->tx.cursor.leaving = true;
		l45_tcp_hurry(tcp);
		/* It may be at a boundary right now. */
		l45_tcp_send_closing(socket->sk, tcp, false);
	}
	if (!tcp->tx.instance && tcp->tx.plain == L45_REST)
		/* Ask again, with the next byte. */
		tcp->tx.plain = 0;
	/* What is in the queue may look different now. */
	l45_tcp_eat(socket->sk, tcp);
}

void l45_tcp_changed(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	lock_sock(sk);
	l45_tcp_update(socket);
	release_sock(sk);
}

/* With a constructor, the allocator leaves clearing to us: most of it is never needed. */
static void construct_tcp(void *tcp)
{
}

int l45_tcp_init(void)
{
	/* What is held and inserted is copied from and to the application right here. */
	tcp_cache = kmem_cache_create_usercopy("l45_tcp", sizeof(struct l45_tcp), 0, 0,
					   offsetof(struct l45_tcp, tx),
					   sizeof(struct l45_tcp) - offsetof(struct l45_tcp, tx),
					   construct_tcp);
	return tcp_cache ? 0 : -ENOMEM;
}

void l45_tcp_uninit(void)
{
	l45_pages_uninit();
	kmem_cache_destroy(tcp_cache);
}
