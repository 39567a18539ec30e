// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "tap.h"

static int run, failed;

bool tap_ok(bool passed, const char *condition, const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", passed ? "" : "not ", ++run);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!passed) {
		failed++;
		printf("# %s:%d: %s\n", file, line, condition);
	}
	return passed;
}

int tap_done(const char *suite)
{
	printf("1..%d\n", run);
	printf("%s: %s\n", suite, run && !failed ? "pass" : "fail");
	return run && !failed ? 0 : 1;
}
