// SPDX-License-Identifier: GPL-2.0-only
/*
 * The libFuzzer target of one customization, which is linked in. The first bytes of the
 * input choose what is checked, the last ones how the traffic is cut up.
 */
#include "check.h"

extern const struct l45_ops *const l45_customization;

struct tail {
	struct choice choice;
	const u8 *data;
	size_t len;
};

static u32 tail_pick(struct choice *choice, u32 max)
{
	struct tail *tail = (struct tail *)choice;
	u32 value = 0, limit;

	for (limit = max; limit && tail->len; limit >>= 8)
		value = value << 8 | tail->data[--tail->len];
	return value % ((u64)max + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *const *params = check_variants(l45_customization);
	struct tail tail = { { tail_pick }, NULL, 0 };
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

	/* Every fourth byte cuts, the others are traffic. */
	tail.len = len / 4;
	len -= tail.len;
	tail.data = data + len;

	switch (how >> 2 & 3) {
	case 3:
		check_observed(&subject, &tail.choice, data, len);
		break;
	case 0:
		check_hostile(&subject, &tail.choice, data, len);
		break;
	case 1:
		check_damaged(&subject, &tail.choice, data, len);
		break;
	default:
		check_round_trip(&subject, &tail.choice, data, len);
	}
	return 0;
}
