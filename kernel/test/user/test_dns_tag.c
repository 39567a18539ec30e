// SPDX-License-Identifier: GPL-2.0-only
#include "unit.h"

/* Twelve bytes of header, then as much of a question as matters here. */
#define HEADER "\x7b\x1d\x01\x20\0\1\0\0\0\0\0\0"
#define QUERY HEADER "\1a\0\0\1\0\1"
#define ON_TCP "\0\x13" /* length of QUERY */
#define DIG "dig\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define TAG MARK DIG
#define FOREIGN OTHER DIG

static const struct l45_ops *ops;
static struct instance instance;

static const struct instance *with(u8 protocol, u8 role, const char *params)
{
	instance_init(&instance, ops, protocol, role, MARK[0], params);
	return &instance;
}

static const struct instance *client(u8 protocol, const char *params)
{
	return with(protocol, L45_ROLE_CLIENT, params);
}

static const struct instance *server(u8 protocol, const char *params)
{
	return with(protocol, L45_ROLE_SERVER, params);
}

static void udp(void)
{
	const u8 p = IPPROTO_UDP;

	ok(gives(client(p, ""), L45_EGRESS, B(QUERY), B(TAG QUERY)), "UDP: the tag is in front");
	ok(gives(client(p, "app_id=0123456789abcde"), L45_EGRESS, B(QUERY),
		 B(MARK "0123456789abcde\0" QUERY)), "UDP: app_id replaces the name");
	ok(gives(client(p, "position=middle"), L45_EGRESS, B(QUERY),
		 B(HEADER TAG "\1a\0\0\1\0\1")), "UDP: the tag is behind the header");
	ok(gives(client(p, "position=end"), L45_EGRESS, B(QUERY), B(QUERY TAG)),
	   "UDP: the tag is at the end");
	ok(gives(client(p, ""), L45_EGRESS, B(HEADER), B(HEADER)), "UDP: no question, no tag");
	ok(gives(client(p, ""), L45_EGRESS, B(""), B("")), "UDP: nothing stays nothing");

	ok(gives(server(p, "responses=1"), L45_EGRESS, B(QUERY), B(TAG QUERY)),
	   "UDP: responses are tagged");
	ok(gives(server(p, ""), L45_EGRESS, B(QUERY), B(QUERY)), "UDP: responses are not tagged");

	ok(gives(server(p, ""), L45_INGRESS, B(TAG QUERY), B(QUERY)), "UDP: the tag is removed");
	ok(gives(server(p, "position=middle"), L45_INGRESS, B(HEADER TAG "\1a\0\0\1\0\1"),
		 B(QUERY)), "UDP: it is removed from the middle");
	ok(gives(server(p, "position=end"), L45_INGRESS, B(QUERY TAG), B(QUERY)),
	   "UDP: it is removed from the end");
	ok(gives(server(p, ""), L45_INGRESS, B(FOREIGN QUERY), B(FOREIGN QUERY)),
	   "UDP: another deployment's tag stays");
	ok(gives(server(p, ""), L45_INGRESS, B(QUERY), B(QUERY)), "UDP: no tag is no mistake");
	ok(gives(server(p, ""), L45_INGRESS, B(TAG), B(TAG)), "UDP: nothing but a tag isn't ours");
	ok(gives(server(p, ""), L45_INGRESS, B("MMMM"), B("MMMM")), "UDP: half a mark isn't ours");
}

static void tcp(void)
{
	const u8 p = IPPROTO_TCP;
	struct bytes out = {};

	ok(gives(client(p, ""), L45_EGRESS, B(ON_TCP QUERY ON_TCP QUERY),
		 B(TAG ON_TCP QUERY TAG ON_TCP QUERY)), "TCP: each message has its tag");
	ok(gives(client(p, "position=middle"), L45_EGRESS, B(ON_TCP QUERY),
		 B(ON_TCP HEADER TAG "\1a\0\0\1\0\1")), "TCP: the tag is behind the header");
	ok(gives(client(p, "position=middle"), L45_EGRESS, B("\0\xc" HEADER ON_TCP QUERY),
		 B("\0\xc" HEADER ON_TCP HEADER TAG "\1a\0\0\1\0\1")),
	   "TCP: a message without question has no middle");
	ok(gives(client(p, "position=end"), L45_EGRESS, B(ON_TCP QUERY ON_TCP QUERY),
		 B(ON_TCP QUERY TAG ON_TCP QUERY TAG)), "TCP: the tag is at the end");
	ok(gives(client(p, ""), L45_EGRESS, B("\0\0" ON_TCP QUERY),
		 B(TAG "\0\0" TAG ON_TCP QUERY)), "TCP: an empty message");
	ok(gives(server(p, ""), L45_EGRESS, B(ON_TCP QUERY), B(ON_TCP QUERY)),
	   "TCP: responses are not tagged");

	ok(gives(server(p, ""), L45_INGRESS,
		 B(ON_TCP QUERY TAG ON_TCP QUERY ON_TCP QUERY TAG ON_TCP QUERY),
		 B(ON_TCP QUERY ON_TCP QUERY ON_TCP QUERY ON_TCP QUERY)),
	   "TCP: tagged and untagged messages mix");
	ok(gives(server(p, "position=middle"), L45_INGRESS,
		 B(ON_TCP QUERY ON_TCP HEADER TAG "\1a\0\0\1\0\1" ON_TCP QUERY),
		 B(ON_TCP QUERY ON_TCP QUERY ON_TCP QUERY)), "TCP: they mix with tags amid");
	ok(gives(server(p, "position=end"), L45_INGRESS,
		 B(ON_TCP QUERY ON_TCP QUERY TAG ON_TCP QUERY),
		 B(ON_TCP QUERY ON_TCP QUERY ON_TCP QUERY)), "TCP: they mix with tags at the end");
	ok(gives(server(p, ""), L45_INGRESS, B(TAG "\0\x09" "ab"), B("\0\x09" "ab")),
	   "TCP: a message cut off by FIN");
	ok(gives(server(p, ""), L45_INGRESS, B("MMM"), B("MMM")), "TCP: FIN in half a mark");
	ok(through(server(p, ""), L45_INGRESS, B(MARK "di"), &out) == -EBADMSG,
	   "TCP: FIN in a tag is an error");
	bytes_free(&out);

	ok(wants(server(p, ""), B(ON_TCP QUERY)) == 2, "TCP: two bytes say that it is untagged");
	ok(wants(server(p, ""), B("MMMX" QUERY)) == 4, "TCP: the first wrong byte says so");
}

int main(int argc, char **argv)
{
	ops = load(argc > 1 ? argv[1] : "");
	udp();
	tcp();
	instance_init(&instance, ops, IPPROTO_UDP, L45_ROLE_CLIENT, MARK[0], NULL);
	ok(!instance_param(&instance, "position", "above") && ops->check(instance.params) == -EINVAL,
	   "an unknown position is refused");
	ok(instance_param(&instance, "app_id", "0123456789abcdef") == -ERANGE,
	   "an application id that is too long is refused");
	return tap_done("dns_tag");
}
