// SPDX-License-Identifier: GPL-2.0-only
/*
 * The libFuzzer target of one customization, which is linked in. The first bytes of the
 * input choose what is checked, the last ones how the traffic is cut up.
 */
#include "fuzz.h"

extern const struct l45_ops *const l45_customization;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *const *params = check_variants(l45_customization);
	struct subject subject = { .ops = l45_customization };
	u32 count = 0;
	u8 how;

	if (len < 2)
		return 0;
	while (params[count])
		count++;
	how = data[0];
	subject.params = params[data[1] % count];
	subject.protocol = how & 1 ? IPPROTO_TCP : IPPROTO_UDP;
	subject.role = how >> 1 & 1;
	data += 2;
	len -= 2;
	if (!(l45_customization->flags & (how & 1 ? L45_STREAM : L45_DATAGRAM)))
		return 0;

	fuzz_check(&subject, how, data, len);
	return 0;
}
