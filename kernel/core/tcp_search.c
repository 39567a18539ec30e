// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where does an instance join a stream that is plain so far? Where its mark is: bytes go
 * by as they are up to there. A mark that comes in pieces is no reason to keep the end of
 * a message from the application, which may equal its beginning and be all there is. So
 * what may be a piece waits only where a mark is sure to begin, if it is one: at the
 * beginning of what arrived at once (egress begins a segment with it), or where another
 * instance has left. Was it a mark all the same, the stream fails: no silent damage.
 */
#include <net/tcp.h>

#include "mark.h"
#include "tcp_walk.h"

static bool searched(const struct l45_instance *instance)
{
	return (instance->ops->flags & L45_JOIN) &&
	       l45_tcp_speaks(instance, L45_NL_DIRECTION_INGRESS);
}

void l45_tcp_count_marks(struct l45_tcp *tcp)
{
	u32 i;

	tcp->marks = 0;
	tcp->joinable = 0;
	for (i = 0; i < tcp->set->count; i++) {
		tcp->marks += searched(tcp->set->instances[i]);
		tcp->joinable += !!(tcp->set->instances[i]->ops->flags & L45_JOIN);
	}
}

/* The bytes in view before anything that may be a mark. */
static u32 before_marks(const struct l45_set *set, const u8 *view, u32 len)
{
	u32 i;

	for (i = 0; i < set->count && len; i++) {
		if (searched(set->instances[i]))
			len = l45_mark_find(view, len, set->instances[i]->deployment);
	}
	return len;
}

/* Goes on with a mark that the application has the beginning of. Bytes that belong to it. */
static int follow(struct l45_walk *walk, const u8 *view, u32 len)
{
	struct l45_tcp_direction *d = walk->rx;
	const struct l45_instance *instance = walk->tcp->set->instances[d->suspect - 1];
	u32 off = l45_walk_position(walk) - d->suspect_at;

	if (off && off < L45_MARK_LEN) {
		len = min_t(u32, len, L45_MARK_LEN - off);
		if (!memcmp(view, instance->deployment + off, len)) {
			if (off + len < L45_MARK_LEN)
				return len;
			/* Nobody has the stream, who would be told. */
			if (d == &walk->tcp->rx)
				l45_count(instance, ERRORS, 1);
			return -EBADMSG;
		}
	}
	d->suspect = 0;
	return 0;
}

/*
 * What is at the position? An instance that has its mark here has the stream then: 1.
 * Otherwise 0 with the segment set, or an error.
 */
int l45_walk_search(struct l45_walk *walk, struct l45_segment *segment)
{
	struct l45_tcp_direction *d = walk->rx;
	const struct l45_set *set = walk->tcp->set;
	u32 len, here, position = l45_walk_position(walk);
	const u8 *view = l45_walk_contiguous(walk, &len);
	u8 mark[L45_MARK_LEN];
	int ret, piece = -1;
	u32 i;

	segment->kind = L45_SEGMENT_COPY;
	if (d->suspect) {
		ret = follow(walk, view, len);
		if (ret) {
			segment->len = ret;
			return min(ret, 0);
		}
	}
	segment->len = before_marks(set, view, len);
	if (segment->len)
		return 0;

	here = l45_walk_gather(walk, mark, sizeof(mark));
	for (i = 0; i < set->count; i++) {
		if (!searched(set->instances[i]) ||
		    memcmp(mark, set->instances[i]->deployment, here))
			continue;
		if (here == L45_MARK_LEN) {
			l45_tcp_join(walk->tcp, d, set->instances[i]);
			return 1;
		}
		piece = i;
	}

	segment->len = 1;
	if (piece < 0 || l45_walk_ended(walk))
		return 0;
	if (l45_walk_held(walk) || position == d->boundary || position == walk->tcp->arrival) {
		segment->kind = L45_SEGMENT_MORE;
		segment->len = here + 1;
		return 0;
	}
	d->suspect = piece + 1;
	d->suspect_at = position;
	return 0;
}
