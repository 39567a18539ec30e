/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM l45

#if !defined(L45_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define L45_TRACE_H

#include <linux/tracepoint.h>

#include "attach.h"
#include "compat.h"

DECLARE_EVENT_CLASS(l45_socket_instance,
	TP_PROTO(const struct l45_socket *socket, const struct l45_instance *instance),
	TP_ARGS(socket, instance),
	TP_STRUCT__entry(
		__field(const void *, sk)
		__field(u8, protocol)
		__field(pid_t, pid)
		__array(char, application, L45_COMM_LEN)
		__array(u8, id, L45_ID_LEN)
	),
	TP_fast_assign(
		__entry->sk = socket->sk;
		__entry->protocol = socket->sk->sk_protocol;
		__entry->pid = socket->owner.pid;
		memcpy(__entry->application, socket->owner.thread, L45_COMM_LEN);
		memcpy(__entry->id, instance->id, L45_ID_LEN);
	),
	TP_printk("sk=%p protocol=%u pid=%d application=%s instance=%pUb", __entry->sk,
		  __entry->protocol, __entry->pid, __entry->application, __entry->id)
);

DEFINE_EVENT(l45_socket_instance, l45_attach,
	TP_PROTO(const struct l45_socket *socket, const struct l45_instance *instance),
	TP_ARGS(socket, instance));

DEFINE_EVENT(l45_socket_instance, l45_detach,
	TP_PROTO(const struct l45_socket *socket, const struct l45_instance *instance),
	TP_ARGS(socket, instance));

DECLARE_EVENT_CLASS(l45_transform,
	TP_PROTO(const struct sock *sk, const struct l45_instance *instance, u8 direction,
		 u32 len_in, u32 len_out),
	TP_ARGS(sk, instance, direction, len_in, len_out),
	TP_STRUCT__entry(
		__field(const void *, sk)
		__field(u8, direction)
		__field(u32, len_in)
		__field(u32, len_out)
		__array(u8, id, L45_ID_LEN)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->direction = direction;
		__entry->len_in = len_in;
		__entry->len_out = len_out;
		memcpy(__entry->id, instance->id, L45_ID_LEN);
	),
	TP_printk("sk=%p %s in=%u out=%u instance=%pUb", __entry->sk,
		  __entry->direction == L45_EGRESS ? "egress" : "ingress", __entry->len_in,
		  __entry->len_out, __entry->id)
);

DEFINE_EVENT(l45_transform, l45_customize,
	TP_PROTO(const struct sock *sk, const struct l45_instance *instance, u8 direction,
		 u32 len_in, u32 len_out),
	TP_ARGS(sk, instance, direction, len_in, len_out));

/* It would have. */
DEFINE_EVENT(l45_transform, l45_observe,
	TP_PROTO(const struct sock *sk, const struct l45_instance *instance, u8 direction,
		 u32 len_in, u32 len_out),
	TP_ARGS(sk, instance, direction, len_in, len_out));

TRACE_EVENT(l45_pass,
	TP_PROTO(const struct sock *sk, const struct l45_instance *instance, u8 direction,
		 u32 len),
	TP_ARGS(sk, instance, direction, len),
	TP_STRUCT__entry(
		__field(const void *, sk)
		__field(u8, direction)
		__field(u32, len)
		__array(u8, id, L45_ID_LEN)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->direction = direction;
		__entry->len = len;
		memcpy(__entry->id, instance->id, L45_ID_LEN);
	),
	TP_printk("sk=%p %s len=%u instance=%pUb", __entry->sk,
		  __entry->direction == L45_EGRESS ? "egress" : "ingress", __entry->len,
		  __entry->id)
);

TRACE_EVENT(l45_instance,
	TP_PROTO(const struct l45_instance *instance, const char *what),
	TP_ARGS(instance, what),
	TP_STRUCT__entry(
		__string(what, what)
		__string(customization, instance->ops->name)
		__field(u32, priority)
		__field(u8, mode)
		__field(u8, directions)
		__field(bool, deprecated)
		__array(u8, id, L45_ID_LEN)
	),
	TP_fast_assign(
		l45_assign_str(what, what);
		l45_assign_str(customization, instance->ops->name);
		__entry->priority = instance->priority;
		__entry->mode = instance->mode;
		__entry->directions = instance->directions;
		__entry->deprecated = instance->deprecated;
		memcpy(__entry->id, instance->id, L45_ID_LEN);
	),
	TP_printk("%s instance=%pUb customization=%s priority=%u mode=%u directions=%u deprecated=%d",
		  __get_str(what), __entry->id, __get_str(customization), __entry->priority,
		  __entry->mode, __entry->directions, __entry->deprecated)
);

#endif /* L45_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
