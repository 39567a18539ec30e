// SPDX-License-Identifier: GPL-2.0-only
/*
 * pcap [<rounds> [<seed>]]: conversations, customized by the real customizations and captured
 * with all that happens to packets, come out of the filter as if they had been plain.
 */
#include <l45/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../random.h"
#include "../tap.h"
#include "frames.h"

#define APP_MAX 6000
#define SEGMENTS_MAX 4096

static struct random randomness = { { random_pick }, 1 };
static const char *complaint;

static u32 pick(u32 max)
{
	return random_pick(&randomness.choice, max);
}

static void expect(bool holds, const char *what)
{
	if (!holds && !complaint)
		complaint = what;
}

/* Messages with their length in front, as DNS has them; some make no sense as that. */
static u32 some_traffic(u8 *data, u32 max)
{
	u32 len = 0;

	while (pick(5) && len + 400 < max) {
		u32 message = pick(3) ? pick(300) : pick(3);
		u32 i;

		l45_put16(data + len, pick(20) ? message : pick(65535));
		for (i = 0; i < message; i++)
			data[len + 2 + i] = pick(255);
		len += 2 + message;
	}
	return len;
}

/* One direction: what the application says, and what the wire has of it. */
struct side_of_wire {
	u8 app[APP_MAX];
	u32 app_len;
	struct bytes wire;
	u32 first; /* sequence number of its first byte */
	u32 sent;  /* bytes, in order */
	bool has[1 << 18]; /* captured by now, in any order */

	/* As the filter shows it. */
	u8 seen[APP_MAX + 1];
	bool is_seen[APP_MAX + 2];
	u32 acked;
};

struct conversation {
	struct frame frame;
	struct side_of_wire sides[2];
	u32 packets;
};

static void expect_block(const struct side_of_wire *side, u32 left, u32 right)
{
	expect(left < right && right <= side->app_len + 1, "SACK blocks are of the plain stream");
}

static void look(void *context, struct timeval time, const u8 *data, u32 len, u32 wire_len)
{
	struct conversation *conversation = context;
	struct side_of_wire *side, *peer;
	struct packet packet;
	struct frame frame = conversation->frame;
	u8 again[PACKET_MAX];
	u32 at, i;

	conversation->packets++;
	if (packet_parse(&packet, DLT_ETHERNET, data, len) != PACKET_PARSED)
		return expect(false, "a packet is no packet any more");
	expect(len == wire_len && packet.payload + packet.payload_len == len, "lengths agree");

	frame.back = packet.source.port == SERVER_PORT;
	side = &conversation->sides[frame.back];
	peer = &conversation->sides[!frame.back];
	frame.sequence = packet.sequence;
	frame.acknowledgement = packet.acknowledgement;
	frame.flags = packet.flags;
	if (packet.protocol == IPPROTO_TCP) {
		frame.options_len = packet.payload - packet.segment - 20;
		memcpy(frame.options, data + packet.segment + 20, frame.options_len);
	}
	if (frame.options_len && frame.options[2] == 5)
		expect_block(peer, l45_get32(frame.options + 4) - peer->first,
			     l45_get32(frame.options + 8) - peer->first);
	expect(frame_write(&frame, data + packet.payload, packet.payload_len, again) == len &&
	       !memcmp(again, data, len), "headers and checksums are right");
	if (packet.protocol == IPPROTO_UDP)
		return expect(packet.payload_len == side->app_len &&
			      !memcmp(data + packet.payload, side->app, side->app_len),
			      "a datagram is plain");

	at = packet.sequence + !!(packet.flags & TCP_SYN) - side->first;
	expect(at + packet.payload_len <= side->app_len + 1, "segments are of the plain stream");
	for (i = 0; i < packet.payload_len && at + i < side->app_len; i++) {
		side->seen[at + i] = data[packet.payload + i];
		side->is_seen[at + i] = true;
	}
	if (packet.flags & TCP_FIN) {
		expect(at + packet.payload_len == side->app_len, "FIN is at the end");
		side->is_seen[side->app_len] = true;
	}
	if (!(packet.flags & TCP_ACK))
		return;
	expect(packet.acknowledgement - peer->first <= peer->app_len + 1,
	       "acknowledgements are of the plain stream");
	peer->acked = max_t(u32, peer->acked, packet.acknowledgement - peer->first);
}

static void send_frame(struct filter *filter, const struct frame *frame, const u8 *payload, u32 len)
{
	u8 *out = malloc(len + 200);
	u32 total = frame_write(frame, payload, len, out);

	filter_packet(filter, (struct timeval){ 1, 2 }, out, total, total);
	free(out);
}

static u32 contiguous(const struct side_of_wire *side)
{
	u32 at = 0;

	while (at <= side->wire.len && side->has[at])
		at++;
	return at;
}

static void send_segment(struct filter *filter, struct conversation *conversation, bool back,
			 u32 from, u32 to)
{
	struct side_of_wire *side = &conversation->sides[back];
	struct side_of_wire *peer = &conversation->sides[!back];
	struct frame frame = conversation->frame;
	u32 end = min_t(u32, to, side->wire.len);
	u32 len = end > from ? end - from : 0;

	frame.back = back;
	frame.sequence = side->first + from;
	frame.acknowledgement = peer->first + contiguous(peer);
	frame.flags = TCP_ACK | (to > side->wire.len && to > from ? TCP_FIN : 0);
	/* Somewhere behind a hole there may be more. */
	if (peer->sent && peer->has[peer->sent - 1] && contiguous(peer) < peer->sent)
		frame_sack(&frame, peer->first + peer->sent - 1, peer->first + peer->sent);
	send_frame(filter, &frame, side->wire.data + from, len);
	memset(side->has + from, true, to - from);
}

/* A segment that was lost, or reordered, or is sent once more. */
static void send_again(struct filter *filter, struct conversation *conversation, bool back)
{
	struct side_of_wire *side = &conversation->sides[back];
	u32 from = pick(1) ? contiguous(side) : pick(side->sent);
	u32 to = from + 1 + pick(1400);

	if (from < side->sent)
		send_segment(filter, conversation, back, from, min_t(u32, to, side->sent));
}

static void send_next(struct filter *filter, struct conversation *conversation, bool back)
{
	struct side_of_wire *side = &conversation->sides[back];
	u32 from = side->sent;
	u32 to = from + 1 + pick(pick(3) ? 1400 : 20);

	to = min_t(u32, to, side->wire.len + 1);
	side->sent = to;
	if (!pick(9))
		return;
	send_segment(filter, conversation, back, from, to);
}

static void shake_hands(struct filter *filter, struct conversation *conversation)
{
	struct frame frame = conversation->frame;

	frame.sequence = conversation->sides[0].first - 1;
	frame.flags = TCP_SYN;
	send_frame(filter, &frame, NULL, 0);
	if (!pick(9))
		send_frame(filter, &frame, NULL, 0);
	frame.back = true;
	frame.acknowledgement = frame.sequence + 1;
	frame.sequence = conversation->sides[1].first - 1;
	frame.flags = TCP_SYN | TCP_ACK;
	send_frame(filter, &frame, NULL, 0);
}

static void speak(struct filter *filter, struct conversation *conversation)
{
	const struct side_of_wire *sides = conversation->sides;
	u32 i;

	shake_hands(filter, conversation);
	for (;;) {
		bool back = pick(1);

		if (contiguous(&sides[0]) > sides[0].wire.len &&
		    contiguous(&sides[1]) > sides[1].wire.len)
			break;
		if (sides[back].sent <= sides[back].wire.len && pick(3))
			send_next(filter, conversation, back);
		else
			send_again(filter, conversation, back);
	}
	for (i = 0; i < 2; i++)
		send_segment(filter, conversation, i, sides[i].wire.len + 1,
			     sides[i].wire.len + 1);
}

static void check_plain(const struct side_of_wire *side)
{
	u32 i;

	for (i = 0; i <= side->app_len; i++)
		expect(side->is_seen[i], "nothing of the plain stream is missing");
	expect(!memcmp(side->seen, side->app, side->app_len), "the stream is plain");
	expect(side->acked == side->app_len + 1, "all of it is acknowledged");
}

static void prepare_side(struct side_of_wire *side, const struct l45_ops *ops, const char *params,
			 u8 protocol, u8 role)
{
	struct subject subject = {
		.ops = ops, .params = params, .protocol = protocol, .role = role,
	};

	side->app_len = some_traffic(side->app, protocol == IPPROTO_UDP ? 1000 : APP_MAX);
	side->first = pick(1) ? pick(UINT32_MAX) : UINT32_MAX - pick(2000);
	check_send(&subject, &randomness.choice, side->app, side->app_len, &side->wire);
}

static void one_conversation(const struct l45_ops *ops, const char *params, u8 protocol)
{
	struct conversation *conversation = calloc(1, sizeof(*conversation));
	struct frame *frame = &conversation->frame;
	struct instances instances;
	struct filter *filter;
	u32 i;

	instances_of(&instances, ops, params);
	filter = filter_new(&instances, DLT_ETHERNET, look, conversation);
	frame->version = pick(1) ? 4 : 6;
	frame->protocol = protocol;
	prepare_side(&conversation->sides[0], ops, params, protocol, L45_ROLE_CLIENT);
	prepare_side(&conversation->sides[1], ops, params, protocol, L45_ROLE_SERVER);
	if (protocol == IPPROTO_TCP) {
		speak(filter, conversation);
	} else {
		for (i = 0; i < 2; i++) {
			const struct bytes *wire = &conversation->sides[i].wire;

			frame->back = i;
			send_frame(filter, frame, wire->data, wire->len);
		}
	}
	filter_flush(filter);
	expect(conversation->packets == filter_stats(filter)->packets, "no packet is lost");
	for (i = 0; i < 2; i++) {
		if (protocol == IPPROTO_TCP)
			check_plain(&conversation->sides[i]);
		bytes_free(&conversation->sides[i].wire);
	}
	expect(!filter_stats(filter)->streams.broken && !filter_stats(filter)->streams.lost,
	       "nothing seems broken");
	filter_free(filter);
	instances_free(&instances);
	free(conversation);
}

static void conversations(const struct l45_ops *ops, u8 protocol, u32 rounds)
{
	const char *const *params = check_variants(ops);
	u64 state = randomness.state;
	u32 i;

	complaint = NULL;
	for (; *params; params++)
		for (i = 0; i < rounds && !complaint; i++) {
			state = randomness.state;
			one_conversation(ops, *params, protocol);
		}
	ok(!complaint, "%s over %s", ops->name, protocol == IPPROTO_TCP ? "TCP" : "UDP");
	if (complaint)
		printf("# not so: %s (state %llu)\n", complaint, state);
}

/* ---- what is rarer ---- */

struct capture {
	struct bytes frames;
	u32 count;
};

static void record(void *context, struct timeval time, const u8 *data, u32 len, u32 wire_len)
{
	struct capture *capture = context;

	capture->count++;
	bytes_add(&capture->frames, data, len);
}

#define QUERY "\x7b\x1d\x01\x20\0\1\0\0\0\0\0\0" "\1a\0\0\1\0\1"

/* Bytes of the application that come out of a stream of which only some segments are captured. */
static void gaps(void)
{
	static const u8 mark[L45_MARK_LEN] = { [0 ... L45_MARK_LEN - 1] = MARK_A };
	struct frame frame = { .version = 4, .protocol = IPPROTO_TCP, .flags = TCP_ACK };
	struct capture capture = {};
	struct instances instances;
	struct filter *filter;
	u8 wire[64] = {};

	instances_of(&instances, *customizations[2], "");
	filter = filter_new(&instances, DLT_ETHERNET, record, &capture);
	l45_put(l45_put(wire, mark, sizeof(mark)) + 16, "\0\x13" QUERY, 21);

	frame.sequence = 5000;
	send_frame(filter, &frame, wire, 53);
	ok(capture.frames.len == 54 + 21, "a stream is joined at a mark though its beginning is not there");
	bytes_free(&capture.frames);

	frame.sequence = 6000;
	send_frame(filter, &frame, wire, 53);
	ok(!capture.frames.len, "a packet behind a hole waits");
	filter_flush(filter);
	ok(capture.frames.len == 54 + 21 && filter_stats(filter)->streams.lost == 1,
	   "in the end it is told nevertheless");
	bytes_free(&capture.frames);
	filter_free(filter);
	instances_free(&instances);
}

static void others(void)
{
	struct frame frame = { .version = 4, .protocol = IPPROTO_UDP };
	struct capture capture = {};
	struct instances instances;
	struct filter *filter;
	u8 wire[200];
	u8 out[1000];
	u32 len;

	instances_of(&instances, *customizations[2], "");
	filter = filter_new(&instances, DLT_ETHERNET, record, &capture);
	memset(wire, MARK_A, 32);
	memcpy(wire + 32, QUERY, 19);
	len = frame_write(&frame, wire, 51, out);

	l45_put16(out + 20, 0x2000);
	filter_packet(filter, (struct timeval){}, out, len, len);
	ok(capture.frames.len == len && !memcmp(capture.frames.data, out, len) &&
	   filter_stats(filter)->fragments == 1, "a fragment stays as it is");
	bytes_free(&capture.frames);

	l45_put16(out + 20, 0);
	filter_packet(filter, (struct timeval){}, out, len - 1, len);
	ok(capture.frames.len == len - 1 && filter_stats(filter)->truncated == 1,
	   "a datagram that was captured in part stays as it is");
	bytes_free(&capture.frames);

	l45_put16(out + 40, 0);
	filter_packet(filter, (struct timeval){}, out, len, len);
	ok(capture.frames.len == len - 32 && !l45_get16(capture.frames.data + 40),
	   "no checksum stays no checksum");
	bytes_free(&capture.frames);

	l45_put16(out + 36, 54);
	filter_packet(filter, (struct timeval){}, out, len, len);
	ok(capture.frames.len == len && !memcmp(capture.frames.data, out, len),
	   "other ports stay as they are");
	bytes_free(&capture.frames);
	filter_free(filter);
	instances_free(&instances);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? atoi(argv[1]) : 60;
	u32 i;

	randomness.state = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
	printf("# seed %llu\n", randomness.state);
	for (i = 0; i < customizations_count; i++) {
		const struct l45_ops *ops = *customizations[i];

		if (ops->flags & L45_DATAGRAM)
			conversations(ops, IPPROTO_UDP, rounds);
		if (ops->flags & L45_STREAM)
			conversations(ops, IPPROTO_TCP, rounds);
	}
	gaps();
	others();
	return tap_done("pcap");
}
