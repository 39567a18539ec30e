// SPDX-License-Identifier: GPL-2.0-only
#include <l45/wire.h>
#include <stdlib.h>

#include "frames.h"

#define ETHERNET_LEN 14

extern const struct l45_ops *const l45_app_id, *const l45_dns_compress, *const l45_dns_tag,
	*const l45_null, *const l45_rate_limit, *const l45_stream_tag, *const l45_xor_dialect;

const struct l45_ops *const *const customizations[] = {
	&l45_app_id, &l45_dns_compress, &l45_dns_tag,	 &l45_null,
	&l45_rate_limit, &l45_stream_tag, &l45_xor_dialect,
};
const u32 customizations_count = ARRAY_SIZE(customizations);

void instances_of(struct instances *instances, const struct l45_ops *ops, const char *params)
{
	u32 i;

	instances->count = 2;
	instances->deployments = calloc(2, sizeof(*instances->deployments));
	for (i = 0; i < 2; i++) {
		struct deployment *deployment = &instances->deployments[i];
		struct end *end = &deployment->ends[0];

		instance_init(&deployment->instance, ops, 0, 0, i ? MARK_B : MARK_A, params);
		deployment->ends_count = 1;
		end->role = L45_ROLE_SERVER;
		end->local.ports_count = 1;
		end->local.ports[0] = (struct ports){ SERVER_PORT, SERVER_PORT };
	}
}

/* Byte by byte, unlike what is under test. */
static void checksum(u8 *at, const u8 *pseudo, u32 pseudo_len, const u8 *data, u32 len)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < pseudo_len; i++)
		sum += i & 1 ? pseudo[i] : pseudo[i] << 8;
	for (i = 0; i < len; i++) {
		sum += i & 1 ? data[i] : data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	l45_put16(at, ~sum);
}

static u8 *put_address(u8 *p, u8 version, bool server)
{
	static const u8 addresses[2][16] = { { 10, 45, 0, 1, 5 }, { 10, 45, 0, 2, 6 } };

	return l45_put(p, addresses[server], version == 4 ? 4 : 16);
}

static u8 *put_ip(u8 *p, const struct frame *frame, u32 len)
{
	u8 *ip = p;

	if (frame->version == 4) {
		memset(p, 0, 20);
		p[0] = 0x45;
		l45_put16(p + 2, 20 + len);
		p[8] = 64;
		p[9] = frame->protocol;
		p = put_address(p + 12, 4, frame->back);
		p = put_address(p, 4, !frame->back);
		checksum(ip + 10, NULL, 0, ip, 20);
		return p;
	}
	memset(p, 0, 8);
	p[0] = 0x60;
	l45_put16(p + 4, len);
	p[6] = frame->protocol;
	p[7] = 64;
	return put_address(put_address(p + 8, 6, frame->back), 6, !frame->back);
}

void frame_sack(struct frame *frame, u32 left, u32 right)
{
	u8 *p = l45_put(frame->options, "\1\1\5\12", 4);

	frame->options_len = l45_put32(l45_put32(p, left), right) - frame->options;
}

u32 frame_write(const struct frame *frame, const void *payload, u32 len, u8 *out)
{
	u32 header = frame->protocol == IPPROTO_TCP ? 20 + frame->options_len : 8;
	u16 ports[2] = { CLIENT_PORT, SERVER_PORT };
	u8 pseudo[40], *end = pseudo;
	u8 *p = out, *segment;

	memset(p, 2, 12);
	p = l45_put16(p + 12, frame->version == 4 ? 0x0800 : 0x86dd);
	segment = p = put_ip(p, frame, header + len);
	memset(p, 0, header);
	p = l45_put16(l45_put16(p, ports[frame->back]), ports[!frame->back]);
	if (frame->protocol == IPPROTO_UDP) {
		p = l45_put16(p, header + len) + 2;
	} else {
		p = l45_put32(l45_put32(p, frame->sequence), frame->acknowledgement);
		*p++ = header / 4 << 4;
		*p++ = frame->flags;
		p = l45_put16(p, 65535) + 4;
		p = l45_put(p, frame->options, frame->options_len);
	}
	if (len)
		memcpy(p, payload, len);
	end = put_address(put_address(pseudo, frame->version, frame->back), frame->version,
			  !frame->back);
	end = l45_put32(l45_put32(end, header + len), frame->protocol);
	checksum(segment + (frame->protocol == IPPROTO_UDP ? 6 : 16), pseudo, end - pseudo, segment,
		 header + len);
	return p + len - out;
}
