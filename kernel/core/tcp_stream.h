/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A customized stream, for the files that make it. All of it is protected by the socket
 * lock: lock_sock, or the spinlock of a socket that nobody owns. It is never given up
 * with a step of the engine carried out in part on the way out, so that concurrent
 * senders can take turns.
 */
#ifndef L45_TCP_STREAM_H
#define L45_TCP_STREAM_H

#include <linux/hrtimer.h>
#include <linux/refcount.h>
#include <net/sock.h>

#include "attach.h"
#include "engine.h"

/*
 * Whose is the stream? At its start and wherever an instance says that what follows
 * isn't its own, the others are asked in order of priority. What none of them claims is
 * plain for as many bytes as the first knew to belong together.
 */
struct l45_tcp_direction {
	struct l45_instance *instance; /* of tcp->set; NULL: plain, or none asked yet */
	u64 plain;		       /* bytes left of what nobody claimed, or L45_REST */
	u64 together;		       /* what `plain` will be if nobody claims it */
	u64 passed, never;	       /* instances that were asked here; that never want to be */
	struct l45_watch *watch;       /* instances that only observe */
	int err;		       /* for good */
	bool late;		       /* tx: the peer takes what comes for plain, but for a mark */
	bool joining;		       /* rx: its mark was found, its header not yet read */
	bool claimed;		       /* the instance has said that it is its own */
	u64 begun;		       /* rx: instances that have ever */
	u32 boundary;		       /* rx: where the last one has left */
	u32 suspect_at;		       /* rx: where a mark began that came in pieces, and the */
	u8 suspect;		       /* application has some; 1 + whose it is, 0: none */
	u32 held_len;		       /* taken over, but not yet through the engine */
	struct l45_flow flow;
	u8 held[L45_VIEW_MAX];
	struct l45_cursor cursor;
};

struct l45_tcp {
	refcount_t refs;
	struct l45_socket *socket;
	struct l45_set *set; /* those attached, and those still in the stream */
	void (*data_ready)(struct sock *sk);
	bool ended;
	u32 senders; /* calls under way; what they began they also end */
	u32 marks;   /* instances whose mark is looked for */
	u32 joinable; /* those, and others that may be told to look */
	u32 waiting; /* senders of ours that wait for memory */
	u32 seen;    /* sequence number up to which data_ready() has looked */
	u32 arrival; /* from which on it did last time */
	bool kept;   /* TCP may keep the rest of a segment that was pushed */
	ktime_t not_before; /* the next byte out; 0: at any time */
	struct hrtimer delay; /* until then, while senders don't wait */

	/* Customized, yet not taken by TCP for want of memory. */
	struct page *page;
	u32 page_at, page_left;

	struct l45_tcp_direction tx;
	struct l45_tcp_direction rx;
};

/* Who has a direction: tcp_stream.c */

/* Does it customize in this direction? Who is revoked reads what is left. */
bool l45_tcp_speaks(const struct l45_instance *instance, u8 flag);
/* Index of the first in order, other than those in `but`, or -1. Late: in plain bytes. */
int l45_tcp_choice(const struct l45_tcp *tcp, u8 flag, u64 but, bool late);
/* There is input, and nobody has it: ask the next one, or find that it is plain. */
void l45_tcp_ask(struct l45_tcp *tcp, struct l45_tcp_direction *d,
		 enum l45_direction direction);
/* Its mark was found. */
void l45_tcp_join(struct l45_tcp *tcp, struct l45_tcp_direction *rx,
		  struct l45_instance *instance);
/*
 * Bytes that an instance has inserted and removed. Of a chain its links say it themselves, as
 * its steps replace all.
 */
void l45_tcp_count_changes(const struct l45_instance *instance, struct l45_tcp_direction *d,
			   u32 inserted, u32 removed);
/* The set, or what its members do, is new: tcp_search.c */
void l45_tcp_count_marks(struct l45_tcp *tcp);
/* Keep an instance that was in the stream while the lock is given up; NULL: no more. */
static inline void l45_tcp_keep(struct l45_instance **kept, struct l45_instance *instance)
{
	if (*kept == instance)
		return;
	if (instance)
		refcount_inc(&instance->refs);
	if (*kept)
		l45_instance_put(*kept);
	*kept = instance;
}

/* The engine said PASS or DETACH. */
void l45_tcp_let_go(struct l45_tcp *tcp, struct l45_tcp_direction *d,
		    const struct l45_segment *segment);

/* What nobody knew whose it is, the instance that was asked takes. */
void l45_tcp_claim(struct l45_tcp *tcp, struct l45_tcp_direction *d);
static inline void l45_tcp_claimed(struct l45_tcp *tcp, struct l45_tcp_direction *d)
{
	if (unlikely(!d->claimed))
		l45_tcp_claim(tcp, d);
}

/* Bytes that nobody claimed went by. */
static inline void l45_tcp_plain_done(struct l45_tcp_direction *d, u64 len)
{
	if (d->plain != L45_REST)
		d->plain -= len;
}

/* Those who observe only: tcp_observe.c */

/* The set, or what its members do, is new. Late: bytes have gone by. */
void l45_tcp_watch(struct l45_tcp *tcp, bool late);
void l45_tcp_watch_end(struct l45_tcp *tcp);
void l45_tcp_watch_show(struct l45_tcp_direction *d, const u8 *data, u32 len);
/* Bytes of the stream, each once and as they are before egress or ingress. */
static inline void l45_tcp_show(struct l45_tcp_direction *d, const u8 *data, u32 len)
{
	if (unlikely(d->watch) && len)
		l45_tcp_watch_show(d, data, len);
}

/* A call is over. */
void l45_tcp_watch_count(const struct sock *sk, struct l45_tcp_direction *d);

/* Does the engine, or what it left behind, stand between the queue and the application? */
static inline bool l45_tcp_rx_plain(const struct l45_tcp *tcp)
{
	return !tcp || (tcp->rx.plain == L45_REST && !tcp->rx.instance && !tcp->rx.held_len &&
			!tcp->joinable);
}

/* May the stock functions read? */
static inline bool l45_tcp_rx_stock(const struct l45_tcp *tcp)
{
	return l45_tcp_rx_plain(tcp) && !(tcp && tcp->rx.watch);
}

static inline bool l45_tcp_tx_plain(const struct l45_tcp *tcp)
{
	return tcp->tx.plain == L45_REST && !tcp->tx.instance && !tcp->tx.held_len && !tcp->page;
}

/* Readiness: tcp_ready.c */

/*
 * Take what the application will never see out of the queue, so that poll() tells the
 * truth: tags whole, and the beginning of one that is still to come.
 */
void l45_tcp_eat(struct sock *sk, struct l45_tcp *tcp);
/* Takes the place of sk_data_ready. */
void l45_tcp_data_ready(struct sock *sk);
/* Bytes that can be read at once, or -ENOBUFS. */
int l45_tcp_readable_len(struct sock *sk, struct l45_tcp *tcp);

/* The application's bytes on their way to TCP: tcp_build.c */

struct l45_build {
	struct iov_iter *from;
	u8 *out;
	u32 cap, used;
	u32 copied_to; /* end of the application's last byte in `out`; 0: none is there */
	u32 in, put, inserted, removed; /* to be counted for `instance` */
	bool last;  /* nothing will follow, ever */
	bool fault; /* the application's memory isn't there */
	bool end;   /* nothing more to do */
	struct l45_instance *instance; /* whom it counts for */
};

/* Run the engine from the application's memory into ours until either ends. */
int l45_tcp_build(struct l45_tcp *tcp, struct l45_build *build);
/* Count what was built for whom it was. */
void l45_tcp_build_count(struct l45_tcp *tcp, struct l45_build *build);

/* The way out: tcp_egress.c */

/* Under lock_sock. False: it is the stock function's, which gets the message as it is. */
bool l45_tcp_send(struct sock *sk, struct l45_socket *socket, struct msghdr *msg, int *ret);
/* What the customization says at the end (`last`), or on leaving. */
void l45_tcp_send_closing(struct sock *sk, struct l45_tcp *tcp, bool last);
/* Nothing has to wait any more for what a customization wanted to delay. */
void l45_tcp_hurry(struct l45_tcp *tcp);
enum hrtimer_restart l45_tcp_delay_over(struct hrtimer *timer);

/* MSG_OOB: tcp_urgent.c */

/* What is built ends with the urgent byte, if it has all there is. Before it is pushed. */
void l45_tcp_urgent_mark(struct sock *sk, const struct l45_tcp *tcp,
			 const struct l45_build *build);
/* As the stock function; the byte is the application's. */
int l45_tcp_urgent_receive(struct sock *sk, struct l45_tcp *tcp, struct msghdr *msg, size_t len,
			   int flags);

#endif /* L45_TCP_STREAM_H */
