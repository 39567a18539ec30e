// SPDX-License-Identifier: GPL-2.0-only
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

static void die(const char *what, const char *which)
{
	fprintf(stderr, "%s: %s\n", what, which);
	exit(2);
}

const struct l45_ops *load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct l45_ops *const *ops;

	if (!handle)
		die("cannot load", dlerror());
	ops = dlsym(handle, "l45_customization");
	if (!ops)
		die("not a customization", path);
	if ((*ops)->abi != L45_ABI)
		die("built for another ABI", path);
	return *ops;
}

static int parse_uint(u8 *member, u16 size, const char *value)
{
	char *end;
	u64 number = strtoull(value, &end, 0);

	if (!*value || *end)
		return -EINVAL;
	if (size < 8 && number >> (size * 8))
		return -ERANGE;
	switch (size) {
	case 1:
		*member = number;
		break;
	case 2:
		*(u16 *)member = number;
		break;
	case 4:
		*(u32 *)member = number;
		break;
	default:
		*(u64 *)member = number;
	}
	return 0;
}

static int parse_binary(u8 *member, u16 size, const char *value)
{
	unsigned int byte;
	u16 i;

	if (strlen(value) != 2u * size)
		return -EINVAL;
	for (i = 0; i < size; i++) {
		if (sscanf(value + 2 * i, "%2x", &byte) != 1)
			return -EINVAL;
		member[i] = byte;
	}
	return 0;
}

int instance_param(struct instance *instance, const char *name, const char *value)
{
	u32 i;

	for (i = 0; i < instance->ops->params_count; i++) {
		const struct l45_param *param = &instance->ops->params[i];
		u8 *member = instance->params + param->offset;

		if (strcmp(param->name, name))
			continue;
		switch (param->type) {
		case L45_PARAM_UINT:
			return parse_uint(member, param->size, value);
		case L45_PARAM_STRING:
			if (strlen(value) >= param->size)
				return -ERANGE;
			strcpy((char *)member, value);
			return 0;
		case L45_PARAM_BINARY:
			return parse_binary(member, param->size, value);
		}
	}
	return -ENOENT;
}

void instance_init(struct instance *instance, const struct l45_ops *ops, u8 protocol, u8 role,
		   u8 mark, const char *params)
{
	char *copy = strdup(params ?: "");
	char *name, *rest = copy;

	memset(instance, 0, sizeof(*instance));
	instance->ops = ops;
	instance->flow.protocol = protocol;
	instance->flow.role = role;
	instance->flow.params = instance->params;
	memset(instance->flow.mark, mark, L45_MARK_LEN);
	strcpy(instance->flow.application, "dig");

	while ((name = strsep(&rest, " "))) {
		char *value = strchr(name, '=');

		if (!*name)
			continue;
		if (!value)
			die("not name=value", name);
		*value++ = '\0';
		if (instance_param(instance, name, value))
			die("bad parameter", name);
	}
	if (ops->check && ops->check(instance->params))
		die("the customization refuses its parameters", params ?: "(none)");
	free(copy);
}
