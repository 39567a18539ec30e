#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Datagrams, customized at both ends, as programs use them: every case of datagram.c.
. "$(dirname "$0")/lib.sh"
compile datagram

# Nothing else says where datagrams to an IPv6 group go on a host without a network.
ip -6 route replace multicast ff01::/16 dev lo table local

ctl new 1 app_id deployment=1 role=0 protocol=udp application=l45-data*
for family in 4 6; do
	"$work/datagram" all $family || die "app_id, IPv$family"
done
ctl instances
[ "$(counter 1 inserted)" -gt 10000 ] || die "hardly anything was inserted"
equal "$(counter 1 dropped)" 0 dropped
until_true 10 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1
echo "datagram: pass"
