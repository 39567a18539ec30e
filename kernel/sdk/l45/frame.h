/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames, for streams whose messages a customization doesn't know. A header goes in
 * front of the first byte, and of another after every `length` bytes:
 *
 *	 0  mark of the deployment
 *	16  kind: 1 data, 2 end; then three zero bytes
 *	20  length: bytes that follow until the next header; 0 at the end
 *	24  sequence: number of this header on the stream, from 0
 *	32  what else the customization says, always the same number of bytes
 *
 * Numbers are big-endian. The header that begins with sequence 0 is where a customization
 * joins the stream, the one of kind end where it leaves; so nobody has to guess.
 */
#ifndef L45_FRAME_H
#define L45_FRAME_H

#include <l45/wire.h>

#define L45_FRAME_LEN 32
#define L45_FRAME_DATA 1
#define L45_FRAME_END 2

/* State of one direction. */
struct l45_frame {
	u64 sequence;
	bool open;
};

static inline enum l45_verdict l45_frame_egress(const struct l45_flow *flow,
						struct l45_frame *frame, struct l45_step *step,
						u32 length, const void *more, u32 more_len)
{
	u8 *p = step->buf;

	if (step->leaving && !frame->open)
		return L45_DETACH;
	if (!step->leaving && !step->in_len)
		return L45_OK;

	p = l45_put(p, flow->mark, L45_MARK_LEN);
	p = l45_put32(p, (step->leaving ? L45_FRAME_END : L45_FRAME_DATA) << 24);
	p = l45_put32(p, step->leaving ? 0 : length);
	p = l45_put64(p, frame->sequence++);
	p = l45_put(p, more, more_len);
	step->insert = p - step->buf;
	if (step->leaving)
		return L45_DETACH;
	frame->open = true;
	step->copy = length;
	return L45_OK;
}

static inline enum l45_verdict l45_frame_ingress(const struct l45_flow *flow,
						 struct l45_frame *frame, struct l45_step *step,
						 u32 more_len)
{
	u32 header_len = L45_FRAME_LEN + more_len;
	enum l45_verdict verdict;
	u32 kind, length;

	if (!step->in_len)
		return L45_OK;
	verdict = l45_signature(step, 0, flow->mark, L45_MARK_LEN);
	if (verdict == L45_PASS)
		return frame->open ? L45_ABORT : L45_PASS;
	if (verdict == L45_NEED)
		return verdict;
	if (step->in_len < header_len) {
		step->need = header_len;
		return L45_NEED;
	}

	kind = l45_get32(step->in + 16);
	length = l45_get32(step->in + 20);
	if (l45_get64(step->in + 24) != frame->sequence)
		return L45_ABORT;
	if (kind == L45_FRAME_DATA << 24 && length) {
		frame->open = true;
		frame->sequence++;
	} else if (kind == L45_FRAME_END << 24 && !length && frame->open) {
		/* It may join again. */
		frame->open = false;
		frame->sequence = 0;
	} else {
		return L45_ABORT;
	}
	step->skip = header_len;
	step->copy = length;
	return L45_OK;
}

#endif /* L45_FRAME_H */
