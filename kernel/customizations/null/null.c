// SPDX-License-Identifier: GPL-2.0-only
/*
 * null: changes nothing, so that its counters show what a match catches, and its
 * cost what being customized costs. Ingress passes all: bytes that carry no mark
 * may be another instance's.
 */
#include <l45/customization.h>

static enum l45_verdict null_egress(const struct l45_flow *flow, void *state,
				    struct l45_step *step)
{
	if (step->leaving)
		return L45_DETACH;
	step->copy = L45_REST;
	return L45_OK;
}

static enum l45_verdict null_ingress(const struct l45_flow *flow, void *state,
				     struct l45_step *step)
{
	return L45_PASS;
}

static struct l45_ops null_ops = {
	.abi = L45_ABI,
	.flags = L45_STREAM | L45_DATAGRAM | L45_TRANSPARENT,
	.name = "null",
	.version = "1.0.0",
	.egress = null_egress,
	.ingress = null_ingress,
};

L45_CUSTOMIZATION(null_ops, "Counts and changes nothing");
