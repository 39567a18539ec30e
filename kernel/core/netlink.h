/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_NETLINK_IMPL_H
#define L45_NETLINK_IMPL_H

struct l45_instance;

/* Tell those who listen that the instance was registered, changed or revoked. */
void l45_netlink_notify(struct l45_instance *instance);

int l45_netlink_init(void);
void l45_netlink_uninit(void);

#endif /* L45_NETLINK_IMPL_H */
