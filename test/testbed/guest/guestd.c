// SPDX-License-Identifier: Apache-2.0
/*
 * PID 1 of a virtual host: runs commands that the test sends over a virtio-serial port, many at
 * once. The port bypasses the network stack, which is what is under test.
 *
 * Frames, both ways: u32 payload length, u32 command id (both big-endian), u8 type, payload.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT "/dev/vport0p1"
#define CHUNK (64 * 1024)
#define PIPE_LIMIT (1024 * 1024) /* fs.pipe-max-size */

enum to_guest { EXEC = 1, STDIN, STDIN_END, SIGNAL };
enum to_test { READY = 1, STDOUT, STDERR, EXIT };

struct header {
	uint32_t length, id;
	uint8_t type;
} __attribute__((packed));

struct command {
	struct command *next;
	uint32_t id;
	pid_t pid; /* 0 once it has ended; descendants may still hold its pipes */
	int in, out, err;
	char *input; /* not yet taken by the command: a slow reader must not stop the others */
	size_t input_len;
	bool input_ended;
};

static struct command *commands;
static int port;

/* Without its test this host has no purpose, and QEMU exits when the guest reboots. */
static void die(void)
{
	reboot(RB_AUTOBOOT);
}

static void *grow(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (!memory)
		die();
	return memory;
}

static void write_all(const void *data, size_t len)
{
	while (len) {
		ssize_t n = write(port, data, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			die();
		if (n > 0) {
			data = (const char *)data + n;
			len -= n;
		}
	}
}

static void send_frame(uint32_t id, enum to_test type, const void *data, uint32_t len)
{
	struct header header = { htonl(len), htonl(id), type };

	write_all(&header, sizeof(header));
	write_all(data, len);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct command *find(uint32_t id)
{
	struct command *command = commands;

	while (command && command->id != id)
		command = command->next;
	return command;
}

/* Payload: strings ending in NUL: working directory, number of arguments, arguments, environment. */
static void become(char *payload, size_t len)
{
	char *cwd = payload, *end = payload + len, *p = payload + strlen(payload) + 1;
	int argc = atoi(p), n = 0;
	char **argv = grow(NULL, (argc + 1) * sizeof(*argv)), **env = NULL;

	for (p += strlen(p) + 1; p < end && n < argc; p += strlen(p) + 1)
		argv[n++] = p;
	argv[n] = NULL;
	for (n = 0; p < end; p += strlen(p) + 1) {
		env = grow(env, (n + 2) * sizeof(*env));
		env[n++] = p;
		env[n] = NULL;
	}
	environ = env;
	if (!chdir(cwd))
		execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start(uint32_t id, char *payload, size_t len)
{
	struct command *command = grow(NULL, sizeof(*command));
	int in[2], out[2], err[2];
	sigset_t none;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die();
	*command = (struct command){ .next = commands, .id = id, .in = in[1], .out = out[0], .err = err[0] };
	command->pid = fork();
	if (command->pid < 0)
		die();
	/*
	 * A group of its own, so that a signal reaches its descendants too; made on both sides, as the
	 * signal may follow at once.
	 */
	setpgid(command->pid, 0);
	if (!command->pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		signal(SIGPIPE, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		become(payload, len);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	fcntl(command->in, F_SETFL, O_NONBLOCK);
	fcntl(command->out, F_SETFL, O_NONBLOCK);
	fcntl(command->err, F_SETFL, O_NONBLOCK);
	commands = command;
}

static void feed(struct command *command)
{
	if (command->input_len) {
		ssize_t n = write(command->in, command->input, command->input_len);

		if (n < 0 && errno != EAGAIN) {
			command->input_len = 0;
			close_fd(&command->in);
		} else if (n > 0) {
			command->input_len -= n;
			memmove(command->input, command->input + n, command->input_len);
		}
	}
	if (!command->input_len && command->input_ended)
		close_fd(&command->in);
}

/* Returns whether there may be more. */
static bool forward(struct command *command, int *fd, enum to_test type)
{
	static char buffer[CHUNK];
	ssize_t n = *fd < 0 ? 0 : read(*fd, buffer, sizeof(buffer));

	if (n > 0)
		send_frame(command->id, type, buffer, n);
	else if (n == 0 || errno != EAGAIN)
		close_fd(fd);
	return n > 0;
}

/* What the command left in its pipe; bounded, as a descendant may never stop writing. */
static void drain(struct command *command, int *fd, enum to_test type)
{
	for (int n = 0; n < PIPE_LIMIT / CHUNK && forward(command, fd, type); n++)
		;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct command *command = commands;
		uint8_t exit[2] = { WIFEXITED(status) ? WEXITSTATUS(status) : 0,
				    WIFSIGNALED(status) ? WTERMSIG(status) : 0 };

		while (command && command->pid != pid)
			command = command->next;
		if (!command)
			continue;
		drain(command, &command->out, STDOUT);
		drain(command, &command->err, STDERR);
		send_frame(command->id, EXIT, exit, sizeof(exit));
		command->pid = 0;
		close_fd(&command->in);
	}
}

static void sweep(void)
{
	struct command **link = &commands;

	while (*link) {
		struct command *command = *link;

		if (command->pid || command->out >= 0 || command->err >= 0) {
			link = &command->next;
			continue;
		}
		*link = command->next;
		free(command->input);
		free(command);
	}
}

static void handle(uint32_t id, enum to_guest type, char *payload, size_t len)
{
	struct command *command = find(id);

	if (type == EXEC)
		start(id, payload, len);
	if (!command || !command->pid)
		return;
	if (type == SIGNAL && len == 1)
		kill(-command->pid, payload[0]);
	if (type == STDIN && command->in >= 0) {
		command->input = grow(command->input, command->input_len + len);
		memcpy(command->input + command->input_len, payload, len);
		command->input_len += len;
	}
	if (type == STDIN_END)
		command->input_ended = true;
	feed(command);
}

static void receive(void)
{
	static char *buffer;
	static size_t len;
	struct header header;
	size_t used = 0;
	ssize_t n;

	buffer = grow(buffer, len + CHUNK);
	n = read(port, buffer + len, CHUNK);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		die();
	len += n;
	while (len - used >= sizeof(header)) {
		memcpy(&header, buffer + used, sizeof(header));
		header.length = ntohl(header.length);
		if (len - used - sizeof(header) < header.length)
			break;
		used += sizeof(header);
		handle(ntohl(header.id), header.type, buffer + used, header.length);
		used += header.length;
	}
	len -= used;
	memmove(buffer, buffer + used, len);
}

int main(void)
{
	struct pollfd *fds = NULL;
	sigset_t children;
	int ended;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	signal(SIGPIPE, SIG_IGN);
	ended = signalfd(-1, &children, SFD_CLOEXEC);
	port = open(PORT, O_RDWR | O_CLOEXEC);
	if (port < 0 || ended < 0)
		die();
	send_frame(0, READY, NULL, 0);

	for (;;) {
		struct signalfd_siginfo info;
		struct command *command;
		size_t n = 2;

		for (command = commands; command; command = command->next)
			n += 3;
		fds = grow(fds, n * sizeof(*fds));
		fds[0] = (struct pollfd){ port, POLLIN, 0 };
		fds[1] = (struct pollfd){ ended, POLLIN, 0 };
		for (n = 2, command = commands; command; command = command->next) {
			fds[n++] = (struct pollfd){ command->out, POLLIN, 0 };
			fds[n++] = (struct pollfd){ command->err, POLLIN, 0 };
			fds[n++] = (struct pollfd){ command->input_len ? command->in : -1, POLLOUT, 0 };
		}
		if (poll(fds, n, -1) < 0)
			continue;
		for (n = 2, command = commands; command; command = command->next, n += 3) {
			if (fds[n].revents)
				forward(command, &command->out, STDOUT);
			if (fds[n + 1].revents)
				forward(command, &command->err, STDERR);
			if (fds[n + 2].revents)
				feed(command);
		}
		if (fds[1].revents && read(ended, &info, sizeof(info)) > 0)
			reap();
		if (fds[0].revents)
			receive();
		sweep();
	}
}
