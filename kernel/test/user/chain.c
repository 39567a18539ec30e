// SPDX-License-Identifier: GPL-2.0-only
/*
 * chain [<rounds> [<seed>]]: what chains put on the wire, which ones are refused, and on random
 * traffic what must hold for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chains.h"
#include "check.h"
#include "random.h"
#include "traffic.h"
#include "unit.h"

#define INNER "MMMMMMMMMMMMMMML" /* the last byte counts the links outside */

static void chain_instance(struct instance *instance, struct l45_chain *chain, const char *text,
			   u8 protocol)
{
	const char *why = chains_make(text, chain);

	if (why) {
		fprintf(stderr, "%s: %s\n", text, why);
		exit(2);
	}
	instance_init(instance, &chain->ops, protocol, L45_ROLE_CLIENT, MARK[0], NULL);
	instance->flow.params = chain;
}

static void test_wire(void)
{
	struct instance instance;
	struct l45_chain chain;

	chain_instance(&instance, &chain, "stream_tag interval=4 + app_id app_id=me", IPPROTO_TCP);
	ok(gives(&instance, L45_EGRESS, B("abcdef"),
		 B(MARK "\1\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0me\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		   INNER "\1\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0" "abcd"
		   INNER "\1\0\0\0\0\0\0\4\0\0\0\0\0\0\0\1" "ef")),
	   "egress of a stream: the last link is outermost");
	ok(instance.ops->flags & L45_JOIN && instance.ops->flags & L45_HANDOVER,
	   "it joins and hands over as its links do");
	chains_free(&chain);

	chain_instance(&instance, &chain,
		       "app_id app_id=me + xor_dialect key=01010101010101010101010101010101",
		       IPPROTO_UDP);
	ok(gives(&instance, L45_EGRESS, B("abc"),
		 B(MARK "LLLLLLLLLLLLLLLM" "ld\1\1\1\1\1\1\1\1\1\1\1\1\1\1" "\x60\x63\x62")),
	   "egress of a datagram: the second link changes what the first has put in front");
	ok(gives(&instance, L45_INGRESS,
		 B(MARK "LLLLLLLLLLLLLLLM" "ld\1\1\1\1\1\1\1\1\1\1\1\1\1\1" "\x60\x63\x62"),
		 B("abc")),
	   "ingress undoes both");
	ok(gives(&instance, L45_INGRESS, B(OTHER "abc"), B(OTHER "abc")),
	   "a datagram that is no link's passes");
	ok(instance.ops->max_insert == 48, "a datagram grows by what all links insert");
	chains_free(&chain);
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		bool refused, stream, datagram;
	} cases[] = {
		{ "dns_compress + stream_tag", true, false, false },
		{ "stream_tag + dns_tag", true, false, false },
		{ "xor_dialect key=01010101010101010101010101010101 + dns_tag", false, false, true },
		{ "dns_tag + app_id", false, true, true },
		{ "null + rate_limit", false, true, true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct l45_chain chain;
		const char *why = chains_make(cases[i].text, &chain);

		ok(!!why == cases[i].refused, "%s: %s", cases[i].text, why ?: "a chain");
		ok(why || (!!(chain.ops.flags & L45_STREAM) == cases[i].stream &&
			   !!(chain.ops.flags & L45_DATAGRAM) == cases[i].datagram),
		   "%s: on what it can be", cases[i].text);
		chains_free(&chain);
	}
}

static u32 pick_least(struct choice *choice, u32 max)
{
	return 0;
}

static void test_delay(void)
{
	static u8 data[10000];
	struct instance instance;
	struct l45_chain chain;
	struct choice least = { pick_least };
	struct pump line;

	chain_instance(&instance, &chain, "app_id + rate_limit bytes_per_second=1000", IPPROTO_TCP);
	pump_init(&line, L45_EGRESS, &instance, 1, &least);
	pump(&line, data, sizeof(data), true);
	ok(line.delay_ns == line.out.len * 1000000ULL, "it waits for what the links before it add");
	pump_free(&line);
	chains_free(&chain);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 30;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	struct random random = { { random_pick }, seed ?: 1 };
	const char *const *text;
	u8 tcp;

	printf("# seed %llu\n", seed);
	fflush(stdout);
	test_wire();
	test_refused();
	test_delay();
	for (text = chains; *text; text++) {
		struct l45_chain chain;
		struct subject subject = { .ops = &chain.ops, .chain = &chain, .params = *text };

		if (!ok(!chains_make(*text, &chain), "%s", *text))
			continue;
		for (tcp = 0; tcp < 2; tcp++) {
			if (!(chain.ops.flags & (tcp ? L45_STREAM : L45_DATAGRAM)))
				continue;
			subject.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
			check_traffic(&subject, &random.choice, rounds);
			ok(true, "%s on %s: %u rounds", *text, tcp ? "TCP" : "UDP", rounds);
		}
		chains_free(&chain);
	}
	return tap_done("chain");
}
