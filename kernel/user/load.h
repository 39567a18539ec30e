/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads a customization's .so and sets up flows for it, as the core does in the kernel. */
#ifndef L45_LOAD_H
#define L45_LOAD_H

#include <l45/customization.h>

struct instance {
	const struct l45_ops *ops;
	struct l45_flow flow; /* its direction is set by whoever runs it */
	u8 params[L45_PARAMS_MAX] __attribute__((aligned(8)));
};

/* All of these complain on stderr and end the program when something is wrong. */
const struct l45_ops *load(const char *path);

/* `params` are space-separated name=value; bytes in hexadecimal. NULL: none. */
void instance_init(struct instance *instance, const struct l45_ops *ops, u8 protocol, u8 role,
		   u8 mark, const char *params);
/* 0, -ENOENT, -EINVAL or -ERANGE, as the core answers to a bad parameter. */
int instance_param(struct instance *instance, const char *name, const char *value);

#endif /* L45_LOAD_H */
