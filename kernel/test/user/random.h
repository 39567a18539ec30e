/* SPDX-License-Identifier: GPL-2.0-only */
/* Choices by xorshift64*: the same ones for the same seed, which may not be 0. */
#ifndef L45_RANDOM_H
#define L45_RANDOM_H

#include "pump.h"

struct random {
	struct choice choice;
	u64 state; /* the seed at first */
};

static inline u32 random_pick(struct choice *choice, u32 max)
{
	struct random *random = (struct random *)choice;

	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (random->state * 0x2545f4914f6cdd1dULL >> 32) % ((u64)max + 1);
}

#endif /* L45_RANDOM_H */
