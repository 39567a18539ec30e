// SPDX-License-Identifier: GPL-2.0-only
/* Which instance has a direction of a stream. */
#include "tcp_stream.h"

bool l45_tcp_speaks(const struct l45_instance *instance, u8 flag)
{
	return !READ_ONCE(instance->dead) && !l45_instance_observes(instance) &&
	       l45_instance_works(instance, flag);
}

/* Priorities may have changed since the set was made. */
int l45_tcp_choice(const struct l45_tcp *tcp, u8 flag, u64 but)
{
	const struct l45_set *set = tcp->set;
	int best = -1;
	u32 i;

	for (i = 0; i < set->count; i++) {
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

void l45_tcp_ask(struct l45_tcp *tcp, struct l45_tcp_direction *d, enum l45_direction direction)
{
	u8 flag = direction == L45_EGRESS ? L45_NL_DIRECTION_EGRESS : L45_NL_DIRECTION_INGRESS;
	int i = l45_tcp_choice(tcp, flag, d->passed | d->never);

	if (i >= 0) {
		d->instance = tcp->set->instances[i];
		l45_socket_flow(tcp->socket, d->instance, direction, &d->flow);
		l45_engine_start(&d->cursor, d->instance->ops, &d->flow);
		return;
	}
	d->plain = d->together ?: L45_REST;
	d->together = 0;
	d->passed = 0;
}

void l45_tcp_let_go(struct l45_tcp *tcp, struct l45_tcp_direction *d,
		    const struct l45_segment *segment)
{
	u64 bit = bit_of(tcp, d->instance);

	if (segment->kind == L45_SEGMENT_PASS && segment->len != L45_REST) {
		d->passed |= bit;
		d->together = d->together ?: segment->len;
	} else {
		d->never |= bit;
	}
	d->instance = NULL;
}
