// SPDX-License-Identifier: GPL-2.0-only
/*
 * l45-run: runs one direction of a customization over standard input, for trying things
 * out and for making customized bytes. One datagram, or one whole stream. Given nothing
 * but a customization, it tells in JSON what that says of itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../core/engine.h"
#include "../../user/load.h"

static const char usage[] =
	"usage: l45-run <customization.so>\n"
	"       l45-run <customization.so> egress|ingress udp|tcp client|server <mark byte>\n"
	"               [name=value ...] <in >out\n";

static int describe(const struct l45_ops *ops)
{
	static const char *const types[] = { "uint", "string", "binary" };
	u32 i;

	printf("{\"name\":\"%s\",\"version\":\"%s\",\"udp\":%s,\"tcp\":%s,\"adds\":%u,\"framed\":%s,\"params\":{",
	       ops->name, ops->version, ops->flags & L45_DATAGRAM ? "true" : "false",
	       ops->flags & L45_STREAM ? "true" : "false", ops->max_insert,
	       ops->flags & L45_JOIN && ops->flags & L45_HANDOVER ? "true" : "false");
	for (i = 0; i < ops->params_count; i++)
		printf("%s\"%s\":{\"type\":\"%s\",\"size\":%u}", i ? "," : "",
		       ops->params[i].name, types[ops->params[i].type], ops->params[i].size);
	printf("}}\n");
	return 0;
}

int main(int argc, char **argv)
{
	static u8 in[1 << 23], out[sizeof(in) * 3];
	static char params[4096];
	static struct instance instance;
	static struct l45_cursor cursor;
	struct l45_run run = { .in = in, .last = true, .out = out, .out_cap = sizeof(out) };
	int i, ret;

	if (argc == 2)
		return describe(load(argv[1]));
	if (argc < 6) {
		fputs(usage, stderr);
		return 2;
	}
	for (i = 6; i < argc; i++) {
		strncat(params, argv[i], sizeof(params) - strlen(params) - 1);
		strncat(params, " ", sizeof(params) - strlen(params) - 1);
	}
	instance_init(&instance, load(argv[1]), strcmp(argv[3], "tcp") ? IPPROTO_UDP : IPPROTO_TCP,
		      strcmp(argv[4], "server") ? L45_ROLE_CLIENT : L45_ROLE_SERVER,
		      strtoul(argv[5], NULL, 0), params);
	instance.flow.direction = strcmp(argv[2], "egress") ? L45_INGRESS : L45_EGRESS;
	l45_engine_start(&cursor, instance.ops, &instance.flow);

	run.in_len = fread(in, 1, sizeof(in), stdin);
	while ((ret = l45_engine_run(&cursor, &run)) == L45_SEGMENT_PASS) {
		u32 left = run.in_len - run.in_used;
		u32 len = run.len < left ? run.len : left;

		memcpy(out + run.out_used, in + run.in_used, len);
		run.in_used += len;
		run.out_used += len;
		if (len == left)
			break;
	}
	fwrite(out, 1, run.out_used, stdout);
	fprintf(stderr, "%u bytes in, %u out, %u inserted, %u removed: %s\n", run.in_used,
		run.out_used, run.inserted, run.removed,
		ret < 0 ? strerror(-ret) : ret == L45_SEGMENT_DROP ? "dropped" : "ok");
	return ret < 0 || ret == L45_SEGMENT_DROP;
}
