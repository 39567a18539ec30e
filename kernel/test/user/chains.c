// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "../../user/load.h"
#include "chains.h"

#define XOR "xor_dialect key=000102030405060708090a0b0c0d0e0f"

const char *const chains[] = {
	"dns_tag + " XOR " interval=50",
	"dns_tag responses=1 position=end + " XOR,
	"dns_tag responses=1 position=middle app_id=x + app_id + null",
	"dns_compress + " XOR,
	"dns_compress + dns_tag",
	"stream_tag interval=50 + " XOR " interval=30",
	"app_id interval=1 + stream_tag interval=1",
	"app_id interval=50 + stream_tag interval=7 + " XOR " + " XOR " interval=3",
	XOR " + rate_limit delay_ms=10 bytes_per_second=100000",
	"rate_limit delay_ms=1 + stream_tag interval=1",
	"rate_limit bytes_per_second=7 + rate_limit bytes_per_second=11",
	"null + null",
	NULL,
};

extern const struct l45_ops *const l45_app_id, *const l45_dns_compress, *const l45_dns_tag,
	*const l45_null, *const l45_rate_limit, *const l45_stream_tag, *const l45_xor_dialect;

static const struct l45_ops *find(const char *name)
{
	const struct l45_ops *const all[] = { l45_app_id, l45_dns_compress, l45_dns_tag, l45_null,
					      l45_rate_limit, l45_stream_tag, l45_xor_dialect };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	fprintf(stderr, "no customization %s\n", name);
	exit(2);
}

const char *chains_make(const char *text, struct l45_chain *chain)
{
	char *copy = strdup(text), *rest = copy, *word;
	char params[256] = "";
	const struct l45_ops *ops = NULL;

	memset(chain, 0, sizeof(*chain));
	for (;;) {
		word = strsep(&rest, " ");
		if (word && !ops) {
			ops = find(word);
		} else if (word && strcmp(word, "+")) {
			strcat(strcat(params, word), " ");
		} else {
			struct instance *instance = malloc(sizeof(*instance));

			/* Its parameters are what is wanted. */
			instance_init(instance, ops, 0, 0, 0, params);
			chain->links[chain->count].ops = ops;
			chain->links[chain->count].customization = (void *)instance;
			chain->links[chain->count++].params = instance->params;
			params[0] = '\0';
			ops = NULL;
		}
		if (!word)
			break;
	}
	free(copy);
	return l45_chain_init(chain);
}

void chains_free(struct l45_chain *chain)
{
	u32 i;

	for (i = 0; i < chain->count; i++)
		free(chain->links[i].customization);
}
