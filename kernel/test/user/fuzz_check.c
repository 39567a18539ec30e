// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

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

void fuzz_check(const struct subject *subject, u8 how, const u8 *data, size_t len)
{
	struct tail tail = { { tail_pick }, NULL, 0 };

	/* Every fourth byte cuts, the others are traffic. */
	tail.len = len / 4;
	len -= tail.len;
	tail.data = data + len;

	switch (how >> 2 & 3) {
	case 3:
		check_observed(subject, &tail.choice, data, len);
		break;
	case 0:
		check_hostile(subject, &tail.choice, data, len);
		break;
	case 1:
		check_damaged(subject, &tail.choice, data, len);
		break;
	default:
		check_round_trip(subject, &tail.choice, data, len);
	}
}
