// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "filter.h"

#define BUCKETS 16384

/* The two directions of a connection; `sides[0]` sent what is in streams[0]. */
struct flow {
	struct flow *chained;
	struct flow *newer, *older; /* by last use */
	u8 version;
	struct packet_side sides[2];
	struct stream streams[2];
};

/* A packet that waits, with a copy of its bytes behind it. */
struct held {
	struct held *next;
	struct timeval time;
	u32 wire_len;
	struct flow *flow; /* NULL: it only keeps its place */
	u8 direction;
	struct packet packet;
	u8 data[];
};

struct filter {
	const struct instances *instances;
	int link;
	filter_emit *emit;
	void *context;
	struct filter_stats stats;

	struct flow *buckets[BUCKETS];
	struct flow *newest, *oldest;
	u32 flows;

	struct held *head, **tail;
	u32 held;
	u64 held_bytes;

	u8 payload[PACKET_MAX], out[PACKET_MAX];
};

static void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct filter *filter_new(const struct instances *instances, int link, filter_emit *emit,
			  void *context)
{
	struct filter *filter = checked(calloc(1, sizeof(*filter)));

	filter->instances = instances;
	filter->link = link;
	filter->emit = emit;
	filter->context = context;
	filter->tail = &filter->head;
	return filter;
}

const struct filter_stats *filter_stats(const struct filter *filter)
{
	return &filter->stats;
}

/* ---- flows ---- */

/* The deployments that may have customized this packet, each with a cursor of its own. */
static u32 find_candidates(const struct filter *filter, const struct packet *packet, u32 flag,
			   struct candidate *candidates)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < filter->instances->count && count < CANDIDATES_MAX; i++) {
		const struct deployment *deployment = &filter->instances->deployments[i];
		struct candidate *candidate = &candidates[count];
		int role = deployment_receiver(deployment, packet);

		if (role < 0 || !(deployment->instance.ops->flags & flag))
			continue;
		candidate->deployment = deployment;
		candidate->flow = deployment->instance.flow;
		candidate->flow.role = role;
		candidate->flow.protocol = packet->protocol;
		candidate->flow.direction = L45_INGRESS;
		count++;
	}
	return count;
}

static bool same_side(const struct packet_side *a, const struct packet_side *b)
{
	return a->port == b->port && !memcmp(a->address, b->address, sizeof(a->address));
}

/* The same for both directions. */
static u32 bucket_of(const struct packet *packet)
{
	u32 hash = packet->source.port ^ packet->destination.port;
	u32 i, words[8];

	memcpy(words, packet->source.address, 16);
	memcpy(words + 4, packet->destination.address, 16);
	for (i = 0; i < 4; i++)
		hash = (hash ^ words[i] ^ words[i + 4]) * 0x9e3779b1;
	return (hash >> 16) % BUCKETS;
}

static void unlink_used(struct filter *filter, struct flow *flow)
{
	*(flow->newer ? &flow->newer->older : &filter->newest) = flow->older;
	*(flow->older ? &flow->older->newer : &filter->oldest) = flow->newer;
}

static void link_used(struct filter *filter, struct flow *flow)
{
	flow->newer = NULL;
	flow->older = filter->newest;
	*(filter->newest ? &filter->newest->newer : &filter->oldest) = flow;
	filter->newest = flow;
}

static void flow_free(struct filter *filter, struct flow *flow, struct flow **place)
{
	*place = flow->chained;
	unlink_used(filter, flow);
	stream_free(&flow->streams[0]);
	stream_free(&flow->streams[1]);
	free(flow);
	filter->flows--;
}

static bool is_held(const struct flow *flow)
{
	return flow->streams[0].held || flow->streams[1].held;
}

/* Makes room for another one. Those that packets wait for stay. */
static void drop_oldest(struct filter *filter)
{
	struct flow *flow = filter->oldest;
	struct packet packet = { .source = flow->sides[0], .destination = flow->sides[1] };
	struct flow **place = &filter->buckets[bucket_of(&packet)];

	if (is_held(flow))
		return;
	while (*place != flow)
		place = &(*place)->chained;
	flow_free(filter, flow, place);
}

static void stream_of(struct filter *filter, const struct packet *packet, struct stream *stream)
{
	struct candidate *candidates = checked(calloc(CANDIDATES_MAX, sizeof(*candidates)));
	u32 count = find_candidates(filter, packet, L45_STREAM, candidates);

	stream_init(stream, candidates, count);
}

static struct flow *flow_new(struct filter *filter, const struct packet *packet,
			     struct flow **bucket)
{
	struct flow *flow = checked(calloc(1, sizeof(*flow)));
	struct packet back = *packet;

	back.source = packet->destination;
	back.destination = packet->source;
	flow->version = packet->version;
	flow->sides[0] = packet->source;
	flow->sides[1] = packet->destination;
	stream_of(filter, packet, &flow->streams[0]);
	stream_of(filter, &back, &flow->streams[1]);
	flow->chained = *bucket;
	*bucket = flow;
	link_used(filter, flow);
	filter->flows++;
	return flow;
}

/* The connection of a packet that may have been customized, or whose answers may; or NULL. */
static struct flow *flow_of(struct filter *filter, const struct packet *packet, u8 *direction)
{
	struct flow **bucket = &filter->buckets[bucket_of(packet)];
	struct flow *flow;
	u32 i;

	for (flow = *bucket; flow; flow = flow->chained) {
		if (flow->version != packet->version)
			continue;
		*direction = !same_side(&flow->sides[0], &packet->source);
		if (!same_side(&flow->sides[*direction], &packet->source) ||
		    !same_side(&flow->sides[!*direction], &packet->destination))
			continue;
		unlink_used(filter, flow);
		link_used(filter, flow);
		return flow;
	}

	for (i = 0; i < filter->instances->count; i++)
		if (deployment_receiver(&filter->instances->deployments[i], packet) >= 0)
			break;
	if (i == filter->instances->count)
		return NULL;
	if (filter->flows >= FLOWS_MAX)
		drop_oldest(filter);
	*direction = 0;
	return flow_new(filter, packet, bucket);
}

/* ---- datagrams ---- */

/* Returns whether the candidate made sense of the datagram: then its length is set. */
static bool run_datagram(struct filter *filter, struct candidate *candidate,
			 const struct packet *packet, u32 room, u32 *len)
{
	struct l45_run run = {
		.in = packet->data + packet->payload,
		.in_len = packet->payload_len,
		.last = true,
		.out = filter->payload,
		.out_cap = min_t(u32, room, sizeof(filter->payload)),
	};
	int ret;

	l45_engine_start(&candidate->cursor, candidate->deployment->instance.ops,
			 &candidate->flow);
	ret = l45_engine_run(&candidate->cursor, &run);
	if (ret == L45_SEGMENT_DROP || ret == -EBADMSG)
		filter->stats.dropped++;
	if (ret == -ENOSPC)
		filter->stats.oversized++;
	if (ret != L45_SEGMENT_END && ret != L45_SEGMENT_DETACH)
		return false;
	*len = run.out_used;
	filter->stats.streams.removed += run.removed;
	filter->stats.streams.inserted += run.inserted;
	return true;
}

static void emit(struct filter *filter, struct timeval time, const u8 *data, u32 len, u32 wire_len)
{
	filter->emit(filter->context, time, data, len, wire_len);
}

static void emit_as_is(struct filter *filter, const struct packet *packet, struct timeval time,
		       u32 wire_len)
{
	emit(filter, time, packet->data, packet->len, wire_len);
}

static void emit_rewritten(struct filter *filter, const struct packet *packet,
			   struct timeval time, const struct rewrite *rewrite)
{
	u32 len = packet_write(packet, rewrite, filter->out);

	filter->stats.rewritten++;
	emit(filter, time, filter->out, len, len + packet->missing);
}

static void emit_datagram(struct filter *filter, const struct packet *packet, struct timeval time,
			  u32 wire_len)
{
	struct candidate candidates[CANDIDATES_MAX];
	u32 count = find_candidates(filter, packet, L45_DATAGRAM, candidates);
	struct rewrite rewrite = { .payload = filter->payload };
	u32 room = packet_room(packet);
	u32 i;

	if (count && packet->missing) {
		filter->stats.truncated++;
		count = 0;
	}
	for (i = 0; i < count; i++)
		if (run_datagram(filter, &candidates[i], packet, room, &rewrite.payload_len))
			return emit_rewritten(filter, packet, time, &rewrite);
	emit_as_is(filter, packet, time, wire_len);
}

/* ---- segments ---- */

static s64 payload_at(const struct stream *stream, const struct packet *packet)
{
	return stream_position(stream, packet->sequence + !!(packet->flags & TCP_SYN));
}

/* Tells the streams of a connection what a segment says. */
static void take_segment(struct filter *filter, struct flow *flow, u8 direction,
			 const struct packet *packet)
{
	struct stream *stream = &flow->streams[direction];
	struct stream *peer = &flow->streams[!direction];
	u32 first = packet->sequence + !!(packet->flags & TCP_SYN);
	bool again = stream->known && stream->first == first;

	if (packet->flags & TCP_RST)
		return;
	if (packet->flags & TCP_SYN && !again) {
		stream_settle(stream, &filter->stats.streams);
		stream_start(stream, first);
	} else if (!stream->known) {
		stream_join(stream, first);
	}
	if (packet->flags & TCP_ACK && peer->known)
		peer->acked = max_t(s64, peer->acked,
				    stream_position(peer, packet->acknowledgement));
	if (packet->missing)
		filter->stats.truncated++;
	stream_take(stream, payload_at(stream, packet), packet->data + packet->payload,
		    packet->payload_len, packet->flags & TCP_FIN && !packet->missing,
		    &filter->stats.streams);
}

/* Whether something holds for every edge of a segment's SACK blocks. */
struct sack_check {
	struct stream *stream;
	bool holds;
};

static void check_edge(void *context, u32 sequence)
{
	struct sack_check *check = context;

	if (!stream_resolved(check->stream, stream_position(check->stream, sequence)))
		check->holds = false;
}

/* Which stream has to be understood further before this segment can be told? NULL: none. */
static struct stream *waits_for(struct flow *flow, u8 direction, const struct packet *packet)
{
	struct stream *stream = &flow->streams[direction];
	struct stream *peer = &flow->streams[!direction];
	struct sack_check check = { peer, true };
	s64 end;

	if (packet->flags & TCP_RST)
		return NULL;
	end = payload_at(stream, packet) + packet->payload_len + !!(packet->flags & TCP_FIN);
	if (!stream_resolved(stream, end))
		return stream;
	if (!(packet->flags & TCP_ACK) || !peer->known)
		return NULL;
	if (!stream_resolved(peer, stream_position(peer, packet->acknowledgement)))
		return peer;
	packet_sack(packet, check_edge, &check);
	return check.holds ? NULL : peer;
}

static u32 translate(void *context, u32 sequence)
{
	const struct stream *stream = context;

	if (!stream->known)
		return sequence;
	return stream->first + (u32)stream_map(stream, stream_position(stream, sequence));
}

static void compare_edge(void *context, u32 sequence)
{
	struct sack_check *check = context;

	if (translate(check->stream, sequence) != sequence)
		check->holds = false;
}

static void emit_segment(struct filter *filter, struct flow *flow, u8 direction,
			 const struct packet *packet, struct timeval time, u32 wire_len)
{
	struct stream *stream = &flow->streams[direction];
	struct stream *peer = &flow->streams[!direction];
	const u8 *payload = packet->data + packet->payload;
	u8 syn = !!(packet->flags & TCP_SYN);
	struct rewrite rewrite = {
		.payload = filter->payload,
		.flags = packet->flags,
		.sequence = translate(stream, packet->sequence + syn) - syn,
		.acknowledgement = packet->acknowledgement,
		.acked = translate,
		.context = peer,
	};
	struct sack_check same = { peer, true };
	s64 len;

	packet_sack(packet, compare_edge, &same);
	if (packet->flags & TCP_ACK)
		rewrite.acknowledgement = translate(peer, packet->acknowledgement);
	len = stream->known ? stream_render(stream, payload_at(stream, packet), payload,
					    packet->payload_len, filter->payload,
					    min_t(u32, packet_room(packet), PACKET_MAX / 2)) :
			      packet->payload_len;
	if (len < 0)
		filter->stats.oversized++;
	if (len < 0 || !stream->known ||
	    (len == packet->payload_len && !memcmp(payload, filter->payload, len) &&
	     rewrite.sequence == packet->sequence &&
	     rewrite.acknowledgement == packet->acknowledgement && same.holds))
		return emit_as_is(filter, packet, time, wire_len);
	rewrite.payload_len = len;
	emit_rewritten(filter, packet, time, &rewrite);
}

/* ---- the queue ---- */

static void hold(struct filter *filter, struct flow *flow, u8 direction,
		 const struct packet *packet, struct timeval time, u32 wire_len)
{
	struct held *held = checked(malloc(sizeof(*held) + packet->len));

	memcpy(held->data, packet->data, packet->len);
	held->next = NULL;
	held->time = time;
	held->wire_len = wire_len;
	held->flow = flow;
	held->direction = direction;
	held->packet = *packet;
	held->packet.data = held->data;
	*filter->tail = held;
	filter->tail = &held->next;
	filter->held++;
	filter->held_bytes += packet->len;
	if (flow) {
		flow->streams[0].held++;
		flow->streams[1].held++;
	}
}

static void release(struct filter *filter, struct held *held)
{
	struct flow *flow = held->flow;

	if (flow) {
		emit_segment(filter, flow, held->direction, &held->packet, held->time,
			     held->wire_len);
		flow->streams[0].held--;
		flow->streams[1].held--;
	} else if (held->packet.protocol == IPPROTO_UDP && held->packet.payload) {
		emit_datagram(filter, &held->packet, held->time, held->wire_len);
	} else {
		emit_as_is(filter, &held->packet, held->time, held->wire_len);
	}
	filter->head = held->next;
	if (!filter->head)
		filter->tail = &filter->head;
	filter->held--;
	filter->held_bytes -= held->packet.len;
	free(held);
}

/* Lets out what need not wait any longer; with `force`, the first one whatever it waits for. */
static void release_ready(struct filter *filter, bool force)
{
	while (filter->head) {
		struct held *held = filter->head;
		struct stream *stream = NULL;

		if (held->flow)
			stream = waits_for(held->flow, held->direction, &held->packet);
		if (stream && !force)
			return;
		if (stream)
			stream_settle(stream, &filter->stats.streams);
		release(filter, held);
		force = false;
	}
}

static void handle_segment(struct filter *filter, struct packet *packet, struct timeval time,
			   u32 wire_len)
{
	u8 direction = 0;
	struct flow *flow = flow_of(filter, packet, &direction);
	struct stream *stream;

	if (flow) {
		/* Another connection with the same addresses: what waits is of the old one. */
		stream = &flow->streams[direction];
		if (packet->flags & TCP_SYN && stream->held && stream->first != packet->sequence + 1)
			filter_flush(filter);
		take_segment(filter, flow, direction, packet);
	}
	if (filter->head || (flow && waits_for(flow, direction, packet)))
		hold(filter, flow, direction, packet, time, wire_len);
	else if (flow)
		emit_segment(filter, flow, direction, packet, time, wire_len);
	else
		emit_as_is(filter, packet, time, wire_len);
	if (flow) {
		stream_trim(&flow->streams[0]);
		stream_trim(&flow->streams[1]);
	}
}

void filter_packet(struct filter *filter, struct timeval time, const u8 *data, u32 len,
		   u32 wire_len)
{
	struct packet packet;
	enum packet_kind kind = PACKET_OTHER;

	filter->stats.packets++;
	/* More than we have room to rewrite. */
	if (len <= PACKET_MAX / 2)
		kind = packet_parse(&packet, filter->link, data, len);
	else
		packet = (struct packet){ .data = data, .len = len };
	if (kind == PACKET_FRAGMENT)
		filter->stats.fragments++;
	if (kind != PACKET_PARSED)
		packet.payload = 0;

	if (kind == PACKET_PARSED && packet.protocol == IPPROTO_TCP)
		handle_segment(filter, &packet, time, wire_len);
	else if (filter->head)
		hold(filter, NULL, 0, &packet, time, wire_len);
	else if (kind == PACKET_PARSED)
		emit_datagram(filter, &packet, time, wire_len);
	else
		emit_as_is(filter, &packet, time, wire_len);

	release_ready(filter, filter->held > HELD_MAX || filter->held_bytes > HELD_BYTES_MAX);
}

void filter_flush(struct filter *filter)
{
	while (filter->head)
		release_ready(filter, true);
}

void filter_free(struct filter *filter)
{
	filter_flush(filter);
	while (filter->oldest)
		drop_oldest(filter);
	free(filter);
}
