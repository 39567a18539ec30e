// SPDX-License-Identifier: GPL-2.0-only
#include <linux/inet_diag.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "attach.h"
#include "challenge.h"
#include "netlink.h"
#include "policy.h"
#include "registry.h"

static struct genl_family family;

enum { EVENTS };

static const struct genl_multicast_group groups[] = {
	[EVENTS] = { .name = L45_MCGRP_EVENTS },
};

static void notify(struct l45_instance *instance, const struct genl_info *info);

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, const char *why)
{
	if (extack) {
		extack->bad_attr = attr;
		extack->_msg = why;
	}
	return -EINVAL;
}

/* Requests */

static int parse_prefix(const struct nlattr *attr, struct l45_prefix *prefix,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[L45_A_PREFIX_MAX + 1];
	int err, len;

	err = nla_parse_nested(tb, L45_A_PREFIX_MAX, attr, l45_prefix_nl_policy, extack);
	if (err)
		return err;
	if (!tb[L45_A_PREFIX_ADDRESS] || !tb[L45_A_PREFIX_LENGTH])
		return refuse(extack, attr, "a prefix is an address and a length");
	len = nla_get_u8(tb[L45_A_PREFIX_LENGTH]);

	switch (nla_len(tb[L45_A_PREFIX_ADDRESS])) {
	case sizeof(struct in_addr):
		if (len > 32)
			return refuse(extack, tb[L45_A_PREFIX_LENGTH], "longer than its address");
		ipv6_addr_set_v4mapped(nla_get_in_addr(tb[L45_A_PREFIX_ADDRESS]),
				       &prefix->address);
		prefix->length = 96 + len;
		return 0;
	case sizeof(struct in6_addr):
		if (len > 128)
			return refuse(extack, tb[L45_A_PREFIX_LENGTH], "longer than its address");
		prefix->address = nla_get_in6_addr(tb[L45_A_PREFIX_ADDRESS]);
		prefix->length = len;
		return 0;
	}
	return refuse(extack, tb[L45_A_PREFIX_ADDRESS], "neither IPv4 nor IPv6");
}

static int parse_ports(const struct nlattr *attr, struct l45_port_range *range,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[L45_A_PORT_RANGE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, L45_A_PORT_RANGE_MAX, attr, l45_port_range_nl_policy, extack);
	if (err)
		return err;
	if (!tb[L45_A_PORT_RANGE_FIRST] || !tb[L45_A_PORT_RANGE_LAST])
		return refuse(extack, attr, "a port range has a first and a last port");
	range->first = nla_get_u16(tb[L45_A_PORT_RANGE_FIRST]);
	range->last = nla_get_u16(tb[L45_A_PORT_RANGE_LAST]);
	if (range->last < range->first)
		return refuse(extack, tb[L45_A_PORT_RANGE_LAST], "last is below first");
	return 0;
}

static int parse_application(const struct nlattr *attr, struct l45_pattern *pattern,
			     struct netlink_ext_ack *extack)
{
	size_t len = strnlen(nla_data(attr), nla_len(attr));

	if (!len || len >= sizeof(pattern->name))
		return refuse(extack, attr, "the name of an application has 1 to 15 bytes");
	memcpy(pattern->name, nla_data(attr), len);
	pattern->any_ending = pattern->name[len - 1] == '*';
	if (pattern->any_ending)
		pattern->name[--len] = '\0';
	pattern->length = len;
	return 0;
}

static bool room(u8 *count, u8 *index)
{
	if (*count == L45_LIST_MAX)
		return false;
	*index = (*count)++;
	return true;
}

static int parse_match(const struct nlattr *nest, const struct l45_ops *ops,
		       struct l45_match *match, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rem, err;
	u8 i;

	err = nla_validate_nested(nest, L45_A_MATCH_MAX, l45_match_nl_policy, extack);
	if (err)
		return err;

	nla_for_each_nested(attr, nest, rem) {
		switch (nla_type(attr)) {
		case L45_A_MATCH_PROTOCOL:
			switch (nla_get_u8(attr)) {
			case IPPROTO_TCP:
				if (!(ops->flags & L45_STREAM))
					return refuse(extack, attr, "it doesn't work on streams");
				match->tcp = true;
				break;
			case IPPROTO_UDP:
				if (!(ops->flags & L45_DATAGRAM))
					return refuse(extack, attr, "it doesn't work on datagrams");
				match->udp = true;
				break;
			default:
				return refuse(extack, attr, "neither TCP nor UDP");
			}
			break;
		case L45_A_MATCH_APPLICATION:
			if (!room(&match->applications, &i))
				goto full;
			err = parse_application(attr, &match->application[i], extack);
			break;
		case L45_A_MATCH_LOCAL_PREFIX:
			if (!room(&match->local_prefixes, &i))
				goto full;
			err = parse_prefix(attr, &match->local_prefix[i], extack);
			break;
		case L45_A_MATCH_REMOTE_PREFIX:
			if (!room(&match->remote_prefixes, &i))
				goto full;
			err = parse_prefix(attr, &match->remote_prefix[i], extack);
			break;
		case L45_A_MATCH_LOCAL_PORT:
			if (!room(&match->local_ports, &i))
				goto full;
			err = parse_ports(attr, &match->local_port[i], extack);
			break;
		case L45_A_MATCH_REMOTE_PORT:
			if (!room(&match->remote_ports, &i))
				goto full;
			err = parse_ports(attr, &match->remote_port[i], extack);
			break;
		case L45_A_MATCH_UID:
			if (!room(&match->uids, &i))
				goto full;
			match->uid[i] = nla_get_u32(attr);
			break;
		case L45_A_MATCH_CGROUP:
			if (!room(&match->cgroups, &i))
				goto full;
			match->cgroup[i] = nla_get_u64(attr);
			break;
		}
		if (err)
			return err;
	}
	if (!match->tcp && !match->udp) {
		match->tcp = ops->flags & L45_STREAM;
		match->udp = ops->flags & L45_DATAGRAM;
	}
	return 0;

full:
	return refuse(extack, attr, "more entries than a list can have");
}

static int parse_param(const struct nlattr *nest, const struct l45_ops *ops, u8 *block,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[L45_A_PARAM_MAX + 1], *value;
	const struct l45_param *param;
	size_t len;
	u64 number;
	int err;
	u32 i;

	err = nla_parse_nested(tb, L45_A_PARAM_MAX, nest, l45_param_nl_policy, extack);
	if (err)
		return err;
	if (!tb[L45_A_PARAM_NAME])
		return refuse(extack, nest, "a parameter has a name");
	if (!!tb[L45_A_PARAM_UINT] + !!tb[L45_A_PARAM_STRING] + !!tb[L45_A_PARAM_BINARY] != 1)
		return refuse(extack, nest, "a parameter has one value");

	for (i = 0; i < ops->params_count; i++) {
		if (!nla_strcmp(tb[L45_A_PARAM_NAME], ops->params[i].name))
			break;
	}
	if (i == ops->params_count)
		return refuse(extack, tb[L45_A_PARAM_NAME], "no such parameter");
	param = &ops->params[i];
	block += param->offset;

	switch (param->type) {
	case L45_PARAM_UINT:
		value = tb[L45_A_PARAM_UINT];
		if (!value)
			return refuse(extack, nest, "the parameter is an integer");
		number = nla_get_u64(value);
		if (param->size < sizeof(number) && number >> (8 * param->size))
			return refuse(extack, value, "too large for the parameter");
		switch (param->size) {
		case 1:
			*block = number;
			break;
		case 2:
			*(u16 *)block = number;
			break;
		case 4:
			*(u32 *)block = number;
			break;
		case 8:
			*(u64 *)block = number;
			break;
		}
		return 0;
	case L45_PARAM_STRING:
		value = tb[L45_A_PARAM_STRING];
		if (!value)
			return refuse(extack, nest, "the parameter is a string");
		len = strnlen(nla_data(value), nla_len(value));
		if (len >= param->size)
			return refuse(extack, value, "too long for the parameter");
		memset(block, 0, param->size);
		memcpy(block, nla_data(value), len);
		return 0;
	default:
		value = tb[L45_A_PARAM_BINARY];
		if (!value)
			return refuse(extack, nest, "the parameter is a byte string");
		if (nla_len(value) != param->size)
			return refuse(extack, value, "not of the parameter's length");
		memcpy(block, nla_data(value), param->size);
		return 0;
	}
}

/* A customization and, among the attributes that it comes with, its parameters. */
static int parse_link(struct l45_instance *instance, const struct nlattr *name,
		      const struct nlattr *attrs, int len, int param,
		      struct netlink_ext_ack *extack)
{
	const struct nlattr *attr, *given = NULL;
	struct l45_customization *customization;
	const struct l45_ops *ops;
	char text[L45_NAME_LEN];
	int rem, err;
	u8 *block;

	nla_strscpy(text, name, sizeof(text));
	customization = l45_customization_find(text);
	if (!customization) {
		NL_SET_BAD_ATTR(extack, name);
		return -ENOENT;
	}
	block = l45_instance_link(instance, customization);
	if (!block)
		return -ENOMEM;

	ops = customization->ops;
	nla_for_each_attr(attr, attrs, len, rem) {
		if (nla_type(attr) != param)
			continue;
		given = attr;
		err = parse_param(attr, ops, block, extack);
		if (err)
			return err;
	}
	err = ops->check ? ops->check(block) : 0;
	if (err)
		refuse(extack, given, "the customization refuses these parameters");
	return err;
}

static int parse_chain(struct l45_instance *instance, const struct nlattr *attrs, int len,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr, *last = NULL;
	int rem, err;

	nla_for_each_attr(attr, attrs, len, rem) {
		struct nlattr *tb[L45_A_LINK_MAX + 1];

		if (nla_type(attr) != L45_A_INSTANCE_LINK)
			continue;
		last = attr;
		if (instance->chain.count == L45_CHAIN_MAX)
			return refuse(extack, attr, "more links than a chain can have");
		err = nla_parse_nested(tb, L45_A_LINK_MAX, attr, l45_link_nl_policy, extack);
		if (err)
			return err;
		if (!tb[L45_A_LINK_CUSTOMIZATION])
			return refuse(extack, attr, "a link has a customization");
		err = parse_link(instance, tb[L45_A_LINK_CUSTOMIZATION], nla_data(attr),
				 nla_len(attr), L45_A_LINK_PARAM, extack);
		if (err)
			return err;
	}
	if (instance->chain.count < 2)
		return refuse(extack, last, "a chain has two links or more");
	return 0;
}

static int parse_links(struct l45_instance *instance, struct genl_info *info)
{
	const struct nlattr *attrs = genlmsg_data(info->genlhdr);
	const struct nlattr *name = info->attrs[L45_A_INSTANCE_CUSTOMIZATION];
	const struct nlattr *chain = info->attrs[L45_A_INSTANCE_LINK];
	int len = genlmsg_len(info->genlhdr), err;
	const char *why;

	if (name && chain)
		return refuse(info->extack, chain, "a customization or a chain, not both");
	err = chain ? parse_chain(instance, attrs, len, info->extack) :
		      parse_link(instance, name, attrs, len, L45_A_INSTANCE_PARAM, info->extack);
	if (err)
		return err;
	why = l45_instance_linked(instance);
	return why ? refuse(info->extack, chain, why) : 0;
}

static int instance_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct l45_instance *instance;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_DEPLOYMENT) ||
	    (!attrs[L45_A_INSTANCE_LINK] &&
	     GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_CUSTOMIZATION)) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_ROLE) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_MATCH))
		return -EINVAL;

	instance = l45_instance_alloc();
	if (!instance)
		return -ENOMEM;
	nla_memcpy(instance->id, attrs[L45_A_INSTANCE_ID], L45_ID_LEN);
	nla_memcpy(instance->deployment, attrs[L45_A_INSTANCE_DEPLOYMENT], L45_ID_LEN);
	instance->role = nla_get_u8(attrs[L45_A_INSTANCE_ROLE]);
	instance->mode = L45_NL_MODE_ACTIVE;
	if (attrs[L45_A_INSTANCE_MODE])
		instance->mode = nla_get_u8(attrs[L45_A_INSTANCE_MODE]);
	instance->directions = L45_NL_DIRECTION_INGRESS | L45_NL_DIRECTION_EGRESS;
	if (attrs[L45_A_INSTANCE_DIRECTIONS])
		instance->directions = nla_get_u8(attrs[L45_A_INSTANCE_DIRECTIONS]);
	if (attrs[L45_A_INSTANCE_PRIORITY])
		instance->priority = nla_get_u32(attrs[L45_A_INSTANCE_PRIORITY]);
	if (attrs[L45_A_INSTANCE_ATTACH])
		instance->attach = nla_get_u8(attrs[L45_A_INSTANCE_ATTACH]);
	if (attrs[L45_A_INSTANCE_KEY]) {
		nla_memcpy(instance->key, attrs[L45_A_INSTANCE_KEY], L45_KEY_LEN);
		instance->keyed = true;
	}

	mutex_lock(&l45_registry_lock);
	err = l45_instance_find(instance->id) ? -EEXIST : parse_links(instance, info);
	if (!err)
		err = parse_match(attrs[L45_A_INSTANCE_MATCH], instance->ops, instance->match,
				  info->extack);
	if (!err)
		err = l45_instance_new(instance);
	if (!err)
		notify(instance, info);
	mutex_unlock(&l45_registry_lock);
	if (err)
		l45_instance_put(instance);
	return err;
}

static int instance_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct l45_change change = {};
	struct l45_instance *instance;
	int err = 0;

	if (GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_ID))
		return -EINVAL;
	if (attrs[L45_A_INSTANCE_PRIORITY])
		change.priority = nla_data(attrs[L45_A_INSTANCE_PRIORITY]);
	if (attrs[L45_A_INSTANCE_MODE])
		change.mode = nla_data(attrs[L45_A_INSTANCE_MODE]);
	if (attrs[L45_A_INSTANCE_DIRECTIONS])
		change.directions = nla_data(attrs[L45_A_INSTANCE_DIRECTIONS]);
	if (attrs[L45_A_INSTANCE_DEPRECATED])
		change.deprecated = nla_data(attrs[L45_A_INSTANCE_DEPRECATED]);
	if (attrs[L45_A_INSTANCE_KEY])
		change.key = nla_data(attrs[L45_A_INSTANCE_KEY]);

	mutex_lock(&l45_registry_lock);
	instance = l45_instance_find(nla_data(attrs[L45_A_INSTANCE_ID]));
	if (!instance)
		err = -ENOENT;
	else if (change.deprecated && !*change.deprecated && instance->deprecated)
		err = refuse(info->extack, attrs[L45_A_INSTANCE_DEPRECATED],
			     "it can't be taken back");
	else if (l45_instance_set(instance, &change))
		notify(instance, info);
	mutex_unlock(&l45_registry_lock);
	return err;
}

static int instance_del(struct sk_buff *skb, struct genl_info *info)
{
	struct l45_instance *instance;

	if (GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_ID))
		return -EINVAL;
	mutex_lock(&l45_registry_lock);
	instance = l45_instance_find(nla_data(info->attrs[L45_A_INSTANCE_ID]));
	if (instance && l45_instance_get(instance)) {
		l45_instance_del(instance);
		notify(instance, info);
		l45_instance_put(instance);
	}
	mutex_unlock(&l45_registry_lock);
	if (!instance)
		return -ENOENT;
	/* The usual next step is to unload the customization: let its references go. */
	rcu_barrier();
	rcu_barrier();
	return 0;
}

/* Replies */

static int put_prefix(struct sk_buff *skb, int type, const struct l45_prefix *prefix)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	bool ip4 = prefix->length >= 96 && ipv6_addr_v4mapped(&prefix->address);

	if (!nest || (ip4 ? nla_put_in_addr(skb, L45_A_PREFIX_ADDRESS,
					    prefix->address.s6_addr32[3]) :
			    nla_put_in6_addr(skb, L45_A_PREFIX_ADDRESS, &prefix->address)) ||
	    nla_put_u8(skb, L45_A_PREFIX_LENGTH, prefix->length - (ip4 ? 96 : 0)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_ports(struct sk_buff *skb, int type, const struct l45_port_range *range)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest || nla_put_u16(skb, L45_A_PORT_RANGE_FIRST, range->first) ||
	    nla_put_u16(skb, L45_A_PORT_RANGE_LAST, range->last))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_match(struct sk_buff *skb, const struct l45_match *match)
{
	struct nlattr *nest = nla_nest_start(skb, L45_A_INSTANCE_MATCH);
	int err, i;

	if (!nest)
		return -EMSGSIZE;
	err = (match->tcp && nla_put_u8(skb, L45_A_MATCH_PROTOCOL, IPPROTO_TCP)) ||
	      (match->udp && nla_put_u8(skb, L45_A_MATCH_PROTOCOL, IPPROTO_UDP));
	for (i = 0; !err && i < match->applications; i++) {
		const struct l45_pattern *pattern = &match->application[i];
		char name[L45_COMM_LEN + 1];

		snprintf(name, sizeof(name), "%s%s", pattern->name,
			 pattern->any_ending ? "*" : "");
		err = nla_put_string(skb, L45_A_MATCH_APPLICATION, name);
	}
	for (i = 0; !err && i < match->local_prefixes; i++)
		err = put_prefix(skb, L45_A_MATCH_LOCAL_PREFIX, &match->local_prefix[i]);
	for (i = 0; !err && i < match->remote_prefixes; i++)
		err = put_prefix(skb, L45_A_MATCH_REMOTE_PREFIX, &match->remote_prefix[i]);
	for (i = 0; !err && i < match->local_ports; i++)
		err = put_ports(skb, L45_A_MATCH_LOCAL_PORT, &match->local_port[i]);
	for (i = 0; !err && i < match->remote_ports; i++)
		err = put_ports(skb, L45_A_MATCH_REMOTE_PORT, &match->remote_port[i]);
	for (i = 0; !err && i < match->uids; i++)
		err = nla_put_u32(skb, L45_A_MATCH_UID, match->uid[i]);
	for (i = 0; !err && i < match->cgroups; i++)
		err = nla_put_u64_64bit(skb, L45_A_MATCH_CGROUP, match->cgroup[i], 0);
	if (err)
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_param(struct sk_buff *skb, int type, const struct l45_param *param,
		     const void *block)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	const void *value = block + param->offset;
	u64 number = 0;
	int err;

	if (!nest || nla_put_string(skb, L45_A_PARAM_NAME, param->name))
		return -EMSGSIZE;
	switch (param->type) {
	case L45_PARAM_UINT:
		switch (param->size) {
		case 1:
			number = *(u8 *)value;
			break;
		case 2:
			number = *(u16 *)value;
			break;
		case 4:
			number = *(u32 *)value;
			break;
		case 8:
			number = *(u64 *)value;
			break;
		}
		err = nla_put_u64_64bit(skb, L45_A_PARAM_UINT, number, 0);
		break;
	case L45_PARAM_STRING:
		err = nla_put_string(skb, L45_A_PARAM_STRING, value);
		break;
	default:
		err = nla_put(skb, L45_A_PARAM_BINARY, param->size, value);
	}
	if (err)
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_params(struct sk_buff *skb, int type, const struct l45_link *link)
{
	u32 i;

	for (i = 0; i < link->ops->params_count; i++) {
		if (put_param(skb, type, &link->ops->params[i], link->params))
			return -EMSGSIZE;
	}
	return 0;
}

/* What it is: a customization, or a chain. */
static int put_links(struct sk_buff *skb, const struct l45_instance *instance, bool secrets)
{
	const struct l45_link *link = instance->chain.links;
	struct nlattr *nest;
	u32 i;

	if (instance->chain.count == 1)
		return nla_put_string(skb, L45_A_INSTANCE_CUSTOMIZATION, link->ops->name) ?:
			       secrets ? put_params(skb, L45_A_INSTANCE_PARAM, link) : 0;
	for (i = 0; i < instance->chain.count; i++, link++) {
		nest = nla_nest_start(skb, L45_A_INSTANCE_LINK);
		if (!nest || nla_put_string(skb, L45_A_LINK_CUSTOMIZATION, link->ops->name) ||
		    (secrets && put_params(skb, L45_A_LINK_PARAM, link)))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_counters(struct sk_buff *skb, const struct l45_instance *instance)
{
	struct nlattr *nest = nla_nest_start(skb, L45_A_INSTANCE_COUNTERS);
	struct l45_counters sum;
	int i;

	if (!nest)
		return -EMSGSIZE;
	l45_counters_sum(instance->counters, &sum);
	for (i = 0; i < L45_A_COUNTERS_MAX; i++) {
		if (nla_put_u64_64bit(skb, i + 1, sum.value[i], 0))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* `secrets`: the receiver may see parameters, which can be keys. */
static int put_instance(struct sk_buff *skb, const struct l45_instance *instance, bool secrets)
{
	if (nla_put(skb, L45_A_INSTANCE_ID, L45_ID_LEN, instance->id) ||
	    nla_put(skb, L45_A_INSTANCE_DEPLOYMENT, L45_ID_LEN, instance->deployment) ||
	    nla_put_u8(skb, L45_A_INSTANCE_ROLE, instance->role) ||
	    put_match(skb, instance->match) || put_links(skb, instance, secrets) ||
	    nla_put_u32(skb, L45_A_INSTANCE_PRIORITY, instance->priority) ||
	    nla_put_u8(skb, L45_A_INSTANCE_MODE, instance->mode) ||
	    nla_put_u8(skb, L45_A_INSTANCE_DIRECTIONS, instance->directions) ||
	    nla_put_u8(skb, L45_A_INSTANCE_DEPRECATED, instance->deprecated) ||
	    nla_put_u32(skb, L45_A_INSTANCE_SOCKETS, atomic_read(&instance->sockets)) ||
	    put_counters(skb, instance) ||
	    nla_put_u64_64bit(skb, L45_A_INSTANCE_LAST_USED, READ_ONCE(instance->last_used), 0))
		return -EMSGSIZE;
	return 0;
}

static int instance_get(struct sk_buff *request, struct genl_info *info)
{
	struct l45_instance *instance;
	struct sk_buff *skb;
	void *header;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, L45_A_INSTANCE_ID))
		return -EINVAL;
	/* Lists can be long. */
	skb = genlmsg_new(4 * NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;

	mutex_lock(&l45_registry_lock);
	err = -ENOENT;
	instance = l45_instance_find(nla_data(info->attrs[L45_A_INSTANCE_ID]));
	if (instance) {
		err = -EMSGSIZE;
		header = genlmsg_put_reply(skb, info, &family, 0, L45_CMD_INSTANCE_GET);
		if (header)
			err = put_instance(skb, instance,
					   netlink_capable(request, CAP_NET_ADMIN));
	}
	mutex_unlock(&l45_registry_lock);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static void *put_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				   NLM_F_MULTI, command);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

static int instance_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	bool secrets = netlink_capable(cb->skb, CAP_NET_ADMIN);
	struct l45_instance *instance;
	long index = 0;

	mutex_lock(&l45_registry_lock);
	cb->seq = l45_registry_generation();
	list_for_each_entry(instance, &l45_instances, list) {
		void *header;

		if (index < cb->args[0]) {
			index++;
			continue;
		}
		header = put_dump(skb, cb, L45_CMD_INSTANCE_GET);
		if (!header)
			break;
		if (put_instance(skb, instance, secrets)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		index++;
	}
	cb->args[0] = index;
	mutex_unlock(&l45_registry_lock);
	return skb->len;
}

static int put_customization(struct sk_buff *skb, const struct l45_customization *customization)
{
	const struct l45_ops *ops = customization->ops;

	if (nla_put_string(skb, L45_A_CUSTOMIZATION_NAME, ops->name) ||
	    nla_put_string(skb, L45_A_CUSTOMIZATION_VERSION, ops->version) ||
	    nla_put_u32(skb, L45_A_CUSTOMIZATION_ABI, ops->abi) ||
	    nla_put_u32(skb, L45_A_CUSTOMIZATION_USERS,
			atomic_read(&customization->users)))
		return -EMSGSIZE;
	if (ops->owner && ops->owner->srcversion &&
	    nla_put_string(skb, L45_A_CUSTOMIZATION_SRCVERSION, ops->owner->srcversion))
		return -EMSGSIZE;
	return 0;
}

static int customization_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct l45_customization *customization;
	long index = 0;

	mutex_lock(&l45_registry_lock);
	cb->seq = l45_registry_generation();
	list_for_each_entry(customization, &l45_customizations, list) {
		void *header;

		if (index < cb->args[0]) {
			index++;
			continue;
		}
		header = put_dump(skb, cb, L45_CMD_CUSTOMIZATION_GET);
		if (!header)
			break;
		if (put_customization(skb, customization)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		index++;
	}
	cb->args[0] = index;
	mutex_unlock(&l45_registry_lock);
	return skb->len;
}

static int put_endpoint(struct sk_buff *skb, const struct sock *sk, int address, int port,
			const struct l45_endpoint *endpoint)
{
	int err;

	if (sk->sk_family == AF_INET6)
		err = nla_put_in6_addr(skb, address, &endpoint->address);
	else
		err = nla_put_in_addr(skb, address, endpoint->address.s6_addr32[3]);
	return err ?: nla_put_u16(skb, port, endpoint->port);
}

static int put_socket(struct sk_buff *skb, struct l45_socket *socket)
{
	struct l45_endpoint local, remote;
	struct sock *sk = socket->sk;
	const struct l45_set *set;
	u32 cookie[2];
	u32 i;

	lockdep_assert_held(&socket->lock);
	sock_diag_save_cookie(sk, cookie);
	l45_endpoint_local(sk, &local);
	if (nla_put_u64_64bit(skb, L45_A_SOCKET_COOKIE, (u64)cookie[1] << 32 | cookie[0], 0) ||
	    nla_put_u8(skb, L45_A_SOCKET_FAMILY, sk->sk_family) ||
	    nla_put_u8(skb, L45_A_SOCKET_PROTOCOL, sk->sk_protocol) ||
	    put_endpoint(skb, sk, L45_A_SOCKET_LOCAL_ADDRESS, L45_A_SOCKET_LOCAL_PORT, &local))
		return -EMSGSIZE;
	if (l45_endpoint_remote(sk, &remote) &&
	    put_endpoint(skb, sk, L45_A_SOCKET_REMOTE_ADDRESS, L45_A_SOCKET_REMOTE_PORT, &remote))
		return -EMSGSIZE;
	if (nla_put_string(skb, L45_A_SOCKET_APPLICATION, socket->owner.thread) ||
	    nla_put_u32(skb, L45_A_SOCKET_PID, socket->owner.pid) ||
	    nla_put_u32(skb, L45_A_SOCKET_UID, from_kuid(&init_user_ns, sk->sk_uid)))
		return -EMSGSIZE;
	set = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
	for (i = 0; set && i < set->count; i++) {
		const struct l45_instance *instance = set->instances[i];
		int type = READ_ONCE(instance->dead) ? L45_A_SOCKET_DRAINING :
						       L45_A_SOCKET_INSTANCE;

		if (nla_put(skb, type, L45_ID_LEN, instance->id))
			return -EMSGSIZE;
	}
	return 0;
}

/* Does the request name one of these, or none at all? */
static bool asked_for(const struct netlink_callback *cb, struct l45_socket *socket)
{
	const struct l45_set *set;
	const struct nlattr *attr;
	bool named = false;
	int rem;
	u32 i;

	lockdep_assert_held(&socket->lock);
	set = rcu_dereference_protected(socket->set, lockdep_is_held(&socket->lock));
	nlmsg_for_each_attr(attr, cb->nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) != L45_A_SOCKET_INSTANCE)
			continue;
		named = true;
		for (i = 0; set && i < set->count; i++) {
			if (!memcmp(set->instances[i]->id, nla_data(attr), L45_ID_LEN))
				return true;
		}
	}
	return !named;
}

static int socket_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	u32 bucket = cb->args[0], index = cb->args[1];
	struct l45_socket *socket;

	cb->seq = l45_registry_generation();
	while ((socket = l45_attach_next(&bucket, &index))) {
		void *header = put_dump(skb, cb, L45_CMD_SOCKET_GET);
		int err = header ? 0 : -EMSGSIZE;

		/* Only so is its struct sock sure to be there. */
		spin_lock_bh(&socket->lock);
		if (!err && !socket->closed && asked_for(cb, socket))
			err = put_socket(skb, socket);
		else if (!err)
			err = -ENOENT;
		spin_unlock_bh(&socket->lock);
		l45_socket_put(socket);

		if (!err)
			genlmsg_end(skb, header);
		else if (header)
			genlmsg_cancel(skb, header);
		if (err == -EMSGSIZE) {
			/* Once more, first thing in the next message. */
			index--;
			break;
		}
	}
	cb->args[0] = bucket;
	cb->args[1] = index;
	return skb->len;
}

static int challenge(struct sk_buff *request, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct l45_answer answer;
	struct sk_buff *skb;
	void *header;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, L45_A_CHALLENGE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_CHALLENGE_NONCE) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_CHALLENGE_HOST) ||
	    GENL_REQ_ATTR_CHECK(info, L45_A_CHALLENGE_BOOT))
		return -EINVAL;
	err = l45_challenge(&(struct l45_question){
		.id = nla_data(attrs[L45_A_CHALLENGE_ID]),
		.nonce = nla_data(attrs[L45_A_CHALLENGE_NONCE]),
		.boot = nla_data(attrs[L45_A_CHALLENGE_BOOT]),
		.host = nla_data(attrs[L45_A_CHALLENGE_HOST]),
	}, &answer);
	if (err)
		return err;

	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &family, 0, L45_CMD_CHALLENGE);
	if (!header || nla_put(skb, L45_A_CHALLENGE_ID, L45_ID_LEN, nla_data(attrs[L45_A_CHALLENGE_ID])) ||
	    nla_put_u64_64bit(skb, L45_A_CHALLENGE_LOAD, answer.load, 0) ||
	    nla_put(skb, L45_A_CHALLENGE_MEASUREMENT, L45_DIGEST_LEN, answer.measurement) ||
	    nla_put(skb, L45_A_CHALLENGE_MAC, L45_DIGEST_LEN, answer.mac)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int core_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &family, 0, L45_CMD_CORE_GET);
	if (!header || nla_put_string(skb, L45_A_CORE_VERSION, L45_VERSION) ||
	    nla_put_u32(skb, L45_A_CORE_ABI, L45_ABI) ||
	    nla_put_u32(skb, L45_A_CORE_GENERATION, l45_registry_generation()) ||
	    nla_put_u32(skb, L45_A_CORE_INSTANCES, l45_registry_count()) ||
	    nla_put_u32(skb, L45_A_CORE_SOCKETS, l45_attach_count())) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/* The header has the port of who asked for it, who need not be told. */
static void notify(struct l45_instance *instance, const struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&family, &init_net, EVENTS))
		return;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, info->snd_portid, 0, &family, 0, L45_CMD_INSTANCE_CHANGED);
	if (!header || nla_put(skb, L45_A_INSTANCE_ID, L45_ID_LEN, instance->id) ||
	    nla_put(skb, L45_A_INSTANCE_DEPLOYMENT, L45_ID_LEN, instance->deployment) ||
	    put_links(skb, instance, false) ||
	    nla_put_u8(skb, L45_A_INSTANCE_MODE, instance->mode) ||
	    nla_put_u8(skb, L45_A_INSTANCE_DEPRECATED, instance->deprecated) ||
	    nla_put_u32(skb, L45_A_INSTANCE_SOCKETS, atomic_read(&instance->sockets))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast(&family, skb, 0, EVENTS, GFP_KERNEL);
}

static const struct genl_ops ops[] = {
	{
		.cmd = L45_CMD_CORE_GET,
		.doit = core_get,
		.policy = l45_core_get_nl_policy,
		.maxattr = L45_A_CORE_MAX,
	}, {
		.cmd = L45_CMD_CUSTOMIZATION_GET,
		.dumpit = customization_dump,
		.policy = l45_customization_get_nl_policy,
		.maxattr = L45_A_CUSTOMIZATION_MAX,
	}, {
		.cmd = L45_CMD_INSTANCE_NEW,
		.doit = instance_new,
		.policy = l45_instance_new_nl_policy,
		.maxattr = L45_A_INSTANCE_MAX,
		.flags = GENL_ADMIN_PERM,
	}, {
		.cmd = L45_CMD_INSTANCE_SET,
		.doit = instance_set,
		.policy = l45_instance_set_nl_policy,
		.maxattr = L45_A_INSTANCE_MAX,
		.flags = GENL_ADMIN_PERM,
	}, {
		.cmd = L45_CMD_INSTANCE_DEL,
		.doit = instance_del,
		.policy = l45_instance_del_nl_policy,
		.maxattr = L45_A_INSTANCE_MAX,
		.flags = GENL_ADMIN_PERM,
	}, {
		.cmd = L45_CMD_INSTANCE_GET,
		.doit = instance_get,
		.dumpit = instance_dump,
		.policy = l45_instance_get_nl_policy,
		.maxattr = L45_A_INSTANCE_MAX,
	}, {
		.cmd = L45_CMD_SOCKET_GET,
		.dumpit = socket_dump,
		.policy = l45_socket_get_nl_policy,
		.maxattr = L45_A_SOCKET_MAX,
		.flags = GENL_ADMIN_PERM,
	}, {
		.cmd = L45_CMD_CHALLENGE,
		.doit = challenge,
		.policy = l45_challenge_nl_policy,
		.maxattr = L45_A_CHALLENGE_MAX,
		.flags = GENL_ADMIN_PERM,
	},
};

static struct genl_family family __ro_after_init = {
	.name = L45_FAMILY_NAME,
	.version = L45_FAMILY_VERSION,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.resv_start_op = __L45_CMD_MAX,
	/* Our own lock is enough; GENL_ADMIN_PERM asks the initial user namespace. */
	.parallel_ops = true,
	.netnsok = false,
};

int __init l45_netlink_init(void)
{
	return genl_register_family(&family);
}

void l45_netlink_uninit(void)
{
	genl_unregister_family(&family);
}
