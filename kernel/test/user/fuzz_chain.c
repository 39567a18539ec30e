// SPDX-License-Identifier: GPL-2.0-only
/* The libFuzzer target of chains; as fuzz.c. */
#include "chains.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct l45_chain made[32];
	struct subject subject = {};
	u32 count = 0;
	u8 how;

	if (len < 2)
		return 0;
	for (; chains[count]; count++)
		if (!made[count].count)
			chains_make(chains[count], &made[count]);
	how = data[0];
	subject.chain = &made[data[1] % count];
	subject.ops = &subject.chain->ops;
	subject.params = chains[data[1] % count];
	subject.protocol = how & 1 ? IPPROTO_TCP : IPPROTO_UDP;
	subject.role = how >> 1 & 1;
	if (subject.ops->flags & (how & 1 ? L45_STREAM : L45_DATAGRAM))
		fuzz_check(&subject, how, data + 2, len - 2);
	return 0;
}
