// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns_compress: sends of a DNS query only what can't be guessed: its id, its name and
 * what EDNS says. README.md shows the bytes. Only queries that come out of it exactly
 * as they went in are compressed; all else goes as it is.
 */
#include <l45/customization.h>
#include <l45/wire.h>

#define SIGNATURE_LEN 4
#define HEADER_LEN 12
#define QUESTION_LEN 4 /* type and class, behind the name */
#define OPT_LEN 11     /* without its data */
#define NAME_MAX_LEN 255
#define LABEL_MAX_LEN 63

#define DNS_RD 0x0100
#define DNS_AD 0x0020
#define DNS_CD 0x0010
#define DNS_DO 0x8000 /* in the OPT record */
#define CLASS_IN 1
#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_OPT 41

/* The byte behind the signature. */
#define HAS_RD 0x01
#define HAS_AD 0x02
#define HAS_CD 0x04
#define HAS_OPT 0x08
#define HAS_DO 0x10
#define IS_A 0x20
#define IS_AAAA 0x40
#define VERBATIM (IS_A | IS_AAAA) /* the message follows as it is */
#define UNKNOWN 0x80

struct dns_compress_state {
	enum { MESSAGE, QUESTION, OPT } next;
	u8 has;
	u16 type;
};

/*
 * Derived from the mark. Its third byte says opcode 15, which DNS has not assigned: no
 * plain message begins like this.
 */
static void put_signature(const struct l45_flow *flow, u8 *p)
{
	l45_put(p, flow->mark, SIGNATURE_LEN);
	p[2] |= 0x78;
}

static bool has_signature(const struct l45_flow *flow, const struct l45_step *step)
{
	u8 signature[SIGNATURE_LEN];

	put_signature(flow, signature);
	return step->in_len > SIGNATURE_LEN && !memcmp(step->in, signature, SIGNATURE_LEN);
}

/* Bytes of the uncompressed name at p with its root label, or 0 if there is none. */
static u32 name_len(const u8 *p, u32 len)
{
	u32 at = 0;

	while (at < len && at < NAME_MAX_LEN) {
		u8 label = p[at];

		if (label > LABEL_MAX_LEN)
			return 0;
		at += 1 + label;
		if (!label)
			return at;
	}
	return 0;
}

/* Can it be compressed? Then the name's length, and in `state` what has to be remembered. */
static u32 parse_query(const u8 *in, u32 len, struct dns_compress_state *state)
{
	u32 name, rest;
	const u8 *p;
	u16 flags;

	if (len < HEADER_LEN)
		return 0;
	flags = l45_get16(in + 2);
	if (flags & ~(DNS_RD | DNS_AD | DNS_CD) || l45_get16(in + 4) != 1 || l45_get32(in + 6) ||
	    l45_get16(in + 10) > 1)
		return 0;
	state->has = (flags & DNS_RD ? HAS_RD : 0) | (flags & DNS_AD ? HAS_AD : 0) |
		     (flags & DNS_CD ? HAS_CD : 0) | (l45_get16(in + 10) ? HAS_OPT : 0);

	name = name_len(in + HEADER_LEN, len - HEADER_LEN);
	if (!name || len < HEADER_LEN + name + QUESTION_LEN)
		return 0;
	p = in + HEADER_LEN + name;
	state->type = l45_get16(p);
	if (l45_get16(p + 2) != CLASS_IN)
		return 0;
	state->has |= state->type == TYPE_A ? IS_A : state->type == TYPE_AAAA ? IS_AAAA : 0;

	p += QUESTION_LEN;
	rest = len - HEADER_LEN - name - QUESTION_LEN;
	if (!(state->has & HAS_OPT))
		return rest ? 0 : name;
	if (rest < OPT_LEN || p[0] || l45_get16(p + 1) != TYPE_OPT || l45_get16(p + 5) ||
	    l45_get16(p + 7) & ~DNS_DO || l45_get16(p + 9) != rest - OPT_LEN)
		return 0;
	state->has |= l45_get16(p + 7) & DNS_DO ? HAS_DO : 0;
	return name;
}

static enum l45_verdict compress(const struct l45_flow *flow, struct dns_compress_state *state,
				 struct l45_step *step)
{
	u32 name = parse_query(step->in, step->in_len, state);
	u8 *p = step->buf + SIGNATURE_LEN;

	if (!name && !has_signature(flow, step))
		return L45_PASS;

	put_signature(flow, step->buf);
	if (name) {
		*p++ = state->has;
		p = l45_put(p, step->in, 2);
		if (!(state->has & (IS_A | IS_AAAA)))
			p = l45_put16(p, state->type);
		step->skip = HEADER_LEN;
		step->copy = name;
		state->next = QUESTION;
	} else {
		/* Somebody's own bytes that happen to look like ours. */
		*p++ = VERBATIM;
		step->copy = L45_REST;
	}
	step->insert = p - step->buf;
	return L45_OK;
}

static enum l45_verdict dns_compress_egress(const struct l45_flow *flow, void *block,
					    struct l45_step *step)
{
	struct dns_compress_state *state = block;

	switch (state->next) {
	case MESSAGE:
		return compress(flow, state, step);
	case QUESTION:
		/* Type and class; then root, type of OPT, and its class, which is a size. */
		step->skip = QUESTION_LEN;
		step->copy = L45_REST;
		if (state->has & HAS_OPT) {
			step->skip += 3;
			step->copy = 2;
			state->next = OPT;
		}
		return L45_OK;
	case OPT:
		/* Its TTL and the length of its data. */
		step->skip = 6;
		step->copy = L45_REST;
		return L45_OK;
	}
	return L45_ABORT;
}

static enum l45_verdict expand(struct dns_compress_state *state, struct l45_step *step)
{
	const u8 *in = step->in;
	u32 at = SIGNATURE_LEN + 1;
	u32 name, rest;
	u8 has = in[SIGNATURE_LEN];
	u8 *p = step->buf;

	if (has == VERBATIM) {
		step->skip = at;
		step->copy = L45_REST;
		return L45_OK;
	}
	if (has & UNKNOWN || (has & VERBATIM) == VERBATIM || (has & HAS_DO && !(has & HAS_OPT)))
		return L45_DROP;

	at += has & (IS_A | IS_AAAA) ? 2 : 4;
	if (step->in_len < at)
		return L45_DROP;
	state->has = has;
	state->type = has & IS_A ? TYPE_A : has & IS_AAAA ? TYPE_AAAA : l45_get16(in + at - 2);
	name = name_len(in + at, step->in_len - at);
	rest = step->in_len - at - name;
	if (!name || (has & HAS_OPT ? rest < 2 : rest > 0))
		return L45_DROP;

	p = l45_put(p, in + SIGNATURE_LEN + 1, 2);
	p = l45_put16(p, (has & HAS_RD ? DNS_RD : 0) | (has & HAS_AD ? DNS_AD : 0) |
				 (has & HAS_CD ? DNS_CD : 0));
	p = l45_put16(p, 1);
	p = l45_put32(p, 0);
	p = l45_put16(p, has & HAS_OPT ? 1 : 0);
	step->skip = at;
	step->insert = p - step->buf;
	step->copy = name;
	state->next = QUESTION;
	return L45_OK;
}

static enum l45_verdict dns_compress_ingress(const struct l45_flow *flow, void *block,
					     struct l45_step *step)
{
	struct dns_compress_state *state = block;
	u8 *p = step->buf;

	switch (state->next) {
	case MESSAGE:
		return has_signature(flow, step) ? expand(state, step) : L45_PASS;
	case QUESTION:
		p = l45_put16(l45_put16(p, state->type), CLASS_IN);
		step->copy = L45_REST;
		if (state->has & HAS_OPT) {
			*p++ = 0;
			p = l45_put16(p, TYPE_OPT);
			step->copy = 2;
			state->next = OPT;
		}
		break;
	case OPT:
		p = l45_put16(p, 0);
		p = l45_put16(p, state->has & HAS_DO ? DNS_DO : 0);
		p = l45_put16(p, step->in_len);
		step->copy = L45_REST;
		break;
	}
	step->insert = p - step->buf;
	return L45_OK;
}

static struct l45_ops dns_compress_ops = {
	.abi = L45_ABI,
	.flags = L45_DATAGRAM,
	.name = "dns_compress",
	.version = "1.0.0",
	.state_size = sizeof(struct dns_compress_state),
	.max_insert = SIGNATURE_LEN + 1,
	.egress = dns_compress_egress,
	.ingress = dns_compress_ingress,
};

L45_CUSTOMIZATION(dns_compress_ops, "Compresses DNS queries");
