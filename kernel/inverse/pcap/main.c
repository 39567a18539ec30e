// SPDX-License-Identifier: GPL-2.0-only
/*
 * l45-pcap: rewrites a capture to what it would have been without the customizations that a
 * file of instances names. README.md tells how.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter.h"

#define BUFFER (1 << 20)
#define SNAPLEN 262144

static const char usage[] =
	"usage: l45-pcap <instances> [<in>|- [<out>|-]]\n"
	"       l45-pcap --check <instances>\n";

static void die(const char *what, const char *why)
{
	fprintf(stderr, "l45-pcap: %s: %s\n", what, why);
	exit(1);
}

static void write_packet(void *context, struct timeval time, const u8 *data, u32 len, u32 wire_len)
{
	struct pcap_pkthdr header = { .ts = time, .caplen = len, .len = wire_len };

	pcap_dump(context, &header, data);
}

/* "-" is what the program was given. */
static FILE *open_file(const char *name, const char *mode, FILE *given)
{
	FILE *file = strcmp(name, "-") ? fopen(name, mode) : given;

	if (!file)
		die(name, strerror(errno));
	setvbuf(file, NULL, _IOFBF, BUFFER);
	return file;
}

static pcap_t *open_in(const char *name)
{
	char error[PCAP_ERRBUF_SIZE];
	/* Microseconds would lose what the capture knows. */
	pcap_t *in = pcap_fopen_offline_with_tstamp_precision(open_file(name, "re", stdin),
							      PCAP_TSTAMP_PRECISION_NANO, error);

	if (!in)
		die(name, error);
	return in;
}

static pcap_dumper_t *open_out(const char *name, int link, pcap_t **dead)
{
	pcap_dumper_t *out;

	*dead = pcap_open_dead_with_tstamp_precision(link, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	out = pcap_dump_fopen(*dead, open_file(name, "we", stdout));
	if (!out)
		die(name, pcap_geterr(*dead));
	return out;
}

static void report(const struct filter_stats *stats)
{
	fprintf(stderr,
		"{\"packets\":%llu,\"rewritten\":%llu,\"removed\":%llu,\"inserted\":%llu,"
		"\"fragments\":%llu,\"truncated\":%llu,\"oversized\":%llu,\"dropped\":%llu,"
		"\"broken\":%llu,\"lost\":%llu}\n",
		stats->packets, stats->rewritten, stats->streams.removed, stats->streams.inserted,
		stats->fragments, stats->truncated, stats->oversized, stats->dropped,
		stats->streams.broken, stats->streams.lost);
}

static void run(const struct instances *instances, const char *in_name, const char *out_name)
{
	pcap_t *in = open_in(in_name);
	pcap_t *dead;
	pcap_dumper_t *out = open_out(out_name, pcap_datalink(in), &dead);
	struct filter *filter = filter_new(instances, pcap_datalink(in), write_packet, out);
	struct pcap_pkthdr *header;
	const u_char *data;
	int ret;

	while ((ret = pcap_next_ex(in, &header, &data)) == 1)
		filter_packet(filter, header->ts, data, header->caplen, header->len);
	filter_flush(filter);
	if (pcap_dump_flush(out))
		die(out_name, strerror(errno));
	report(filter_stats(filter));
	/* What could be read has been written. */
	if (ret == PCAP_ERROR)
		die(in_name, pcap_geterr(in));
	filter_free(filter);
	pcap_dump_close(out);
	pcap_close(dead);
	pcap_close(in);
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && !strcmp(argv[1], "--check");
	struct instances instances;

	if (argc < 2 + check || argc > (check ? 3 : 4)) {
		fputs(usage, stderr);
		return 2;
	}
	instances_read(&instances, argv[1 + check]);
	if (!check)
		run(&instances, argc > 2 ? argv[2] : "-", argc > 3 ? argv[3] : "-");
	instances_free(&instances);
	return 0;
}
