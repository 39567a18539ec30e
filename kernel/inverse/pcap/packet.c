// SPDX-License-Identifier: GPL-2.0-only
#include <l45/wire.h>
#include <pcap/dlt.h>

#include "packet.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8

#define IPV6_LEN 40u
#define UDP_LEN 8
#define TCP_LEN 20
#define IP_LEN_MAX 65535
#define IPPROTO_IPV6_FRAGMENT 44

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_SACK 5

static bool ethertype(u16 type)
{
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6;
}

/* Where the IP header is; 0xffffffff if there is none. */
static u32 link_len(int link, const u8 *data, u32 len)
{
	u32 at;

	switch (link) {
	case DLT_EN10MB:
		for (at = 12; at + 2 <= len; at += 4) {
			u16 type = l45_get16(data + at);

			if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
				return ethertype(type) ? at + 2 : UINT32_MAX;
		}
		return UINT32_MAX;
	case DLT_LINUX_SLL:
		return len >= 16 && ethertype(l45_get16(data + 14)) ? 16 : UINT32_MAX;
	case DLT_LINUX_SLL2:
		return len >= 20 && ethertype(l45_get16(data)) ? 20 : UINT32_MAX;
	case DLT_NULL:
	case DLT_LOOP:
		return 4;
	case DLT_RAW:
		return 0;
	}
	return UINT32_MAX;
}

static u32 ip_header_len(const struct packet *packet)
{
	return packet->segment - packet->ip;
}

/* Returns how many bytes of the frame belong to the IP packet, 0 if it is none. */
static u32 parse_ipv4(struct packet *packet, const u8 *ip, u32 len, bool *fragment)
{
	u32 header = (ip[0] & 15) * 4;
	u32 total;

	if (len < 20 || header < 20 || header > len)
		return 0;
	/* Zero: a frame that the sending host leaves to its network card to cut up. */
	total = l45_get16(ip + 2) ?: len;
	if (total < header)
		return 0;
	*fragment = l45_get16(ip + 6) & 0x3fff;
	packet->protocol = ip[9];
	memcpy(packet->source.address, ip + 12, 4);
	memcpy(packet->destination.address, ip + 16, 4);
	packet->segment = packet->ip + header;
	return total;
}

static u32 parse_ipv6(struct packet *packet, const u8 *ip, u32 len, bool *fragment)
{
	u32 at = IPV6_LEN;
	u32 total;
	u8 next;

	if (len < IPV6_LEN)
		return 0;
	total = l45_get16(ip + 4) ? IPV6_LEN + l45_get16(ip + 4) : len;
	memcpy(packet->source.address, ip + 8, 16);
	memcpy(packet->destination.address, ip + 24, 16);
	for (next = ip[6];; next = ip[at], at += (ip[at + 1] + 1) * 8) {
		if (next == IPPROTO_IPV6_FRAGMENT)
			*fragment = true;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			break;
		if (at + 8 > len)
			return 0;
	}
	packet->protocol = next;
	packet->segment = packet->ip + at;
	return total;
}

static bool parse_transport(struct packet *packet, u32 left)
{
	const u8 *p = packet->data + packet->segment;
	u32 captured = packet->len - packet->segment;
	u32 header = UDP_LEN;

	if (packet->protocol == IPPROTO_TCP) {
		if (captured < TCP_LEN)
			return false;
		header = (p[12] >> 4) * 4;
		packet->sequence = l45_get32(p + 4);
		packet->acknowledgement = l45_get32(p + 8);
		packet->flags = p[13];
		if (header < TCP_LEN)
			return false;
	} else if (captured >= UDP_LEN && l45_get16(p + 4) >= UDP_LEN &&
		   l45_get16(p + 4) < left) {
		left = l45_get16(p + 4);
	}
	if (captured < header || left < header)
		return false;
	packet->source.port = l45_get16(p);
	packet->destination.port = l45_get16(p + 2);
	packet->payload = packet->segment + header;
	packet->payload_len = left - header;
	if (packet->payload_len > captured - header) {
		packet->missing = packet->payload_len - (captured - header);
		packet->payload_len = captured - header;
	}
	return true;
}

enum packet_kind packet_parse(struct packet *packet, int link, const u8 *data, u32 len)
{
	bool fragment = false;
	u32 at = link_len(link, data, len);
	u32 total;

	memset(packet, 0, sizeof(*packet));
	packet->data = data;
	packet->len = len;
	if (at == UINT32_MAX || at >= len)
		return PACKET_OTHER;
	packet->ip = at;
	packet->version = data[at] >> 4;
	if (packet->version == 4)
		total = parse_ipv4(packet, data + at, len - at, &fragment);
	else if (packet->version == 6)
		total = parse_ipv6(packet, data + at, len - at, &fragment);
	else
		return PACKET_OTHER;
	if (!total)
		return PACKET_OTHER;
	if (packet->protocol != IPPROTO_UDP && packet->protocol != IPPROTO_TCP && !fragment)
		return PACKET_OTHER;
	if (fragment)
		return PACKET_FRAGMENT;
	if (packet->segment > len || total < ip_header_len(packet) ||
	    !parse_transport(packet, total - ip_header_len(packet)))
		return PACKET_OTHER;
	return PACKET_PARSED;
}

u32 packet_room(const struct packet *packet)
{
	u32 headers = packet->payload - packet->ip;

	/* The header of IPv6 doesn't count. */
	return IP_LEN_MAX + (packet->version == 6 ? IPV6_LEN : 0) - headers;
}

/* The first byte behind the option at `at`; `header` if it makes no sense. */
static u32 option_end(const u8 *tcp, u32 at, u32 header)
{
	u32 len;

	if (tcp[at] == TCP_OPTION_NOP)
		return at + 1;
	len = at + 1 < header ? tcp[at + 1] : 0;
	return tcp[at] == TCP_OPTION_END || len < 2 || at + len > header ? header : at + len;
}

void packet_sack(const struct packet *packet, void (*edge)(void *context, u32 sequence),
		 void *context)
{
	const u8 *tcp = packet->data + packet->segment;
	u32 header = packet->payload - packet->segment;
	u32 at, end, i;

	for (at = TCP_LEN; at < header; at = end) {
		end = option_end(tcp, at, header);
		if (tcp[at] == TCP_OPTION_SACK)
			for (i = at + 2; i + 4 <= end; i += 4)
				edge(context, l45_get32(tcp + i));
	}
}

/* Blocks of which nothing is left go; NOPs keep their place. */
static void write_sack(const struct rewrite *rewrite, u8 *tcp, u32 header)
{
	u32 at, end, i;

	for (at = TCP_LEN; at < header; at = end) {
		u8 *p = tcp + at + 2;

		end = option_end(tcp, at, header);
		if (tcp[at] != TCP_OPTION_SACK)
			continue;
		for (i = at + 2; i + 8 <= end; i += 8) {
			u32 left = rewrite->acked(rewrite->context, l45_get32(tcp + i));
			u32 right = rewrite->acked(rewrite->context, l45_get32(tcp + i + 4));

			if (left != right)
				p = l45_put32(l45_put32(p, left), right);
		}
		tcp[at + 1] = p - (tcp + at);
		if (tcp[at + 1] == 2)
			p = tcp + at;
		memset(p, TCP_OPTION_NOP, tcp + end - p);
	}
}

static u64 sum(const u8 *data, u32 len)
{
	u64 total = 0;
	u32 word;

	for (; len >= 4; data += 4, len -= 4) {
		memcpy(&word, data, 4);
		total += word;
	}
	word = 0;
	memcpy(&word, data, len);
	return total + word;
}

/* The Internet checksum, in the byte order of memory. */
static u16 fold(u64 total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total;
}

static void put_checksum(u8 *at, u64 total)
{
	u16 folded = fold(total);

	memcpy(at, &folded, 2);
}

static u64 pseudo_header(const struct packet *packet, u32 len)
{
	u32 address = packet->version == 4 ? 4 : 16;
	u8 rest[8];

	l45_put32(l45_put32(rest, len), packet->protocol);
	return sum(packet->source.address, address) + sum(packet->destination.address, address) +
	       sum(rest, sizeof(rest));
}

static void write_udp(const struct packet *packet, u8 *udp, u32 len)
{
	bool checked = packet->version == 6 || l45_get16(udp + 6);

	l45_put16(udp + 4, len);
	l45_put16(udp + 6, 0);
	if (!checked)
		return;
	put_checksum(udp + 6, pseudo_header(packet, len) + sum(udp, len));
	if (!l45_get16(udp + 6))
		l45_put16(udp + 6, 0xffff);
}

static void write_tcp(const struct packet *packet, const struct rewrite *rewrite, u8 *tcp, u32 len)
{
	l45_put32(tcp + 4, rewrite->sequence);
	l45_put32(tcp + 8, rewrite->acknowledgement);
	tcp[13] = rewrite->flags;
	write_sack(rewrite, tcp, packet->payload - packet->segment);
	l45_put16(tcp + 16, 0);
	put_checksum(tcp + 16, pseudo_header(packet, len) + sum(tcp, len));
}

u32 packet_write(const struct packet *packet, const struct rewrite *rewrite, u8 *out)
{
	u32 len = packet->payload - packet->segment + rewrite->payload_len;
	u8 *ip = out + packet->ip;

	memcpy(out, packet->data, packet->payload);
	memcpy(out + packet->payload, rewrite->payload, rewrite->payload_len);
	if (packet->version == 4) {
		l45_put16(ip + 2, ip_header_len(packet) + len);
		l45_put16(ip + 10, 0);
		put_checksum(ip + 10, sum(ip, ip_header_len(packet)));
	} else {
		l45_put16(ip + 4, ip_header_len(packet) - IPV6_LEN + len);
	}
	if (packet->protocol == IPPROTO_UDP)
		write_udp(packet, out + packet->segment, len);
	else
		write_tcp(packet, rewrite, out + packet->segment, len);
	return packet->payload + rewrite->payload_len;
}
