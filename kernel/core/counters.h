/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_COUNTERS_H
#define L45_COUNTERS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "../uapi/l45_netlink.h"

/* In the order of the netlink attributes, which begin at 1. */
struct l45_counters {
	u64 value[L45_A_COUNTERS_MAX];
};

#define l45_count(instance, name, n) \
	this_cpu_add((instance)->counters->value[L45_A_COUNTERS_##name - 1], (n))

static inline void l45_counters_sum(struct l45_counters __percpu *counters,
				    struct l45_counters *sum)
{
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct l45_counters *one = per_cpu_ptr(counters, cpu);

		for (i = 0; i < L45_A_COUNTERS_MAX; i++)
			sum->value[i] += READ_ONCE(one->value[i]);
	}
}

#endif /* L45_COUNTERS_H */
