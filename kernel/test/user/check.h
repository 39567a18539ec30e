/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold for any customization and any bytes. Each ends the program if it doesn't. */
#ifndef L45_CHECK_H
#define L45_CHECK_H

#include "pump.h"

struct subject {
	const struct l45_ops *ops;
	const char *params; /* of a chain, only what to call it */
	const struct l45_chain *chain; /* whose the ops are, or NULL */
	u8 protocol;
	u8 role; /* of the sender */
};

/* Bytes that the marks of the two instances are made of. */
#define MARK_A 0xa5
#define MARK_B 0x5b

/* Parameters under which a customization is to be checked; ends with NULL. */
const char *const *check_variants(const struct l45_ops *ops);

/* Puts on `wire` what the sender sends; on a stream, B may take over from A on the way. */
void check_send(const struct subject *subject, struct choice *choice, const u8 *data, u32 len,
		struct bytes *wire);

/* What egress sends, ingress gives back, even if one instance takes over from another. */
void check_round_trip(const struct subject *subject, struct choice *choice, const u8 *data,
		      u32 len);
/* Ingress survives any bytes. */
void check_hostile(const struct subject *subject, struct choice *choice, const u8 *data, u32 len);
/* Ingress survives its own bytes, damaged. */
void check_damaged(const struct subject *subject, struct choice *choice, const u8 *data, u32 len);

/* Who observes a stream sees the same however it is cut up, and what is done to it. */
void check_observed(const struct subject *subject, struct choice *choice, const u8 *data, u32 len);

#endif /* L45_CHECK_H */
