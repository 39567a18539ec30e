// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams over loopback between "l45-datagram" sockets, customized at both ends.
 *
 *	datagram CASE|all 4|6
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "check.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static uint8_t data[70000], into[70000];

static void fill(unsigned int seed)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (i + seed * 31) * 167 >> 3;
	memset(into, 0, sizeof(into));
}

static struct sockaddr_storage there;
static socklen_t there_len;

/* A server, and a client that is connected to it or not. */
static void pair(int *client, int *server, int connected)
{
	*server = socket(ip6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	there_len = loopback(&there, 0);
	check(!bind(*server, (void *)&there, there_len));
	check(!getsockname(*server, (void *)&there, &there_len));
	*client = socket(ip6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	if (connected)
		check(!connect(*client, (void *)&there, there_len));
	fill(1);
}

static void get(int fd, size_t len)
{
	memset(into, 0, len);
	check(recv(fd, into, sizeof(into), 0) == (ssize_t)len);
	check(!memcmp(into, data, len));
}

static void sizes(void)
{
	static const size_t sizes[] = { 0, 1, 31, 32, 33, 300, 352, 353, 500, 1400, 1472, 9000, 65000 };
	int client, server;

	for (int connected = 0; connected < 2; connected++) {
		pair(&client, &server, connected);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			fill(i);
			check(sendto(client, data, sizes[i], 0,
				     connected ? NULL : (void *)&there,
				     connected ? 0 : there_len) == (ssize_t)sizes[i]);
			get(server, sizes[i]);
		}
		close(client);
		close(server);
	}
}

static void too_large(void)
{
	int client, server;

	pair(&client, &server, 1);
	check(send(client, data, 65507, 0) < 0 && errno == EMSGSIZE);
	check(send(client, data, 65500, 0) < 0 && errno == EMSGSIZE);
	check(send(client, data, 65536, 0) < 0 && errno == EMSGSIZE);
	check(send(client, data, 65400, 0) == 65400);
	get(server, 65400);
}

static void answer(void)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int client, server;

	pair(&client, &server, 0);
	check(sendto(client, data, 100, 0, (void *)&there, there_len) == 100);
	check(recvfrom(server, into, sizeof(into), 0, (void *)&from, &len) == 100);
	check(sendto(server, data, 200, 0, (void *)&from, len) == 200);
	get(client, 200);
}

static void peek(void)
{
	int client, server, inq;

	pair(&client, &server, 1);
	check(send(client, data, 100, 0) == 100);
	check(send(client, data, 50, 0) == 50);
	check(recv(server, into, 10, MSG_PEEK) == 10 && !memcmp(into, data, 10));
	check(recv(server, into, sizeof(into), MSG_PEEK) == 100 && !memcmp(into, data, 100));
	check(recv(server, into, 10, MSG_PEEK | MSG_TRUNC) == 100);
	check(!ioctl(server, FIONREAD, &inq) && inq == 100);
	get(server, 100);
	check(!ioctl(server, FIONREAD, &inq) && inq == 50);
	check(recv(server, into, 10, MSG_TRUNC) == 50);
	check(!ioctl(server, FIONREAD, &inq) && inq == 0);
	check(recv(server, into, 10, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void peek_offset(void)
{
	int client, server, off = 0;

	pair(&client, &server, 1);
	check(!setsockopt(server, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));
	for (int i = 0; i < 3; i++)
		check(send(client, data, 100, 0) == 100);
	for (int i = 0; i < 6; i++) {
		check(recv(server, into, 50, MSG_PEEK | MSG_DONTWAIT) == 50);
		check(!memcmp(into, data + i % 2 * 50, 50));
	}
	check(recv(server, into, 50, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void truncated(void)
{
	struct iovec vec = { into, 60 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1 };
	int client, server;

	pair(&client, &server, 1);
	check(send(client, data, 100, 0) == 100);
	check(recvmsg(server, &msg, 0) == 60 && msg.msg_flags & MSG_TRUNC);
	check(!memcmp(into, data, 60));
	check(send(client, data, 60, 0) == 60);
	check(recvmsg(server, &msg, 0) == 60 && !(msg.msg_flags & MSG_TRUNC));
}

static void many(void)
{
	struct mmsghdr out[16] = {}, in[16] = {};
	struct iovec vec[16], ivec[16];
	int client, server;

	pair(&client, &server, 1);
	for (int i = 0; i < 16; i++) {
		vec[i] = (struct iovec){ data, 10 + i * 10 };
		ivec[i] = (struct iovec){ into + i * 1000, 1000 };
		out[i].msg_hdr.msg_iov = &vec[i];
		in[i].msg_hdr.msg_iov = &ivec[i];
		out[i].msg_hdr.msg_iovlen = in[i].msg_hdr.msg_iovlen = 1;
	}
	check(sendmmsg(client, out, 16, 0) == 16);
	check(recvmmsg(server, in, 16, 0, NULL) == 16);
	for (int i = 0; i < 16; i++) {
		check(out[i].msg_len == 10u + i * 10 && in[i].msg_len == out[i].msg_len);
		check(!memcmp(into + i * 1000, data, in[i].msg_len));
	}
}

static void corked(void)
{
	int client, server, on = 1, off = 0;

	pair(&client, &server, 1);
	check(send(client, data, 10, MSG_MORE) == 10);
	check(send(client, data + 10, 20, MSG_MORE) == 20);
	check(send(client, data + 30, 30, 0) == 30);
	get(server, 60);
	check(!setsockopt(client, SOL_UDP, UDP_CORK, &on, sizeof(on)));
	for (int i = 0; i < 10; i++)
		check(send(client, data + i * 100, 100, 0) == 100);
	check(recv(server, into, 10, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	check(!setsockopt(client, SOL_UDP, UDP_CORK, &off, sizeof(off)));
	get(server, 1000);
	/* Left behind at close. */
	check(send(client, data, 10, MSG_MORE) == 10);
	close(client);
}

static void segmented(void)
{
	int client, server, size = 100;

	pair(&client, &server, 1);
	check(!setsockopt(client, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)));
	check(send(client, data, 250, 0) == 250);
	check(recv(server, into, sizeof(into), 0) == 100 && !memcmp(into, data, 100));
	check(recv(server, into, sizeof(into), 0) == 100 && !memcmp(into, data + 100, 100));
	check(recv(server, into, sizeof(into), 0) == 50 && !memcmp(into, data + 200, 50));
	size = 1;
	check(!setsockopt(server, SOL_UDP, UDP_GRO, &size, sizeof(size)));
	check(send(client, data, 300, 0) == 300);
	for (int i = 0; i < 3; i++)
		check(recv(server, into, sizeof(into), 0) == 100);
	/* By a control message. */
	char control[CMSG_SPACE(2)] = {};
	struct iovec vec = { data, 90 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_UDP;
	cmsg->cmsg_type = UDP_SEGMENT;
	cmsg->cmsg_len = CMSG_LEN(2);
	*(uint16_t *)CMSG_DATA(cmsg) = 30;
	check(sendmsg(client, &msg, 0) == 90);
	for (int i = 0; i < 3; i++)
		check(recv(server, into, sizeof(into), 0) == 30);
}

static void pktinfo(void)
{
	struct iovec vec = { into, 1000 };
	char control[200];
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	int client, server, on = 1;

	pair(&client, &server, 1);
	if (ip6)
		check(!setsockopt(server, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)));
	else
		check(!setsockopt(server, SOL_IP, IP_PKTINFO, &on, sizeof(on)));
	check(!setsockopt(server, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
	check(send(client, data, 100, 0) == 100);
	check(recvmsg(server, &msg, 0) == 100);
	on = 0;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		on += cmsg->cmsg_type == (ip6 ? IPV6_PKTINFO : IP_PKTINFO) ||
		      (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SO_TIMESTAMP);
	check(on == 2);
}

static void mapped(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	int server = socket(AF_INET6, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in6 from;
	socklen_t len = sizeof(any);
	int on = 1;

	fill(3);
	check(!bind(server, (void *)&any, len) && !getsockname(server, (void *)&any, &len));
	check(!setsockopt(server, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = any.sin6_port;
	check(sendto(client, data, 100, 0, (void *)&to, sizeof(to)) == 100);
	len = sizeof(from);
	check(recvfrom(server, into, 1000, 0, (void *)&from, &len) == 100);
	check(!memcmp(into, data, 100) && IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
	check(sendto(server, data, 70, 0, (void *)&from, len) == 70);
	get(client, 70);
	check(setsockopt(server, SOL_IPV6, IPV6_ADDRFORM, &(int){ AF_INET }, sizeof(int)) < 0);
}

/* Two members of a group, one of them named by what it is bound to. */
static void multicast(void)
{
	struct sockaddr_storage group;
	int members[2], client, on = 1, index = 1;
	socklen_t len = loopback(&group, 0);

	fill(4);
	client = socket(group.ss_family, SOCK_DGRAM, 0);
	for (int i = 0; i < 2; i++) {
		members[i] = socket(group.ss_family, SOCK_DGRAM, 0);
		check(!setsockopt(members[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
		if (ip6) {
			struct sockaddr_in6 *in6 = (void *)&group;
			struct ipv6_mreq mreq = { .ipv6mr_interface = index };

			check(inet_pton(AF_INET6, "ff01::4545", &in6->sin6_addr) == 1);
			in6->sin6_scope_id = index;
			mreq.ipv6mr_multiaddr = in6->sin6_addr;
			check(!bind(members[i], (void *)&group, len));
			check(!setsockopt(members[i], SOL_IPV6, IPV6_ADD_MEMBERSHIP, &mreq,
					  sizeof(mreq)));
			check(!setsockopt(client, SOL_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)));
		} else {
			struct sockaddr_in *in = (void *)&group;
			struct ip_mreqn mreq = { .imr_ifindex = index };

			in->sin_addr.s_addr = inet_addr("239.45.45.45");
			mreq.imr_multiaddr = in->sin_addr;
			check(!bind(members[i], (void *)&group, len));
			check(!setsockopt(members[i], SOL_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
			check(!setsockopt(client, SOL_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)));
		}
		check(!getsockname(members[i], (void *)&group, &len));
	}
	check(sendto(client, data, 700, 0, (void *)&group, len) == 700);
	get(members[0], 700);
	get(members[1], 700);
}

/* What an error returns is not what was on the wire. */
static void errors(void)
{
	int client, server, on = 1;
	struct iovec vec = { into, 1000 };
	char control[300];
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };

	pair(&client, &server, 1);
	check(!setsockopt(client, ip6 ? SOL_IPV6 : SOL_IP, ip6 ? IPV6_RECVERR : IP_RECVERR, &on,
			  sizeof(on)));
	close(server);
	check(send(client, data, 100, 0) == 100);
	struct pollfd p = { .fd = client };

	check(poll(&p, 1, 5000) == 1);
	check(recvmsg(client, &msg, MSG_ERRQUEUE) == 0);
	check(send(client, data, 100, 0) == 100 || errno == ECONNREFUSED);
}

static void timeouts(void)
{
	struct timeval timeout = { .tv_usec = 100000 };
	int client, server;

	pair(&client, &server, 1);
	check(!setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	check(recv(server, into, 10, 0) < 0 && errno == EAGAIN);
	int status;
	pid_t child = fork();

	if (!child) {
		timeout.tv_usec = 0;
		setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		recv(server, into, 10, 0);
		_exit(0);
	}
	usleep(200000);
	kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	check(send(client, data, 10, 0) == 10);
	get(server, 10);
}

static void faults(void)
{
	uint8_t *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int client, server;

	pair(&client, &server, 1);
	check(!munmap(hole + 4096, 4096));
	check(send(client, hole + 4000, 200, 0) < 0 && errno == EFAULT);
	check(send(client, data, 100, 0) == 100);
	check(recv(server, hole + 4096, 100, 0) < 0 && errno == EFAULT);
	check(send(client, data, 100, 0) == 100);
	get(server, 100);
}

static void file(void)
{
	int client, server, fd = memfd_create("data", 0);

	pair(&client, &server, 1);
	check(write(fd, data, 9000) == 9000);
	lseek(fd, 0, SEEK_SET);
	check(sendfile(client, fd, NULL, 3000) == 3000);
	get(server, 3000);
}

static void churn(void)
{
	for (int i = 0; i < 500; i++) {
		int client, server;

		pair(&client, &server, i % 2);
		check(sendto(client, data, 100, 0, i % 2 ? NULL : (void *)&there,
			     i % 2 ? 0 : there_len) == 100);
		if (i % 3)
			get(server, 100);
		close(client);
		close(server);
	}
}

static const struct test_case cases[] = {
	CASE(sizes), CASE(too_large), CASE(answer), CASE(peek), CASE(peek_offset),
	CASE(truncated), CASE(many), CASE(corked), CASE(segmented), CASE(pktinfo), CASE(mapped), CASE(multicast),
	CASE(errors), CASE(timeouts), CASE(faults), CASE(file), CASE(churn), {}
};

int main(int argc, char **argv)
{
	return run_cases(argc, argv, "l45-datagram", 60, cases);
}
