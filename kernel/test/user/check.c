// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "../../core/observe.h"
#include "check.h"

static const struct {
	const char *name;
	const char *const *params;
} variants[] = {
	{ "dns_tag", (const char *const[]){ "", "responses=1 app_id=0123456789abcde",
					    "responses=1 position=middle",
					    "responses=1 position=end", NULL } },
	{ "dns_compress", (const char *const[]){ "", NULL } },
	{ "null", (const char *const[]){ "", NULL } },
	{ "rate_limit", (const char *const[]){ "", "delay_ms=10 bytes_per_second=100000", NULL } },
	{ "stream_tag", (const char *const[]){ "", "interval=1", "interval=50", NULL } },
	{ "app_id", (const char *const[]){ "", "app_id=x interval=50", NULL } },
	{ "xor_dialect", (const char *const[]){ "key=000102030405060708090a0b0c0d0e0f interval=50",
						"key=00000000000000000000000000000001", NULL } },
};

const char *const *check_variants(const struct l45_ops *ops)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (!strcmp(variants[i].name, ops->name))
			return variants[i].params;
	fprintf(stderr, "no variants of %s to check\n", ops->name);
	exit(2);
}

static void fail(const struct subject *subject, const char *what)
{
	fprintf(stderr, "%s (%s) on %s: %s\n", subject->ops->name, subject->params,
		subject->protocol == IPPROTO_TCP ? "TCP" : "UDP", what);
	abort();
}

static void subject_init(const struct subject *subject, u8 role, struct instance *instance, u8 mark)
{
	instance_init(instance, subject->ops, subject->protocol, role, mark,
		      subject->chain ? NULL : subject->params);
	if (subject->chain)
		instance->flow.params = subject->chain;
}

static void instances_init(const struct subject *subject, u8 role, struct instance *a,
			   struct instance *b)
{
	subject_init(subject, role, a, MARK_A);
	subject_init(subject, role, b, MARK_B);
}

void check_send(const struct subject *subject, struct choice *choice, const u8 *data, u32 len,
		struct bytes *wire)
{
	bool handover = subject->protocol == IPPROTO_TCP && subject->ops->flags & L45_HANDOVER;
	struct instance a, b;
	struct pump sender;
	u32 used;

	instances_init(subject, subject->role, &a, &b);
	pump_init(&sender, L45_EGRESS, &a, 1, choice);
	if (handover && choice->pick(choice, 1))
		sender.leave_at = choice->pick(choice, len);
	if (pump(&sender, data, len, true))
		fail(subject, "egress refuses bytes");
	used = sender.in_used;
	bytes_add(wire, sender.out.data, sender.out.len);
	if (sender.detached) {
		pump_free(&sender);
		pump_init(&sender, L45_EGRESS, &b, 1, choice);
		if (pump(&sender, data + used, len - used, true))
			fail(subject, "egress refuses bytes after a handover");
		used += sender.in_used;
		bytes_add(wire, sender.out.data, sender.out.len);
	}
	pump_free(&sender);
	if (used != len)
		fail(subject, "egress leaves bytes");
	if (subject->protocol == IPPROTO_UDP && wire->len > len + subject->ops->max_insert)
		fail(subject, "a datagram grows by more than max_insert");
}

static int receive_all(const struct subject *subject, struct choice *choice,
		       const struct bytes *wire, struct bytes *out)
{
	u8 role = subject->role == L45_ROLE_CLIENT ? L45_ROLE_SERVER : L45_ROLE_CLIENT;
	bool swapped = choice->pick(choice, 1);
	struct instance instances[2];
	struct pump receiver;
	int ret;

	instances_init(subject, role, &instances[swapped], &instances[!swapped]);
	pump_init(&receiver, L45_INGRESS, instances, 2, choice);
	ret = pump(&receiver, wire->data, wire->len, true);
	bytes_add(out, receiver.out.data, receiver.out.len);
	pump_free(&receiver);
	return ret;
}

/*
 * Bytes that hold a mark by chance (2^-128) or guess are beyond what can be told apart.
 * So is a datagram that goes out plain and begins with another deployment's short signature.
 */
static bool holds_mark(const u8 *data, u32 len)
{
	/* The last byte differs among the links of a chain. */
	u8 mark[L45_MARK_LEN - 1];

	if (len > 1 && data[0] == MARK_B && data[1] == MARK_B)
		return true;

	memset(mark, MARK_A, sizeof(mark));
	if (memmem(data, len, mark, sizeof(mark)))
		return true;
	memset(mark, MARK_B, sizeof(mark));
	return memmem(data, len, mark, sizeof(mark));
}

void check_round_trip(const struct subject *subject, struct choice *choice, const u8 *data, u32 len)
{
	struct bytes wire = {}, out = {};

	if (!holds_mark(data, len)) {
		check_send(subject, choice, data, len, &wire);
		if (receive_all(subject, choice, &wire, &out))
			fail(subject, "ingress refuses what egress sent");
		if (out.len != len || (len && memcmp(out.data, data, len)))
			fail(subject, "the round trip changes bytes");
	}
	bytes_free(&wire);
	bytes_free(&out);
}

void check_hostile(const struct subject *subject, struct choice *choice, const u8 *data, u32 len)
{
	struct bytes wire = {}, out = {};

	bytes_add(&wire, data, len);
	receive_all(subject, choice, &wire, &out);
	bytes_free(&wire);
	bytes_free(&out);
}

void check_damaged(const struct subject *subject, struct choice *choice, const u8 *data, u32 len)
{
	struct bytes wire = {}, out = {};
	u32 times = 1 + choice->pick(choice, 7);

	check_send(subject, choice, data, len, &wire);
	while (wire.len && times--)
		wire.data[choice->pick(choice, wire.len - 1)] = choice->pick(choice, 255);
	if (choice->pick(choice, 1))
		wire.len = choice->pick(choice, wire.len);
	receive_all(subject, choice, &wire, &out);
	bytes_free(&wire);
	bytes_free(&out);
}

/* NULL instead of a choice: byte by byte. */
static void observe(struct l45_observer *observer, const struct instance *instance,
		    enum l45_direction direction, bool late, struct choice *choice,
		    const u8 *data, u32 len)
{
	observer->flow = instance->flow;
	observer->flow.direction = direction;
	free(observer->cursor.links);
	observer->cursor.links = pump_links(instance->ops);
	l45_observer_start(observer, instance->ops, late);
	while (len) {
		u32 n = choice ? 1 + choice->pick(choice, len - 1) : 1;
		/* Of its own, so that the sanitizer sees who looks further. */
		u8 *piece = malloc(n);

		memcpy(piece, data, n);
		l45_observer_show(observer, piece, n);
		free(piece);
		data += n;
		len -= n;
	}
}

static bool same(const struct l45_observer *a, const struct l45_observer *b)
{
	/* Before an error a chain's first link may be further than its last one. */
	if (a->cursor.links && a->over && b->over)
		return true;
	return a->changes == b->changes && a->inserted == b->inserted && a->removed == b->removed;
}

void check_observed(const struct subject *subject, struct choice *choice, const u8 *data, u32 len)
{
	static struct l45_observer one, other;
	struct instance a, b;
	struct pump sender;
	bool late;

	if (subject->protocol != IPPROTO_TCP)
		return;
	instances_init(subject, subject->role, &a, &b);
	/* Anything may come in. */
	late = choice->pick(choice, 1);
	observe(&one, &a, L45_INGRESS, late, choice, data, len);
	observe(&other, &a, L45_INGRESS, late, NULL, data, len);
	if (!same(&one, &other))
		fail(subject, "what is observed on ingress depends on how it is cut up");

	observe(&one, &a, L45_EGRESS, late, choice, data, len);
	observe(&other, &a, L45_EGRESS, late, NULL, data, len);
	if (!same(&one, &other))
		fail(subject, "what is observed on egress depends on how it is cut up");

	if (!(subject->ops->flags & L45_JOIN) || holds_mark(data, len))
		return;
	pump_init(&sender, L45_EGRESS, &a, 1, choice);
	if (pump(&sender, data, len, true))
		fail(subject, "egress refuses bytes");
	if (one.inserted != sender.inserted || one.removed != sender.removed ||
	    one.changes != !!len)
		fail(subject, "egress does something else than was observed");
	observe(&other, &a, L45_INGRESS, late, choice, sender.out.data, sender.out.len);
	if (other.removed != sender.inserted || other.inserted)
		fail(subject, "what egress inserted isn't observed on ingress");
	pump_free(&sender);
}
