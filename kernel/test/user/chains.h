/* SPDX-License-Identifier: GPL-2.0-only */
/* Chains that are tested, of customizations that are linked in under names of their own. */
#ifndef L45_CHAINS_H
#define L45_CHAINS_H

#include "../../core/chain.h"

/* "customization param=value … + customization …"; ends with NULL. */
extern const char *const chains[];

/* Makes a chain of such a text, and says why not as l45_chain_init() does. */
const char *chains_make(const char *text, struct l45_chain *chain);
void chains_free(struct l45_chain *chain);

#endif /* L45_CHAINS_H */
