/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The customization interface: what a customization includes, in the kernel
 * (.ko) and in user space (.so for unit tests, sanitizers and fuzzing) alike.
 *
 * A customization is a pure transform. It never sees a socket, allocates
 * nothing, sleeps nowhere, takes no lock and has no globals. The core asks it,
 * one step after the other, what is to happen with the next bytes of one
 * direction of one flow:
 *
 *	leave out `skip` bytes of the input,
 *	put `insert` bytes of its own into the output,
 *	copy `copy` bytes from input to output, run through transform() if asked.
 *
 * The core carries the plan out, however the bytes are cut into sends, receives
 * and segments, and calls again when the step is done. So a customization that
 * tags every 1000 bytes touches no application byte, and one that needs to read
 * a header asks for just so many bytes to be in view.
 */
#ifndef L45_CUSTOMIZATION_H
#define L45_CUSTOMIZATION_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <l45/user.h>
#endif

#define L45_ABI 1

#define L45_MARK_LEN 16	  /* bytes of a deployment's mark */
#define L45_VIEW_MAX 256  /* most bytes a stream step can ask to have in view */
#define L45_INSERT_MAX 512 /* most bytes one step can insert */
#define L45_STATE_MAX 256 /* most bytes of state for one direction of a flow */
#define L45_PARAMS_MAX 512 /* most bytes of a parameter block */
#define L45_NAME_LEN 32
#define L45_COMM_LEN 16

/* All that is left of the message (datagram) or of the stream. */
#define L45_REST ((u64)~0ULL)

enum l45_role { L45_ROLE_CLIENT, L45_ROLE_SERVER };
enum l45_direction { L45_INGRESS, L45_EGRESS };

enum l45_verdict {
	L45_OK,	    /* carry the step out, then ask again */
	/*
	 * This message (datagram), or the stream at this point, is not mine. On a stream
	 * `copy` then says how many bytes belong together, should no other instance claim
	 * them; I am asked again behind them, with my state zeroed. 0: all the rest, never
	 * ask me again.
	 */
	L45_PASS,
	L45_NEED,   /* ask again once `need` bytes are in view or no more will come */
	L45_DETACH, /* carry the step out; then this direction is done with me */
	L45_DROP,   /* datagram: drop it; stream: the same as L45_ABORT */
	L45_ABORT,  /* the peer breaks the format: fail the call with EBADMSG */
};

/* What a customization may know of its flow; constant while it is attached. */
struct l45_flow {
	u8 role;		   /* enum l45_role */
	u8 protocol;		   /* IPPROTO_TCP or IPPROTO_UDP */
	u8 direction;		   /* enum l45_direction */
	u8 mark[L45_MARK_LEN];	   /* 128 bits, equal on all ends of a deployment */
	char application[L45_COMM_LEN]; /* name of the application that owns the socket */
	const void *params;	   /* the block that `params` below describes */
};

/*
 * One step. The core sets `in`, `in_len`, `first`, `last` and `leaving` and zeroes the
 * rest; the customization sets the rest. Order of execution: delay, skip, insert, copy.
 * skip may not exceed in_len; copy may (it then goes on over later input without
 * asking). On datagrams the whole rest of the message is in view.
 */
struct l45_step {
	const u8 *in;	/* input in view, contiguous; NULL: see L45_BLIND */
	u32 in_len;	/* bytes of it: 0 is possible */
	bool first;	/* first step of a datagram, or of the direction of a stream */
	bool last;	/* no input follows what is in view: end of datagram, or FIN */
	/*
	 * Egress: the instance is to leave the stream; end at the next boundary (an end mark
	 * by `insert`, if the format has one) with L45_DETACH. Asked again until then.
	 */
	bool leaving;

	u32 need;	/* with L45_NEED: bytes wanted in view, in_len < need <= L45_VIEW_MAX */
	u32 skip;	/* bytes of input left out of the output */
	u32 insert;	/* bytes put into the output, from `buf` */
	u8 *buf;	/* where to write them: room for L45_INSERT_MAX */
	u64 copy;	/* bytes passed on, or L45_REST */
	bool transform; /* run them through transform() */
	u64 delay_ns;	/* wait so long before the step; the core sleeps, without locks */
};

enum l45_param_type { L45_PARAM_UINT, L45_PARAM_STRING, L45_PARAM_BINARY };

/* Describes one member of the parameter block. Absent parameters stay zero. */
struct l45_param {
	const char *name;
	u8 type;    /* enum l45_param_type */
	u16 offset; /* of the member in the block */
	u16 size;   /* UINT: 1, 2, 4 or 8; STRING: room with the NUL; BINARY: exact length */
};

#define L45_PARAM(type_, block, member) \
	{ .name = #member, .type = L45_PARAM_##type_, .offset = offsetof(block, member), \
	  .size = sizeof(((block *)0)->member) }

#define L45_STREAM (1 << 0)   /* works on TCP */
#define L45_DATAGRAM (1 << 1) /* works on UDP */
/*
 * Where egress leaves a stream, the peer's ingress knows it (by an end mark or a
 * message boundary), so another instance can join the stream there. Without it none can.
 */
#define L45_HANDOVER (1 << 2)
/*
 * On streams, egress plans by the number of bytes alone and never reads them: `in` is NULL
 * there. Spares the core to fetch bytes before it knows where they go.
 */
#define L45_BLIND (1 << 3)
/*
 * Egress may begin in the middle of a stream that was plain so far: the first bytes that it
 * puts out are the flow's mark, by which the peer's ingress finds the place.
 */
#define L45_JOIN (1 << 4)
/* Sends just what the application sent; so egress may begin and end anywhere, unmarked. */
#define L45_TRANSPARENT (1 << 5)

struct l45_ops {
	u32 abi; /* L45_ABI */
	u32 flags;
	const char *name;
	const char *version;
	/* Of one direction of a stream, or of one datagram; begins zeroed, the core may copy it. */
	u32 state_size;
	u32 params_size; /* of the parameter block */
	u32 max_insert;	 /* most bytes by which a datagram grows on egress */
	const struct l45_param *params;
	u32 params_count;

	/* Are the parameters valid? 0 or a negative errno. Optional. Called once per instance. */
	int (*check)(const void *params);
	/* Plan the next step. Required. `state` is of the flow's direction. */
	enum l45_verdict (*egress)(const struct l45_flow *flow, void *state,
				   struct l45_step *step);
	enum l45_verdict (*ingress)(const struct l45_flow *flow, void *state,
				    struct l45_step *step);
	/* Change copied bytes in place, keeping their number. For steps that set `transform`. */
	void (*transform)(const struct l45_flow *flow, void *state, u8 *data, u32 len);
#ifdef __KERNEL__
	struct module *owner;
#endif
};

#ifdef __KERNEL__
/*
 * Register a customization: 0, -EEXIST (the name is taken), -EINVAL (wrong ABI or sizes).
 * Unregistering is module_exit's business; instances hold references on `owner`.
 */
int l45_register(struct l45_ops *ops);
void l45_unregister(struct l45_ops *ops);

#define L45_CUSTOMIZATION(ops_, description) \
	static int __init l45_customization_init(void) \
	{ \
		(ops_).owner = THIS_MODULE; \
		return l45_register(&(ops_)); \
	} \
	static void __exit l45_customization_exit(void) { l45_unregister(&(ops_)); } \
	module_init(l45_customization_init); \
	module_exit(l45_customization_exit); \
	MODULE_LICENSE("GPL"); \
	MODULE_DESCRIPTION(description)
#else
/* The one symbol that a .so exports. */
extern const struct l45_ops *const l45_customization __attribute__((visibility("default")));
#define L45_CUSTOMIZATION(ops_, description) \
	const struct l45_ops *const l45_customization = &(ops_)
#endif

#endif /* L45_CUSTOMIZATION_H */
