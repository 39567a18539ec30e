#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Streams, customized at both ends, as programs use them: every case of stream.c.
. "$(dirname "$0")/lib.sh"
compile stream

both_ends() {
	ctl new 1 "$@" deployment=1 role=0 protocol=tcp application=l45-stream
}

"$work/stream" churn 4 || die "without an instance"
both_ends stream_tag p.interval=1000
families="4 6"
[ -z "$quick" ] || families=4
for family in $families; do
	"$work/stream" all $family || die "stream_tag, IPv$family"
done
ctl instances
[ "$(counter 1 inserted)" -gt 500000 ] || die "hardly anything was inserted"
equal "$(counter 1 errors)" 0 errors
until_true 10 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1

# Where the bytes themselves are others on the wire, whole or in pieces.
both_ends xor_dialect b.key=000102030405060708090a0b0c0d0e0f p.interval=100
"$work/stream" all 6 || die "xor_dialect"
equal "$(counter 1 errors)" 0 errors
until_true 10 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1
echo "stream: pass"
