// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns_tag: tells with every DNS message which application sent it. README.md shows
 * the bytes. The tag is outside of DNS: a TCP length prefix does not count it.
 */
#include <l45/customization.h>
#include <l45/wire.h>

#define TAG_LEN (L45_MARK_LEN + L45_COMM_LEN)
#define PREFIX_LEN 2  /* the length of a message on TCP */
#define HEADER_LEN 12 /* of a message, before its question */

struct dns_tag_params {
	char app_id[L45_COMM_LEN]; /* empty: the application's name */
	char position[8];	   /* empty: front */
	u8 responses;
};

enum position { AT_FRONT, AT_MIDDLE, AT_END };

struct dns_tag_state {
	/* What comes next in this direction. */
	enum { MESSAGE, PREFIX, PREFIX_LOW, TAG } next;
	u8 prefix_high; /* an application may send the two bytes one by one */
	u16 rest;	/* bytes of the message behind the tag */
};

static enum position position(const struct l45_flow *flow)
{
	const struct dns_tag_params *params = flow->params;

	switch (params->position[0]) {
	case 'm':
		return AT_MIDDLE;
	case 'e':
		return AT_END;
	}
	return AT_FRONT;
}

static int dns_tag_check(const void *block)
{
	const struct dns_tag_params *params = block;
	const char *at = params->position;

	if (!at[0] || !strcmp(at, "front") || !strcmp(at, "middle") || !strcmp(at, "end"))
		return 0;
	return -EINVAL;
}

static u8 *put_tag(const struct l45_flow *flow, u8 *buf)
{
	const struct dns_tag_params *params = flow->params;
	const char *id = params->app_id[0] ? params->app_id : flow->application;

	/* Both are padded with NUL. */
	return l45_put(l45_put(buf, flow->mark, L45_MARK_LEN), id, L45_COMM_LEN);
}

/* Plans the next message of a stream from its prefix on, up to its tag if it has one. */
static void copy_message(const struct l45_flow *flow, struct dns_tag_state *state,
			 struct l45_step *step)
{
	u32 prefix = PREFIX_LEN;
	u16 len;

	if (!step->in_len)
		return;
	if (state->next == PREFIX_LOW) {
		prefix = 1;
		len = state->prefix_high << 8 | step->in[0];
	} else if (step->in_len >= PREFIX_LEN) {
		len = l45_get16(step->in);
	} else {
		state->prefix_high = step->in[0];
		state->next = PREFIX_LOW;
		step->copy = 1;
		return;
	}

	state->next = MESSAGE;
	state->rest = 0;
	if (position(flow) == AT_MIDDLE && len > HEADER_LEN) {
		state->next = TAG;
		state->rest = len - HEADER_LEN;
	} else if (position(flow) == AT_END && len && flow->direction == L45_EGRESS) {
		state->next = TAG;
		state->rest = 1;
	}
	step->copy = prefix + len - state->rest;
}

static enum l45_verdict egress_stream(const struct l45_flow *flow, struct dns_tag_state *state,
				      struct l45_step *step)
{
	u8 *end = step->buf;

	if (state->next == MESSAGE && step->leaving)
		return L45_DETACH;
	if (!step->in_len)
		return L45_OK;

	switch (state->next) {
	case MESSAGE:
		if (position(flow) == AT_FRONT)
			step->insert = put_tag(flow, step->buf) - step->buf;
		fallthrough;
	case PREFIX:
	case PREFIX_LOW:
		copy_message(flow, state, step);
		break;
	case TAG:
		/*
		 * The core asks when there is input, and a tag at the end must not wait for
		 * the next message: so the last byte goes out again, together with the tag.
		 */
		if (position(flow) == AT_END) {
			step->skip = 1;
			*end++ = step->in[0];
		} else {
			step->copy = state->rest;
		}
		step->insert = put_tag(flow, end) - step->buf;
		state->next = MESSAGE;
		break;
	}
	return L45_OK;
}

/* Not ours, but the next message may be. */
static enum l45_verdict pass_message(struct l45_step *step)
{
	if (step->in_len >= PREFIX_LEN) {
		step->copy = PREFIX_LEN + l45_get16(step->in);
	} else if (!step->last) {
		step->need = PREFIX_LEN;
		return L45_NEED;
	}
	return L45_PASS;
}

static enum l45_verdict skip_tag(struct l45_step *step)
{
	if (step->in_len < TAG_LEN) {
		step->need = TAG_LEN;
		return step->last ? L45_ABORT : L45_NEED;
	}
	step->skip = TAG_LEN;
	return L45_OK;
}

static enum l45_verdict ingress_boundary(const struct l45_flow *flow, struct dns_tag_state *state,
					 struct l45_step *step)
{
	enum l45_verdict verdict;
	u32 at = 0;

	if (position(flow) == AT_MIDDLE) {
		at = PREFIX_LEN + HEADER_LEN;
		if (step->in_len < PREFIX_LEN || l45_get16(step->in) <= HEADER_LEN)
			return pass_message(step);
	}
	verdict = l45_signature(step, at, flow->mark, L45_MARK_LEN);
	if (verdict == L45_PASS)
		return pass_message(step);
	if (verdict == L45_NEED)
		return verdict;

	if (position(flow) == AT_MIDDLE) {
		copy_message(flow, state, step);
		return L45_OK;
	}
	verdict = skip_tag(step);
	if (verdict == L45_OK && position(flow) == AT_FRONT)
		state->next = PREFIX;
	return verdict;
}

static enum l45_verdict ingress_stream(const struct l45_flow *flow, struct dns_tag_state *state,
				       struct l45_step *step)
{
	enum l45_verdict verdict;

	if (!step->in_len)
		return L45_OK;

	switch (state->next) {
	case MESSAGE:
		return ingress_boundary(flow, state, step);
	case PREFIX:
	case PREFIX_LOW:
		copy_message(flow, state, step);
		return L45_OK;
	case TAG:
		verdict = skip_tag(step);
		if (verdict == L45_OK) {
			step->copy = state->rest;
			state->next = MESSAGE;
		}
		return verdict;
	}
	return L45_ABORT;
}

/* Where the tag of this datagram is or is to be: `len` bytes without it. */
static u32 datagram_tag_at(const struct l45_flow *flow, u32 len)
{
	switch (position(flow)) {
	case AT_MIDDLE:
		return HEADER_LEN;
	case AT_END:
		return len;
	default:
		return 0;
	}
}

static enum l45_verdict egress_datagram(const struct l45_flow *flow, struct dns_tag_state *state,
					struct l45_step *step)
{
	u32 at = datagram_tag_at(flow, step->in_len);

	if (state->next == MESSAGE) {
		/* There is no DNS in it. */
		if (step->in_len <= HEADER_LEN)
			return L45_PASS;
		state->next = TAG;
		step->copy = at;
		if (at)
			return L45_OK;
	}
	step->insert = put_tag(flow, step->buf) - step->buf;
	step->copy = L45_REST;
	return L45_OK;
}

static enum l45_verdict ingress_datagram(const struct l45_flow *flow, struct dns_tag_state *state,
					 struct l45_step *step)
{
	if (state->next == MESSAGE) {
		u32 at;

		if (step->in_len <= TAG_LEN + HEADER_LEN)
			return L45_PASS;
		at = datagram_tag_at(flow, step->in_len - TAG_LEN);
		if (memcmp(step->in + at, flow->mark, L45_MARK_LEN))
			return L45_PASS;
		state->next = TAG;
		step->copy = at;
		if (at)
			return L45_OK;
	}
	step->skip = TAG_LEN;
	step->copy = L45_REST;
	return L45_OK;
}

static enum l45_verdict dns_tag_egress(const struct l45_flow *flow, void *state,
				       struct l45_step *step)
{
	const struct dns_tag_params *params = flow->params;

	if (flow->role == L45_ROLE_SERVER && !params->responses)
		return L45_PASS;
	return flow->protocol == IPPROTO_TCP ? egress_stream(flow, state, step) :
					       egress_datagram(flow, state, step);
}

static enum l45_verdict dns_tag_ingress(const struct l45_flow *flow, void *state,
					struct l45_step *step)
{
	return flow->protocol == IPPROTO_TCP ? ingress_stream(flow, state, step) :
					       ingress_datagram(flow, state, step);
}

static const struct l45_param dns_tag_param[] = {
	L45_PARAM(STRING, struct dns_tag_params, app_id),
	L45_PARAM(STRING, struct dns_tag_params, position),
	L45_PARAM(UINT, struct dns_tag_params, responses),
};

static struct l45_ops dns_tag_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_DATAGRAM | L45_HANDOVER,
	.name = "dns_tag",
	.version = "1.0.0",
	.state_size = sizeof(struct dns_tag_state),
	.params_size = sizeof(struct dns_tag_params),
	.max_insert = TAG_LEN,
	.params = dns_tag_param,
	.params_count = ARRAY_SIZE(dns_tag_param),
	.check = dns_tag_check,
	.egress = dns_tag_egress,
	.ingress = dns_tag_ingress,
};

L45_CUSTOMIZATION(dns_tag_ops, "Tags DNS messages with the application that sent them");
