// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream_tag: a mark and a sequence number at the start of a stream and after every
 * `interval` bytes of it, whatever it carries; TLS records are cut anywhere.
 */
#include <l45/customization.h>
#include <l45/frame.h>

#define INTERVAL 1000

struct stream_tag_params {
	u32 interval; /* 0: INTERVAL */
};

static enum l45_verdict stream_tag_egress(const struct l45_flow *flow, void *state,
					  struct l45_step *step)
{
	const struct stream_tag_params *params = flow->params;

	return l45_frame_egress(flow, state, step, params->interval ?: INTERVAL, "", 0);
}

static enum l45_verdict stream_tag_ingress(const struct l45_flow *flow, void *state,
					   struct l45_step *step)
{
	return l45_frame_ingress(flow, state, step, 0);
}

static const struct l45_param stream_tag_param[] = {
	L45_PARAM(UINT, struct stream_tag_params, interval),
};

static struct l45_ops stream_tag_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_HANDOVER | L45_BLIND | L45_JOIN,
	.name = "stream_tag",
	.version = "1.0.0",
	.state_size = sizeof(struct l45_frame),
	.params_size = sizeof(struct stream_tag_params),
	.params = stream_tag_param,
	.params_count = ARRAY_SIZE(stream_tag_param),
	.egress = stream_tag_egress,
	.ingress = stream_tag_ingress,
};

L45_CUSTOMIZATION(stream_tag_ops, "Tags a stream at regular intervals");
