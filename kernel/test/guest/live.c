// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP connections that are customized while they live. Named "l45-live"; a child that is
 * to see what is on the wire is named "raw". $L45CTL is the program l45ctl.
 *
 *	live CASE|all 4|6
 */
#define _GNU_SOURCE
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "bytes.h"
#include "check.h"

#define HEADER 32
#define INTERVAL 1000

/* The mark of deployment n: see put_id() of l45ctl, and L45_A_INSTANCE_DEPLOYMENT. */
static void mark_of(uint8_t *mark, int n)
{
	memset(mark, 0, 16);
	memcpy(mark, "L45-", 4);
	mark[4] = 2;
	mark[15] = n;
}

static void header(uint8_t *to, int n, uint64_t sequence)
{
	memset(to, 0, HEADER);
	mark_of(to, n);
	to[16] = 1;
	to[22] = INTERVAL >> 8;
	to[23] = INTERVAL & 255;
	to[31] = sequence;
}

__attribute__((format(printf, 1, 2))) static void ctl(const char *format, ...)
{
	char command[600];
	va_list arguments;
	int len;

	len = snprintf(command, sizeof(command), "%s ", getenv("L45CTL"));
	va_start(arguments, format);
	vsnprintf(command + len, sizeof(command) - len, format, arguments);
	va_end(arguments);
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		_exit(1);
	}
}

static long long counter(int id, const char *name)
{
	char command[600], key[40], *found, line[2000];
	FILE *pipe;

	snprintf(command, sizeof(command), "%s get %d", getenv("L45CTL"), id);
	pipe = popen(command, "r");
	check(pipe && fgets(line, sizeof(line), pipe));
	pclose(pipe);
	snprintf(key, sizeof(key), " %s=", name);
	found = strstr(line, key);
	check(found);
	return atoll(found + strlen(key));
}

static void instance(int id, const char *customization, const char *rest)
{
	ctl("new %d %s application=l45-live protocol=tcp %s", id, customization, rest);
}

static void connection(int *client, int *server)
{
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, 0);
	int one = 1, fd = socket(address.ss_family, SOCK_STREAM, 0);

	check(fd >= 0 && !bind(fd, (void *)&address, len) && !listen(fd, 1));
	check(!getsockname(fd, (void *)&address, &len));
	*client = socket(address.ss_family, SOCK_STREAM, 0);
	check(*client >= 0 && !connect(*client, (void *)&address, len));
	*server = accept(fd, NULL, NULL);
	check(*server >= 0);
	setsockopt(*client, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(*server, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	close(fd);
}

static void send_all(int fd, uint64_t at, size_t len, unsigned int seed)
{
	uint8_t buffer[65536];

	check(len <= sizeof(buffer));
	fill(buffer, at, len, seed);
	check(send(fd, buffer, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void recv_exactly(int fd, void *to, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t ret = recv(fd, (char *)to + got, len - got, 0);

		check(ret > 0);
		got += ret;
	}
}

static void recv_all(int fd, uint64_t at, size_t len, unsigned int seed)
{
	uint8_t buffer[65536];

	check(len <= sizeof(buffer));
	recv_exactly(fd, buffer, len);
	verify(buffer, at, len, seed);
}

static int quiet(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 200) == 0;
}

/* The other end of a connection, in a process that isn't matched. */
static pid_t raw(int *fd, void (*run)(int fd))
{
	int server, status;
	pid_t child;

	connection(fd, &server);
	child = fork();
	check(child >= 0);
	if (!child) {
		prctl(PR_SET_NAME, "raw");
		close(*fd);
		run(server);
		_exit(0);
	}
	close(server);
	(void)status;
	return child;
}

static void succeeded(pid_t child)
{
	int status;

	check(waitpid(child, &status, 0) == child && !status);
}

static void frame(int fd, int n, int sequence, uint64_t at, size_t len)
{
	uint8_t expected[HEADER], got[HEADER];

	header(expected, n, sequence);
	recv_exactly(fd, got, HEADER);
	check(!memcmp(got, expected, HEADER));
	recv_all(fd, at, len, 1);
}

static void end_mark(int fd, int n, int sequence)
{
	uint8_t expected[HEADER], got[HEADER];

	header(expected, n, sequence);
	expected[16] = 2;
	expected[22] = 0;
	expected[23] = 0;
	recv_exactly(fd, got, HEADER);
	check(!memcmp(got, expected, HEADER));
}

static void read_wire(int fd)
{
	uint8_t byte;

	recv_all(fd, 0, 700, 1);
	frame(fd, 1, 0, 700, 1000);
	frame(fd, 1, 1, 1700, 1000);
	frame(fd, 1, 2, 2700, 1000);
	end_mark(fd, 1, 3);
	frame(fd, 2, 0, 3700, 1000);
	end_mark(fd, 2, 1);
	recv_all(fd, 4700, 700, 1);
	check(recv(fd, &byte, 1, 0) == 0);
}

/* What goes over the wire when it joins, is rotated and leaves in the middle. */
static void wire(void)
{
	int fd;
	pid_t child = raw(&fd, read_wire);

	send_all(fd, 0, 700, 1);
	instance(1, "stream_tag", "attach=1 directions=2");
	send_all(fd, 700, 2500, 1);
	/* Behind it, and then before: leaves where its frame ends. */
	instance(2, "stream_tag", "attach=1 priority=5 directions=2");
	send_all(fd, 3200, 200, 1);
	ctl("set 1 priority=9");
	send_all(fd, 3400, 1000, 1);
	ctl("set 2 mode=0");
	ctl("set 1 mode=0");
	send_all(fd, 4400, 1000, 1);
	shutdown(fd, SHUT_WR);
	succeeded(child);
	check(counter(1, "inserted") == 4 * HEADER);
	check(counter(2, "inserted") == 2 * HEADER);
	check(counter(1, "egress_bytes_in") == 3000);
	ctl("flush");
}

static void write_wire(int fd)
{
	uint8_t buffer[5000];

	/* Begins in the middle, and ends in the middle. */
	fill(buffer, 0, 500, 2);
	header(buffer + 500, 1, 0);
	fill(buffer + 532, 500, 1000, 2);
	header(buffer + 1532, 1, 1);
	buffer[1532 + 16] = 2;
	buffer[1532 + 22] = 0;
	buffer[1532 + 23] = 0;
	fill(buffer + 1564, 1500, 300, 2);
	check(send(fd, buffer, 1864, 0) == 1864);
	pause();
}

/* A single read goes through all of it, at any sizes. */
static void understands(void)
{
	for (int size = 1; size < 5000; size = size * 40 + 1) {
		uint8_t buffer[5000];
		size_t got = 0;
		pid_t child;
		int fd;

		child = raw(&fd, write_wire);
		check(recv(fd, buffer, 100, MSG_PEEK) > 0);
		recv_all(fd, 0, 100, 2);
		instance(1, "stream_tag", "attach=1 directions=1");
		while (got < 1700) {
			ssize_t ret = recv(fd, buffer, size, MSG_PEEK);

			check(ret > 0);
			verify(buffer, 100 + got, ret, 2);
			ret = recv(fd, buffer, size, 0);
			check(ret > 0);
			verify(buffer, 100 + got, ret, 2);
			got += ret;
		}
		check(got == 1700 && quiet(fd));
		check(counter(1, "removed") == 2 * HEADER && !counter(1, "errors"));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(fd);
		ctl("flush");
	}
}

static int step_pipe[2], done_pipe[2];

static void next_step(void)
{
	char c = 0;

	check(write(step_pipe[1], &c, 1) == 1);
	check(read(done_pipe[0], &c, 1) == 1);
}

static void await_step(void)
{
	char c;

	check(read(step_pipe[0], &c, 1) == 1);
}

static void step_done(void)
{
	char c = 0;

	check(write(done_pipe[1], &c, 1) == 1);
}

static void write_lookalikes(int fd)
{
	uint8_t buffer[120];

	/* A mark and nothing behind it that makes sense. */
	await_step();
	memset(buffer, 'x', sizeof(buffer));
	mark_of(buffer + 10, 1);
	check(send(fd, buffer, 100, 0) == 100);
	step_done();
	/* Ends with the beginning of a mark. */
	await_step();
	memset(buffer, 'y', sizeof(buffer));
	mark_of(buffer + 95, 1);
	check(send(fd, buffer, 98, 0) == 98);
	step_done();
	/* The whole of it, so far, is the beginning of a mark; which it is. */
	await_step();
	header(buffer, 1, 0);
	for (int i = 0; i < HEADER; i++) {
		check(send(fd, buffer + i, 1, 0) == 1);
		usleep(1000);
	}
	check(send(fd, "z", 1, 0) == 1);
	step_done();
	pause();
}

static void write_torn(int fd)
{
	uint8_t buffer[100];

	await_step();
	memset(buffer, 'x', sizeof(buffer));
	header(buffer + 10, 1, 0);
	check(send(fd, buffer, 20, 0) == 20);
	step_done();
	await_step();
	check(send(fd, buffer + 20, 50, 0) == 50);
	step_done();
	pause();
}

/* Bytes of an application that look like a mark, and marks that come in pieces. */
static void lookalikes(void)
{
	uint8_t buffer[200], expected[100];
	pid_t child;
	int fd;

	check(!pipe(step_pipe) && !pipe(done_pipe));
	child = raw(&fd, write_lookalikes);
	instance(1, "stream_tag", "attach=1 directions=1");
	next_step();
	memset(expected, 'x', sizeof(expected));
	mark_of(expected + 10, 1);
	recv_exactly(fd, buffer, 100);
	check(!memcmp(buffer, expected, 100));
	next_step();
	recv_exactly(fd, buffer, 98);
	check(!memcmp(buffer + 95, "L45", 3));
	next_step();
	recv_exactly(fd, buffer, 1);
	check(buffer[0] == 'z' && quiet(fd));
	check(counter(1, "removed") == HEADER && !counter(1, "errors"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);

	/* Torn where nobody tears: the application got some of it, so the stream fails. */
	child = raw(&fd, write_torn);
	ctl("flush");
	instance(1, "stream_tag", "attach=1 directions=1");
	next_step();
	recv_exactly(fd, buffer, 20);
	next_step();
	check(recv(fd, buffer, 100, 0) < 0 && errno == EBADMSG);
	check(counter(1, "errors") == 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);
	ctl("flush");
}

/* Traffic in both directions while things change. */
struct half {
	pthread_t thread;
	int fd, piece;
	unsigned int seed;
	uint64_t bytes;
};

static atomic_int stop;

static void *talker(void *argument)
{
	struct half *half = argument;
	uint8_t buffer[20000];

	while (!stop) {
		size_t len = 1 + (half->bytes * 31) % half->piece;

		fill(buffer, half->bytes, len, half->seed);
		check(send(half->fd, buffer, len, MSG_NOSIGNAL) == (ssize_t)len);
		half->bytes += len;
		/* Leave some of the machine to those who change things. */
		usleep(500);
	}
	shutdown(half->fd, SHUT_WR);
	return NULL;
}

static void *listener(void *argument)
{
	struct half *half = argument;
	uint8_t buffer[20000];
	ssize_t ret;

	while ((ret = recv(half->fd, buffer, half->piece, 0)) > 0) {
		verify(buffer, half->bytes, ret, half->seed);
		half->bytes += ret;
	}
	check(ret == 0);
	return NULL;
}

static void under_traffic(void (*change)(void))
{
	struct half half[4];
	int fds[2];

	connection(&fds[0], &fds[1]);
	stop = 0;
	for (int i = 0; i < 4; i++) {
		half[i] = (struct half){ .fd = fds[i & 1], .seed = (i ^ i >> 1) & 1,
					 .piece = i & 1 ? 3000 : 17000 };
		check(!pthread_create(&half[i].thread, NULL, i < 2 ? talker : listener, &half[i]));
	}
	change();
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(half[i].thread, NULL);
	check(half[0].bytes == half[3].bytes && half[1].bytes == half[2].bytes);
	close(fds[0]);
	close(fds[1]);
}

static void until(int id, const char *name, long long value)
{
	for (int i = 0; i < 3000; i++) {
		if (counter(id, name) >= value)
			return;
		usleep(10000);
	}
	fprintf(stderr, "%s of %d stays below %lld\n", name, id, value);
	_exit(1);
}

/* Who understands comes first and leaves last: when no mark is on its way any more. */
static void quiesce(void)
{
	ctl("set 1 directions=1");
	until(1, "removed", counter(1, "inserted"));
}

static void join_and_leave(void)
{
	for (int i = 0; i < 3; i++) {
		instance(1, "stream_tag", "attach=1 directions=1 p.interval=300");
		ctl("set 1 directions=3");
		until(1, "removed", 20 * HEADER);
		/* At once again. */
		ctl("set 1 directions=1");
		ctl("set 1 directions=3");
		quiesce();
		ctl("set 1 mode=0");
		ctl("set 1 mode=2");
		ctl("set 1 directions=3");
		quiesce();
		ctl("del 1");
	}
}

static void joins(void) { under_traffic(join_and_leave); ctl("flush"); }

static int sockets(const char *which)
{
	char command[600];
	FILE *pipe;
	int count;

	snprintf(command, sizeof(command), "%s sockets | grep -c '%s'", getenv("L45CTL"), which);
	pipe = popen(command, "r");
	check(pipe && fscanf(pipe, "%d", &count) == 1);
	pclose(pipe);
	return count;
}

/*
 * Rotated twice, and then left, before the reader has come to any of it: each instance is
 * gone by the time that its bytes are read.
 */
static void rotated_unread(void)
{
	const char *const turns[] = { "stream_tag", "app_id", "xor_dialect" };
	int client, server, size = 1;
	uint64_t sent = 0, got = 0;
	uint8_t buffer[20000];

	connection(&client, &server);
	for (int turn = 0; turn < 3; turn++) {
		int id = turn + 1;

		instance(id, turns[turn], turn == 2 ? "attach=1 priority=5 p.interval=100 "
						      "b.key=000102030405060708090a0b0c0d0e0f" :
						      "attach=1 priority=5");
		if (turn) {
			ctl("set %d priority=9", turn);
			send_all(client, sent, 7000, 1);
			sent += 7000;
			ctl("set %d directions=1", turn);
			ctl("del %d", turn);
		}
		send_all(client, sent, 5000, 1);
		sent += 5000;
	}
	ctl("set 3 directions=1");
	send_all(client, sent, 3000, 1);
	sent += 3000;
	ctl("del 3");
	send_all(client, sent, 500, 1);
	sent += 500;
	for (int id = 1; id <= 3; id++) {
		char draining[20];

		snprintf(draining, sizeof(draining), "draining=%d", id);
		check(sockets(draining) > 0);
	}
	check(!sockets("instance="));

	while (got < sent) {
		ssize_t ret = recv(server, buffer, size, got & 1 ? MSG_PEEK : 0);

		check(ret > 0);
		verify(buffer, got, ret, 1);
		if (got & 1) {
			ret = recv(server, buffer, size, 0);
			check(ret > 0);
			verify(buffer, got, ret, 1);
		}
		got += ret;
		size = 1 + size * 7 % 3001;
	}
	/* Nothing of them is left but where the other direction has never said anything. */
	check(quiet(server) && sockets("draining=") == 1);
	close(client);
	close(server);
	check(!sockets("draining="));
}

/* Takes the place of the instance before it; false: it is refused. */
static int takes_over(int id)
{
	char command[600];

	snprintf(command, sizeof(command),
		 "exec %s new %d stream_tag application=l45-live protocol=tcp attach=1 2>/dev/null",
		 getenv("L45CTL"), id);
	if (system(command))
		return 0;
	if (id > 1)
		ctl("del %d", id - 1);
	return 1;
}

/*
 * More often than a connection has room for what is revoked, while one end says nothing: that
 * end never began, so the oldest gives way. Where bytes wait to be read none may: the next
 * instance is refused, and what is there decodes.
 */
static void rotated_often(void)
{
	const int room = 62, read = 64;
	int client, server, id;
	uint64_t sent = 0, got = 0;

	connection(&client, &server);
	for (id = 1; takes_over(id); id++) {
		check(id <= read + room);
		send_all(client, sent, INTERVAL, 1);
		sent += INTERVAL;
		if (id > read)
			continue;
		recv_all(server, got, INTERVAL, 1);
		got += INTERVAL;
	}
	check(id > read + room - 4);
	while (got < sent) {
		recv_all(server, got, INTERVAL, 1);
		got += INTERVAL;
	}
	send_all(server, 0, 5000, 2);
	recv_all(client, 0, 5000, 2);
	close(client);
	close(server);
	check(!sockets("draining="));
	ctl("flush");
}

static void write_frame(int fd)
{
	uint8_t buffer[HEADER + INTERVAL];

	header(buffer, 1, 0);
	fill(buffer + HEADER, 0, INTERVAL, 1);
	check(send(fd, buffer, sizeof(buffer), 0) == sizeof(buffer));
}

/* Who observes counts what would be changed, and changes nothing, not even the time. */
static void observes(void)
{
	uint8_t got[HEADER], expected[HEADER];
	int client, server;
	pid_t child;

	connection(&client, &server);
	send_all(client, 0, 700, 1);
	instance(1, "stream_tag", "attach=1 mode=1");
	instance(2, "rate_limit", "attach=1 mode=1 p.delay_ms=30000");
	/* In the middle of a stream, and from the beginning. */
	for (int i = 0; i < 2; i++) {
		double begun = now();

		send_all(client, 700, 2500, 1);
		check(now() - begun < 30);
		recv_all(server, i ? 700 : 0, i ? 2500 : 3200, 1);
		send_all(server, 0, 10, 2);
		recv_all(client, 0, 10, 2);
		close(client);
		close(server);
		check(counter(1, "observed") == 2 * (i + 1) && !counter(1, "inserted"));
		check(counter(2, "observed") == 2 * (i + 1));
		connection(&client, &server);
	}
	/* Beside one that works, whose bytes are others then on the other end. */
	instance(3, "stream_tag", "attach=1 p.interval=100");
	send_all(client, 0, 5000, 1);
	recv_all(server, 0, 5000, 1);
	check(counter(1, "observed") == 5 && counter(3, "removed") == 50 * HEADER);
	close(client);
	close(server);
	ctl("del 3");
	ctl("del 2");

	/* What it would understand. */
	ctl("set 1 directions=1");
	child = raw(&client, write_frame);
	header(expected, 1, 0);
	recv_exactly(client, got, HEADER);
	check(!memcmp(got, expected, HEADER));
	recv_all(client, 0, INTERVAL, 1);
	check(counter(1, "observed") == 6 && !counter(1, "removed"));
	succeeded(child);
	close(client);
	ctl("flush");
}

static int becomes_writable(int epoll, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout_ms);
}

/* Who doesn't block isn't delayed but told when to come again; and at once when it is revoked. */
static void delays(void)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	int client, server, epoll = epoll_create1(0);
	struct pollfd polled;
	uint8_t data[30000];
	double begun;

	connection(&client, &server);
	instance(1, "rate_limit", "attach=1 p.delay_ms=500");
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event));
	check(becomes_writable(epoll, 0) == 1);
	fill(data, 0, sizeof(data), 1);

	begun = now();
	check(send(client, data, sizeof(data), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	polled = (struct pollfd){ .fd = client, .events = POLLOUT };
	check(poll(&polled, 1, 0) == 0 || now() - begun > 0.5);
	check(becomes_writable(epoll, 20000) == 1 && now() - begun > 0.5);
	check(poll(&polled, 1, 0) == 1);
	check(send(client, data, sizeof(data), MSG_DONTWAIT) == sizeof(data));
	recv_all(server, 0, sizeof(data), 1);

	/* Once, however long it is. */
	begun = now();
	check(send(client, data, sizeof(data), 0) == sizeof(data));
	check(now() - begun > 0.5 && now() - begun < 10);
	recv_all(server, 0, sizeof(data), 1);
	ctl("del 1");

	instance(1, "rate_limit", "attach=1 p.delay_ms=30000");
	while (becomes_writable(epoll, 0))
		continue;
	begun = now();
	check(send(client, data, sizeof(data), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	check(!becomes_writable(epoll, 0));
	ctl("del 1");
	check(becomes_writable(epoll, 20000) == 1 && now() - begun < 20);
	check(send(client, data, sizeof(data), MSG_DONTWAIT) == sizeof(data));
	recv_all(server, 0, sizeof(data), 1);
	close(client);
	close(server);
}

#define CHAIN "stream_tag+app_id", "attach=1 2s.app_id=outer 2p.interval=500"
#define OUTER (HEADER + 16)

/*
 * Takes the frames of one link apart, up to its end mark: what is in them goes to `out`. Returns
 * how far it got.
 */
static size_t unframe(const uint8_t *in, size_t len, uint8_t mark, size_t more, size_t length,
		      uint8_t *out, size_t *out_len)
{
	uint8_t expected[HEADER];
	size_t at = 0;

	*out_len = 0;
	for (int sequence = 0;; sequence++) {
		size_t n;

		check(len - at >= HEADER + more);
		header(expected, 1, sequence);
		expected[15] ^= mark;
		expected[22] = length >> 8;
		expected[23] = length & 255;
		if (in[at + 16] == 2) {
			expected[16] = 2;
			expected[22] = 0;
			expected[23] = 0;
		}
		check(!memcmp(in + at, expected, HEADER));
		check(!more || !strcmp((const char *)in + at + HEADER, "outer"));
		at += HEADER + more;
		if (expected[16] == 2)
			return at;
		n = len - at < length ? len - at : length;
		memcpy(out + *out_len, in + at, n);
		*out_len += n;
		at += n;
	}
}

static void read_chained(int fd)
{
	static uint8_t wire[20000], inner[sizeof(wire)], bytes[sizeof(wire)];
	size_t len = 0, at, inner_len, bytes_len;
	ssize_t got;

	while ((got = recv(fd, wire + len, sizeof(wire) - len, 0)) > 0)
		len += got;
	verify(wire, 0, 700, 1);
	at = 700 + unframe(wire + 700, len - 700, 0, OUTER - HEADER, 500, inner, &inner_len);
	/* Behind the inner link's end the outer one goes on to where its frame is full. */
	got = unframe(inner, inner_len, 1, 0, INTERVAL, bytes, &bytes_len);
	check(bytes_len == 3000);
	memcpy(bytes + bytes_len, inner + got, inner_len - got);
	bytes_len += inner_len - got;
	verify(bytes, 700, bytes_len, 1);
	verify(wire + at, 700 + bytes_len, len - at, 1);
	check(700 + bytes_len + len - at == 700 + 2500 + 5000);
}

/* What a chain puts on the wire when it joins and leaves in the middle. */
static void chained_wire(void)
{
	long long frames;
	int fd;
	pid_t child = raw(&fd, read_chained);

	send_all(fd, 0, 700, 1);
	instance(1, CHAIN " directions=2");
	send_all(fd, 700, 2500, 1);
	ctl("set 1 mode=0");
	send_all(fd, 3200, 5000, 1);
	shutdown(fd, SHUT_WR);
	succeeded(child);
	frames = counter(1, "egress_bytes_out") - counter(1, "egress_bytes_in");
	check(counter(1, "inserted") == frames && !counter(1, "removed"));
	/* Four headers of the inner link, and eight of the outer one, at least. */
	check(frames >= 4 * HEADER + 8 * OUTER && frames % 16 == 0);
	ctl("flush");
}

/* Both ends, from the middle of a connection on until it is revoked with bytes unread. */
static void chained(void)
{
	int client, server, inq;
	uint8_t buffer[5000];

	connection(&client, &server);
	send_all(client, 0, 300, 1);
	recv_all(server, 0, 300, 1);
	instance(1, CHAIN);
	send_all(client, 300, 20000, 1);
	send_all(server, 0, 20000, 2);
	check(!ioctl(server, FIONREAD, &inq) && inq == 20000);
	check(recv(server, buffer, sizeof(buffer), MSG_PEEK) == sizeof(buffer));
	verify(buffer, 300, sizeof(buffer), 1);
	for (size_t at = 0; at < 15000; at += 5) {
		check(recv(server, buffer, 5, MSG_WAITALL) == 5);
		verify(buffer, 300 + at, 5, 1);
	}
	recv_all(client, 0, 20000, 2);
	check(counter(1, "inserted") > 0 && !counter(1, "errors"));

	ctl("del 1");
	send_all(client, 20300, 4000, 1);
	recv_all(server, 15300, 9000, 1);
	check(quiet(server) && quiet(client));
	close(client);
	close(server);
}

/* A chain that only observes is told what it would change, and changes nothing. */
static void chained_observes(void)
{
	int client, server;

	connection(&client, &server);
	instance(1, CHAIN " mode=1");
	send_all(client, 0, 3000, 1);
	recv_all(server, 0, 3000, 1);
	check(counter(1, "observed") == 1 && !counter(1, "inserted"));
	close(client);
	close(server);
	ctl("flush");
}

static const struct test_case cases[] = {
	CASE(wire), CASE(understands), CASE(lookalikes), CASE(joins), CASE(rotated_unread),
	CASE(rotated_often), CASE(observes), CASE(delays), CASE(chained_wire), CASE(chained),
	CASE(chained_observes), {}
};

int main(int argc, char **argv)
{
	sigset_t children;

	/* The end of l45ctl is no reason for a thread to send less. */
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	return run_cases(argc, argv, "l45-live", 400, cases);
}
