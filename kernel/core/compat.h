/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_COMPAT_H
#define L45_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#error "Layer 4.5 is made for Linux 6.1: struct proto and its callers differ in others"
#endif
#ifndef CONFIG_64BIT
#error "Layer 4.5 reads its counters and socket buffers in 64-bit words without high memory"
#endif

#endif /* L45_COMPAT_H */
