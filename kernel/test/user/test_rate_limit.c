// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#define MS 1000000ULL

static const struct l45_ops *ops;
static struct instance instance;

static u32 most(struct choice *choice, u32 max)
{
	return max;
}

/* How long does it take to send this? 0 if the bytes change. */
static u64 delay(u8 protocol, const char *params, const void *in, u32 len)
{
	struct choice choice = { most };
	struct pump sender;
	u64 delay_ns;

	instance_init(&instance, ops, protocol, L45_ROLE_CLIENT, MARK[0], params);
	pump_init(&sender, L45_EGRESS, &instance, 1, &choice);
	delay_ns = pump(&sender, in, len, true) ? 0 : sender.delay_ns;
	if (sender.out.len != len || memcmp(sender.out.data, in, len))
		delay_ns = 0;
	pump_free(&sender);
	return delay_ns;
}

int main(int argc, char **argv)
{
	const u8 tcp = IPPROTO_TCP, udp = IPPROTO_UDP;
	static u8 data[60000];

	ops = load(argc > 1 ? argv[1] : "");
	ok(delay(udp, "delay_ms=1000", data, 100) == 1000 * MS, "UDP: a delay per send");
	ok(delay(udp, "bytes_per_second=1000", data, 100) == 100 * MS, "UDP: the time of its bytes");
	ok(delay(udp, "delay_ms=5 bytes_per_second=1000", data, 2500) == 2505 * MS,
	   "UDP: both, the delay once");
	ok(delay(udp, "bytes_per_second=1", data, 60000) == 60000000 * MS,
	   "UDP: even for very long");
	ok(!delay(udp, "", data, 100), "UDP: nothing by default");
	ok(delay(tcp, "bytes_per_second=20000", data, sizeof(data)) == 3000 * MS,
	   "TCP: the time of its bytes");
	ok(delay(tcp, "delay_ms=7", data, 1) == 7 * MS, "TCP: a delay per send");

	ok(wants(&instance, B("some bytes")) == 1, "ingress leaves all to others");
	instance_param(&instance, "delay_ms", "30001");
	ok(ops->check(instance.params) == -EINVAL, "too long a delay is refused");
	return tap_done("rate_limit");
}
