// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU: which guest code runs between the marks of bench.c, and how often. At
 * every second mark it writes a file FILE.0, FILE.1 …: "ADDRESS INSTRUCTIONS EXECUTIONS" of
 * each translated block, in the order of translation. The guest's kernel isn't relocated;
 * its /proc/kallsyms says whose the addresses are.
 *
 *	cc -shared -fPIC -o profile.so profile.c
 *	L45_QEMU="-plugin ./profile.so,out=FILE" make bench ROUNDS=1 SAMPLES=1 WORKLOADS=udp
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of qemu-plugin.h, version 1, which Debian doesn't ship. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef uint64_t qemu_plugin_id_t;
enum { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*call)(qemu_plugin_id_t id,
							struct qemu_plugin_tb *block));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int op, void *counter,
					      uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*call)(unsigned int cpu, void *data), int flags,
					    void *data);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

/* MARK() of bench.c, but for its last byte: 0 begins, 1 ends. */
static const unsigned char mark[] = { 0x0f, 0x1f, 0x84, 0, 0x34, 0x35, 0x4c };

struct block {
	struct block *next;
	uint64_t address, executions;
	size_t instructions;
};

static struct block *blocks;
static const char *path;

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (struct block *block = blocks; block; block = block->next)
		block->executions = 0;
}

static void end(unsigned int cpu, void *data)
{
	static int number;
	char name[4096];
	FILE *out;

	(void)cpu;
	(void)data;
	snprintf(name, sizeof(name), "%s.%d", path, number++);
	out = fopen(name, "w");
	if (!out) {
		perror(name);
		exit(1);
	}
	for (const struct block *block = blocks; block; block = block->next)
		if (block->executions)
			fprintf(out, "%lx %zu %lu\n", block->address, block->instructions,
				block->executions);
	fclose(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->instructions = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &block->executions, 1);
	for (size_t i = 0; i < block->instructions; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const unsigned char *bytes = qemu_plugin_insn_data(insn);

		if (qemu_plugin_insn_size(insn) == sizeof(mark) + 1 &&
		    !memcmp(bytes, mark, sizeof(mark)))
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, bytes[sizeof(mark)] ? end : begin, 0, NULL);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
