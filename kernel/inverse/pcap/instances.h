/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which deployments customized the traffic of a capture. A text file says so, one word and
 * its value a line; README.md describes it.
 */
#ifndef L45_INSTANCES_H
#define L45_INSTANCES_H

#include "../../user/load.h"
#include "packet.h"

#define INSTANCES_MAX 64 /* deployments in one file */
#define ENDS_MAX 2
#define LIST_MAX 16

struct prefix {
	u8 version; /* 4 or 6 */
	u8 bits;
	u8 address[16];
};

struct ports {
	u16 first, last;
};

/* The flows of one end, as its hosts see them. An empty list matches everything. */
struct side {
	struct prefix prefixes[LIST_MAX];
	struct ports ports[LIST_MAX];
	u32 prefixes_count, ports_count;
};

struct end {
	u8 role;
	bool udp, tcp; /* neither: both */
	struct side local, remote;
};

struct deployment {
	struct instance instance;
	struct end ends[ENDS_MAX];
	u32 ends_count;
};

struct instances {
	struct deployment *deployments; /* by priority */
	u32 count;
};

/* Complains on stderr, with file and line, and ends the program when something is wrong. */
void instances_read(struct instances *instances, const char *file);
void instances_free(struct instances *instances);

/*
 * May this deployment have customized what the packet carries? Then the role of the end that
 * is to receive it; otherwise -1.
 */
int deployment_receiver(const struct deployment *deployment, const struct packet *packet);

#endif /* L45_INSTANCES_H */
