// SPDX-License-Identifier: GPL-2.0-only
/*
 * app_id: the id of the application that sent it, in front of every datagram, and on
 * a stream at its start and after every `interval` bytes. For forensics on any protocol.
 */
#include <l45/customization.h>
#include <l45/frame.h>

#define INTERVAL 16384
#define TAG_LEN (L45_MARK_LEN + L45_COMM_LEN)

struct app_id_params {
	char app_id[L45_COMM_LEN]; /* empty: the application's name */
	u32 interval;		   /* 0: INTERVAL */
};

static enum l45_verdict app_id_egress(const struct l45_flow *flow, void *state,
				      struct l45_step *step)
{
	const struct app_id_params *params = flow->params;
	u8 id[L45_COMM_LEN];

	l45_put_text(id, params->app_id[0] ? params->app_id : flow->application, sizeof(id));
	if (flow->protocol == IPPROTO_TCP)
		return l45_frame_egress(flow, state, step, params->interval ?: INTERVAL, id,
					sizeof(id));

	l45_put(l45_put(step->buf, flow->mark, L45_MARK_LEN), id, sizeof(id));
	step->insert = TAG_LEN;
	step->copy = L45_REST;
	return L45_OK;
}

static enum l45_verdict app_id_ingress(const struct l45_flow *flow, void *state,
				       struct l45_step *step)
{
	if (flow->protocol == IPPROTO_TCP)
		return l45_frame_ingress(flow, state, step, L45_COMM_LEN);

	if (step->in_len < TAG_LEN || memcmp(step->in, flow->mark, L45_MARK_LEN))
		return L45_PASS;
	step->skip = TAG_LEN;
	step->copy = L45_REST;
	return L45_OK;
}

static const struct l45_param app_id_param[] = {
	L45_PARAM(STRING, struct app_id_params, app_id),
	L45_PARAM(UINT, struct app_id_params, interval),
};

static struct l45_ops app_id_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_DATAGRAM | L45_HANDOVER | L45_BLIND | L45_JOIN,
	.name = "app_id",
	.version = "1.0.0",
	.state_size = sizeof(struct l45_frame),
	.params_size = sizeof(struct app_id_params),
	.max_insert = TAG_LEN,
	.params = app_id_param,
	.params_count = ARRAY_SIZE(app_id_param),
	.egress = app_id_egress,
	.ingress = app_id_ingress,
};

L45_CUSTOMIZATION(app_id_ops, "Tags traffic with the application that sent it");
