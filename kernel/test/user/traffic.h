/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_TRAFFIC_H
#define L45_TRAFFIC_H

#include "check.h"

/* Checks what must hold, on random traffic: DNS, things like it, and anything. */
void check_traffic(struct subject *subject, struct choice *choice, u32 rounds);

#endif /* L45_TRAFFIC_H */
