// SPDX-License-Identifier: GPL-2.0-only
/*
 * property <customization.so> [<rounds> [<seed>]]: checks on random traffic what must
 * hold for any. A failure is repeated by giving its seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "random.h"
#include "tap.h"

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

int main(int argc, char **argv)
{
	const struct l45_ops *ops = load(argc > 1 ? argv[1] : "");
	u32 rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
	u64 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (u64)time(NULL);
	struct random random = { { random_pick }, seed ?: 1 };
	const char *const *params;
	static u8 data[6000];
	u32 round;
	u8 tcp;

	printf("# seed %llu\n", seed);
	fflush(stdout);
	for (params = check_variants(ops); *params; params++) {
		for (tcp = 0; tcp < 2; tcp++) {
			struct subject subject = {
				.ops = ops,
				.params = *params,
				.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
			};

			if (!(ops->flags & (tcp ? L45_STREAM : L45_DATAGRAM)))
				continue;
			for (round = 0; round < rounds; round++) {
				u32 len = traffic(&random.choice, subject.protocol, data,
						  sizeof(data));

				subject.role = random_pick(&random.choice, 1);
				check_round_trip(&subject, &random.choice, data, len);
				check_damaged(&subject, &random.choice, data, len);
				check_hostile(&subject, &random.choice, data, len);
				check_observed(&subject, &random.choice, data, len);
			}
			ok(true, "%s (%s) on %s: %u rounds", ops->name, *params,
			   tcp ? "TCP" : "UDP", rounds);
		}
	}
	return tap_done("property");
}
