/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_MARK_H
#define L45_MARK_H

#include <l45/customization.h>

/*
 * Where in `data` does the mark begin, or may it begin with its end still to come? `len`:
 * nowhere.
 */
static inline u32 l45_mark_find(const u8 *data, u32 len, const u8 *mark)
{
	u32 at = 0;

	while (at < len) {
		const u8 *found = memchr(data + at, mark[0], len - at);

		if (!found)
			return len;
		at = found - data;
		if (!memcmp(found, mark, min_t(u32, len - at, L45_MARK_LEN)))
			return at;
		at++;
	}
	return len;
}

#endif /* L45_MARK_H */
