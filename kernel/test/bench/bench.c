// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads whose cost is counted in instructions: under QEMU's icount one of them is one
 * tick of the time stamp counter. Prints one number per sample, for one operation.
 *
 *	bench WORKLOAD SAMPLES
 *
 * Client and server are called "l45-client" and "l45-server", in one process each; what is
 * not to be measured (processes, connections, files) is there before the first sample.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define PORT 7000
#define BULK 65536
#define CROWD 10000
#define IDLE 4000

static struct sockaddr_in server = { .sin_family = AF_INET };
static char buffer[BULK];
static int *crowd;

/* What dnsmasq answers: a.test, type A; the echo server takes it as well. */
static const unsigned char query[] = {
	0x4c, 0x45, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1,
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int must(int value, const char *what)
{
	if (value < 0)
		die(what);
	return value;
}

static void call_me(const char *name)
{
	must(prctl(PR_SET_NAME, name), "name");
}

static int make_socket(int type)
{
	return must(socket(AF_INET, type, 0), "socket");
}

static int listen_at(int type)
{
	int fd = make_socket(type), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (void *)&server, sizeof(server)), "bind");
	if (type == SOCK_STREAM)
		must(listen(fd, 128), "listen");
	return fd;
}

static int dial(int type)
{
	int fd = make_socket(type);

	must(connect(fd, (void *)&server, sizeof(server)), "connect");
	return fd;
}

static void schedule_as(int policy)
{
	struct sched_param param = { .sched_priority = policy == SCHED_FIFO };

	must(sched_setscheduler(0, policy, &param), "scheduler");
}

static void send_all(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const char *)bytes + done, len - done, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		done += n;
	}
}

/* Returns 0 at the end of the stream. */
static int receive_all(int fd, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t want = len - done < sizeof(buffer) ? len - done : sizeof(buffer);
		ssize_t n = recv(fd, buffer, want, 0);

		if (n < 0)
			die("recv");
		if (!n)
			return 0;
		done += n;
	}
	return 1;
}

/* Where a profiler begins and ends; one instruction, which does nothing. */
#define MARK(end) __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0, 0x34, 0x35, 0x4c, " #end ::: "memory")

/* Servers; they live until their parent is gone. */

/* SCHED_BATCH: who is woken up does not preempt, so that all samples are alike. */
static void start_server(int type, void (*serve)(int fd), int policy)
{
	int fd;

	schedule_as(SCHED_BATCH);
	call_me("l45-server");
	fd = listen_at(type);
	if (!must(fork(), "fork")) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		schedule_as(policy);
		serve(fd);
		_exit(0);
	}
	close(fd);
	call_me("l45-client");
}

static void echo_datagrams(int fd)
{
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&from, &len);

		if (got < 0 || sendto(fd, buffer, got, 0, (void *)&from, len) != got)
			die("echo");
	}
}

static void echo_streams(int fd)
{
	for (;;) {
		int child = must(accept(fd, NULL, NULL), "accept"), one = 1;

		setsockopt(child, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		while (receive_all(child, 100))
			send_all(child, buffer, 100);
		close(child);
	}
}

/* Says when a batch has arrived. */
static size_t batch;

static void swallow(int fd)
{
	int child = must(accept(fd, NULL, NULL), "accept");

	while (receive_all(child, batch))
		send_all(child, "", 1);
}

/* Workloads: prepare once, then run `operations` of them again and again. */

static int fd, file;

static void ask(int to, const void *message, size_t len)
{
	if (sendto(to, message, len, 0, (void *)&server, sizeof(server)) != (ssize_t)len)
		die("sendto");
	if (recv(to, buffer, sizeof(buffer), 0) < (ssize_t)len || memcmp(buffer, message, 2))
		die("answer");
}

static void prepare_udp(int count)
{
	(void)count;
	start_server(SOCK_DGRAM, echo_datagrams, SCHED_BATCH);
	fd = make_socket(SOCK_DGRAM);
}

/* Waits for dnsmasq, whose absence only a connected socket gets to know. */
static void prepare_dns(int count)
{
	(void)count;
	server.sin_port = htons(5353);
	call_me("l45-client");
	fd = dial(SOCK_DGRAM);
	while (send(fd, query, sizeof(query), 0) < 0 || recv(fd, buffer, sizeof(buffer), 0) < 0)
		usleep(100000);
	close(fd);
	fd = make_socket(SOCK_DGRAM);
}

static void run_one_socket(int operations)
{
	while (operations--)
		ask(fd, query, sizeof(query));
}

static void run_new_sockets(int operations)
{
	while (operations--) {
		int one = make_socket(SOCK_DGRAM);

		ask(one, query, sizeof(query));
		close(one);
	}
}

static void prepare_bulk(int count, int reader)
{
	batch = (size_t)count * BULK;
	start_server(SOCK_STREAM, swallow, reader);
	fd = dial(SOCK_STREAM);
	memset(buffer, 'x', sizeof(buffer));
}

static void prepare_bulk_batch(int count)
{
	prepare_bulk(count, SCHED_BATCH);
}

static void prepare_bulk_preempt(int count)
{
	prepare_bulk(count, SCHED_FIFO);
}

static void run_bulk(int operations)
{
	char done;

	while (operations--)
		send_all(fd, buffer, BULK);
	if (recv(fd, &done, 1, 0) != 1)
		die("bulk");
}

static void prepare_file(void)
{
	file = must(open("/tmp/bench-file", O_RDWR | O_CREAT | O_TRUNC, 0600), "file");
	for (int i = 0; i < 16; i++)
		if (write(file, buffer, BULK) != BULK)
			die("write");
}

static void prepare_sendfile_batch(int count)
{
	prepare_bulk(count, SCHED_BATCH);
	prepare_file();
}

static void prepare_sendfile_preempt(int count)
{
	prepare_bulk(count, SCHED_FIFO);
	prepare_file();
}

static void run_sendfile(int operations)
{
	char done;

	for (int i = 0; i < operations; i++) {
		off_t at = (off_t)(i % 16) * BULK, end = at + BULK;

		while (at < end)
			if (sendfile(fd, file, &at, end - at) <= 0)
				die("sendfile");
	}
	if (recv(fd, &done, 1, 0) != 1)
		die("sendfile");
}

static void prepare_ping(int count)
{
	int one = 1;

	(void)count;
	start_server(SOCK_STREAM, echo_streams, SCHED_BATCH);
	fd = dial(SOCK_STREAM);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void ping(int to)
{
	send_all(to, buffer, 100);
	if (!receive_all(to, 100))
		die("ping");
}

static void run_ping(int operations)
{
	while (operations--)
		ping(fd);
}

static void prepare_connect(int count)
{
	(void)count;
	start_server(SOCK_STREAM, echo_streams, SCHED_BATCH);
}

static void run_connect(int operations)
{
	while (operations--) {
		int one = dial(SOCK_STREAM);

		ping(one);
		close(one);
	}
}

/* Sockets that have been used, so that what is attached to them is. */

static void use_datagrams(int one)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(one, (void *)&any, sizeof(any)), "bind");
	if (recv(one, buffer, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		die("use");
}

static void make_crowd(const char *name, int count)
{
	call_me(name);
	crowd = calloc(count, sizeof(*crowd));
	for (int i = 0; i < count; i++) {
		crowd[i] = make_socket(SOCK_DGRAM);
		use_datagrams(crowd[i]);
	}
}

static void prepare_crowd(int count)
{
	make_crowd("l45-other", CROWD);
	prepare_udp(count);
}

static void prepare_close_0(int count)
{
	crowd = calloc(count, sizeof(*crowd));
	call_me("l45-client");
}

static void prepare_close_1000(int count)
{
	make_crowd("l45-client", 1000);
	prepare_close_0(count);
}

static void prepare_close_5000(int count)
{
	make_crowd("l45-client", 5000);
	prepare_close_0(count);
}

static void before_close(int operations)
{
	for (int i = 0; i < operations; i++) {
		crowd[i] = make_socket(SOCK_DGRAM);
		use_datagrams(crowd[i]);
	}
}

static void run_close(int operations)
{
	for (int i = 0; i < operations; i++)
		close(crowd[i]);
}

static const struct workload {
	const char *name;
	int operations; /* of one sample */
	void (*prepare)(int operations);
	void (*before)(int operations); /* each sample, and not part of it */
	void (*run)(int operations);
} workloads[] = {
	{ "udp", 500, prepare_udp, NULL, run_one_socket },
	{ "udp-new", 400, prepare_udp, NULL, run_new_sockets },
	{ "dnsmasq", 300, prepare_dns, NULL, run_one_socket },
	{ "dnsmasq-new", 300, prepare_dns, NULL, run_new_sockets },
	{ "tcp-bulk-b", 192, prepare_bulk_batch, NULL, run_bulk },
	{ "tcp-bulk-p", 192, prepare_bulk_preempt, NULL, run_bulk },
	{ "tcp-ping", 400, prepare_ping, NULL, run_ping },
	{ "tcp-connect", 150, prepare_connect, NULL, run_connect },
	{ "sendfile-b", 192, prepare_sendfile_batch, NULL, run_sendfile },
	{ "sendfile-p", 192, prepare_sendfile_preempt, NULL, run_sendfile },
	{ "close-0", 300, prepare_close_0, before_close, run_close },
	{ "close-1000", 300, prepare_close_1000, before_close, run_close },
	{ "close-5000", 300, prepare_close_5000, before_close, run_close },
	{ "crowd", 400, prepare_crowd, NULL, run_one_socket },
	{}
};

/* Kernel memory: all that sockets have while they are idle comes from slabs. */

static double slab_memory(void)
{
	FILE *meminfo = fopen("/proc/meminfo", "r");
	char line[128];
	double slab = -1;

	if (!meminfo)
		die("meminfo");
	while (slab < 0 && fgets(line, sizeof(line), meminfo))
		sscanf(line, "Slab: %lf", &slab);
	fclose(meminfo);
	return slab * 1024;
}

static void idle_udp(const char *name)
{
	make_crowd(name, IDLE);
}

static void echo_once(int listener)
{
	for (;;) {
		int child = must(accept(listener, NULL, NULL), "accept");

		receive_all(child, 100);
		send_all(child, buffer, 100);
	}
}

/* Each is one of two ends. */
static void idle_tcp(const char *name)
{
	(void)name;
	for (int i = 0; i < IDLE / 2; i++)
		ping(dial(SOCK_STREAM));
}

static void memory(const char *which, int samples)
{
	void (*make)(const char *name) = !strcmp(which, "tcp") ? idle_tcp : idle_udp;
	const char *name = !strcmp(which, "other") ? "l45-other" : "l45-client";

	while (samples--) {
		double before;

		fflush(stdout);
		/* The sockets are gone with the process; what RCU still holds, in a while. */
		if (must(fork(), "fork")) {
			wait(NULL);
			sleep(61);
			continue;
		}
		call_me(name);
		if (make == idle_tcp) {
			start_server(SOCK_STREAM, echo_once, SCHED_BATCH);
			ping(dial(SOCK_STREAM));
		}
		crowd = calloc(IDLE, sizeof(*crowd));
		memset(crowd, 1, IDLE * sizeof(*crowd));
		before = slab_memory();
		make(name);
		sleep(1);
		printf("%.0f\n", (slab_memory() - before) / IDLE);
		exit(0);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 20000, 20000 };
	const struct workload *workload = workloads;
	int samples = argc == 3 ? atoi(argv[2]) : 0;

	if (samples < 1)
		return 2;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons(PORT);
	must(setrlimit(RLIMIT_NOFILE, &files), "files");
	mlockall(MCL_CURRENT | MCL_FUTURE);
	if (!strncmp(argv[1], "memory-", 7)) {
		memory(argv[1] + 7, samples);
		return 0;
	}
	while (workload->name && strcmp(workload->name, argv[1]))
		workload++;
	if (!workload->name)
		return 2;

	workload->prepare(workload->operations);
	/* The first only warms up. */
	for (int i = 0; i <= samples; i++) {
		unsigned long long start;

		/* Connections that linger would slow down the search for a free port. */
		if (workload->run == run_connect)
			sleep(61);
		if (workload->before)
			workload->before(workload->operations);
		start = __rdtsc();
		MARK(0);
		workload->run(workload->operations);
		MARK(1);
		start = __rdtsc() - start;
		if (i)
			printf("%.1f\n", (double)start / workload->operations);
	}
	return 0;
}
