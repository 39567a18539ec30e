// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection and datagrams over io_uring, named "l45-uring": accept, connect, poll,
 * receive before there is something to receive, send, more than fits, and cancel.
 *
 *	uring [4|6]
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

#define ENTRIES 16

static struct {
	int fd;
	char *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
} ring;

static unsigned int *at(unsigned int offset)
{
	return (unsigned int *)(ring.rings + offset);
}

static void open_ring(void)
{
	size_t size;

	ring.fd = syscall(__NR_io_uring_setup, ENTRIES, &ring.params);
	check(ring.fd >= 0);
	check(ring.params.features & IORING_FEAT_SINGLE_MMAP);
	size = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	ring.rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
			  IORING_OFF_SQ_RING);
	check(ring.rings != MAP_FAILED);
	ring.sqes = mmap(NULL, ENTRIES * sizeof(*ring.sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring.fd, IORING_OFF_SQES);
	check(ring.sqes != MAP_FAILED);
}

static void submit(int opcode, int fd, const void *address, unsigned int len, uint64_t offset,
		   uint64_t tag)
{
	unsigned int mask = *at(ring.params.sq_off.ring_mask);
	unsigned int tail = *at(ring.params.sq_off.tail), i = tail & mask;

	ring.sqes[i] = (struct io_uring_sqe){
		.opcode = opcode, .fd = fd, .addr = (uintptr_t)address, .len = len, .off = offset,
		.user_data = tag,
	};
	if (opcode == IORING_OP_POLL_ADD)
		ring.sqes[i].poll32_events = POLLIN;
	if (opcode == IORING_OP_SEND)
		ring.sqes[i].msg_flags = MSG_WAITALL;
	at(ring.params.sq_off.array)[i] = i;
	__atomic_store_n(at(ring.params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	check(syscall(__NR_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0) == 1);
}

/* The result of whichever ends next. */
static int finished(uint64_t *tag)
{
	unsigned int head = *at(ring.params.cq_off.head);
	unsigned int mask = *at(ring.params.cq_off.ring_mask);
	struct io_uring_cqe *cqe;
	int ret;

	while (head == __atomic_load_n(at(ring.params.cq_off.tail), __ATOMIC_ACQUIRE))
		check(syscall(__NR_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL,
			      0) >= 0);
	cqe = (struct io_uring_cqe *)(ring.rings + ring.params.cq_off.cqes) + (head & mask);
	*tag = cqe->user_data;
	ret = cqe->res;
	__atomic_store_n(at(ring.params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return ret;
}

static void expect(uint64_t wanted, int result)
{
	uint64_t tag;
	int ret = finished(&tag);

	if (tag != wanted || ret != result) {
		fprintf(stderr, "%llu: %d, not %llu: %d\n", (unsigned long long)tag, ret,
			(unsigned long long)wanted, result);
		exit(1);
	}
}

#define LARGE (1 << 20)

static uint8_t out[LARGE], in[LARGE];

static void streams(void)
{
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, 0);
	int listener = socket(address.ss_family, SOCK_STREAM, 0), server, ret;
	int client = socket(address.ss_family, SOCK_STREAM, 0);
	uint64_t tag;
	size_t got = 0, sent = 0;

	check(!bind(listener, (void *)&address, len) && !listen(listener, 1));
	check(!getsockname(listener, (void *)&address, &len));
	submit(IORING_OP_ACCEPT, listener, NULL, 0, 0, 1);
	submit(IORING_OP_CONNECT, client, &address, 0, len, 2);
	server = -1;
	for (int i = 0; i < 2; i++) {
		ret = finished(&tag);
		check(tag == 1 ? ret >= 0 : !ret);
		if (tag == 1)
			server = ret;
	}

	/* Both wait for what isn't there yet. */
	submit(IORING_OP_RECV, server, in, 5000, 0, 3);
	submit(IORING_OP_SEND, client, out, 3000, 0, 4);
	for (int i = 0; i < 2; i++)
		check(finished(&tag) == 3000);
	check(!memcmp(in, out, 3000));
	submit(IORING_OP_POLL_ADD, server, NULL, 0, 0, 5);
	submit(IORING_OP_SEND, client, out, 10, 0, 6);
	for (int i = 0; i < 2; i++) {
		ret = finished(&tag);
		check(tag == 5 ? ret & POLLIN : ret == 10);
	}
	submit(IORING_OP_RECV, server, in, 10, 0, 7);
	expect(7, 10);

	/* More than fits into any buffer, either way. */
	memset(in, 0, sizeof(in));
	submit(IORING_OP_SEND, client, out, LARGE, 0, 8);
	submit(IORING_OP_RECV, server, in, LARGE, 0, 9);
	while (got < LARGE || sent < LARGE) {
		ret = finished(&tag);
		check(ret > 0);
		if (tag == 8) {
			sent += ret;
			if (sent < LARGE)
				submit(IORING_OP_SEND, client, out + sent, LARGE - sent, 0, 8);
		} else {
			got += ret;
			if (got < LARGE)
				submit(IORING_OP_RECV, server, in + got, LARGE - got, 0, 9);
		}
	}
	check(!memcmp(in, out, LARGE));

	/* Nothing comes: cancelled. */
	submit(IORING_OP_RECV, server, in, 10, 0, 10);
	submit(IORING_OP_ASYNC_CANCEL, -1, (void *)10, 0, 0, 11);
	for (int i = 0; i < 2; i++) {
		ret = finished(&tag);
		check(tag == 10 ? ret == -ECANCELED || ret == -EINTR : !ret || ret == -EALREADY);
	}
	/* And the end. */
	submit(IORING_OP_RECV, server, in, 10, 0, 12);
	close(client);
	expect(12, 0);
	close(server);
	close(listener);
}

static void datagrams(void)
{
	struct sockaddr_storage address;
	socklen_t len = loopback(&address, 0);
	int server = socket(address.ss_family, SOCK_DGRAM, 0);
	int client = socket(address.ss_family, SOCK_DGRAM, 0);
	uint64_t tag;

	check(!bind(server, (void *)&address, len));
	check(!getsockname(server, (void *)&address, &len));
	check(!connect(client, (void *)&address, len));
	for (int size = 1; size < 3000; size += 333) {
		memset(in, 0, size);
		submit(IORING_OP_RECV, server, in, 5000, 0, 1);
		submit(IORING_OP_SEND, client, out, size, 0, 2);
		for (int i = 0; i < 2; i++)
			check(finished(&tag) == size);
		check(!memcmp(in, out, size));
	}
	close(client);
	close(server);
}

int main(int argc, char **argv)
{
	ip6 = argc > 1 && argv[1][0] == '6';
	prctl(PR_SET_NAME, "l45-uring");
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 2654435761u >> 13;
	open_ring();
	streams();
	datagrams();
	return 0;
}
