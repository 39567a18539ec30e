/* SPDX-License-Identifier: GPL-2.0-only */
/* What most customizations need in order to read and write their bytes. */
#ifndef L45_WIRE_H
#define L45_WIRE_H

#include <l45/customization.h>

static inline u16 l45_get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 l45_get32(const u8 *p)
{
	return (u32)l45_get16(p) << 16 | l45_get16(p + 2);
}

static inline u64 l45_get64(const u8 *p)
{
	return (u64)l45_get32(p) << 32 | l45_get32(p + 4);
}

static inline u8 *l45_put16(u8 *p, u16 value)
{
	p[0] = value >> 8;
	p[1] = value;
	return p + 2;
}

static inline u8 *l45_put32(u8 *p, u32 value)
{
	return l45_put16(l45_put16(p, value >> 16), value);
}

static inline u8 *l45_put64(u8 *p, u64 value)
{
	return l45_put32(l45_put32(p, value >> 32), value);
}

static inline u8 *l45_put(u8 *p, const void *bytes, u32 len)
{
	memcpy(p, bytes, len);
	return p + len;
}

/* Copies a string into a field of fixed size, padded with NUL. */
static inline u8 *l45_put_text(u8 *p, const char *text, u32 size)
{
	u32 len = strnlen(text, size);

	memcpy(p, text, len);
	memset(p + len, 0, size - len);
	return p + size;
}

/*
 * Do the bytes of the view from `at` on begin with this signature? L45_OK or L45_PASS;
 * L45_NEED as long as all there is of it agrees and more can come. It asks for one byte
 * at a time: a peer that isn't ours must never wait for us to see all of a signature.
 */
static inline enum l45_verdict l45_signature(struct l45_step *step, u32 at, const u8 *signature,
					     u32 len)
{
	u32 seen = step->in_len > at ? min_t(u32, step->in_len - at, len) : 0;

	/* As a rule: by a constant length, which the compiler needs no call for. */
	if (seen == L45_MARK_LEN && len == L45_MARK_LEN)
		return memcmp(step->in + at, signature, L45_MARK_LEN) ? L45_PASS : L45_OK;
	if (seen && memcmp(step->in + at, signature, seen))
		return L45_PASS;
	if (seen == len)
		return L45_OK;
	if (step->last)
		return L45_PASS;
	step->need = max_t(u32, step->in_len, at) + 1;
	return L45_NEED;
}

#endif /* L45_WIRE_H */
