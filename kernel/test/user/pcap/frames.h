/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet frames for the tests of the filter, and what they share. */
#ifndef L45_FRAMES_H
#define L45_FRAMES_H

#include "../../../inverse/pcap/filter.h"
#include "../check.h"

#define DLT_ETHERNET 1
#define CLIENT_PORT 40000
#define SERVER_PORT 53

struct frame {
	u8 version, protocol;
	bool back; /* from the server */
	/* TCP only. */
	u32 sequence, acknowledgement;
	u8 flags;
	u8 options[40];
	u8 options_len; /* a multiple of 4 */
};

/* Gives it a SACK option with one block. */
void frame_sack(struct frame *frame, u32 left, u32 right);

/* Writes a frame with right lengths and checksums; returns its length. */
u32 frame_write(const struct frame *frame, const void *payload, u32 len, u8 *out);

/* All customizations. */
extern const struct l45_ops *const *const customizations[];
extern const u32 customizations_count;

/* Two deployments of a customization, with marks made of MARK_A and MARK_B, on SERVER_PORT. */
void instances_of(struct instances *instances, const struct l45_ops *ops, const char *params);

#endif /* L45_FRAMES_H */
