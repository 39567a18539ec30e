#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# io_uring, whose calls are made by threads of the kernel, with both ends customized.
. "$(dirname "$0")/lib.sh"
compile uring

for customization in app_id 'xor_dialect b.key=000102030405060708090a0b0c0d0e0f p.interval=100'; do
	# shellcheck disable=SC2086 # a list
	ctl new 1 $customization role=0 protocol=tcp protocol=udp application=l45-uring
	for family in 4 6; do
		"$work/uring" $family || die "$customization, IPv$family"
	done
	[ "$(counter 1 ingress_bytes_out)" -gt 2000000 ] || die "hardly anything was customized"
	equal "$(counter 1 errors)" 0 errors
	ctl del 1
done
echo "uring: pass"
