// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "unit.h"

static u32 pick_least(struct choice *choice, u32 max)
{
	(void)choice;
	(void)max;
	return 0;
}

int through(const struct instance *instance, enum l45_direction direction, const void *in, u32 len,
	    struct bytes *out)
{
	struct choice least = { pick_least };
	struct pump line;
	int ret;

	pump_init(&line, direction, instance, 1, &least);
	ret = pump(&line, in, len, true);
	bytes_add(out, line.out.data, line.out.len);
	pump_free(&line);
	return ret;
}

static void dump(const char *what, const u8 *data, u32 len)
{
	u32 i;

	printf("# %s (%u)", what, len);
	for (i = 0; i < len; i++)
		printf(" %02x", data[i]);
	printf("\n");
}

bool gives(const struct instance *instance, enum l45_direction direction, const void *in, u32 len,
	   const void *out, u32 out_len)
{
	struct bytes got = {};
	int ret = through(instance, direction, in, len, &got);
	bool same = !ret && got.len == out_len && (!out_len || !memcmp(got.data, out, out_len));

	if (!same) {
		printf("# returned %d\n", ret);
		dump("wanted", out, out_len);
		dump("got", got.data, got.len);
	}
	bytes_free(&got);
	return same;
}

u32 wants(const struct instance *instance, const void *in, u32 len)
{
	struct l45_segment segment = { .kind = L45_SEGMENT_MORE };
	struct l45_flow flow = instance->flow;
	struct l45_cursor cursor;
	u32 view;

	flow.direction = L45_INGRESS;
	l45_engine_start(&cursor, instance->ops, &flow);
	for (view = 1; view <= len; view++) {
		l45_engine_next(&cursor, in, view, false, &segment);
		if (segment.kind == L45_SEGMENT_PASS)
			return view;
	}
	return 0;
}
