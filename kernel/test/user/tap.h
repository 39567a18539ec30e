/* SPDX-License-Identifier: GPL-2.0-only */
/* A small Test Anything Protocol harness. The last line says "<suite>: pass" or "fail". */
#ifndef L45_TAP_H
#define L45_TAP_H

#include <stdbool.h>

/* One test point, described like printf; returns the condition. */
#define ok(condition, ...) tap_ok(condition, #condition, __FILE__, __LINE__, __VA_ARGS__)

bool tap_ok(bool passed, const char *condition, const char *file, int line, const char *format,
	    ...) __attribute__((format(printf, 5, 6)));
int tap_done(const char *suite);

#endif /* L45_TAP_H */
