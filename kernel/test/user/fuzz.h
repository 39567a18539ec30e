/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_FUZZ_H
#define L45_FUZZ_H

#include "check.h"

/* Checks one of the properties, `how` says which, on traffic cut up by its own last bytes. */
void fuzz_check(const struct subject *subject, u8 how, const u8 *data, size_t len);

#endif /* L45_FUZZ_H */
