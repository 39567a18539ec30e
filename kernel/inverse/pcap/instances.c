// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "instances.h"

#define LINE_MAX_LEN 4096

struct reader {
	const char *file;
	u32 line;
	struct instances *instances;
};

static void fail(const struct reader *reader, const char *what, const char *which)
{
	fprintf(stderr, "%s:%u: %s: %s\n", reader->file, reader->line, what, which);
	exit(2);
}

static struct deployment *current(const struct reader *reader)
{
	if (!reader->instances->count)
		fail(reader, "before all of this belongs", "instance <mark> <file>");
	return &reader->instances->deployments[reader->instances->count - 1];
}

static struct end *current_end(const struct reader *reader)
{
	struct deployment *deployment = current(reader);

	if (!deployment->ends_count)
		fail(reader, "before this belongs", "end client|server");
	return &deployment->ends[deployment->ends_count - 1];
}

static void read_mark(const struct reader *reader, const char *text, u8 *mark)
{
	u32 digits = 0;
	const char *at;

	for (at = text; *at; at++) {
		u8 digit = *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;

		if (*at == '-')
			continue;
		if (digit > 15 || digits == 2 * L45_MARK_LEN)
			fail(reader, "not a mark of 32 hexadecimal digits", text);
		mark[digits / 2] = mark[digits / 2] << 4 | digit;
		digits++;
	}
	if (digits != 2 * L45_MARK_LEN)
		fail(reader, "not a mark of 32 hexadecimal digits", text);
}

/* instance <mark, or identifier of the deployment> <the customization's .so> */
static void read_instance(const struct reader *reader, char *value)
{
	struct instances *instances = reader->instances;
	char *mark = strsep(&value, " ");
	struct deployment *deployment;

	if (!value)
		fail(reader, "which file?", mark);
	if (instances->count == INSTANCES_MAX)
		fail(reader, "too many instances", mark);
	deployment = &instances->deployments[instances->count++];
	read_mark(reader, mark, deployment->instance.flow.mark);
	deployment->instance.ops = load(value);
	deployment->instance.flow.params = deployment->instance.params;
}

static void read_param(const struct reader *reader, char *value)
{
	char *name = strsep(&value, " ");

	if (instance_param(&current(reader)->instance, name, value ?: ""))
		fail(reader, "unknown parameter, or a wrong value", name);
}

static void read_end(const struct reader *reader, char *value)
{
	struct deployment *deployment = current(reader);
	bool server = !strcmp(value, "server");

	if (!server && strcmp(value, "client"))
		fail(reader, "neither client nor server", value);
	if (deployment->ends_count == ENDS_MAX)
		fail(reader, "too many ends", value);
	deployment->ends[deployment->ends_count++].role = server ? L45_ROLE_SERVER :
								   L45_ROLE_CLIENT;
}

static void read_protocol(const struct reader *reader, char *value)
{
	struct end *end = current_end(reader);

	if (!strcmp(value, "udp"))
		end->udp = true;
	else if (!strcmp(value, "tcp"))
		end->tcp = true;
	else
		fail(reader, "neither udp nor tcp", value);
}

static void read_prefix(const struct reader *reader, struct side *side, const char *value)
{
	struct prefix *prefix = &side->prefixes[side->prefixes_count];
	unsigned int bits = 128;
	char address[64];

	if (side->prefixes_count == LIST_MAX)
		fail(reader, "too many prefixes", value);
	if (sscanf(value, "%63[0-9a-fA-F.:]/%u", address, &bits) < 1)
		fail(reader, "not a prefix", value);
	if (inet_pton(AF_INET, address, prefix->address) == 1)
		prefix->version = 4;
	else if (inet_pton(AF_INET6, address, prefix->address) == 1)
		prefix->version = 6;
	else
		fail(reader, "not an address", value);
	if (prefix->version == 4 && bits == 128)
		bits = 32;
	if (bits > (prefix->version == 4 ? 32 : 128))
		fail(reader, "too long a prefix", value);
	prefix->bits = bits;
	side->prefixes_count++;
}

static void read_ports(const struct reader *reader, struct side *side, const char *value)
{
	unsigned int first, last;
	int found = sscanf(value, "%u-%u", &first, &last);

	if (side->ports_count == LIST_MAX)
		fail(reader, "too many ports", value);
	if (found == 1)
		last = first;
	if (found < 1 || first > last || last > 65535)
		fail(reader, "neither a port nor a range of ports", value);
	side->ports[side->ports_count++] = (struct ports){ first, last };
}

static void read_line(const struct reader *reader, char *line)
{
	char *word = strsep(&line, " ");

	if (!line)
		fail(reader, "a value is missing", word);
	if (!strcmp(word, "instance"))
		read_instance(reader, line);
	else if (!strcmp(word, "param"))
		read_param(reader, line);
	else if (!strcmp(word, "end"))
		read_end(reader, line);
	else if (!strcmp(word, "protocol"))
		read_protocol(reader, line);
	else if (!strcmp(word, "local-prefix"))
		read_prefix(reader, &current_end(reader)->local, line);
	else if (!strcmp(word, "local-port"))
		read_ports(reader, &current_end(reader)->local, line);
	else if (!strcmp(word, "remote-prefix"))
		read_prefix(reader, &current_end(reader)->remote, line);
	else if (!strcmp(word, "remote-port"))
		read_ports(reader, &current_end(reader)->remote, line);
	else
		fail(reader, "unknown word", word);
}

static void check(const struct reader *reader)
{
	u32 i;

	for (i = 0; i < reader->instances->count; i++) {
		const struct instance *instance = &reader->instances->deployments[i].instance;

		if (instance->ops->check && instance->ops->check(instance->params))
			fail(reader, "refuses its parameters", instance->ops->name);
	}
}

void instances_read(struct instances *instances, const char *file)
{
	struct reader reader = { .file = file, .instances = instances };
	char line[LINE_MAX_LEN];
	FILE *in = fopen(file, "re");

	memset(instances, 0, sizeof(*instances));
	if (!in)
		fail(&reader, "cannot be read", strerror(errno));
	instances->deployments = calloc(INSTANCES_MAX, sizeof(*instances->deployments));
	if (!instances->deployments)
		abort();
	while (fgets(line, sizeof(line), in)) {
		reader.line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			read_line(&reader, line);
	}
	fclose(in);
	check(&reader);
}

void instances_free(struct instances *instances)
{
	free(instances->deployments);
}

static bool prefix_matches(const struct prefix *prefix, u8 version, const u8 *address)
{
	u32 bytes = prefix->bits / 8;
	u8 mask = 0xff00 >> prefix->bits % 8;

	if (prefix->version != version || memcmp(prefix->address, address, bytes))
		return false;
	return !mask || !((prefix->address[bytes] ^ address[bytes]) & mask);
}

static bool side_matches(const struct side *side, u8 version, const struct packet_side *actual)
{
	bool prefixes = !side->prefixes_count, ports = !side->ports_count;
	u32 i;

	for (i = 0; i < side->prefixes_count && !prefixes; i++)
		prefixes = prefix_matches(&side->prefixes[i], version, actual->address);
	for (i = 0; i < side->ports_count && !ports; i++)
		ports = actual->port >= side->ports[i].first && actual->port <= side->ports[i].last;
	return prefixes && ports;
}

int deployment_receiver(const struct deployment *deployment, const struct packet *packet)
{
	u32 i;

	for (i = 0; i < deployment->ends_count; i++) {
		const struct end *end = &deployment->ends[i];
		bool any = !end->udp && !end->tcp;

		if (!any && !(packet->protocol == IPPROTO_TCP ? end->tcp : end->udp))
			continue;
		if (side_matches(&end->local, packet->version, &packet->destination) &&
		    side_matches(&end->remote, packet->version, &packet->source))
			return end->role;
		if (side_matches(&end->local, packet->version, &packet->source) &&
		    side_matches(&end->remote, packet->version, &packet->destination))
			return end->role == L45_ROLE_CLIENT ? L45_ROLE_SERVER : L45_ROLE_CLIENT;
	}
	return -1;
}
