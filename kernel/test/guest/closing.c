// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long close() takes while other sockets are attached. Named "l45-closing".
 *
 *	closing udp|tcp TIMES
 *
 * Prints the medians in nanoseconds with 0, 1000 and 5000 others. Fails where one is more
 * than TIMES the first.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 400

static struct sockaddr_in there = { .sin_family = AF_INET };
static int others[5000], count;
static int stream;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Attached: it has sent something, or is connected. */
static int attached(void)
{
	int fd = socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (fd < 0)
		fail("socket");
	if (connect(fd, (void *)&there, sizeof(there)))
		fail("connect");
	if (!stream && send(fd, "x", 1, 0) != 1)
		fail("send");
	return fd;
}

static int64_t close_ns(int fd)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	close(fd);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static int64_t median_close(int server)
{
	static int64_t samples[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		int fd = attached(), peer = -1;

		if (stream) {
			peer = accept(server, NULL, NULL);
			if (peer < 0)
				fail("accept");
		}
		samples[i] = close_ns(fd);
		if (stream)
			close(peer);
	}
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	return samples[SAMPLES / 2];
}

int main(int argc, char **argv)
{
	static const int steps[] = { 0, 1000, 5000 };
	struct rlimit limit = { 20000, 20000 };
	socklen_t len = sizeof(there);
	int64_t median, first = 0;
	int server;

	prctl(PR_SET_NAME, "l45-closing");
	if (argc < 3)
		return 2;
	stream = !strcmp(argv[1], "tcp");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("setrlimit");
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (bind(server, (void *)&there, len) || getsockname(server, (void *)&there, &len) ||
	    (stream && listen(server, 128)))
		fail("bind");

	for (int i = 0; i < 3; i++) {
		for (; count < steps[i]; count++) {
			others[count] = attached();
			if (stream && accept(server, NULL, NULL) < 0)
				fail("accept");
		}
		median = median_close(server);
		if (!first)
			first = median;
		printf("close() with %d attached sockets: %lld ns\n", count, (long long)median);
		if (median > atoi(argv[2]) * first)
			return 1;
	}
	return 0;
}
