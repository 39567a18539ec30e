/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef L45_NETLINK_IMPL_H
#define L45_NETLINK_IMPL_H

int l45_netlink_init(void);
void l45_netlink_uninit(void);

#endif /* L45_NETLINK_IMPL_H */
