/* SPDX-License-Identifier: GPL-2.0-only */
/* One captured frame: where its parts are, and another one made of it with other bytes. */
#ifndef L45_PACKET_H
#define L45_PACKET_H

#include <l45/user.h>

#define PACKET_MAX (1 << 18) /* bytes of the largest frame that a capture may hold */

struct packet_side {
	u8 address[16]; /* IPv4 in the first four bytes, the others zero */
	u16 port;
};

struct packet {
	const u8 *data;
	u32 len;     /* bytes captured */
	u32 missing; /* bytes of the payload that were not */

	u32 ip;	     /* offset of the IP header */
	u32 segment; /* of the UDP or TCP header */
	u32 payload; /* of what it carries */
	u32 payload_len;
	u8 version;  /* 4 or 6 */
	u8 protocol; /* IPPROTO_UDP or IPPROTO_TCP */
	struct packet_side source, destination;

	/* TCP only. */
	u32 sequence, acknowledgement;
	u8 flags;
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

enum packet_kind {
	PACKET_OTHER,	 /* neither UDP nor TCP, or not understood */
	PACKET_FRAGMENT, /* of a datagram or segment */
	PACKET_PARSED,
};

/* `link` is a DLT_ of libpcap. */
enum packet_kind packet_parse(struct packet *packet, int link, const u8 *data, u32 len);

/* What a rewritten packet says. */
struct rewrite {
	const u8 *payload;
	u32 payload_len;
	/* TCP only. */
	u32 sequence, acknowledgement;
	u8 flags;
	/* Translates a sequence number in a SACK block. */
	u32 (*acked)(void *context, u32 sequence);
	void *context;
};

/* Calls back for each edge of a SACK block. */
void packet_sack(const struct packet *packet, void (*edge)(void *context, u32 sequence),
		 void *context);

/* Most bytes that `packet` can carry. */
u32 packet_room(const struct packet *packet);

/*
 * Writes the frame with another payload to `out`, which has room for PACKET_MAX bytes:
 * lengths and checksums are those of the new bytes. Returns its length.
 */
u32 packet_write(const struct packet *packet, const struct rewrite *rewrite, u8 *out);

#endif /* L45_PACKET_H */
