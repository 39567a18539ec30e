// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel itself patches in a module's text while it runs is left out of the
 * measurement: branches of static keys, in either of their two forms, and where
 * tracepoints call. Everything else counts, ftrace and kprobes in particular, which can
 * make a function do anything.
 */
#include <crypto/sha2.h>
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/static_call.h>
#include <linux/tracepoint.h>

#include "challenge.h"
#include "compat.h"

/* In the middle of being patched, a text is neither the one nor the other. */
#define ATTEMPTS 5
#define CALL_SIZE 5

struct text {
	unsigned long start;
	u8 *copy;
	size_t size;
};

static u8 *copied(const struct text *text, unsigned long address, size_t size)
{
	unsigned long offset = address - text->start;

	return offset < text->size && size <= text->size - offset ? text->copy + offset : NULL;
}

static void leave_out(const struct text *text, unsigned long address, size_t size)
{
	u8 *site = copied(text, address, size);

	if (site)
		memset(site, 0, size);
}

#ifdef CONFIG_JUMP_LABEL
#ifdef CONFIG_X86_64
/* The branch, if it is what it can be: nothing, or a jump to its one target. */
static size_t branch_size(const u8 *site, unsigned long address, unsigned long target)
{
	static const u8 short_nop[] = { 0x66, 0x90 }, long_nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	s32 distance;

	memcpy(&distance, site + 1, sizeof(distance));
	if (!memcmp(site, short_nop, sizeof(short_nop)))
		return sizeof(short_nop);
	if (!memcmp(site, long_nop, sizeof(long_nop)))
		return sizeof(long_nop);
	if (site[0] == 0xeb && address + 2 + (s8)site[1] == target)
		return 2;
	if (site[0] == 0xe9 && address + 5 + distance == target)
		return 5;
	return 0;
}
#else
static size_t branch_size(const u8 *site, unsigned long address, unsigned long target)
{
	return JUMP_LABEL_NOP_SIZE;
}
#endif

static void leave_out_branches(const struct text *text, const struct module *module)
{
	unsigned int i;

	for (i = 0; i < module->num_jump_entries; i++) {
		const struct jump_entry *entry = &module->jump_entries[i];
		unsigned long address = jump_entry_code(entry);
		const u8 *site = copied(text, address, CALL_SIZE);

		if (site)
			leave_out(text, address,
				  branch_size(site, address, jump_entry_target(entry)));
	}
}
#else
static void leave_out_branches(const struct text *text, const struct module *module)
{
}
#endif

static void leave_out_calls(const struct text *text, const struct module *module)
{
#ifdef CONFIG_HAVE_STATIC_CALL_INLINE
	int i;

	for (i = 0; i < module->num_static_call_sites; i++) {
		const s32 *address = &module->static_call_sites[i].addr;

		leave_out(text, (unsigned long)address + *address, CALL_SIZE);
	}
#endif
#if defined(CONFIG_TRACEPOINTS) && defined(CONFIG_HAVE_STATIC_CALL)
	unsigned int j;

	for (j = 0; j < module->num_tracepoints; j++) {
		const struct tracepoint *tracepoint =
			tracepoint_ptr_deref(&module->tracepoints_ptrs[j]);

		leave_out(text, (unsigned long)tracepoint->static_call_tramp, CALL_SIZE);
	}
#endif
}

static int add(struct sha256_state *state, const struct module *module)
{
	struct text text;
	const void *start = l45_module_text(module, &text.size);

	text.start = (unsigned long)start;
	text.copy = kvmalloc(text.size, GFP_KERNEL);
	if (!text.copy)
		return -ENOMEM;
	memcpy(text.copy, start, text.size);
	leave_out_branches(&text, module);
	leave_out_calls(&text, module);
	sha256_update(state, text.copy, text.size);
	kvfree(text.copy);
	return 0;
}

static int measure_once(const struct module *const *modules, u32 count, u8 *digest)
{
	struct sha256_state state;
	int err = 0;
	u32 i;

	sha256_init(&state);
	for (i = 0; i < count && !err; i++)
		err = add(&state, modules[i]);
	sha256_final(&state, digest);
	return err;
}

int l45_measure(const struct module *const *modules, u32 count, u8 *digest)
{
	u8 before[L45_DIGEST_LEN];
	int err, i;

	err = measure_once(modules, count, digest);
	for (i = 0; !err && i < ATTEMPTS; i++) {
		memcpy(before, digest, sizeof(before));
		err = measure_once(modules, count, digest);
		if (!memcmp(before, digest, sizeof(before)))
			break;
	}
	return err;
}
