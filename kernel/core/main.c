// SPDX-License-Identifier: GPL-2.0-only
#include <linux/init.h>
#include <linux/module.h>

#include "attach.h"
#include "netlink.h"
#include "tap.h"
#include "tcp.h"

static int __init l45_init(void)
{
	int err;

	err = l45_tcp_init();
	if (err)
		return err;
	err = l45_attach_init();
	if (err)
		goto err_attach;
	err = l45_tap_init();
	if (err)
		goto err_tap;
	err = l45_netlink_init();
	if (err)
		goto err_netlink;
	pr_info("l45: Layer 4.5 %s loaded\n", L45_VERSION);
	return 0;

err_netlink:
	l45_tap_uninit();
err_tap:
	l45_attach_uninit();
err_attach:
	l45_tcp_uninit();
	return err;
}

/* Runs only once no socket, instance or customization holds a reference. */
static void __exit l45_exit(void)
{
	l45_netlink_uninit();
	l45_tap_uninit();
	l45_attach_uninit();
	l45_tcp_uninit();
}

module_init(l45_init);
module_exit(l45_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Layer 4.5: customization between the socket and the transport layer");
MODULE_VERSION(L45_VERSION);
MODULE_ALIAS("net-pf-16-proto-16-family-l45");
