// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdlib.h>

#include "stream.h"

/* More of it out of order than any receive window: that is no reordering. */
#define EARLY_BYTES_MAX (16 << 20)
#define EARLY_MAX 4096
/* What may still be sent again, if acknowledgements are not in the capture. */
#define REMEMBERED (4 << 20)
#define TRIM_AT 1024 /* pieces; fewer are not worth the while */

static void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static u32 grown(u32 room, u32 wanted)
{
	return wanted <= room ? room : wanted * 2;
}

void stream_init(struct stream *stream, struct candidate *candidates, u32 count)
{
	memset(stream, 0, sizeof(*stream));
	stream->candidates = candidates;
	stream->count = count;
	stream->owner = -1;
}

static void forget_pieces(struct stream *stream, u32 count)
{
	u32 i;

	for (i = stream->pieces_gone; i < stream->pieces_gone + count; i++)
		free(stream->pieces[i].data);
	stream->pieces_gone += count;
}

static void forget(struct stream *stream)
{
	while (stream->early) {
		struct early *early = stream->early;

		stream->early = early->next;
		free(early);
	}
	forget_pieces(stream, stream->pieces_count - stream->pieces_gone);
	stream->pieces_count = 0;
	stream->pieces_gone = 0;
	stream->early_count = 0;
	stream->early_bytes = 0;
	stream->pending_len = 0;
}

void stream_free(struct stream *stream)
{
	forget(stream);
	free(stream->pieces);
	free(stream->pending);
	free(stream->candidates);
}

static void restart(struct candidate *candidate)
{
	l45_engine_start(&candidate->cursor, candidate->deployment->instance.ops,
			 &candidate->flow);
}

static void restart_all(struct stream *stream)
{
	u32 i;

	stream->owner = -1;
	for (i = 0; i < stream->count; i++)
		restart(&stream->candidates[i]);
}

static void lose_track(struct stream *stream)
{
	restart_all(stream);
	stream->raw = L45_REST;
	stream->looked = false;
}

void stream_start(struct stream *stream, u32 first)
{
	forget(stream);
	stream->known = true;
	stream->ended = false;
	stream->first = first;
	stream->in = 0;
	stream->out = 0;
	stream->acked = 0;
	stream->raw = 0;
	restart_all(stream);
}

void stream_join(struct stream *stream, u32 first)
{
	stream_start(stream, first);
	lose_track(stream);
}

s64 stream_position(const struct stream *stream, u32 sequence)
{
	/* Relative to what is expected next, which may be 2 GB ahead or behind. */
	u32 next = stream->first + (u32)stream->in;

	return stream->in + (s32)(sequence - next);
}

/* ---- what became of which byte ---- */

static struct piece *last_piece(struct stream *stream)
{
	return stream->pieces_count == stream->pieces_gone ?
		       NULL : &stream->pieces[stream->pieces_count - 1];
}

static struct piece *new_piece(struct stream *stream)
{
	struct piece *piece;

	if (stream->pieces_count == stream->pieces_room) {
		stream->pieces_room = grown(stream->pieces_room, stream->pieces_room + 16);
		stream->pieces = checked(realloc(stream->pieces,
						 stream->pieces_room * sizeof(*piece)));
	}
	piece = &stream->pieces[stream->pieces_count++];
	*piece = (struct piece){ .in = stream->in, .out = stream->out };
	return piece;
}

static void add_same(struct stream *stream, u64 len)
{
	struct piece *piece = last_piece(stream);

	if (!piece || piece->data || piece->in_len != piece->out_len)
		piece = new_piece(stream);
	piece->in_len += len;
	piece->out_len += len;
	stream->in += len;
	stream->out += len;
}

static void add_removed(struct stream *stream, u64 len)
{
	struct piece *piece = last_piece(stream);

	if (!piece || piece->out_len)
		piece = new_piece(stream);
	piece->in_len += len;
	stream->in += len;
}

/* `out_len` bytes take the place of `in_len`, which are as many or none. */
static u8 *add_other(struct stream *stream, u32 in_len, u32 out_len)
{
	struct piece *piece = new_piece(stream);

	piece->data = checked(malloc(out_len));
	piece->in_len = in_len;
	piece->out_len = out_len;
	stream->in += in_len;
	stream->out += out_len;
	return piece->data;
}

/* The last piece that begins before this position; NULL if none does. */
static const struct piece *piece_before(const struct stream *stream, s64 position)
{
	u32 low = stream->pieces_gone, high = stream->pieces_count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (stream->pieces[middle].in < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low == stream->pieces_gone ? NULL : &stream->pieces[low - 1];
}

s64 stream_map(const struct stream *stream, s64 position)
{
	const struct piece *piece;

	if (position > stream->in)
		return stream->out + (position - stream->in);
	/* Before anything that may have been changed. */
	if (position <= 0)
		return position;
	piece = piece_before(stream, position);
	if (!piece)
		return stream->pieces_count > stream->pieces_gone ?
			       stream->pieces[stream->pieces_gone].out : stream->out;
	if (piece->in_len != piece->out_len)
		return piece->out;
	return piece->out + min_t(s64, position - piece->in, piece->in_len);
}

s64 stream_render(const struct stream *stream, s64 at, const u8 *data, u32 len, u8 *out, u32 room)
{
	const struct piece *piece = piece_before(stream, at);
	const struct piece *end;
	s64 until = at + len;
	u32 used = 0;

	/* What was before the place where we joined. */
	if (at < 0) {
		used = min_t(s64, -at, len);
		if (used > room)
			return -1;
		memcpy(out, data, used);
	}
	if (!stream->pieces)
		return used;
	end = stream->pieces + stream->pieces_count;
	if (!piece)
		piece = stream->pieces + stream->pieces_gone;
	for (; piece < end && piece->in < until; piece++) {
		s64 from = max_t(s64, at, piece->in);
		s64 to = min_t(s64, until, piece->in + (s64)piece->in_len);
		const u8 *source = data + (from - at);
		s64 some = to - from;

		if (!piece->out_len)
			continue;
		if (!piece->in_len) {
			if (piece->in < at)
				continue;
			some = piece->out_len;
			source = piece->data;
		} else if (some <= 0) {
			continue;
		} else if (piece->data) {
			source = piece->data + (from - piece->in);
		}
		if (some > room - used)
			return -1;
		memcpy(out + used, source, some);
		used += some;
	}
	return used;
}

void stream_trim(struct stream *stream)
{
	u32 count = stream->pieces_count - stream->pieces_gone;
	s64 bound = max_t(s64, stream->acked, stream->in - REMEMBERED);
	u32 old = 0;

	if (stream->held || count < TRIM_AT)
		return;
	while (old + 1 < count) {
		const struct piece *piece = &stream->pieces[stream->pieces_gone + old];

		if (piece->in + (s64)piece->in_len >= bound)
			break;
		old++;
	}
	if (old < count / 2)
		return;
	forget_pieces(stream, old);
	stream->pieces_count -= stream->pieces_gone;
	memmove(stream->pieces, stream->pieces + stream->pieces_gone,
		stream->pieces_count * sizeof(*stream->pieces));
	stream->pieces_gone = 0;
}

/* ---- whose bytes they are ---- */

/* Does what the candidate says, as far as the input reaches. */
static int carry_out(struct stream *stream, struct candidate *candidate, const u8 *in, u32 len,
		     bool last, u32 *used, struct stream_stats *stats)
{
	struct l45_cursor *cursor = &candidate->cursor;
	struct l45_segment segment;

	for (;;) {
		u32 left = len - *used;
		u64 some;
		int err;

		err = l45_engine_next(cursor, in + *used, left, last, &segment);
		if (err)
			return err;
		some = segment.len;
		switch (segment.kind) {
		case L45_SEGMENT_SKIP:
			some = min_t(u64, some, left);
			if (!some)
				return L45_SEGMENT_MORE;
			add_removed(stream, some);
			stats->removed += some;
			*used += some;
			break;
		case L45_SEGMENT_INSERT:
			memcpy(add_other(stream, 0, some), segment.data, some);
			stats->inserted += some;
			break;
		case L45_SEGMENT_COPY:
			some = min_t(u64, some, left);
			if (cursor->transform) {
				u8 *copy = add_other(stream, some, some);

				memcpy(copy, in + *used, some);
				l45_engine_transform(cursor, copy, some);
			} else {
				add_same(stream, some);
			}
			*used += some;
			break;
		case L45_SEGMENT_DELAY:
			break;
		default:
			if (segment.kind == L45_SEGMENT_PASS)
				stream->raw = min_t(u64, stream->raw, segment.len);
			return segment.kind;
		}
		l45_engine_commit(cursor, &segment, some);
	}
}

enum answer { WAITS, GOES_ON, NOBODYS };

/* Runs one candidate; it stays the owner unless it says that these are not its bytes. */
static enum answer ask_one(struct stream *stream, u32 i, const u8 *in, u32 len, bool last,
			   u32 *used, struct stream_stats *stats)
{
	struct candidate *candidate = &stream->candidates[i];
	u32 before = *used;
	int ret = carry_out(stream, candidate, in, len, last, used, stats);

	if (*used != before)
		stream->owner = i;
	if (ret == L45_SEGMENT_MORE || ret == L45_SEGMENT_END)
		return WAITS;
	if (ret < 0 && (*used != before || stream->owner == (int)i))
		stats->broken++;
	stream->owner = -1;
	restart(candidate);
	return *used != before ? GOES_ON : NOBODYS;
}

static enum answer ask(struct stream *stream, const u8 *in, u32 len, bool last, u32 *used,
		       struct stream_stats *stats)
{
	enum answer answer = NOBODYS;
	u32 i;

	stream->raw = L45_REST;
	if (stream->owner >= 0) {
		answer = ask_one(stream, stream->owner, in, len, last, used, stats);
		/* It has nothing more to say; so whose is it? */
		if (answer == NOBODYS)
			answer = GOES_ON;
	} else {
		for (i = 0; i < stream->count && answer == NOBODYS; i++)
			answer = ask_one(stream, i, in, len, last, used, stats);
	}
	stream->looked = answer == NOBODYS;
	if (answer != NOBODYS)
		stream->raw = 0;
	return answer;
}

/* Bytes until somebody's mark, or what may be the beginning of one, starts. */
static u32 until_mark(const struct stream *stream, const u8 *in, u32 len, bool last)
{
	u32 from = stream->looked ? 1 : 0;
	u32 found = len;
	u32 i;

	if (from >= len)
		return len;
	for (i = 0; i < stream->count; i++) {
		const u8 *mark = stream->candidates[i].flow.mark;
		const u8 *at = memmem(in + from, len - from, mark, L45_MARK_LEN);
		u32 tail = min_t(u32, L45_MARK_LEN - 1, len - from);

		if (at)
			found = min_t(u32, found, at - in);
		for (; !last && tail; tail--)
			if (!memcmp(in + len - tail, mark, tail)) {
				found = min_t(u32, found, len - tail);
				break;
			}
	}
	return found;
}

/* Passes on bytes that nobody claims. Returns whether more are needed to go on. */
static bool pass_on(struct stream *stream, const u8 *in, u32 len, bool last, u32 *used)
{
	u32 left = len - *used;
	u32 some = stream->raw == L45_REST ? until_mark(stream, in + *used, left, last) :
					     min_t(u64, stream->raw, left);

	if (some) {
		add_same(stream, some);
		*used += some;
		stream->looked = false;
	}
	if (stream->raw != L45_REST) {
		stream->raw -= some;
		return *used == len && !last;
	}
	/* There is a mark, or the beginning of one. */
	if (left - some >= L45_MARK_LEN)
		stream->raw = 0;
	return stream->raw == L45_REST;
}

/* Takes in bytes that follow what is understood; returns how many it could make sense of. */
static u32 understand(struct stream *stream, const u8 *in, u32 len, bool last,
		      struct stream_stats *stats)
{
	u32 used = 0;

	while (used < len) {
		u32 before = used;

		if (stream->raw) {
			if (pass_on(stream, in, len, last, &used) && used == before)
				break;
			continue;
		}
		if (ask(stream, in, len, last, &used, stats) == WAITS)
			break;
	}
	return used;
}

static void keep_pending(struct stream *stream, const u8 *data, u32 len)
{
	u32 wanted = stream->pending_len + len;

	stream->pending_room = grown(stream->pending_room, wanted);
	stream->pending = checked(realloc(stream->pending, stream->pending_room));
	memcpy(stream->pending + stream->pending_len, data, len);
	stream->pending_len = wanted;
}

/* Bytes that nobody can make sense of any more go on as they are. */
static void flush_pending(struct stream *stream, struct stream_stats *stats)
{
	u32 used = understand(stream, stream->pending, stream->pending_len, true, stats);

	if (stream->pending_len > used)
		add_same(stream, stream->pending_len - used);
	stream->pending_len = 0;
}

static void take_in_order(struct stream *stream, const u8 *data, u32 len, bool fin,
			  struct stream_stats *stats)
{
	u32 used;

	if (stream->pending_len) {
		keep_pending(stream, data, len);
		used = understand(stream, stream->pending, stream->pending_len, false, stats);
		stream->pending_len -= used;
		memmove(stream->pending, stream->pending + used, stream->pending_len);
	} else {
		used = understand(stream, data, len, false, stats);
		if (used < len)
			keep_pending(stream, data + used, len - used);
	}
	if (!fin)
		return;
	flush_pending(stream, stats);
	add_same(stream, 1);
	stream->ended = true;
}

static s64 received(const struct stream *stream)
{
	return stream->in + stream->pending_len;
}

/* The part of a segment that is new, if it follows what has been received. */
static bool take_if_next(struct stream *stream, s64 at, const u8 *data, u32 len, bool fin,
			 struct stream_stats *stats)
{
	s64 known = received(stream) - at;

	if (known < 0)
		return false;
	if (!stream->ended && (known < len || (fin && known == len)))
		take_in_order(stream, data + known, len - known, fin, stats);
	return true;
}

static void keep_early(struct stream *stream, s64 at, const u8 *data, u32 len, bool fin)
{
	struct early **place = &stream->early;
	struct early *early = checked(malloc(sizeof(*early) + len));

	while (*place && (*place)->at <= at)
		place = &(*place)->next;
	early->next = *place;
	early->at = at;
	early->len = len;
	early->fin = fin;
	memcpy(early->data, data, len);
	*place = early;
	stream->early_count++;
	stream->early_bytes += len;
}

static void take_early(struct stream *stream, struct stream_stats *stats)
{
	while (stream->early) {
		struct early *early = stream->early;

		if (!take_if_next(stream, early->at, early->data, early->len, early->fin, stats))
			return;
		stream->early = early->next;
		stream->early_count--;
		stream->early_bytes -= early->len;
		free(early);
	}
}

void stream_take(struct stream *stream, s64 at, const u8 *data, u32 len, bool fin,
		 struct stream_stats *stats)
{
	if (!len && !fin)
		return;
	if (!take_if_next(stream, at, data, len, fin, stats)) {
		keep_early(stream, at, data, len, fin);
		if (stream->early_bytes > EARLY_BYTES_MAX || stream->early_count > EARLY_MAX)
			stream_settle(stream, stats);
		return;
	}
	take_early(stream, stats);
}

void stream_settle(struct stream *stream, struct stream_stats *stats)
{
	flush_pending(stream, stats);
	take_early(stream, stats);
	while (stream->early) {
		/* Behind a hole nobody knows where in a message we are; a mark tells. */
		stats->lost++;
		add_same(stream, stream->early->at - stream->in);
		lose_track(stream);
		take_early(stream, stats);
		flush_pending(stream, stats);
	}
}
