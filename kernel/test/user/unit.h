/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests of customizations share. */
#ifndef L45_UNIT_H
#define L45_UNIT_H

#include "pump.h"
#include "tap.h"

#define MARK "MMMMMMMMMMMMMMMM"
#define OTHER "OOOOOOOOOOOOOOOO"

/* A literal as bytes and their number, without its NUL. */
#define B(literal) literal, sizeof(literal) - 1

/* All of it through one instance, in the smallest pieces; returns as pump(). */
int through(const struct instance *instance, enum l45_direction direction, const void *in, u32 len,
	    struct bytes *out);
/* Does it give just that? */
bool gives(const struct instance *instance, enum l45_direction direction, const void *in, u32 len,
	   const void *out, u32 out_len);
/* How many bytes does ingress want to see before it says that this isn't its own? */
u32 wants(const struct instance *instance, const void *in, u32 len);

#endif /* L45_UNIT_H */
