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
#include "traffic.h"

int main(int argc, char **argv)
{
	const struct l45_ops *ops = load(argc > 1 ? argv[1] : "");
	u32 rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
	u64 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (u64)time(NULL);
	struct random random = { { random_pick }, seed ?: 1 };
	const char *const *params;
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
			check_traffic(&subject, &random.choice, rounds);
			ok(true, "%s (%s) on %s: %u rounds", ops->name, *params,
			   tcp ? "TCP" : "UDP", rounds);
		}
	}
	return tap_done("property");
}
