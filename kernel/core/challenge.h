/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_CHALLENGE_H
#define L45_CHALLENGE_H

#include <linux/types.h>

#include "../uapi/l45_netlink.h"

struct l45_question {
	const u8 *id; /* of the instance, L45_ID_LEN */
	const u8 *nonce; /* L45_NONCE_LEN */
	const u8 *boot; /* L45_ID_LEN */
	const char *host;
};

struct l45_answer {
	u64 load;
	u8 measurement[L45_DIGEST_LEN];
	u8 mac[L45_DIGEST_LEN];
};

/* May sleep. -ENOENT: no such instance; -ENOKEY: it has no key; -ENOMEM. */
int l45_challenge(const struct l45_question *question, struct l45_answer *answer);

struct module;
/* SHA-256 over the text of all of them in memory, one after the other. -ENOMEM. */
int l45_measure(const struct module *const *modules, u32 count, u8 *digest);

#endif /* L45_CHALLENGE_H */
