/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several customizations as one. Egress runs the first link over what the application sends,
 * the second over what the first puts out, and so on; ingress the other way round.
 *
 * On a stream a chain is a customization like any other to the engine: each of its steps
 * leaves out what the first link has taken and inserts what the last one has made of it. Its
 * links' cursors, and what waits between them, are in memory of the caller's, as only streams
 * that have a chain need it. A datagram goes through one link after the other as a whole.
 *
 * The outermost link that changes the bytes has the deployment's mark, by which the peer finds
 * the chain; those further in have marks of their own. As the engine, this compiles in user
 * space too.
 */
#ifndef L45_CHAIN_H
#define L45_CHAIN_H

#include "../uapi/l45_netlink.h"
#include "engine.h"

struct l45_customization;

struct l45_link {
	const struct l45_ops *ops;
	const void *params;
	struct l45_customization *customization; /* the caller's */
};

struct l45_chain {
	struct l45_ops ops; /* of all of it; its flow's params are the chain */
	char name[L45_CHAIN_MAX * L45_NAME_LEN];
	u32 count;
	struct l45_link links[L45_CHAIN_MAX]; /* the application's end first */
};

/* What a link has of one direction of a stream. */
struct l45_chain_stage {
	u64 plain;    /* bytes that go by as they are, before it is asked again; or L45_REST */
	bool left;    /* for good */
	bool ended;   /* nothing comes out of it any more */
	u32 held_len; /* what the one before has put out; unused in the first */
	struct l45_flow flow;
	u8 held[L45_VIEW_MAX];
	struct l45_cursor cursor;
};

struct l45_chain_state {
	u32 room; /* stages that there is memory for; set by the caller */
	u32 count;
	u32 outer;  /* the first that is in the stream */
	u32 beyond; /* input that is there already, behind what is in view; set by the caller */
	bool begun; /* the stream, from where it was asked on, is the chain's */
	bool ahead; /* the first stage has the first byte in view already */
	bool failed;
	/* What the links do, until somebody takes it. */
	bool changes;
	u32 inserted, removed;
	/* The peer's chain ends here: what the first stage said; 0 before. */
	enum l45_verdict over;
	u64 over_len;
	struct l45_chain_stage stages[]; /* as the bytes meet them */
};

/*
 * Make a chain of the links that are set. Returns NULL, or why nothing good can come of it.
 */
const char *l45_chain_init(struct l45_chain *chain);

static inline bool l45_chained(const struct l45_ops *ops)
{
	return ops->flags & L45_CHAINED;
}

/* Bytes of a state with room for so many links. */
static inline size_t l45_chain_state_size(u32 room)
{
	return sizeof(struct l45_chain_state) + room * sizeof(struct l45_chain_stage);
}

static inline void l45_chain_state_init(struct l45_chain_state *state, u32 room)
{
	memset(state, 0, sizeof(*state));
	state->room = room;
}

/* What the links have inserted and removed since this was last asked. */
static inline void l45_chain_take(struct l45_chain_state *state, u64 *inserted, u64 *removed)
{
	*inserted += state->inserted;
	*removed += state->removed;
	state->inserted = 0;
	state->removed = 0;
}

/* To a state with as much room, at least. */
void l45_chain_copy(struct l45_chain_state *to, const struct l45_chain_state *from);

/*
 * A whole datagram, by the chain that is its flow's params, as l45_engine_whole(). `spare` is
 * for what is between the links, and may be where the input is if that may be overwritten;
 * run->out is where the output is afterwards.
 */
int l45_chain_whole(struct l45_cursor *cursor, const struct l45_flow *flow, struct l45_run *run,
		    u8 *spare, u32 spare_cap);
/* What the link may know: of its chain's flow, with a mark and parameters of its own. */
void l45_chain_flow(const struct l45_chain *chain, u32 link, const struct l45_flow *flow,
		    struct l45_flow *own);
/* The number of the n-th link that bytes meet in a direction. */
static inline u32 l45_chain_order(const struct l45_chain *chain, u8 direction, u32 n)
{
	return direction == L45_EGRESS ? n : chain->count - 1 - n;
}

#endif /* L45_CHAIN_H */
