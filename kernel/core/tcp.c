// SPDX-License-Identifier: GPL-2.0-only
/* The life of a customized stream. */
#include <linux/slab.h>
#include <net/tcp.h>

#include "tap.h"
#include "tcp.h"
#include "tcp_pages.h"
#include "tcp_stream.h"

static struct kmem_cache *cache;

struct l45_tcp *l45_tcp_alloc(void)
{
	struct l45_tcp *tcp;

	tcp = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!tcp)
		return NULL;
	/* Cursors, and what is held, are set up when there is something. */
	memset(tcp, 0, offsetof(struct l45_tcp, tx));
	memset(&tcp->tx, 0, offsetof(struct l45_tcp_direction, flow));
	memset(&tcp->rx, 0, offsetof(struct l45_tcp_direction, flow));
	refcount_set(&tcp->refs, 1);
	return tcp;
}

void l45_tcp_free(struct l45_tcp *tcp)
{
	if (!tcp || !refcount_dec_and_test(&tcp->refs))
		return;
	if (tcp->page)
		put_page(tcp->page);
	l45_attach_put_set(tcp->set);
	kmem_cache_free(cache, tcp);
}

int l45_tcp_begin(struct l45_socket *socket, struct l45_tcp *tcp)
{
	struct sock *sk = socket->sk;

	sock_owned_by_me(sk);
	tcp->set = l45_attach_get_set(socket);
	if (!tcp->set)
		return -ENOMEM;
	tcp->socket = socket;
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
	int first;

	if (!l45_tcp_speaks(instance, L45_NL_DIRECTION_EGRESS))
		return true;
	/* For a better one only if that can take over. */
	first = l45_tcp_choice(tcp, L45_NL_DIRECTION_EGRESS, tcp->tx.never);
	return first >= 0 && tcp->set->instances[first] != instance &&
	       (instance->ops->flags & L45_HANDOVER);
}

void l45_tcp_changed(struct l45_socket *socket)
{
	struct sock *sk = socket->sk;
	struct l45_tcp *tcp;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	lock_sock(sk);
	tcp = socket->tcp;
	if (tcp && tcp->tx.instance && must_leave(tcp)) {
		tcp->tx.cursor.leaving = true;
		/* It may be at a boundary right now. */
		l45_tcp_send_closing(sk, tcp, false);
	}
	release_sock(sk);
}

int l45_tcp_init(void)
{
	/* What is held and inserted is copied from and to the application right here. */
	cache = kmem_cache_create_usercopy("l45_tcp", sizeof(struct l45_tcp), 0, 0,
					   offsetof(struct l45_tcp, tx),
					   sizeof(struct l45_tcp) - offsetof(struct l45_tcp, tx),
					   NULL);
	return cache ? 0 : -ENOMEM;
}

void l45_tcp_uninit(void)
{
	l45_pages_uninit();
	kmem_cache_destroy(cache);
}
