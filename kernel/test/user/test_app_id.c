// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#define DIG "dig\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEADER(sequence) MARK "\1\0\0\0" "\0\0\0\4" "\0\0\0\0\0\0\0" sequence

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
	ok(gives(with(udp, ""), L45_EGRESS, B("hello"), B(MARK DIG "hello")),
	   "UDP: the application's name is in front");
	ok(gives(with(udp, "app_id=0123456789abcde"), L45_EGRESS, B("hello"),
		 B(MARK "0123456789abcde\0" "hello")), "UDP: app_id replaces it");
	ok(gives(with(udp, ""), L45_EGRESS, B(""), B(MARK DIG)), "UDP: on an empty one too");
	ok(gives(with(udp, ""), L45_INGRESS, B(MARK DIG "hello"), B("hello")),
	   "UDP: the tag is removed");
	ok(gives(with(udp, ""), L45_INGRESS, B(MARK DIG), B("")), "UDP: from an empty one too");
	ok(gives(with(udp, ""), L45_INGRESS, B(MARK "short"), B(MARK "short")),
	   "UDP: too short to be ours");
	ok(gives(with(udp, ""), L45_INGRESS, B(OTHER DIG "hello"), B(OTHER DIG "hello")),
	   "UDP: another deployment's stays");

	ok(gives(with(tcp, "interval=4"), L45_EGRESS, B("abcdef"),
		 B(HEADER("\0") DIG "abcd" HEADER("\1") DIG "ef")), "TCP: every 4 bytes");
	ok(gives(with(tcp, ""), L45_INGRESS, B(HEADER("\0") DIG "abcd" HEADER("\1") DIG "ef"),
		 B("abcdef")), "TCP: the tags are removed");
	ok(gives(with(tcp, ""), L45_INGRESS, B("plain"), B("plain")), "TCP: plain stays plain");
	return tap_done("app_id");
}
