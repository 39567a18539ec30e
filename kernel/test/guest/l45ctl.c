// SPDX-License-Identifier: GPL-2.0-only
/*
 * Speaks the netlink family, for tests: plain libc, no library between them and the
 * bytes.
 *
 *	l45ctl core | customizations | instances | sockets [ID]
 *	l45ctl new ID CUSTOMIZATION[+CUSTOMIZATION ...] [key=value ...]
 *	l45ctl set ID [key=value ...]
 *	l45ctl del ID
 *	l45ctl get ID
 *	l45ctl challenge ID NONCE HOST BOOT
 *	l45ctl flush
 *
 * An ID is a UUID, or a small number. Keys: deployment role priority mode directions attach
 * deprecated, the lists of the match: protocol application local remote lport rport
 * uid cgroup, key=HEX, and p.NAME=NUMBER, s.NAME=STRING, b.NAME=HEX for parameters; those of
 * a chain's second link are 2p.NAME=NUMBER and so on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../uapi/l45_netlink.h"

static int fd, family;
static uint32_t seq = 1;
static char request[16384];

static struct nlmsghdr *begin(int type, int command, int flags)
{
	struct nlmsghdr *header = (void *)request;
	struct genlmsghdr *generic = NLMSG_DATA(header);

	memset(request, 0, sizeof(request));
	header->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = ++seq;
	generic->cmd = command;
	generic->version = 1;
	return header;
}

static struct nlattr *put(struct nlmsghdr *header, int type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)(request + NLMSG_ALIGN(header->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(attr->nla_len);
	return attr;
}

#define put_value(header, type, ctype, value) \
	put(header, type, &(ctype){ value }, sizeof(ctype))

static struct nlattr *nest(struct nlmsghdr *header, int type)
{
	return put(header, type | NLA_F_NESTED, NULL, 0);
}

static void end(struct nlmsghdr *header, struct nlattr *attr)
{
	attr->nla_len = request + header->nlmsg_len - (char *)attr;
}

static void send_request(struct nlmsghdr *header)
{
	if (send(fd, header, header->nlmsg_len, 0) < 0) {
		perror("send");
		exit(1);
	}
}

typedef void (*print_fn)(const struct nlattr *attrs, int len);

static const struct nlattr *next(const struct nlattr *attr, int *len)
{
	*len -= NLA_ALIGN(attr->nla_len);
	return (const void *)((const char *)attr + NLA_ALIGN(attr->nla_len));
}

#define for_each(attr, attrs, len) \
	for (attr = attrs; len >= NLA_HDRLEN; attr = next(attr, &len))
#define type_of(attr) ((attr)->nla_type & NLA_TYPE_MASK)
#define data_of(attr) ((const void *)((const char *)(attr) + NLA_HDRLEN))
#define len_of(attr) ((attr)->nla_len - NLA_HDRLEN)

/* The error is the exit status; the message tells more. */
static int receive(print_fn print)
{
	static char buffer[65536];

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *header = (void *)buffer;

		if (got < 0)
			return errno;
		for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
			if (header->nlmsg_flags & NLM_F_DUMP_INTR)
				fprintf(stderr, "interrupted\n");
			if (header->nlmsg_type == NLMSG_DONE)
				return -*(int *)NLMSG_DATA(header);
			if (header->nlmsg_type == NLMSG_ERROR) {
				struct nlmsgerr *error = NLMSG_DATA(header);

				if (error->error && header->nlmsg_flags & NLM_F_ACK_TLVS) {
					int skip = sizeof(*error);
					const struct nlattr *attr;
					int len;

					if (!(header->nlmsg_flags & NLM_F_CAPPED))
						skip += error->msg.nlmsg_len - sizeof(error->msg);
					attr = (void *)((char *)error + NLMSG_ALIGN(skip));
					len = header->nlmsg_len - NLMSG_HDRLEN - skip;
					for (; len >= NLA_HDRLEN; attr = next(attr, &len)) {
						if (type_of(attr) == NLMSGERR_ATTR_MSG)
							fprintf(stderr, "%s\n",
								(char *)data_of(attr));
						else if (type_of(attr) == NLMSGERR_ATTR_OFFS)
							fprintf(stderr, "at %u\n",
								*(uint32_t *)data_of(attr));
					}
				}
				return -error->error;
			}
			print((void *)((char *)NLMSG_DATA(header) + GENL_HDRLEN),
			      header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
			if (!(header->nlmsg_flags & NLM_F_MULTI) && header->nlmsg_seq == seq &&
			    print)
				continue;
		}
	}
}

static void find_family(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		if (type_of(attr) == CTRL_ATTR_FAMILY_ID)
			family = *(uint16_t *)data_of(attr);
	}
}

static unsigned long long number(const struct nlattr *attr)
{
	switch (len_of(attr)) {
	case 1:
		return *(uint8_t *)data_of(attr);
	case 2:
		return *(uint16_t *)data_of(attr);
	case 4:
		return *(uint32_t *)data_of(attr);
	case 8: {
		unsigned long long value;

		memcpy(&value, data_of(attr), sizeof(value));
		return value;
	}
	}
	return 0;
}

static const char *const counter_names[] = {
	[L45_A_COUNTERS_EGRESS_MESSAGES] = "egress_messages",
	[L45_A_COUNTERS_EGRESS_BYTES_IN] = "egress_bytes_in",
	[L45_A_COUNTERS_EGRESS_BYTES_OUT] = "egress_bytes_out",
	[L45_A_COUNTERS_INGRESS_MESSAGES] = "ingress_messages",
	[L45_A_COUNTERS_INGRESS_BYTES_IN] = "ingress_bytes_in",
	[L45_A_COUNTERS_INGRESS_BYTES_OUT] = "ingress_bytes_out",
	[L45_A_COUNTERS_INSERTED] = "inserted",
	[L45_A_COUNTERS_REMOVED] = "removed",
	[L45_A_COUNTERS_PASSED] = "passed",
	[L45_A_COUNTERS_DROPPED] = "dropped",
	[L45_A_COUNTERS_ERRORS] = "errors",
	[L45_A_COUNTERS_OBSERVED] = "observed",
	[L45_A_COUNTERS_ATTACHED] = "attached",
};

static void print_instance(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		const struct nlattr *inner = data_of(attr);
		int inner_len = len_of(attr);

		switch (type_of(attr)) {
		case L45_A_INSTANCE_ID:
			printf("id=%u ", ((uint8_t *)data_of(attr))[15]);
			break;
		case L45_A_INSTANCE_CUSTOMIZATION:
			printf("customization=%s ", (char *)data_of(attr));
			break;
		case L45_A_INSTANCE_LINK:
			for_each(inner, inner, inner_len) {
				if (type_of(inner) == L45_A_LINK_CUSTOMIZATION)
					printf("link=%s ", (char *)data_of(inner));
				else
					printf("param ");
			}
			break;
		case L45_A_INSTANCE_PRIORITY:
			printf("priority=%llu ", number(attr));
			break;
		case L45_A_INSTANCE_MODE:
			printf("mode=%llu ", number(attr));
			break;
		case L45_A_INSTANCE_DIRECTIONS:
			printf("directions=%llu ", number(attr));
			break;
		case L45_A_INSTANCE_DEPRECATED:
			printf("deprecated=%llu ", number(attr));
			break;
		case L45_A_INSTANCE_SOCKETS:
			printf("sockets=%llu ", number(attr));
			break;
		case L45_A_INSTANCE_PARAM:
			printf("param ");
			break;
		case L45_A_INSTANCE_KEY:
			printf("key ");
			break;
		case L45_A_INSTANCE_COUNTERS:
			for_each(inner, inner, inner_len)
				printf("%s=%llu ", counter_names[type_of(inner)], number(inner));
			break;
		}
	}
	printf("\n");
}

static void print_address(const struct nlattr *attr)
{
	char text[INET6_ADDRSTRLEN];

	printf("%s", inet_ntop(len_of(attr) == 4 ? AF_INET : AF_INET6, data_of(attr), text,
			       sizeof(text)));
}

static void print_socket(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		switch (type_of(attr)) {
		case L45_A_SOCKET_COOKIE:
			printf("cookie=%llx ", number(attr));
			break;
		case L45_A_SOCKET_PROTOCOL:
			printf("protocol=%llu ", number(attr));
			break;
		case L45_A_SOCKET_LOCAL_ADDRESS:
			printf("local=");
			print_address(attr);
			break;
		case L45_A_SOCKET_REMOTE_ADDRESS:
			printf(" remote=");
			print_address(attr);
			break;
		case L45_A_SOCKET_LOCAL_PORT:
		case L45_A_SOCKET_REMOTE_PORT:
			printf(",%llu ", number(attr));
			break;
		case L45_A_SOCKET_APPLICATION:
			printf("application=%s ", (char *)data_of(attr));
			break;
		case L45_A_SOCKET_PID:
			printf("pid=%llu ", number(attr));
			break;
		case L45_A_SOCKET_INSTANCE:
			printf("instance=%u ", ((uint8_t *)data_of(attr))[15]);
			break;
		case L45_A_SOCKET_DRAINING:
			printf("draining=%u ", ((uint8_t *)data_of(attr))[15]);
			break;
		}
	}
	printf("\n");
}

static void print_customization(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		if (type_of(attr) == L45_A_CUSTOMIZATION_NAME)
			printf("name=%s ", (char *)data_of(attr));
		else if (type_of(attr) == L45_A_CUSTOMIZATION_USERS)
			printf("users=%llu ", number(attr));
		else if (type_of(attr) == L45_A_CUSTOMIZATION_SRCVERSION)
			printf("srcversion=%s ", (char *)data_of(attr));
	}
	printf("\n");
}

static void print_hex(const char *name, const struct nlattr *attr)
{
	int i;

	printf("%s=", name);
	for (i = 0; i < len_of(attr); i++)
		printf("%02x", ((const uint8_t *)data_of(attr))[i]);
	printf(" ");
}

static void print_challenge(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		switch (type_of(attr)) {
		case L45_A_CHALLENGE_ID:
			print_hex("id", attr);
			break;
		case L45_A_CHALLENGE_LOAD:
			printf("load=%016llx ", number(attr));
			break;
		case L45_A_CHALLENGE_MEASUREMENT:
			print_hex("measurement", attr);
			break;
		case L45_A_CHALLENGE_MAC:
			print_hex("mac", attr);
			break;
		}
	}
	printf("\n");
}

static void print_core(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		if (type_of(attr) == L45_A_CORE_VERSION)
			printf("version=%s ", (char *)data_of(attr));
		else
			printf("%d=%llu ", type_of(attr), number(attr));
	}
	printf("\n");
}

static void put_id(struct nlmsghdr *header, int type, const char *id)
{
	/* Those of deployments are others. */
	uint8_t kind = type == L45_A_SOCKET_INSTANCE ? L45_A_INSTANCE_ID : type;
	uint8_t bytes[16] = { 0x4c, 0x34, 0x35, 0x2d, kind };
	size_t n = 0;

	if (!strchr(id, '-'))
		bytes[15] = atoi(id);
	else
		for (; n < sizeof(bytes) && sscanf(id, "%2hhx", &bytes[n]) == 1; n++)
			id += id[2] == '-' ? 3 : 2;
	put(header, type, bytes, sizeof(bytes));
}

static uint8_t first_id[16];
static int have_id;

static void find_id(const struct nlattr *attr, int len)
{
	for_each(attr, attr, len) {
		if (type_of(attr) == L45_A_INSTANCE_ID && !have_id) {
			memcpy(first_id, data_of(attr), sizeof(first_id));
			have_id = 1;
		}
	}
}

static void ignore(const struct nlattr *attr, int len)
{
	(void)attr;
	(void)len;
}

static int flush(void)
{
	int err;

	for (;;) {
		have_id = 0;
		send_request(begin(family, L45_CMD_INSTANCE_GET, NLM_F_DUMP));
		err = receive(find_id);
		if (err || !have_id)
			return err;
		struct nlmsghdr *header = begin(family, L45_CMD_INSTANCE_DEL, NLM_F_ACK);

		put(header, L45_A_INSTANCE_ID, first_id, sizeof(first_id));
		send_request(header);
		err = receive(ignore);
		if (err)
			return err;
	}
}

static void put_prefix(struct nlmsghdr *header, int type, char *text)
{
	struct nlattr *attr = nest(header, type);
	char *slash = strchr(text, '/');
	int ip6 = !!strchr(text, ':');
	uint8_t address[16];

	if (slash)
		*slash = '\0';
	inet_pton(ip6 ? AF_INET6 : AF_INET, text, address);
	put(header, L45_A_PREFIX_ADDRESS, address, ip6 ? 16 : 4);
	put_value(header, L45_A_PREFIX_LENGTH, uint8_t, slash ? atoi(slash + 1) : ip6 ? 128 : 32);
	end(header, attr);
}

static void put_ports(struct nlmsghdr *header, int type, const char *text)
{
	struct nlattr *attr = nest(header, type);
	const char *dash = strchr(text, '-');

	put_value(header, L45_A_PORT_RANGE_FIRST, uint16_t, atoi(text));
	put_value(header, L45_A_PORT_RANGE_LAST, uint16_t, atoi(dash ? dash + 1 : text));
	end(header, attr);
}

static int put_match(struct nlmsghdr *header, const char *key, char *value)
{
	if (!strcmp(key, "protocol"))
		put_value(header, L45_A_MATCH_PROTOCOL, uint8_t, !strcmp(value, "tcp") ? 6 : 17);
	else if (!strcmp(key, "application"))
		put(header, L45_A_MATCH_APPLICATION, value, strlen(value) + 1);
	else if (!strcmp(key, "local"))
		put_prefix(header, L45_A_MATCH_LOCAL_PREFIX, value);
	else if (!strcmp(key, "remote"))
		put_prefix(header, L45_A_MATCH_REMOTE_PREFIX, value);
	else if (!strcmp(key, "lport"))
		put_ports(header, L45_A_MATCH_LOCAL_PORT, value);
	else if (!strcmp(key, "rport"))
		put_ports(header, L45_A_MATCH_REMOTE_PORT, value);
	else if (!strcmp(key, "uid"))
		put_value(header, L45_A_MATCH_UID, uint32_t, atoi(value));
	else if (!strcmp(key, "cgroup"))
		put_value(header, L45_A_MATCH_CGROUP, uint64_t, strtoull(value, NULL, 0));
	else
		return 0;
	return 1;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t i;

	for (i = 0; text[2 * i] && i < room; i++)
		sscanf(text + 2 * i, "%2hhx", &bytes[i]);
	return i;
}

static void put_hex(struct nlmsghdr *header, int type, const char *text)
{
	uint8_t bytes[256];

	put(header, type, bytes, from_hex(text, bytes, sizeof(bytes)));
}

static void put_param(struct nlmsghdr *header, int type, char kind, const char *key,
		      const char *value)
{
	struct nlattr *attr = nest(header, type);

	put(header, L45_A_PARAM_NAME, key, strlen(key) + 1);
	switch (kind) {
	case 'p':
		put_value(header, L45_A_PARAM_UINT, uint64_t, strtoull(value, NULL, 0));
		break;
	case 's':
		put(header, L45_A_PARAM_STRING, value, strlen(value) + 1);
		break;
	default:
		put_hex(header, L45_A_PARAM_BINARY, value);
	}
	end(header, attr);
}

static void put_arguments(struct nlmsghdr *header, char **argv, int with_match)
{
	struct nlattr *match;
	char **arg;

	for (arg = argv; *arg; arg++) {
		char *value = strchr(*arg, '=') + 1;
		size_t len = value - *arg - 1;

		if (!strncmp(*arg, "priority", len))
			put_value(header, L45_A_INSTANCE_PRIORITY, uint32_t, atoi(value));
		else if (!strncmp(*arg, "mode", len))
			put_value(header, L45_A_INSTANCE_MODE, uint8_t, atoi(value));
		else if (!strncmp(*arg, "directions", len))
			put_value(header, L45_A_INSTANCE_DIRECTIONS, uint8_t, atoi(value));
		else if (!strncmp(*arg, "attach", len))
			put_value(header, L45_A_INSTANCE_ATTACH, uint8_t, atoi(value));
		else if (!strncmp(*arg, "deprecated", len))
			put_value(header, L45_A_INSTANCE_DEPRECATED, uint8_t, atoi(value));
		else if (!strncmp(*arg, "key", len))
			put_hex(header, L45_A_INSTANCE_KEY, value);
		else if ((*arg)[1] == '.') {
			char key[64] = {};

			memcpy(key, *arg + 2, len - 2);
			put_param(header, L45_A_INSTANCE_PARAM, **arg, key, value);
		}
	}
	if (!with_match)
		return;
	match = nest(header, L45_A_INSTANCE_MATCH);
	for (arg = argv; *arg; arg++) {
		char *value = strchr(*arg, '=') + 1;
		char key[64] = {}, copy[256];

		memcpy(key, *arg, value - *arg - 1);
		snprintf(copy, sizeof(copy), "%s", value);
		put_match(header, key, copy);
	}
	end(header, match);
}

static void put_links(struct nlmsghdr *header, char *names, char **argv)
{
	char number = '0', *name;

	while ((name = strsep(&names, "+")) && *name) {
		struct nlattr *attr = nest(header, L45_A_INSTANCE_LINK);
		char **arg;

		number++;
		put(header, L45_A_LINK_CUSTOMIZATION, name, strlen(name) + 1);
		for (arg = argv; *arg; arg++) {
			char *value = strchr(*arg, '=');
			char key[64] = {};

			if (**arg != number || (*arg)[2] != '.')
				continue;
			memcpy(key, *arg + 3, value - *arg - 3);
			put_param(header, L45_A_LINK_PARAM, (*arg)[1], key, value + 1);
		}
		end(header, attr);
	}
}

static int find(char **argv, const char *key, int otherwise)
{
	for (; *argv; argv++) {
		if (!strncmp(*argv, key, strlen(key)) && (*argv)[strlen(key)] == '=')
			return atoi(*argv + strlen(key) + 1);
	}
	return otherwise;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct nlmsghdr *header;
	char deployment[16];
	print_fn print;
	int one = 1, err;

	if (argc < 2)
		return 2;
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)))
		return 1;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));

	header = begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	put(header, CTRL_ATTR_FAMILY_NAME, L45_FAMILY_NAME, sizeof(L45_FAMILY_NAME));
	send_request(header);
	err = receive(find_family);
	if (err) {
		fprintf(stderr, "l45: %s\n", strerror(err));
		return err;
	}

	if (!strcmp(argv[1], "flush"))
		return flush();
	if (!strcmp(argv[1], "core")) {
		header = begin(family, L45_CMD_CORE_GET, NLM_F_ACK);
		print = print_core;
	} else if (!strcmp(argv[1], "customizations")) {
		header = begin(family, L45_CMD_CUSTOMIZATION_GET, NLM_F_DUMP);
		print = print_customization;
	} else if (!strcmp(argv[1], "instances")) {
		header = begin(family, L45_CMD_INSTANCE_GET, NLM_F_DUMP);
		print = print_instance;
	} else if (!strcmp(argv[1], "sockets")) {
		header = begin(family, L45_CMD_SOCKET_GET, NLM_F_DUMP);
		if (argc > 2)
			put_id(header, L45_A_SOCKET_INSTANCE, argv[2]);
		print = print_socket;
	} else if (!strcmp(argv[1], "new") && argc > 3) {
		header = begin(family, L45_CMD_INSTANCE_NEW, NLM_F_ACK);
		put_id(header, L45_A_INSTANCE_ID, argv[2]);
		snprintf(deployment, sizeof(deployment), "%d",
			 find(argv + 4, "deployment", atoi(argv[2])));
		put_id(header, L45_A_INSTANCE_DEPLOYMENT, deployment);
		if (strchr(argv[3], '+'))
			put_links(header, argv[3], argv + 4);
		else
			put(header, L45_A_INSTANCE_CUSTOMIZATION, argv[3], strlen(argv[3]) + 1);
		put_value(header, L45_A_INSTANCE_ROLE, uint8_t, find(argv + 4, "role", 0));
		put_arguments(header, argv + 4, 1);
		print = print_instance;
	} else if (!strcmp(argv[1], "set") && argc > 2) {
		header = begin(family, L45_CMD_INSTANCE_SET, NLM_F_ACK);
		put_id(header, L45_A_INSTANCE_ID, argv[2]);
		put_arguments(header, argv + 3, 0);
		print = print_instance;
	} else if (!strcmp(argv[1], "del") && argc > 2) {
		header = begin(family, L45_CMD_INSTANCE_DEL, NLM_F_ACK);
		put_id(header, L45_A_INSTANCE_ID, argv[2]);
		print = print_instance;
	} else if (!strcmp(argv[1], "get") && argc > 2) {
		header = begin(family, L45_CMD_INSTANCE_GET, NLM_F_ACK);
		put_id(header, L45_A_INSTANCE_ID, argv[2]);
		print = print_instance;
	} else if (!strcmp(argv[1], "challenge") && argc > 5) {
		header = begin(family, L45_CMD_CHALLENGE, NLM_F_ACK);
		put_id(header, L45_A_CHALLENGE_ID, argv[2]);
		put_hex(header, L45_A_CHALLENGE_NONCE, argv[3]);
		put(header, L45_A_CHALLENGE_HOST, argv[4], strlen(argv[4]) + 1);
		put_hex(header, L45_A_CHALLENGE_BOOT, argv[5]);
		print = print_challenge;
	} else {
		return 2;
	}
	send_request(header);
	err = receive(print);
	if (err)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(err));
	return err;
}
