// SPDX-License-Identifier: GPL-2.0-only
/*
 * Echo over loopback, named "l45-talk".
 *
 *	talk udp-server|tcp-server PORT
 *	talk udp-client|tcp-client|tcp-churn PORT COUNT [FILE]	where it says how far it is
 *	talk tcp-idle PORT	connected, after one exchange, until it is killed
 *	talk tcp-stall PORT BYTES	sends them to itself; reads after SIGUSR1
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address;

static int udp_server(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buffer[2000];

	if (bind(fd, (void *)&address, sizeof(address)))
		return 1;
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&from, &len);

		if (got >= 0)
			sendto(fd, buffer, got, 0, (void *)&from, len);
	}
}

static int tcp_server(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	char buffer[2000];

	signal(SIGCHLD, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 100))
		return 1;
	for (;;) {
		int child = accept(fd, NULL, NULL);
		ssize_t got;

		if (child < 0)
			continue;
		if (fork()) {
			close(child);
			continue;
		}
		while ((got = recv(child, buffer, sizeof(buffer), 0)) > 0)
			send(child, buffer, got, MSG_NOSIGNAL);
		_exit(0);
	}
}

static int progress = -1;

static int exchange(int fd, int i, int stream)
{
	char out[300], in[2000];
	size_t len = 20 + i % 200, got = 0;

	snprintf(out, sizeof(out), "%-240d", i);
	if (send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
		return perror("send"), 1;
	do {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t ret;

		if (poll(&p, 1, 5000) != 1)
			return fprintf(stderr, "no answer to %d\n", i), 1;
		ret = recv(fd, in + got, sizeof(in) - got, 0);
		if (ret <= 0)
			return perror("recv"), 1;
		got += ret;
	} while (stream && got < len);
	if (got != len || memcmp(in, out, len))
		return fprintf(stderr, "wrong answer to %d\n", i), 1;
	if (progress >= 0)
		pwrite(progress, out, snprintf(out, sizeof(out), "%d\n", i), 0);
	return 0;
}

static int dial(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (connect(fd, (void *)&address, sizeof(address)))
		return perror("connect"), exit(1), 1;
	return fd;
}

/* One process sends, the other reads once it is told to. */
static int tcp_stall(long bytes)
{
	int server = socket(AF_INET, SOCK_STREAM, 0), fd, child, status = 0, signal;
	static unsigned char buffer[65536];
	sigset_t signals;
	long at = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (bind(server, (void *)&address, sizeof(address)) || listen(server, 1))
		return perror("listen"), 1;
	fd = dial(SOCK_STREAM);
	child = fork();
	if (!child) {
		for (; at < bytes; at += sizeof(buffer)) {
			for (size_t i = 0; i < sizeof(buffer); i++)
				buffer[i] = (at + i) * 2654435761u >> 13;
			if (send(fd, buffer, sizeof(buffer), 0) != sizeof(buffer))
				_exit(1);
		}
		_exit(0);
	}
	close(fd);
	fd = accept(server, NULL, NULL);
	sigwait(&signals, &signal);
	for (at = 0;;) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++, at++) {
			if (buffer[i] != (unsigned char)(at * 2654435761u >> 13))
				return fprintf(stderr, "byte %ld is wrong\n", at), 1;
		}
	}
	waitpid(child, &status, 0);
	return status || at < bytes;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[3]) : 0, fd;

	if (argc < 3)
		return 2;
	prctl(PR_SET_NAME, "l45-talk");
	if (argc > 4)
		progress = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(atoi(argv[2]));
	if (!strcmp(argv[1], "udp-server"))
		return udp_server();
	if (!strcmp(argv[1], "tcp-server"))
		return tcp_server();
	if (!strcmp(argv[1], "tcp-stall"))
		return tcp_stall(count);
	if (!strcmp(argv[1], "tcp-idle"))
		return exchange(dial(SOCK_STREAM), 0, 1) || pause();
	if (!strcmp(argv[1], "tcp-churn")) {
		for (int i = 0; i < count; i++) {
			fd = dial(SOCK_STREAM);
			if (exchange(fd, i, 1))
				return 1;
			close(fd);
		}
		return 0;
	}
	fd = dial(argv[1][0] == 'u' ? SOCK_DGRAM : SOCK_STREAM);
	for (int i = 0; i < count; i++) {
		if (exchange(fd, i, argv[1][0] != 'u'))
			return 1;
	}
	return 0;
}
