#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# close() takes the same time however many sockets are attached.
. "$(dirname "$0")/lib.sh"
compile closing

ctl new 1 null role=0 protocol=udp protocol=tcp application=l45-closing
# What goes through all of them is slower by more than this, each time. Where every list is
# checked a time says nothing; it is enough that it works.
times=3
[ -z "$quick" ] || times=100
flat() { "$work/closing" "$1" $times || "$work/closing" "$1" $times || "$work/closing" "$1" $times; }
for protocol in udp tcp; do
	flat $protocol || die "close() of $protocol sockets takes longer the more there are"
done
[ "$(counter 1 attached)" -gt 12000 ] || die "they were not attached"
until_true 30 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1
echo "closing: pass"
