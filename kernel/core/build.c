// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core as one compilation unit, as kernel/sched/build_policy.c is: reading the kernel's
 * headers takes far longer than compiling any of these files, and every new target pays for it.
 * So no two of them may give the same name to something static.
 */
#include "main.c"
#include "registry.c"
#include "match.c"
#include "attach.c"
#include "tap.c"
#include "udp.c"
#include "tcp.c"
#include "tcp_stream.c"
#include "tcp_build.c"
#include "tcp_pages.c"
#include "tcp_egress.c"
#include "tcp_walk.c"
#include "tcp_search.c"
#include "tcp_ingress.c"
#include "tcp_ready.c"
#include "tcp_splice.c"
#include "tcp_urgent.c"
#include "tcp_observe.c"
#include "compat.c"
#include "engine.c"
#include "chain.c"
#include "observe.c"
#include "netlink.c"
#include "policy.c"
#include "challenge.c"
#include "measure.c"
