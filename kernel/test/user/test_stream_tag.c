// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

#define TAG(sequence) MARK "\1\0\0\0" "\0\0\0\4" "\0\0\0\0\0\0\0" sequence
#define END(sequence) MARK "\2\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0" sequence

static const struct l45_ops *ops;
static struct instance instance;

static const struct instance *with(const char *params)
{
	instance_init(&instance, ops, IPPROTO_TCP, L45_ROLE_CLIENT, MARK[0], params);
	return &instance;
}

static int refuses(const void *in, u32 len)
{
	struct bytes out = {};
	int ret = through(with(""), L45_INGRESS, in, len, &out);

	bytes_free(&out);
	return ret == -EBADMSG;
}

static u32 nothing(struct choice *choice, u32 max)
{
	return 0;
}

static void leaving(void)
{
	struct choice least = { nothing };
	struct pump sender;

	pump_init(&sender, L45_EGRESS, with("interval=4"), 1, &least);
	sender.leave_at = 5;
	ok(!pump(&sender, B("abcdefghij"), true) && sender.detached && sender.in_used == 8,
	   "it leaves where the next tag is due");
	ok(sender.out.len == sizeof(TAG("\0") "abcd" TAG("\1") "efgh" END("\2")) - 1 &&
		   !memcmp(sender.out.data, TAG("\0") "abcd" TAG("\1") "efgh" END("\2"),
			   sender.out.len),
	   "and says so");
	pump_free(&sender);

	pump_init(&sender, L45_EGRESS, with("interval=4"), 1, &least);
	sender.leave_at = 0;
	ok(!pump(&sender, B("abc"), true) && sender.detached && !sender.out.len,
	   "it leaves without a word if it never spoke");
	pump_free(&sender);
}

int main(int argc, char **argv)
{
	struct bytes out = {};
	static u8 data[2500];

	ops = load(argc > 1 ? argv[1] : "");
	ok(gives(with("interval=4"), L45_EGRESS, B("abcdefghij"),
		 B(TAG("\0") "abcd" TAG("\1") "efgh" TAG("\2") "ij")), "a tag every 4 bytes");
	ok(gives(with("interval=4"), L45_EGRESS, B("abcd"), B(TAG("\0") "abcd")),
	   "no tag where nothing follows");
	ok(gives(with(""), L45_EGRESS, B(""), B("")), "nothing stays nothing");
	ok(!through(with(""), L45_EGRESS, data, sizeof(data), &out) && out.len == 2500 + 3 * 32,
	   "the interval is 1000 by default");
	bytes_free(&out);

	ok(gives(with(""), L45_INGRESS, B(TAG("\0") "abcd" TAG("\1") "ef"), B("abcdef")),
	   "the tags are removed, whatever the own interval");
	ok(gives(with(""), L45_INGRESS, B(TAG("\0") "abcd" END("\1") "plain"), B("abcdplain")),
	   "behind the end mark it is plain");
	ok(gives(with(""), L45_INGRESS, B(TAG("\0") "abcd" END("\1") TAG("\0") "efgh"),
		 B("abcdefgh")), "it may join again");
	ok(gives(with(""), L45_INGRESS, B("plain" TAG("\0")), B("plain" TAG("\0"))),
	   "a stream that begins plain stays so");
	ok(wants(with(""), B("MMMX")) == 4, "the first wrong byte says so");

	ok(refuses(B(TAG("\1") "abcd")), "a stream that begins amid");
	ok(refuses(B(TAG("\0") "abcd" TAG("\2"))), "a tag that was left out");
	ok(refuses(B(TAG("\0") "abcdplain")), "a tag that is missing");
	ok(refuses(B(TAG("\0") "abcd" MARK "\1")), "FIN in a tag");
	ok(refuses(B(MARK "\1\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0\0")), "a tag of nothing");
	ok(refuses(B(MARK "\3\0\0\0" "\0\0\0\4" "\0\0\0\0\0\0\0\0")), "an unknown kind");
	ok(refuses(B(END("\0"))), "an end without a beginning");
	leaving();
	return tap_done("stream_tag");
}
