/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies from and to the application without the cost of an iterator and of hardening for
 * each: the checks are made once for a piece of memory, within which raw copies may follow.
 */
#ifndef L45_USER_PIECE_H
#define L45_USER_PIECE_H

#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"

/* The iterator's next bytes as far as they lie together; 0 where that isn't so simple. */
static inline size_t l45_user_piece(const struct iov_iter *iter, void __user **at)
{
	size_t len = iter->count;

	/* At the end there is no vector to look at any more. */
	if (!len)
		return 0;
	if (iter_is_ubuf(iter)) {
		*at = iter->ubuf + iter->iov_offset;
	} else if (iter_is_iovec(iter)) {
		*at = iter_iov(iter)->iov_base + iter->iov_offset;
		len = min(len, iter_iov(iter)->iov_len - iter->iov_offset);
	} else {
		return 0;
	}
	return access_ok(*at, len) ? len : 0;
}

#endif /* L45_USER_PIECE_H */
