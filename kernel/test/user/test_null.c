// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

int main(int argc, char **argv)
{
	const struct l45_ops *ops = load(argc > 1 ? argv[1] : "");
	const u8 protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	struct instance instance;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		instance_init(&instance, ops, protocols[i], L45_ROLE_CLIENT, MARK[0], NULL);
		ok(gives(&instance, L45_EGRESS, B("some bytes"), B("some bytes")),
		   "egress changes nothing");
		ok(gives(&instance, L45_INGRESS, B(MARK "some bytes"), B(MARK "some bytes")),
		   "ingress changes nothing");
		ok(wants(&instance, B("some bytes")) == 1, "ingress leaves all to others");
	}
	return tap_done("null");
}
