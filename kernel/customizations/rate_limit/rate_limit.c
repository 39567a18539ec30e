// SPDX-License-Identifier: GPL-2.0-only
/*
 * rate_limit: sends wait, by a fixed time and for what their bytes take at a given
 * rate. Nothing is added to the wire, so one end suffices, and ingress passes all.
 */
#include <l45/customization.h>

#define DELAY_MS_MAX 30000

struct rate_limit_params {
	u32 delay_ms;
	u64 bytes_per_second; /* 0: any */
};

static int rate_limit_check(const void *block)
{
	const struct rate_limit_params *params = block;

	return params->delay_ms > DELAY_MS_MAX ? -EINVAL : 0;
}

static enum l45_verdict rate_limit_egress(const struct l45_flow *flow, void *state,
					  struct l45_step *step)
{
	const struct rate_limit_params *params = flow->params;

	if (step->leaving)
		return L45_DETACH;
	if (!step->in_len)
		return L45_OK;
	step->copy = step->in_len;
	if (flow->protocol == IPPROTO_TCP || step->first)
		step->delay_ns = params->delay_ms * 1000000ULL;
	if (params->bytes_per_second) {
		/* No more than a second's worth at a time. */
		step->copy = min_t(u64, step->copy, params->bytes_per_second);
		step->delay_ns += div64_u64(step->copy * 1000000000ULL, params->bytes_per_second);
	}
	return L45_OK;
}

static enum l45_verdict rate_limit_ingress(const struct l45_flow *flow, void *state,
					   struct l45_step *step)
{
	return L45_PASS;
}

static const struct l45_param rate_limit_param[] = {
	L45_PARAM(UINT, struct rate_limit_params, delay_ms),
	L45_PARAM(UINT, struct rate_limit_params, bytes_per_second),
};

static struct l45_ops rate_limit_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_DATAGRAM | L45_TRANSPARENT | L45_BLIND,
	.name = "rate_limit",
	.version = "1.0.0",
	.params_size = sizeof(struct rate_limit_params),
	.params = rate_limit_param,
	.params_count = ARRAY_SIZE(rate_limit_param),
	.check = rate_limit_check,
	.egress = rate_limit_egress,
	.ingress = rate_limit_ingress,
};

L45_CUSTOMIZATION(rate_limit_ops, "Delays what is sent");
