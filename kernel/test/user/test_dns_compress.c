// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

/* Mark MMMM with opcode 15 in its third byte. */
#define SIGNATURE "MM\x7dM"
#define NAME "\3www\7example\3com\0"
#define HEADER(flags, additional) "\x7b\x1d" flags "\0\1\0\0\0\0\0" additional
#define A "\0\1\0\1"
#define AAAA "\0\x1c\0\1"
#define MX "\0\x0f\0\1"
#define OPT(flags, length) "\0\0\x29\4\xd0\0\0" flags length
#define COOKIE "\0\x0a\0\x08" "cookies!"

static const struct l45_ops *ops;
static struct instance instance;

/* Goes out as `wire` and comes in as it was. */
static bool both(const void *query, u32 len, const void *wire, u32 wire_len)
{
	return gives(&instance, L45_EGRESS, query, len, wire, wire_len) &&
	       gives(&instance, L45_INGRESS, wire, wire_len, query, len);
}

static bool unchanged(const void *query, u32 len)
{
	return both(query, len, query, len);
}

static bool drops(const void *wire, u32 len)
{
	struct bytes out = {};
	int ret = through(&instance, L45_INGRESS, wire, len, &out);

	bytes_free(&out);
	return ret == L45_SEGMENT_DROP;
}

static void compresses(void)
{
	ok(both(B(HEADER("\1\0", "\0") NAME A), B(SIGNATURE "\x21" "\x7b\x1d" NAME)), "A");
	ok(both(B(HEADER("\1\0", "\0") NAME AAAA), B(SIGNATURE "\x41" "\x7b\x1d" NAME)), "AAAA");
	ok(both(B(HEADER("\1\0", "\0") NAME MX), B(SIGNATURE "\1" "\x7b\x1d" "\0\x0f" NAME)), "MX");
	ok(both(B(HEADER("\1\0", "\0") "\0" "\0\2\0\1"), B(SIGNATURE "\1" "\x7b\x1d" "\0\2" "\0")),
	   "the root");
	ok(both(B(HEADER("\1\x30", "\0") NAME A), B(SIGNATURE "\x27" "\x7b\x1d" NAME)),
	   "RD, AD and CD");
	ok(both(B(HEADER("\1\x20", "\1") NAME A OPT("\0\0", "\0\0")),
		B(SIGNATURE "\x2b" "\x7b\x1d" NAME "\4\xd0")), "EDNS");
	ok(both(B(HEADER("\1\x20", "\1") NAME A OPT("\x80\0", "\0\0")),
		B(SIGNATURE "\x3b" "\x7b\x1d" NAME "\4\xd0")), "EDNS with DO");
	ok(both(B(HEADER("\1\x20", "\1") NAME A OPT("\0\0", "\0\x0c") COOKIE),
		B(SIGNATURE "\x2b" "\x7b\x1d" NAME "\4\xd0" COOKIE)), "EDNS with dig's cookie");
}

static void leaves_alone(void)
{
	ok(unchanged(B(HEADER("\x81\x80", "\0") NAME A)), "a response");
	ok(unchanged(B(HEADER("\x29\0", "\0") NAME A)), "an update");
	ok(unchanged(B("\x7b\x1d\1\0\0\2\0\0\0\0\0\0" NAME A NAME A)), "two questions");
	ok(unchanged(B(HEADER("\1\0", "\0") NAME "\0\1\0\3")), "class CHAOS");
	ok(unchanged(B(HEADER("\1\0", "\0") NAME A "more")), "bytes behind the question");
	ok(unchanged(B(HEADER("\1\0", "\0") "\3www\xc0\x0c" A)), "a compressed name");
	ok(unchanged(B(HEADER("\1\0", "\0") "\3www\7exam")), "half a name");
	ok(unchanged(B(HEADER("\1\0", "\1") NAME A OPT("\0\1", "\0\0"))), "a reserved EDNS flag");
	ok(unchanged(B(HEADER("\1\0", "\1") NAME A OPT("\0\0", "\0\1"))), "too long an EDNS length");
	ok(unchanged(B(HEADER("\1\0", "\1") NAME A "\0\0\x29\4\xd0\0\1\0\0\0\0")), "EDNS version 1");
	ok(unchanged(B("hello")), "something else");
	ok(unchanged(B("")), "nothing");
	ok(both(B(SIGNATURE "hello"), B(SIGNATURE "\x60" SIGNATURE "hello")),
	   "what looks compressed is sent in quotes");
}

static void drops_nonsense(void)
{
	ok(drops(B(SIGNATURE "\xa1" "\x7b\x1d" NAME)), "an unknown bit");
	ok(drops(B(SIGNATURE "\x61" "\x7b\x1d" NAME)), "A and AAAA");
	ok(drops(B(SIGNATURE "\x31" "\x7b\x1d" NAME)), "DO without EDNS");
	ok(drops(B(SIGNATURE "\x21" "\x7b")), "half an id");
	ok(drops(B(SIGNATURE "\x21" "\x7b\x1d" "\3ww")), "half a name");
	ok(drops(B(SIGNATURE "\x21" "\x7b\x1d" NAME "x")), "something behind the name");
	ok(drops(B(SIGNATURE "\x29" "\x7b\x1d" NAME "\4")), "half an EDNS size");
}

int main(int argc, char **argv)
{
	ops = load(argc > 1 ? argv[1] : "");
	instance_init(&instance, ops, IPPROTO_UDP, L45_ROLE_CLIENT, MARK[0], NULL);
	compresses();
	leaves_alone();
	drops_nonsense();
	return tap_done("dns_compress");
}
