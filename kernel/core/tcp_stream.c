// SPDX-License-Identifier: GPL-2.0-only
/* Which instance has a direction of a stream. */
#include <net/tcp.h>

#include "tcp.h"
#include "tcp_stream.h"

bool l45_tcp_speaks(const struct l45_instance *instance, u8 flag)
{
	return (flag == L45_NL_DIRECTION_INGRESS || !READ_ONCE(instance->dead)) &&
	       !l45_instance_observes(instance) && l45_instance_works(instance, flag);
}

/* Priorities may have changed since the set was made. */
int l45_tcp_choice(const struct l45_tcp *tcp, u8 flag, u64 but, bool late)
{
	const struct l45_set *set = tcp->set;
	int best = -1;
	u32 i;

	for (i = 0; i < set->count; i++) {
		if (late && !(set->instances[i]->ops->flags & (L45_JOIN | L45_TRANSPARENT)))
			continue;
		if (!(but & BIT_ULL(i)) && l45_tcp_speaks(set->instances[i], flag) &&
		    (best < 0 || READ_ONCE(set->instances[i]->priority) <
					 READ_ONCE(set->instances[best]->priority)))
			best = i;
	}
	return best;
}

static u64 bit_of(const struct l45_tcp *tcp, const struct l45_instance *instance)
{
	u32 i = 0;

	while (tcp->set->instances[i] != instance)
		i++;
	return BIT_ULL(i);
}

/* Bytes of a revoked instance may be waited for in vain from here on. */
static void look_who_left(const struct l45_tcp *tcp)
{
	u32 i;

	for (i = 0; i < tcp->set->count; i++) {
		if (READ_ONCE(tcp->set->instances[i]->dead))
			WRITE_ONCE(tcp->socket->leaving, true);
	}
}

void l45_tcp_claim(struct l45_tcp *tcp, struct l45_tcp_direction *d)
{
	d->claimed = true;
	d->joining = false;
	d->passed = 0;
	d->together = 0;
	if (d == &tcp->rx) {
		d->begun |= bit_of(tcp, d->instance);
		look_who_left(tcp);
	}
}

/*
 * The peer has ceased to speak it before it was revoked here, so its bytes end where another
 * begins that lives on, or where nobody's begin.
 */
bool l45_tcp_awaits(const struct l45_tcp *tcp, const struct l45_instance *instance)
{
	const struct l45_tcp_direction *rx;
	u64 bit;

	if (!tcp || !l45_set_has(tcp->set, instance) ||
	    !l45_tcp_speaks(instance, L45_NL_DIRECTION_INGRESS) ||
	    instance->ops->flags & L45_TRANSPARENT)
		return false;
	rx = &tcp->rx;
	bit = bit_of(tcp, instance);
	if (rx->instance == instance)
		return true;
	if (rx->err || rx->never & bit)
		return false;
	if (rx->plain == L45_REST)
		return instance->ops->flags & L45_JOIN && !(rx->begun & bit);
	if (rx->instance && rx->claimed && !READ_ONCE(rx->instance->dead))
		return !(rx->begun & bit) && instance->serial > rx->instance->serial;
	return true;
}

struct l45_instance *l45_tcp_overdue(const struct l45_tcp *tcp)
{
	const struct tcp_sock *tp;
	struct l45_instance *oldest = NULL;
	u32 i;

	if (!tcp || tcp->rx.held_len)
		return NULL;
	tp = tcp_sk(tcp->socket->sk);
	if (READ_ONCE(tp->copied_seq) != tp->rcv_nxt)
		return NULL;
	for (i = 0; i < tcp->set->count; i++) {
		struct l45_instance *instance = tcp->set->instances[i];

		if (READ_ONCE(instance->dead) && !(tcp->rx.begun & BIT_ULL(i)) &&
		    instance != tcp->rx.instance && instance != tcp->tx.instance &&
		    (!oldest || instance->serial < oldest->serial))
			oldest = instance;
	}
	return oldest;
}

static void give(struct l45_tcp *tcp, struct l45_tcp_direction *d, struct l45_instance *instance,
		 enum l45_direction direction)
{
	d->instance = instance;
	d->claimed = false;
	l45_socket_flow(tcp->socket, instance, direction, &d->flow);
	l45_engine_start(&d->cursor, instance->ops, &d->flow);
}

void l45_tcp_join(struct l45_tcp *tcp, struct l45_tcp_direction *rx, struct l45_instance *instance)
{
	give(tcp, rx, instance, L45_INGRESS);
	rx->joining = true;
	rx->suspect = 0;
	rx->plain = 0;
}

void l45_tcp_ask(struct l45_tcp *tcp, struct l45_tcp_direction *d, enum l45_direction direction)
{
	u8 flag = direction == L45_EGRESS ? L45_NL_DIRECTION_EGRESS : L45_NL_DIRECTION_INGRESS;
	bool late = direction == L45_EGRESS && d->late;
	int i = l45_tcp_choice(tcp, flag, d->passed | d->never, late);
	struct sk_buff *tail;

	if (i >= 0) {
		/* A mark in plain bytes begins a segment, so that it gets there in one piece. */
		tail = late ? tcp_write_queue_tail(tcp->socket->sk) : NULL;
		if (tail)
			TCP_SKB_CB(tail)->eor = 1;
		give(tcp, d, tcp->set->instances[i], direction);
		return;
	}
	d->plain = d->together ?: L45_REST;
	d->late = d->plain == L45_REST;
	d->together = 0;
	d->passed = 0;
	if (d == &tcp->rx && d->late)
		look_who_left(tcp);
}

void l45_tcp_count_changes(const struct l45_instance *instance, struct l45_tcp_direction *d,
			   u32 inserted, u32 removed)
{
	u64 more = inserted, less = removed;

	if (unlikely(l45_chained(instance->ops))) {
		more = 0;
		less = 0;
		l45_chain_take(d->cursor.links, &more, &less);
	}
	l45_count(instance, INSERTED, more);
	l45_count(instance, REMOVED, less);
}

void l45_tcp_let_go(struct l45_tcp *tcp, struct l45_tcp_direction *d,
		    const struct l45_segment *segment)
{
	u32 flags = d->instance->ops->flags;
	u64 bit = bit_of(tcp, d->instance);

	if (segment->kind == L45_SEGMENT_PASS && segment->len != L45_REST) {
		d->passed |= bit;
		d->together = d->together ?: segment->len;
	} else if (segment->kind == L45_SEGMENT_PASS && flags & L45_JOIN) {
		d->passed |= bit;
	} else if (segment->kind == L45_SEGMENT_PASS || !d->cursor.leaving) {
		d->never |= bit;
	}
	/* Nobody could tell that it was there, so neither where it left. */
	if (segment->kind == L45_SEGMENT_DETACH)
		d->late = flags & L45_TRANSPARENT;
	/* Another chain may take its place. */
	if (l45_chained(d->instance->ops) && (d == &tcp->tx || d == &tcp->rx))
		l45_tcp_count_changes(d->instance, d, 0, 0);
	d->instance = NULL;
}
