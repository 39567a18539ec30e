// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "engine.h"
#include "tcp_pages.h"

#define ORDER 3
#define LEAST 2048 /* less room isn't worth keeping */
#define RING 128   /* pages in flight per processor: as much as tcp_wmem lets a socket have */
#define KEEP (2 * HZ)

/* Oldest first, which is the order in which TCP is done with them. */
struct ring {
	spinlock_t lock;
	struct l45_room open; /* the last one, if there is room left */
	struct page *page[RING];
	u32 first, count;
	bool used; /* since the last look */
};

static DEFINE_PER_CPU(struct ring, rings) = {
	.lock = __SPIN_LOCK_UNLOCKED(rings.lock),
};

/* The ring's oldest page, which leaves it. */
static struct page *ring_pop(struct ring *ring)
{
	struct page *page = ring->page[ring->first];

	ring->first = (ring->first + 1) % RING;
	ring->count--;
	return page;
}

/* One that is kept, or NULL. */
static struct page *ring_drop(struct ring *ring)
{
	struct page *page;

	spin_lock(&ring->lock);
	page = ring->open.page;
	ring->open.page = NULL;
	if (!page && ring->count)
		page = ring_pop(ring);
	spin_unlock(&ring->lock);
	return page;
}

static void trim(struct work_struct *work);
static DECLARE_DELAYED_WORK(trimming, trim);

static void trim(struct work_struct *work)
{
	bool any = false, used;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ring *ring = per_cpu_ptr(&rings, cpu);
		struct page *page;

		spin_lock(&ring->lock);
		used = ring->used;
		ring->used = false;
		spin_unlock(&ring->lock);
		any |= used;
		while (!used && (page = ring_drop(ring)))
			put_page(page);
	}
	if (any)
		schedule_delayed_work(&trimming, KEEP);
}

static bool take_frag(struct sock *sk, struct l45_room *room)
{
	struct page_frag *frag = sk_page_frag(sk);

	if (!skb_page_frag_refill(2 * L45_INSERT_MAX, frag, sk->sk_allocation))
		return false;
	room->frag = frag;
	room->page = frag->page;
	room->offset = frag->offset;
	room->size = frag->size;
	return true;
}

bool l45_room_take(struct sock *sk, struct l45_room *room, size_t want)
{
	struct ring *ring = raw_cpu_ptr(&rings);
	gfp_t gfp = sk->sk_allocation;

	if (want < LEAST)
		return take_frag(sk, room);

	spin_lock(&ring->lock);
	*room = ring->open;
	ring->open.page = NULL;
	/* Ours is the only reference: nobody can get another one. */
	if (!room->page && ring->count && page_ref_count(ring->page[ring->first]) == 1) {
		room->page = ring_pop(ring);
		room->size = page_size(room->page);
		room->offset = 0;
	}
	spin_unlock(&ring->lock);
	if (room->page)
		return true;

	room->page = alloc_pages((gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_COMP | __GFP_NOWARN |
				 __GFP_NORETRY, ORDER) ?: alloc_page(gfp);
	if (!room->page)
		return false;
	room->size = page_size(room->page);
	room->offset = 0;
	return true;
}

void l45_room_give(struct l45_room *room)
{
	struct ring *ring = raw_cpu_ptr(&rings);
	struct page *page = room->page;

	if (room->frag)
		return;
	spin_lock(&ring->lock);
	if (!ring->used) {
		ring->used = true;
		schedule_delayed_work(&trimming, KEEP);
	}
	if (room->size - room->offset >= LEAST && !ring->open.page) {
		ring->open = *room;
		page = NULL;
	} else if (ring->count < RING) {
		ring->page[(ring->first + ring->count++) % RING] = page;
		page = NULL;
	}
	spin_unlock(&ring->lock);
	if (page)
		put_page(page);
}

/* Nobody sends any more. */
void l45_pages_uninit(void)
{
	int cpu;

	cancel_delayed_work_sync(&trimming);
	for_each_possible_cpu(cpu)
		per_cpu_ptr(&rings, cpu)->used = false;
	trim(NULL);
}
