#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Streams that are customized, rotated and left while they live: every case of live.c.
. "$(dirname "$0")/lib.sh"
compile live

export L45CTL="$work/l45ctl"
families="4 6"
[ -z "$quick" ] || families=6
for family in $families; do
	"$work/live" "${1:-all}" $family || die "IPv$family"
done
echo "live: pass"
