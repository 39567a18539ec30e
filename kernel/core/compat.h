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

#include <linux/module.h>

/* The code of a loaded module. */
static inline const void *l45_module_text(const struct module *module, size_t *size)
{
	*size = module->core_layout.text_size;
	return module->core_layout.base;
}

#endif /* L45_COMPAT_H */
