// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends requests of random attributes, lengths and nesting; half of them are nearly
 * right. What is accepted by chance is revoked at the end. Fails if the kernel ceases
 * to answer.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../uapi/l45_netlink.h"

static int fd, family;
static uint8_t request[8192];
static struct nlmsghdr *header = (void *)request;

static void begin(int type, int command, int flags)
{
	struct genlmsghdr *generic = NLMSG_DATA(header);

	memset(request, 0, sizeof(request));
	header->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	generic->cmd = command;
	generic->version = 1;
}

static struct nlattr *put(int type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)(request + NLMSG_ALIGN(header->nlmsg_len));

	if (header->nlmsg_len + len + 64 > sizeof(request))
		return attr;
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (data)
		memcpy(attr + 1, data, len);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attr->nla_len);
	return attr;
}

static void random_attribute(int depth);

static void random_bytes(int type)
{
	static const int lens[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 255, 256, 257 };
	uint8_t bytes[300];
	int len = lens[rand() % (sizeof(lens) / sizeof(*lens))];

	for (int i = 0; i < len; i++)
		bytes[i] = rand() % 4 ? rand() : 0;
	put(type, bytes, len);
}

static void random_nest(int type, int depth)
{
	struct nlattr *attr = put(type | (rand() % 8 ? NLA_F_NESTED : 0), NULL, 0);
	int n = rand() % 6;

	while (n--)
		random_attribute(depth + 1);
	attr->nla_len = request + header->nlmsg_len - (uint8_t *)attr;
	if (rand() % 50 == 0)
		attr->nla_len += rand() % 8 - 4;
}

static void random_attribute(int depth)
{
	static const char *const names[] = { "dns_tag", "null", "stream_tag", "app_id", "position",
					     "interval", "responses", "x*", "*", "front" };
	int type = rand() % 20;

	switch (rand() % (depth < 4 ? 5 : 4)) {
	case 0:
		put(type, names[rand() % 10], strlen(names[rand() % 10]) + 1);
		break;
	case 4:
		random_nest(type, depth);
		break;
	default:
		random_bytes(type);
	}
}

static void nearly_right(void)
{
	static const char *const names[] = { "dns_tag", "null", "stream_tag" };
	const char *name = names[rand() % 3];
	uint8_t id[16] = { 0x4c, 0x34, 0x35, 0x2d, [15] = rand() % 100 };
	struct nlattr *nest;

	put(L45_A_INSTANCE_ID, id, 16);
	put(L45_A_INSTANCE_DEPLOYMENT, id, 16);
	put(L45_A_INSTANCE_CUSTOMIZATION, name, strlen(name) + 1);
	put(L45_A_INSTANCE_ROLE, &(uint8_t){ rand() % 3 }, 1);
	nest = put(L45_A_INSTANCE_MATCH | NLA_F_NESTED, NULL, 0);
	put(L45_A_MATCH_APPLICATION, "no-such", 8);
	if (rand() % 2)
		random_attribute(1);
	nest->nla_len = request + header->nlmsg_len - (uint8_t *)nest;
	if (rand() % 2)
		random_attribute(0);
}

/* Only that there is an answer. */
static void answer(void)
{
	static uint8_t buffer[65536];
	struct nlmsghdr *reply = (void *)buffer;

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);

		if (got < 0) {
			perror("no answer");
			exit(1);
		}
		for (reply = (void *)buffer; NLMSG_OK(reply, got); reply = NLMSG_NEXT(reply, got)) {
			if (reply->nlmsg_type == NLMSG_ERROR || reply->nlmsg_type == NLMSG_DONE)
				return;
			if (reply->nlmsg_type == GENL_ID_CTRL && !family) {
				struct nlattr *attr = (void *)((uint8_t *)NLMSG_DATA(reply) + GENL_HDRLEN);

				while (attr->nla_type != CTRL_ATTR_FAMILY_ID)
					attr = (void *)((uint8_t *)attr + NLA_ALIGN(attr->nla_len));
				family = *(uint16_t *)(attr + 1);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct timeval timeout = { .tv_sec = 20 };
	int one = 1, count = argc > 1 ? atoi(argv[1]) : 10000;

	srand(argc > 2 ? atoi(argv[2]) : 45);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	put(CTRL_ATTR_FAMILY_NAME, L45_FAMILY_NAME, sizeof(L45_FAMILY_NAME));
	send(fd, request, header->nlmsg_len, 0);
	answer();
	if (!family)
		return 1;

	for (int i = 0; i < count; i++) {
		int command = rand() % 10;

		if (rand() % 2) {
			begin(family, rand() % 3 ? L45_CMD_INSTANCE_NEW : L45_CMD_INSTANCE_SET, NLM_F_ACK);
			nearly_right();
		} else {
			begin(family, command, rand() % 3 ? NLM_F_ACK : NLM_F_DUMP);
			for (int n = rand() % 8; n; n--)
				random_attribute(0);
		}
		send(fd, request, header->nlmsg_len, 0);
		answer();
	}
	for (int i = 0; i < 256; i++) {
		uint8_t id[16] = { 0x4c, 0x34, 0x35, 0x2d, [15] = i };

		begin(family, L45_CMD_INSTANCE_DEL, NLM_F_ACK);
		put(L45_A_INSTANCE_ID, id, 16);
		send(fd, request, header->nlmsg_len, 0);
		answer();
	}
	return 0;
}
