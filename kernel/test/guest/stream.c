// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends of TCP connections over loopback, customized at both by instances that
 * match the name "l45-stream". Each case ends with both sides having seen exactly the
 * bytes that were meant.
 *
 *	stream CASE [4|6]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "bytes.h"
#include "check.h"

static int listener(int *port)
{
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, 0);
	int fd = socket(address.ss_family, SOCK_STREAM, 0);

	check(fd >= 0);
	check(!bind(fd, (void *)&address, len));
	check(!listen(fd, 16));
	check(!getsockname(fd, (void *)&address, &len));
	*port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	return fd;
}

static int dial(int port)
{
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, port);
	int fd = socket(address.ss_family, SOCK_STREAM, 0);

	check(fd >= 0);
	check(!connect(fd, (void *)&address, len));
	return fd;
}

static void connection(int *client, int *server)
{
	int port, fd = listener(&port);

	*client = dial(port);
	*server = accept(fd, NULL, NULL);
	check(*server >= 0);
	close(fd);
}

static void send_all(int fd, uint64_t at, size_t len, size_t piece, unsigned int seed)
{
	uint8_t *buffer = malloc(piece);

	while (len) {
		size_t n = len < piece ? len : piece, done = 0;

		fill(buffer, at, n, seed);
		while (done < n) {
			ssize_t ret = send(fd, buffer + done, n - done, MSG_NOSIGNAL);

			check(ret > 0);
			done += ret;
		}
		at += n;
		len -= n;
	}
	free(buffer);
}

static void recv_all(int fd, uint64_t at, size_t len, size_t piece, unsigned int seed)
{
	uint8_t *buffer = malloc(piece);

	while (len) {
		ssize_t ret = recv(fd, buffer, len < piece ? len : piece, 0);

		check(ret > 0);
		verify(buffer, at, ret, seed);
		at += ret;
		len -= ret;
	}
	free(buffer);
}

static void expect_end(int fd)
{
	uint8_t byte;

	check(recv(fd, &byte, 1, 0) == 0);
}

struct job {
	pthread_t thread;
	int fd;
	size_t len, piece;
	unsigned int seed;
};

static void *sender(void *argument)
{
	struct job *job = argument;

	send_all(job->fd, 0, job->len, job->piece, job->seed);
	shutdown(job->fd, SHUT_WR);
	return NULL;
}

static void start(struct job *job, int fd, size_t len, size_t piece, unsigned int seed)
{
	*job = (struct job){ .fd = fd, .len = len, .piece = piece, .seed = seed };
	check(!pthread_create(&job->thread, NULL, sender, job));
}

static void transfer(size_t len, size_t out, size_t in)
{
	int client, server;
	struct job job, back;

	connection(&client, &server);
	start(&job, client, len, out, 1);
	recv_all(server, 0, len, in, 1);
	expect_end(server);
	pthread_join(job.thread, NULL);
	/* And the other way. */
	start(&back, server, len, out, 2);
	recv_all(client, 0, len, in, 2);
	expect_end(client);
	pthread_join(back.thread, NULL);
	close(client);
	close(server);
}

static void bulk(void) { transfer(4 << 20, 65536, 65536); }
static void read1(void) { transfer(5000, 700, 1); }
static void read5(void) { transfer(20000, 1500, 5); }
static void read16(void) { transfer(50000, 4096, 16); }
static void read500(void) { transfer(100000, 10000, 500); }
static void write1(void) { transfer(5000, 1, 4096); }
/* Larger than any buffer of ours. */
static void large(void) { transfer(65530 * 3, 65530, 131072); transfer(131072 * 4, 131072 * 2, 1 << 20); }

/* A reader that doesn't, a sender that blocks; then all arrives. */
static void slow_reader(void)
{
	int client, server, small = 4096;
	struct job job;

	connection(&client, &server);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	start(&job, client, 1000000, 65536, 3);
	usleep(300000);
	recv_all(server, 0, 1000000, 3000, 3);
	expect_end(server);
	pthread_join(job.thread, NULL);
}

/* Without a pause: what the sender has to wait behind doesn't wait for more of it. */
static void nonblocking(void)
{
	uint8_t buffer[30000];
	int client, server, small = 4096, eagain = 0;
	size_t sent = 0, got = 0, len = 1000000;
	double begun = now();

	connection(&client, &server);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	while (sent < len) {
		size_t n = len - sent < sizeof(buffer) ? len - sent : sizeof(buffer);
		ssize_t ret;

		fill(buffer, sent, n, 4);
		ret = send(client, buffer, n, MSG_DONTWAIT);
		if (ret < 0) {
			check(errno == EAGAIN);
			eagain++;
			ret = recv(server, buffer, 1 + got % 3000, MSG_DONTWAIT);
			if (ret < 0) {
				check(errno == EAGAIN);
				usleep(1000);
				continue;
			}
			verify(buffer, got, ret, 4);
			got += ret;
			continue;
		}
		check(ret > 0);
		sent += ret;
	}
	shutdown(client, SHUT_WR);
	recv_all(server, got, len - got, 5000, 4);
	expect_end(server);
	check(eagain && now() - begun < 10);
}

/* What is accepted gets there, without another call of the sender. */
static void no_straggler(void)
{
	uint8_t buffer[100000];
	int client, server, small = 4096;
	size_t sent = 0;
	ssize_t ret;

	connection(&client, &server);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (;;) {
		fill(buffer, sent, sizeof(buffer), 5);
		ret = send(client, buffer, 1 + sent % 7777, MSG_DONTWAIT);
		if (ret < 0)
			break;
		sent += ret;
	}
	check(errno == EAGAIN && sent);
	recv_all(server, 0, sent, 1000, 5);
	check(recv(server, buffer, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void peek(void)
{
	uint8_t a[3000], b[3000];
	int client, server;
	size_t at = 0;
	struct job job;

	connection(&client, &server);
	start(&job, client, 50000, 2500, 6);
	while (at < 50000) {
		size_t want = 1 + at % 2999;
		ssize_t first = recv(server, a, want, MSG_PEEK);
		ssize_t again = recv(server, b, want, MSG_PEEK);

		check(first > 0 && again >= first && !memcmp(a, b, first));
		verify(a, at, first, 6);
		recv_all(server, at, first, first, 6);
		at += first;
	}
	check(recv(server, a, 1, MSG_PEEK) == 0);
	expect_end(server);
	pthread_join(job.thread, NULL);
}

static void waitall(void)
{
	uint8_t buffer[20000];
	int client, server;
	struct job job;

	connection(&client, &server);
	start(&job, client, 60000, 700, 7);
	for (int i = 0; i < 3; i++) {
		check(recv(server, buffer, 20000, MSG_WAITALL) == 20000);
		verify(buffer, i * 20000, 20000, 7);
	}
	expect_end(server);
	pthread_join(job.thread, NULL);
}

/* What arrived in pieces so small that a header or a tag lies in two of them. */
static void segments(void)
{
	const size_t len = 20000;
	uint8_t buffer[20000];
	int port, fd = listener(&port), mss = 200, client, server, inq;
	struct sockaddr_storage address;
	socklen_t address_len = loopback(&address, port);

	client = socket(address.ss_family, SOCK_STREAM, 0);
	check(!setsockopt(client, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss)));
	check(!connect(client, (void *)&address, address_len));
	server = accept(fd, NULL, NULL);
	check(server >= 0);
	send_all(client, 0, len, len, 30);
	/* It is all there, and nothing else will come. */
	do
		check(!ioctl(server, FIONREAD, &inq));
	while (inq < (int)len);
	check(recv(server, buffer, len, MSG_WAITALL) == (ssize_t)len);
	verify(buffer, 0, len, 30);
}

static int readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	check(poll(&p, 1, ms) >= 0);
	return !!(p.revents & POLLIN);
}

/* poll and FIONREAD tell what a read will do, at each size around a tag. */
static void accuracy(void)
{
	uint8_t buffer[4096];
	int client, server, spurious = 0;
	size_t at = 0;

	connection(&client, &server);
	for (int i = 0; i < 300; i++) {
		size_t n = 1 + (i * 37) % 999, left = n;
		int inq;

		fill(buffer, at, n, 8);
		check(send(client, buffer, n, 0) == (ssize_t)n);
		while (left) {
			ssize_t ret;

			check(readable(server, 5000));
			check(!ioctl(server, FIONREAD, &inq));
			check(inq > 0 && inq <= (int)left);
			ret = recv(server, buffer, 500, MSG_DONTWAIT);
			if (ret < 0) {
				check(errno == EAGAIN);
				spurious++;
				continue;
			}
			check(ret == (inq < 500 ? inq : 500));
			verify(buffer, at, ret, 8);
			at += ret;
			left -= ret;
		}
		check(!readable(server, 0));
		check(!ioctl(server, FIONREAD, &inq) && !inq);
	}
	check(!spurious);
}

/* An application that reads only after an edge. */
static void edges(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int client, server, epoll = epoll_create1(0);
	uint8_t buffer[5000];
	size_t at = 0, len = 500000;
	struct job job;

	connection(&client, &server);
	check(!fcntl(server, F_SETFL, O_NONBLOCK));
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event));
	start(&job, client, len, 3333, 9);
	while (at < len) {
		check(epoll_wait(epoll, &event, 1, 10000) == 1);
		for (;;) {
			ssize_t ret = recv(server, buffer, sizeof(buffer), 0);

			if (ret < 0) {
				check(errno == EAGAIN);
				break;
			}
			if (!ret)
				break;
			verify(buffer, at, ret, 9);
			at += ret;
		}
	}
	pthread_join(job.thread, NULL);
}

/* A non-blocking sender that writes only after an edge. */
static void write_edges(void)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	int client, server, small = 8192, epoll = epoll_create1(0);
	size_t sent = 0, len = 600000;
	uint8_t buffer[40000];
	pid_t child;

	connection(&client, &server);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	child = fork();
	check(child >= 0);
	if (!child) {
		close(client);
		recv_all(server, 0, len, 7000, 10);
		expect_end(server);
		_exit(0);
	}
	check(!epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event));
	while (sent < len) {
		check(epoll_wait(epoll, &event, 1, 10000) == 1);
		for (;;) {
			size_t n = len - sent < sizeof(buffer) ? len - sent : sizeof(buffer);
			ssize_t ret;

			fill(buffer, sent, n, 10);
			ret = n ? send(client, buffer, n, MSG_DONTWAIT) : -1;
			if (ret < 0)
				break;
			sent += ret;
		}
	}
	shutdown(client, SHUT_WR);
	int status;

	check(waitpid(child, &status, 0) == child && !status);
}

static void two_at_once(void)
{
	int client[4], server[4];
	struct job job[4];

	for (int i = 0; i < 4; i++) {
		connection(&client[i], &server[i]);
		start(&job[i], client[i], 300000, 1000 + i * 333, 20 + i);
	}
	for (size_t at = 0; at < 300000; at += 3000) {
		for (int i = 0; i < 4; i++)
			recv_all(server[i], at, 3000, 3000, 20 + i);
	}
	for (int i = 0; i < 4; i++) {
		expect_end(server[i]);
		pthread_join(job[i].thread, NULL);
	}
}

/* Threads on one socket: each write is whole, whatever comes between them. */
static void *writer(void *argument)
{
	struct job *job = argument;
	uint8_t record[100];

	memset(record, job->seed, sizeof(record));
	for (size_t i = 0; i < job->len; i++)
		check(send(job->fd, record, sizeof(record), 0) == sizeof(record));
	return NULL;
}

static void writers(void)
{
	int client, server, count[3] = {};
	uint8_t record[100];
	struct job job[3];

	connection(&client, &server);
	for (int i = 0; i < 3; i++) {
		job[i] = (struct job){ .fd = client, .len = 3000, .seed = i };
		check(!pthread_create(&job[i].thread, NULL, writer, &job[i]));
	}
	for (int i = 0; i < 9000; i++) {
		check(recv(server, record, sizeof(record), MSG_WAITALL) == sizeof(record));
		for (int j = 1; j < 100; j++)
			check(record[j] == record[0]);
		check(record[0] < 3);
		count[record[0]]++;
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(job[i].thread, NULL);
		check(count[i] == 3000);
	}
}

static int pattern_file(size_t len, unsigned int seed)
{
	uint8_t buffer[10000];
	int fd = memfd_create("pattern", 0);

	for (size_t at = 0; at < len; at += sizeof(buffer)) {
		fill(buffer, at, sizeof(buffer), seed);
		check(write(fd, buffer, sizeof(buffer)) == sizeof(buffer));
	}
	return fd;
}

static void *file_sender(void *argument)
{
	struct job *job = argument;
	int file = pattern_file(job->len, job->seed);
	off_t offset = 0;

	while ((size_t)offset < job->len)
		check(sendfile(job->fd, file, &offset, job->piece) > 0);
	shutdown(job->fd, SHUT_WR);
	return NULL;
}

static void send_file(void)
{
	int client, server;
	struct job job;

	connection(&client, &server);
	job = (struct job){ .fd = client, .len = 1000000, .piece = 70000, .seed = 30 };
	check(!pthread_create(&job.thread, NULL, file_sender, &job));
	recv_all(server, 0, job.len, 8000, 30);
	expect_end(server);
	pthread_join(job.thread, NULL);
}

static void splice_out(void)
{
	int client, server, pipes[2];
	size_t at = 0, len = 200000;
	uint8_t buffer[65536];
	struct job job;

	connection(&client, &server);
	check(!pipe(pipes));
	start(&job, client, len, 5000, 31);
	while (at < len) {
		ssize_t ret = splice(server, NULL, pipes[1], NULL, 20000, 0);

		check(ret > 0);
		check(read(pipes[0], buffer, ret) == ret);
		verify(buffer, at, ret, 31);
		at += ret;
	}
	check(splice(server, NULL, pipes[1], NULL, 20000, 0) == 0);
	pthread_join(job.thread, NULL);
}

/* From pages that aren't there yet, and from some that never will be. */
static void faults(void)
{
	int client, server, file = pattern_file(100000, 32);
	uint8_t *map, *hole;

	connection(&client, &server);
	map = mmap(NULL, 100000, PROT_READ, MAP_PRIVATE, file, 0);
	check(map != MAP_FAILED);
	madvise(map, 100000, MADV_DONTNEED);
	check(send(client, map, 100000, 0) == 100000);
	recv_all(server, 0, 100000, 4000, 32);

	hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(!munmap(hole + 4096, 4096));
	fill(hole, 100000, 4096, 32);
	errno = 0;
	ssize_t ret = send(client, hole + 96, 8000, 0);

	check(ret < 0 ? errno == EFAULT : ret <= 4000);
	if (ret > 0) {
		uint8_t buffer[4096];

		check(recv(server, buffer, ret, MSG_WAITALL) == ret);
		check(!memcmp(buffer, hole + 96, ret));
	}
	/* The stream is as good as before. */
	send_all(client, 0, 5000, 5000, 33);
	recv_all(server, 0, 5000, 5000, 33);
	/* Received into nothing: an error, and nothing is lost. */
	send_all(client, 0, 3000, 3000, 34);
	check(readable(server, 5000));
	check(recv(server, hole + 4096, 100, 0) < 0 && errno == EFAULT);
	recv_all(server, 0, 3000, 3000, 34);
}

static void scattered(void)
{
	int client, server;
	uint8_t data[64 * 50], into[64 * 50];
	struct iovec out[64], in[64];
	ssize_t ret;

	connection(&client, &server);
	fill(data, 0, sizeof(data), 35);
	for (int i = 0; i < 64; i++) {
		out[i] = (struct iovec){ data + i * 50, 50 };
		in[i] = (struct iovec){ into + i * 50, 50 };
	}
	check(writev(client, out, 64) == sizeof(data));
	usleep(100000);
	ret = readv(server, in, 64);
	check(ret > 0);
	verify(into, 0, ret, 35);
	recv_all(server, ret, sizeof(data) - ret, 4000, 35);
}

/* As many pieces as there can be. */
static void vectors(void)
{
	static uint8_t data[1000 * 7], into[1000 * 7];
	struct iovec out[1000], in[1000];
	int client, server;
	size_t got = 0;

	connection(&client, &server);
	fill(data, 0, sizeof(data), 49);
	for (int i = 0; i < 1000; i++) {
		out[i] = (struct iovec){ data + i * 7, 7 };
		in[i] = (struct iovec){ into + i * 7, 7 };
	}
	check(writev(client, out, 1000) == sizeof(data));
	while (got < sizeof(data)) {
		ssize_t ret = readv(server, in, 1000);

		check(ret > 0);
		verify(into, got, ret, 49);
		got += ret;
	}
}

static void many(void)
{
	struct mmsghdr out[8] = {}, in[8] = {};
	struct iovec vec[8], ivec[8];
	uint8_t data[8 * 700], into[8 * 700];
	int client, server;

	connection(&client, &server);
	fill(data, 0, sizeof(data), 50);
	for (int i = 0; i < 8; i++) {
		vec[i] = (struct iovec){ data + i * 700, 700 };
		ivec[i] = (struct iovec){ into + i * 700, 700 };
		out[i].msg_hdr.msg_iov = &vec[i];
		in[i].msg_hdr.msg_iov = &ivec[i];
		out[i].msg_hdr.msg_iovlen = in[i].msg_hdr.msg_iovlen = 1;
	}
	check(sendmmsg(client, out, 8, 0) == 8);
	check(recvmmsg(server, in, 8, MSG_WAITALL, NULL) == 8);
	for (int i = 0; i < 8; i++)
		check(out[i].msg_len == 700 && in[i].msg_len == 700);
	verify(into, 0, sizeof(into), 50);
}

/* Not before so much can be read, tags not counted; and no later. */
static void low_water(void)
{
	int client, server, low = 3000, inq;
	uint8_t buffer[3000];

	connection(&client, &server);
	check(!setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	send_all(client, 0, 2500, 500, 51);
	check(!readable(server, 200));
	send_all(client, 2500, 3500, 500, 51);
	check(readable(server, 5000));
	check(!ioctl(server, FIONREAD, &inq) && inq >= 3000);
	check(recv(server, buffer, sizeof(buffer), 0) == 3000);
	verify(buffer, 0, 3000, 51);
	recv_all(server, 3000, 3000, 3000, 51);
}

static void selected(void)
{
	struct timeval none = { 0 };
	int client, server;
	fd_set set;

	connection(&client, &server);
	FD_ZERO(&set);
	FD_SET(server, &set);
	check(select(server + 1, &set, NULL, NULL, &none) == 0);
	send_all(client, 0, 1, 1, 52);
	FD_SET(server, &set);
	check(select(server + 1, &set, NULL, NULL, NULL) == 1);
	recv_all(server, 0, 1, 1, 52);
	FD_SET(server, &set);
	check(select(server + 1, &set, NULL, NULL, &none) == 0);
	FD_SET(client, &set);
	check(select(client + 1, NULL, &set, NULL, &none) == 1);
}

/* Into one pipe, by tee() into another, out of both into two connections. */
static void teed(void)
{
	int client, server, a[2], b[2], pipes[2], copies[2];
	uint8_t buffer[4000];
	ssize_t got;

	connection(&client, &server);
	connection(&a[0], &a[1]);
	connection(&b[0], &b[1]);
	check(!pipe(pipes) && !pipe(copies));
	for (size_t at = 0; at < 40000; at += got) {
		send_all(client, at, 4000, 4000, 53);
		got = splice(server, NULL, pipes[1], NULL, 4000, 0);
		check(got > 0);
		check(tee(pipes[0], copies[1], got, 0) == got);
		check(splice(pipes[0], NULL, a[0], NULL, got, 0) == got);
		check(splice(copies[0], NULL, b[0], NULL, got, 0) == got);
		recv_all(a[1], at, got, 4000, 53);
		recv_all(b[1], at, got, 4000, 53);
		if (got < 4000)
			check(recv(server, buffer, 4000 - got, MSG_WAITALL) == 4000 - got);
		got = 4000;
	}
}

static void pass(int through, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec vec = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	check(sendmsg(through, &msg, 0) == 1);
}

static int passed(int through)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vec = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd;

	check(recvmsg(through, &msg, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Each half of a connection changes hands in the middle; to one of another name. */
static void rights(void)
{
	int client, server, through[2], status;
	pid_t child;

	connection(&client, &server);
	send_all(client, 0, 1234, 1234, 54);
	recv_all(server, 0, 234, 234, 54);
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, through));
	child = fork();
	check(child >= 0);
	if (!child) {
		close(client);
		close(server);
		prctl(PR_SET_NAME, "other");
		client = passed(through[1]);
		server = dup(passed(through[1]));
		recv_all(server, 234, 1000, 500, 54);
		send_all(client, 1234, 4000, 900, 54);
		recv_all(server, 1234, 3000, 500, 54);
		_exit(0);
	}
	pass(through[0], client);
	pass(through[0], server);
	check(waitpid(child, &status, 0) == child && !status);
	recv_all(server, 4234, 1000, 500, 54);
	send_all(server, 0, 3000, 3000, 55);
	recv_all(client, 0, 3000, 3000, 55);
}

static void more(void)
{
	int client, server;
	uint8_t buffer[100];

	connection(&client, &server);
	for (int i = 0; i < 100; i++) {
		fill(buffer, i * 100, 100, 36);
		check(send(client, buffer, 100, i == 99 ? 0 : MSG_MORE) == 100);
	}
	recv_all(server, 0, 10000, 10000, 36);
}

static void zerocopy(void)
{
	struct msghdr msg = {};
	char control[200];
	int client, server, one = 1;
	uint8_t buffer[20000];

	connection(&client, &server);
	check(!setsockopt(client, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	fill(buffer, 0, sizeof(buffer), 37);
	check(send(client, buffer, sizeof(buffer), MSG_ZEROCOPY) == sizeof(buffer));
	/* The application may wait for it. */
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	struct pollfd p = { .fd = client };

	check(poll(&p, 1, 5000) == 1 && (p.revents & POLLERR));
	check(recvmsg(client, &msg, MSG_ERRQUEUE) == 0);
	recv_all(server, 0, sizeof(buffer), 20000, 37);
}

static void half_closed(void)
{
	int client, server;

	connection(&client, &server);
	send_all(client, 0, 10001, 10001, 38);
	shutdown(client, SHUT_WR);
	recv_all(server, 0, 10001, 999, 38);
	expect_end(server);
	expect_end(server);
	check(readable(server, 0));
	send_all(server, 0, 20002, 777, 39);
	close(server);
	recv_all(client, 0, 20002, 1234, 39);
	expect_end(client);
}

/* A reset is reported as one, not as the end and not as an error of the format. */
static void reset(void)
{
	struct linger linger = { 1, 0 };
	int client, server;
	uint8_t byte;

	connection(&client, &server);
	send_all(client, 0, 2500, 2500, 40);
	recv_all(server, 0, 2500, 2500, 40);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(client);
	check(recv(server, &byte, 1, 0) < 0 && errno == ECONNRESET);
	check(recv(server, &byte, 1, 0) == 0);
	check(send(server, &byte, 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void nothing(int signal) { (void)signal; }

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval timer = { .it_value.tv_usec = 200000 };
	struct timeval timeout = { .tv_usec = 200000 };
	int client, server, small = 4096;
	uint8_t buffer[500000];
	size_t sent = 0;
	ssize_t ret;

	sigaction(SIGALRM, &action, NULL);
	connection(&client, &server);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fill(buffer, 0, sizeof(buffer), 41);
	setitimer(ITIMER_REAL, &timer, NULL);
	ret = recv(server, buffer + sizeof(buffer) - 10, 1, 0);
	check(ret < 0 && errno == EINTR);
	fill(buffer, 0, sizeof(buffer), 41);
	/* As much as was taken, then nothing more. */
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	timer.it_value.tv_usec = 300000;
	while (sent < sizeof(buffer)) {
		ret = send(client, buffer + sent, sizeof(buffer) - sent, 0);
		if (ret < 0)
			break;
		sent += ret;
	}
	check(sent < sizeof(buffer) ? errno == EAGAIN : 1);
	recv_all(server, 0, sent, 5000, 41);
	check(recv(client, buffer, 1, 0) < 0 && errno == EAGAIN);
}

static void refused(void)
{
	int client, server;

	connection(&client, &server);
	check(setsockopt(client, SOL_TCP, TCP_ULP, "tls", 4) < 0 && errno == EOPNOTSUPP);
	send_all(client, 0, 100, 100, 42);
	recv_all(server, 0, 100, 100, 42);
}

/* Asked for or not: no data in the SYN, and all of it afterwards. */
static void fast_open(void)
{
	int port, fd = listener(&port), client, server, one = 1;
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, port);
	uint8_t buffer[3000];

	fill(buffer, 0, sizeof(buffer), 45);
	client = socket(address.ss_family, SOCK_STREAM, 0);
	check(sendto(client, buffer, sizeof(buffer), MSG_FASTOPEN, (void *)&address, len) ==
	      sizeof(buffer));
	server = accept(fd, NULL, NULL);
	recv_all(server, 0, sizeof(buffer), 1000, 45);
	check(sendto(client, buffer, 1, MSG_FASTOPEN, (void *)&address, len) < 0 &&
	      errno == EISCONN);
	close(client);

	client = socket(address.ss_family, SOCK_STREAM, 0);
	check(!setsockopt(client, SOL_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)));
	check(!connect(client, (void *)&address, len));
	server = accept(fd, NULL, NULL);
	send_all(client, 0, sizeof(buffer), 700, 46);
	recv_all(server, 0, sizeof(buffer), 1000, 46);
}

static void until_urgent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	check(poll(&p, 1, 5000) == 1 && p.revents & POLLPRI);
}

/* The mark, and the byte at it, are where the sender put them; a chain refuses ($L45_CHAIN). */
static void urgent(void)
{
	int client, server, one = 1, mark, inq;
	uint8_t buffer[6000], byte;

	connection(&client, &server);
	check(recv(server, &byte, 1, MSG_OOB) < 0 && errno == EINVAL);
	if (getenv("L45_CHAIN")) {
		check(send(client, "u", 1, MSG_OOB) < 0 && errno == EOPNOTSUPP);
		return;
	}
	for (size_t len = 1; len < sizeof(buffer); len += 499) {
		fill(buffer, 0, sizeof(buffer), 47);
		check(send(client, buffer, len, MSG_OOB) == (ssize_t)len);
		check(send(client, buffer, len, 0) == (ssize_t)len);
		until_urgent(server);
		check(recv(server, &byte, 1, MSG_OOB | MSG_PEEK) == 1 && byte == buffer[len - 1]);
		check(!ioctl(server, SIOCATMARK, &mark) && mark == (len == 1));
		check(!ioctl(server, FIONREAD, &inq) && inq == (int)len - 1);
		if (len > 1)
			check(recv(server, buffer, sizeof(buffer), MSG_WAITALL) == (ssize_t)len - 1);
		verify(buffer, 0, len - 1, 47);
		check(!ioctl(server, SIOCATMARK, &mark) && mark);
		check(recv(server, &byte, 1, MSG_OOB) == 1 && byte == byte_at(len - 1, 47));
		check(recv(server, &byte, 1, MSG_OOB) < 0 && errno == EINVAL);
		/* It is no part of the others. */
		recv_all(server, 0, len, len, 47);
	}
	check(!setsockopt(server, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)));
	fill(buffer, 0, 1500, 48);
	check(send(client, buffer, 1200, MSG_OOB) == 1200);
	check(send(client, buffer + 1200, 300, 0) == 300);
	until_urgent(server);
	check(recv(server, &byte, 1, MSG_OOB) < 0 && errno == EINVAL);
	check(recv(server, buffer, sizeof(buffer), 0) == 1199);
	verify(buffer, 0, 1199, 48);
	check(!ioctl(server, SIOCATMARK, &mark) && mark);
	recv_all(server, 1199, 301, 301, 48);
}

static void accepting(void)
{
	int port, fd = listener(&port), status;
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, port);
	pid_t child;

	/* Nothing pending. */
	check(!fcntl(fd, F_SETFL, O_NONBLOCK));
	check(accept(fd, NULL, NULL) < 0 && errno == EAGAIN);
	check(!fcntl(fd, F_SETFL, 0));
	/* Killed while it waits. */
	child = fork();
	if (!child) {
		accept(fd, NULL, NULL);
		_exit(0);
	}
	usleep(200000);
	kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	/* Never accepted, with data. */
	int client = dial(port);

	send_all(client, 0, 5000, 5000, 43);
	/* And one that is, with data waiting. */
	int server = accept(fd, NULL, NULL);

	recv_all(server, 0, 5000, 100, 43);
	dial(port);
	close(fd);
	/* A listener that becomes a client. */
	fd = socket(address.ss_family, SOCK_STREAM, 0);
	check(!listen(fd, 1));
	shutdown(fd, SHUT_RDWR);
	int there, port2, other = listener(&port2);

	len = loopback(&address, port2);
	check(!connect(fd, (void *)&address, len));
	there = accept(other, NULL, NULL);
	send_all(fd, 0, 3000, 3000, 44);
	recv_all(there, 0, 3000, 3000, 44);
}

/* Connections that nobody waits for, for whoever looks at them at the same time. */
static void churn(void)
{
	for (int i = 0; i < 200; i++) {
		int client, server;

		connection(&client, &server);
		send_all(client, 0, 100, 100, i);
		if (i % 3)
			recv_all(server, 0, 100, 100, i);
		send_all(server, 0, 1500, 1500, i);
		if (i % 2)
			recv_all(client, 0, 1500, 1500, i);
		close(client);
		close(server);
	}
}

static const struct test_case cases[] = {
	CASE(bulk), CASE(read1), CASE(read5), CASE(read16), CASE(read500), CASE(write1),
	CASE(large), CASE(slow_reader), CASE(nonblocking), CASE(no_straggler), CASE(peek),
	CASE(waitall), CASE(segments), CASE(accuracy), CASE(edges), CASE(write_edges),
	CASE(two_at_once), CASE(writers), CASE(send_file), CASE(splice_out), CASE(faults),
	CASE(scattered), CASE(vectors), CASE(many), CASE(low_water), CASE(selected), CASE(teed),
	CASE(rights), CASE(more), CASE(zerocopy), CASE(half_closed), CASE(reset),
	CASE(interrupted), CASE(refused), CASE(fast_open), CASE(urgent), CASE(accepting),
	CASE(churn), {}
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return run_cases(argc, argv, "l45-stream", 120, cases);
}
