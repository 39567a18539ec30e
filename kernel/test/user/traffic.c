// SPDX-License-Identifier: GPL-2.0-only
#include "traffic.h"

static u32 some_bytes(struct choice *choice, u8 *data, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		data[i] = choice->pick(choice, 255);
	return len;
}

/* A query as resolvers send it: a name, perhaps EDNS, perhaps a cookie, perhaps odd. */
static u32 dns_query(struct choice *choice, u8 *data)
{
	u8 header[12] = { choice->pick(choice, 255), choice->pick(choice, 255), 1, 0x20, 0, 1 };
	static const u8 opt[] = { 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0 };
	u32 labels = choice->pick(choice, 4);
	u8 *p = data;

	header[11] = choice->pick(choice, 1);
	memcpy(p, header, sizeof(header));
	p += sizeof(header);
	while (labels--) {
		*p = 1 + choice->pick(choice, 20);
		p += 1 + some_bytes(choice, p + 1, *p);
	}
	*p++ = 0;
	memcpy(p, (u8[]){ 0, choice->pick(choice, 1) ? 1 : 28, 0, 1 }, 4);
	p += 4;
	if (header[11]) {
		memcpy(p, opt, sizeof(opt));
		p += sizeof(opt);
		if (choice->pick(choice, 1)) {
			p[-1] = 12;
			memcpy(p, (u8[]){ 0, 10, 0, 8 }, 4);
			p += 4 + some_bytes(choice, p + 4, 8);
		}
	}
	if (!choice->pick(choice, 3))
		data[choice->pick(choice, p - data - 1)] ^= 1 << choice->pick(choice, 7);
	return p - data;
}

static u32 traffic(struct choice *choice, u8 protocol, u8 *data, u32 room)
{
	u32 len, used = 0;

	switch (choice->pick(choice, 3)) {
	case 0:
		return some_bytes(choice, data, choice->pick(choice, 60));
	case 1:
		return some_bytes(choice, data, choice->pick(choice, room));
	}
	if (protocol == IPPROTO_UDP)
		return dns_query(choice, data);
	while (room - used > 600 && choice->pick(choice, 5)) {
		len = choice->pick(choice, 4) ? dns_query(choice, data + used + 2) :
						some_bytes(choice, data + used + 2,
							   choice->pick(choice, 20));
		data[used] = len >> 8;
		data[used + 1] = len;
		used += 2 + len;
	}
	/* The stream ends where it likes. */
	return choice->pick(choice, 1) ? used : choice->pick(choice, used);
}

void check_traffic(struct subject *subject, struct choice *choice, u32 rounds)
{
	static u8 data[6000];

	while (rounds--) {
		u32 len = traffic(choice, subject->protocol, data, sizeof(data));

		subject->role = choice->pick(choice, 1);
		check_round_trip(subject, choice, data, len);
		check_damaged(subject, choice, data, len);
		check_hostile(subject, choice, data, len);
		check_observed(subject, choice, data, len);
	}
}
