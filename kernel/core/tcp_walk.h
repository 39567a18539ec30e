/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine over the receive queue of a stream. */
#ifndef L45_TCP_WALK_H
#define L45_TCP_WALK_H

#include <net/tcp_states.h>

#include "tcp_stream.h"

/* A position in the input that can run ahead of the real one. */
struct l45_walk {
	struct sock *sk;
	struct l45_tcp *tcp;
	struct l45_tcp_direction *rx;
	struct sk_buff *skb; /* where seq is */
	u32 seq;
	u32 offset;	/* of seq in skb */
	u32 held_at;	/* bytes of held that are through */
	u32 raw;	/* bytes consumed, for the counters */
	u32 removed;	/* those of them that were left out by l45_walk_straight() */
	int said;	/* what l45_engine_plan() said there, if not 0 */
	struct l45_segment segment;
	u8 view[L45_VIEW_MAX];
};

void l45_walk_begin(struct l45_walk *walk, struct sock *sk, struct l45_tcp *tcp,
		    struct l45_tcp_direction *rx);
/* A direction of one's own, to run ahead with; to be freed. NULL without memory. */
struct l45_tcp_direction *l45_tcp_rx_ahead(const struct l45_tcp_direction *rx);

static inline u32 l45_walk_held(const struct l45_walk *walk)
{
	return walk->rx->held_len - walk->held_at;
}

/* Bytes of the queue at the position that are in one skb. */
u32 l45_walk_queued(struct l45_walk *walk);
/* Bytes from the position on. */
u32 l45_walk_total(struct l45_walk *walk);
/* Copy up to `cap` of them. */
u32 l45_walk_gather(struct l45_walk *walk, u8 *to, u32 cap);

static inline void l45_walk_consume(struct l45_walk *walk, u32 len)
{
	u32 held = min(l45_walk_held(walk), len);

	walk->held_at += held;
	walk->seq += len - held;
	walk->raw += len;
}

/*
 * The usual case: copy from the queue to the application, and leave out, for as long as
 * both are simple. Returns the bytes copied, `len` at most.
 */
u32 l45_walk_straight(struct l45_walk *walk, struct iov_iter *to, size_t len);

static inline u32 l45_walk_position(const struct l45_walk *walk)
{
	return walk->seq - l45_walk_held(walk);
}

/* A view of bytes at the position, of which there are some. */
const u8 *l45_walk_contiguous(struct l45_walk *walk, u32 *len);
/* Will no more come? A reset is something else: it is reported as such. */
static inline bool l45_walk_ended(const struct l45_walk *walk)
{
	const struct sock *sk = walk->sk;

	return !sk->sk_err && (sock_flag(sk, SOCK_DONE) || (sk->sk_shutdown & RCV_SHUTDOWN) ||
			       sk->sk_state == TCP_CLOSE);
}

/* Where marks may come, in plain bytes: tcp_search.c */
int l45_walk_search(struct l45_walk *walk, struct l45_segment *segment);
/* What is to be done with the input at the position. */
int l45_walk_next(struct l45_walk *walk, struct l45_segment *segment);

static inline void l45_walk_done(struct l45_walk *walk, const struct l45_segment *segment, u64 len)
{
	if (walk->rx->instance)
		l45_engine_commit(&walk->rx->cursor, segment, len);
	else
		l45_tcp_plain_done(walk->rx, len);
}

/* Make the consumption real. */
void l45_walk_commit(struct l45_walk *walk);

/* Bytes up to the urgent one; at it, one, with `swallow` set where it isn't inline. */
u32 l45_tcp_urgent_limit(const struct l45_walk *walk, u32 len, int copied, bool *swallow);

#endif /* L45_TCP_WALK_H */
