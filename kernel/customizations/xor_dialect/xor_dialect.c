// SPDX-License-Identifier: GPL-2.0-only
/*
 * xor_dialect: a dialect of any protocol, its bytes combined with a key by exclusive
 * or. It keeps out whoever doesn't speak it; it is no encryption.
 */
#include <l45/customization.h>
#include <l45/frame.h>

#define INTERVAL 16384
#define KEY_LEN 16

struct xor_dialect_params {
	u8 key[KEY_LEN];
	u32 interval; /* 0: INTERVAL */
};

struct xor_dialect_state {
	struct l45_frame frame;
	u32 at; /* in the key; starts anew with each frame and datagram */
};

static int xor_dialect_check(const void *block)
{
	const struct xor_dialect_params *params = block;
	u32 i;

	/* A key of zeros, or none, would change nothing. */
	for (i = 0; i < KEY_LEN; i++)
		if (params->key[i])
			return 0;
	return -EINVAL;
}

static enum l45_verdict xor_dialect_egress(const struct l45_flow *flow, void *block,
					   struct l45_step *step)
{
	const struct xor_dialect_params *params = flow->params;
	struct xor_dialect_state *state = block;

	state->at = 0;
	step->transform = true;
	if (flow->protocol == IPPROTO_TCP)
		return l45_frame_egress(flow, &state->frame, step, params->interval ?: INTERVAL,
					"", 0);

	l45_put(step->buf, flow->mark, L45_MARK_LEN);
	step->insert = L45_MARK_LEN;
	step->copy = L45_REST;
	return L45_OK;
}

static enum l45_verdict xor_dialect_ingress(const struct l45_flow *flow, void *block,
					    struct l45_step *step)
{
	struct xor_dialect_state *state = block;

	state->at = 0;
	step->transform = true;
	if (flow->protocol == IPPROTO_TCP)
		return l45_frame_ingress(flow, &state->frame, step, 0);

	if (step->in_len < L45_MARK_LEN || memcmp(step->in, flow->mark, L45_MARK_LEN))
		return L45_PASS;
	step->skip = L45_MARK_LEN;
	step->copy = L45_REST;
	return L45_OK;
}

static void xor_dialect_transform(const struct l45_flow *flow, void *block, u8 *data, u32 len)
{
	const struct xor_dialect_params *params = flow->params;
	struct xor_dialect_state *state = block;
	u32 i;

	for (i = 0; i < len; i++)
		data[i] ^= params->key[(state->at + i) % KEY_LEN];
	state->at = (state->at + len) % KEY_LEN;
}

static const struct l45_param xor_dialect_param[] = {
	L45_PARAM(BINARY, struct xor_dialect_params, key),
	L45_PARAM(UINT, struct xor_dialect_params, interval),
};

static struct l45_ops xor_dialect_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_DATAGRAM | L45_HANDOVER | L45_JOIN,
	.name = "xor_dialect",
	.version = "1.0.0",
	.state_size = sizeof(struct xor_dialect_state),
	.params_size = sizeof(struct xor_dialect_params),
	.max_insert = L45_MARK_LEN,
	.params = xor_dialect_param,
	.params_count = ARRAY_SIZE(xor_dialect_param),
	.check = xor_dialect_check,
	.egress = xor_dialect_egress,
	.ingress = xor_dialect_ingress,
	.transform = xor_dialect_transform,
};

L45_CUSTOMIZATION(xor_dialect_ops, "Speaks a dialect that needs a key");
