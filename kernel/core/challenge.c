// SPDX-License-Identifier: GPL-2.0-only
#include <crypto/sha2.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/string.h>

#include "challenge.h"
#include "compat.h"
#include "registry.h"

static const char label[14] = "l45-challenge";

/* HMAC as in RFC 2104: the library has the hash only, and its keyed form needs a transform. */
struct hmac {
	struct sha256_state state;
	u8 pad[SHA256_BLOCK_SIZE];
};

static void hmac_init(struct hmac *hmac, const u8 *key)
{
	size_t i;

	memset(hmac->pad, 0x36, sizeof(hmac->pad));
	for (i = 0; i < L45_KEY_LEN; i++)
		hmac->pad[i] ^= key[i];
	sha256_init(&hmac->state);
	sha256_update(&hmac->state, hmac->pad, sizeof(hmac->pad));
}

static void hmac_final(struct hmac *hmac, u8 *mac)
{
	u8 inner[SHA256_DIGEST_SIZE];
	size_t i;

	sha256_final(&hmac->state, inner);
	for (i = 0; i < sizeof(hmac->pad); i++)
		hmac->pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&hmac->state);
	sha256_update(&hmac->state, hmac->pad, sizeof(hmac->pad));
	sha256_update(&hmac->state, inner, sizeof(inner));
	sha256_final(&hmac->state, mac);
	memzero_explicit(hmac, sizeof(*hmac));
}

static void vouch(const struct l45_question *question, const u8 *key, struct l45_answer *answer)
{
	struct hmac hmac;
	u8 load[8];

	put_unaligned_be64(answer->load, load);
	hmac_init(&hmac, key);
	sha256_update(&hmac.state, label, sizeof(label));
	sha256_update(&hmac.state, question->nonce, L45_NONCE_LEN);
	sha256_update(&hmac.state, question->id, L45_ID_LEN);
	sha256_update(&hmac.state, question->boot, L45_ID_LEN);
	sha256_update(&hmac.state, load, sizeof(load));
	sha256_update(&hmac.state, answer->measurement, sizeof(answer->measurement));
	sha256_update(&hmac.state, question->host, strlen(question->host));
	hmac_final(&hmac, answer->mac);
}

/* Drawn when somebody first asks, which is as good as when we were loaded. */
static u32 core_load(void)
{
	static u32 load;

	lockdep_assert_held(&l45_registry_lock);
	if (!load)
		load = get_random_u32() | 1;
	return load;
}

int l45_challenge(const struct l45_question *question, struct l45_answer *answer)
{
	const struct module *modules[1 + L45_CHAIN_MAX] = { THIS_MODULE };
	struct l45_instance *instance;
	u8 key[L45_KEY_LEN];
	u32 load = 0, i;
	int err = 0;

	mutex_lock(&l45_registry_lock);
	instance = l45_instance_find(question->id);
	if (!instance) {
		err = -ENOENT;
	} else if (!instance->keyed) {
		err = -ENOKEY;
	} else {
		memcpy(key, instance->key, sizeof(key));
		for (i = 0; i < instance->chain.count; i++) {
			const struct l45_link *link = &instance->chain.links[i];

			modules[1 + i] = link->ops->owner;
			load = i ? jhash_1word(link->customization->load, load) :
				   link->customization->load;
		}
		answer->load = (u64)core_load() << 32 | load;
		/* It holds its modules, and nobody is held up while we measure. */
		l45_instance_get(instance);
	}
	mutex_unlock(&l45_registry_lock);
	if (err)
		return err;

	err = l45_measure(modules, 1 + instance->chain.count, answer->measurement);
	if (!err)
		vouch(question, key, answer);
	memzero_explicit(key, sizeof(key));
	l45_instance_put(instance);
	return err;
}
