/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams whose every byte says where it belongs. */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static inline uint8_t byte_at(uint64_t at, unsigned int seed)
{
	at += seed * 7919;
	return (at * 2654435761u) >> 13;
}

static inline void fill(uint8_t *to, uint64_t at, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		to[i] = byte_at(at + i, seed);
}

static inline void verify(const uint8_t *from, uint64_t at, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++) {
		if (from[i] == byte_at(at + i, seed))
			continue;
		fprintf(stderr, "byte %llu is wrong:", (unsigned long long)(at + i));
		for (size_t j = i; j < len && j < i + 40; j++)
			fprintf(stderr, " %02x", from[j]);
		fprintf(stderr, "\n");
		_exit(1);
	}
}

#endif /* BYTES_H */
