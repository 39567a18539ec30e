/* SPDX-License-Identifier: GPL-2.0-only */
/* What the C programs of the guest tests share. Each is one file that includes this. */
#ifndef CHECK_H
#define CHECK_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define check(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s (%s)\n", __func__, __LINE__, #condition, \
				strerror(errno)); \
			_exit(1); \
		} \
	} while (0)

/* Seconds. */
static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int ip6;

static inline socklen_t loopback(struct sockaddr_storage *address, int port)
{
	struct sockaddr_in6 *in6 = (void *)address;
	struct sockaddr_in *in = (void *)address;

	memset(address, 0, sizeof(*address));
	if (ip6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in->sin_port = htons(port);
	return sizeof(*in);
}

struct test_case {
	const char *name; /* NULL ends a list */
	void (*run)(void);
};

#define CASE(name) { #name, name }

/*
 * PROGRAM CASE|all 4|6: each case in a process of its own, under the name that instances
 * match, and for so many seconds at most. Returns what main() is to return.
 */
static inline int run_cases(int argc, char **argv, const char *application,
			    unsigned int seconds, const struct test_case *test)
{
	int found = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s CASE|all 4|6\n", argv[0]);
		return 2;
	}
	prctl(PR_SET_NAME, application);
	ip6 = argv[2][0] == '6';
	for (; test->name; test++) {
		pid_t child;
		int status;

		if (strcmp(argv[1], "all") && strcmp(argv[1], test->name))
			continue;
		found = 1;
		child = fork();
		if (!child) {
			alarm(seconds);
			test->run();
			_exit(0);
		}
		check(waitpid(child, &status, 0) == child);
		if (status) {
			fprintf(stderr, "FAILED: %s, status %x\n", test->name, status);
			return 1;
		}
	}
	return !found;
}

#endif /* CHECK_H */
