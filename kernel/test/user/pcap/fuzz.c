// SPDX-License-Identifier: GPL-2.0-only
/*
 * The libFuzzer target of the filter: whatever a capture holds, nothing breaks and every
 * packet comes out. The input is a list of commands, each a byte and what it needs.
 */
#include <stdlib.h>

#include "frames.h"

struct input {
	const u8 *data;
	size_t len;
};

static u32 take(struct input *input, u32 bytes)
{
	u32 value = 0;

	while (bytes--) {
		value <<= 8;
		if (input->len) {
			value |= *input->data++;
			input->len--;
		}
	}
	return value;
}

/* 0xff stands for a mark: no fuzzer guesses 16 bytes. */
static u32 take_payload(struct input *input, u8 *out, u32 max)
{
	u32 bytes = take(input, 1);
	u32 len = 0;

	while (bytes-- && input->len && len + L45_MARK_LEN < max) {
		u8 byte = take(input, 1);

		if (byte == 0xff || byte == 0xfe) {
			memset(out + len, byte & 1 ? MARK_A : MARK_B, L45_MARK_LEN);
			len += L45_MARK_LEN;
		} else {
			out[len++] = byte;
		}
	}
	return len;
}

static u32 crafted(struct input *input, u8 how, u8 *out)
{
	struct frame frame = {
		.version = how & 2 ? 4 : 6,
		.protocol = how & 4 ? IPPROTO_UDP : IPPROTO_TCP,
		.back = how & 8,
	};
	u8 payload[4096];
	u32 len;

	if (frame.protocol == IPPROTO_TCP) {
		frame.flags = take(input, 1);
		frame.sequence = take(input, 2) - 100;
		frame.acknowledgement = take(input, 2) - 100;
		if (how & 16)
			frame_sack(&frame, take(input, 2) - 100, take(input, 2) - 100);
	}
	len = take_payload(input, payload, sizeof(payload));
	len = frame_write(&frame, payload, len, out);
	/* Then damaged, perhaps. */
	if (how & 32)
		out[take(input, 1) % len] = take(input, 1);
	return len;
}

static u32 raw(struct input *input, u8 *out)
{
	u32 len = take(input, 1);

	len = len < input->len ? len : input->len;
	memcpy(out, input->data, len);
	input->data += len;
	input->len -= len;
	return len;
}

static void count(void *context, struct timeval time, const u8 *data, u32 len, u32 wire_len)
{
	++*(u64 *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { 1, 113, 276, 12, 0 };
	struct input input = { data, size };
	const struct l45_ops *ops = *customizations[take(&input, 1) % customizations_count];
	const char *const *params = check_variants(ops);
	int link = links[take(&input, 1) >> 4 > 12 ? take(&input, 1) % ARRAY_SIZE(links) : 0];
	struct instances instances;
	struct filter *filter;
	u64 out = 0;
	u32 variants = 0;

	while (params[variants])
		variants++;
	instances_of(&instances, ops, params[take(&input, 1) % variants]);
	filter = filter_new(&instances, link, count, &out);
	while (input.len) {
		u8 how = take(&input, 1);
		u8 frame[8192];
		u32 len = how & 1 ? raw(&input, frame) : crafted(&input, how, frame);
		u32 captured = how & 64 ? take(&input, 1) % (len + 1) : len;
		/* A frame of its own, so that reading beyond it is found. */
		u8 *copy = malloc(captured);

		memcpy(copy, frame, captured);
		filter_packet(filter, (struct timeval){}, copy, captured, len);
		free(copy);
	}
	filter_flush(filter);
	if (out != filter_stats(filter)->packets)
		abort();
	filter_free(filter);
	instances_free(&instances);
	return 0;
}
