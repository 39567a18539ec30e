// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#define KEY "key=20000000000000000000000000000001"
#define FRAME(length, sequence) MARK "\1\0\0\0" "\0\0\0" length "\0\0\0\0\0\0\0" sequence

/* The key changes the case of every 16th letter and the last bit of the one before it. */
#define PLAIN "abcdefghijklmnopqr"
#define SPOKEN "AbcdefghijklmnoqQr"

static const struct l45_ops *ops;
static struct instance instance;

static const struct instance *with(u8 protocol, const char *params)
{
	instance_init(&instance, ops, protocol, L45_ROLE_CLIENT, MARK[0], params);
	return &instance;
}

int main(int argc, char **argv)
{
	const u8 tcp = IPPROTO_TCP, udp = IPPROTO_UDP;

	ops = load(argc > 1 ? argv[1] : "");
	ok(gives(with(udp, KEY), L45_EGRESS, B(PLAIN), B(MARK SPOKEN)), "UDP: mark, then dialect");
	ok(gives(with(udp, KEY), L45_INGRESS, B(MARK SPOKEN), B(PLAIN)), "UDP: understood");
	ok(gives(with(udp, KEY), L45_INGRESS, B(PLAIN), B(PLAIN)), "UDP: plain is left alone");

	ok(gives(with(tcp, KEY " interval=18"), L45_EGRESS, B(PLAIN PLAIN),
		 B(FRAME("\x12", "\0") SPOKEN FRAME("\x12", "\1") SPOKEN)),
	   "TCP: the key starts anew with each frame");
	ok(gives(with(tcp, KEY), L45_INGRESS, B(FRAME("\x12", "\0") SPOKEN FRAME("\x12", "\1") SPOKEN),
		 B(PLAIN PLAIN)), "TCP: understood");
	ok(gives(with(tcp, KEY), L45_INGRESS, B(PLAIN), B(PLAIN)), "TCP: plain is left alone");

	memset(instance.params, 0, sizeof(instance.params));
	ok(ops->check(instance.params) == -EINVAL, "no key is refused");
	return tap_done("xor_dialect");
}
