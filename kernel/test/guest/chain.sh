#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Chains: what the programs of stream.sh, datagram.sh and live.sh do, through several links at once.
. "$(dirname "$0")/lib.sh"
compile stream datagram live

xor="b.key=000102030405060708090a0b0c0d0e0f"

# What can't be right is refused, with the reason.
refused() {
	reason=$1
	shift
	if said=$(ctl new 1 "$@" application=x 2>&1); then die "succeeded: $*"; fi
	echo "$said" | grep -q "$reason" || die "$*: $said"
}
refused "neither streams nor datagrams" dns_compress+stream_tag
refused "must mark where it begins" stream_tag+dns_tag
refused "doesn't work on streams" dns_tag+dns_compress protocol=tcp
refused "two links" null+
refused "more links" null+null+null+null+null
refused "refuses these parameters" null+xor_dialect
refused "no such parameter" null+app_id 1s.app_id=x
refused "No such file" null+missing
equal "$(ctl customizations | grep -c users=0)" "$(ctl customizations | wc -l)" "customizations unused"

ctl new 1 dns_tag+xor_dialect 1s.app_id=x 2$xor application=x
ctl get 1 | grep -q 'link=dns_tag param .*link=xor_dialect param ' || die "not its links"
must_fail rmmod l45_dns_tag
ctl del 1

# Every link's code is in the measurement.
measured() {
	ctl new 1 "$1" application=x key="$(printf '%064d' 45)"
	ctl challenge 1 "$(printf '%064d' 1)" client "$(printf '%032d' 2)" | tr ' ' '\n' | sed -n 's/^measurement=//p'
	ctl del 1
}
[ "$(measured null+app_id)" != "$(measured null+rate_limit)" ] || die "only the first link is measured"
[ "$(measured null+app_id)" != "$(measured null)" ] || die "the second link is not measured"
equal "$(measured null+app_id)" "$(measured null+app_id)" "the same chain"

export L45CTL="$work/l45ctl"
families="4 6"
[ -z "$quick" ] || families=4
for family in $families; do
	for case in chained_wire chained chained_observes; do
		"$work/live" $case $family || die "$case, IPv$family"
	done
done

ctl new 1 app_id+xor_dialect 2$xor deployment=1 role=0 protocol=udp 'application=l45-data*'
for family in $families; do
	ip -6 route replace multicast ff01::/16 dev lo table local
	"$work/datagram" all $family || die "datagrams, IPv$family"
done
[ "$(counter 1 inserted)" -gt 10000 ] || die "hardly anything was inserted"
equal "$(counter 1 dropped)" 0 dropped
until_true 10 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1

ctl new 1 stream_tag+xor_dialect 2$xor 2p.interval=100 deployment=1 role=0 protocol=tcp application=l45-stream
L45_CHAIN=1 "$work/stream" all 4 || die "streams"
ctl instances
[ "$(counter 1 inserted)" -gt 500000 ] || die "hardly anything was inserted"
equal "$(counter 1 errors)" 0 errors
until_true 10 '[ "$(counter 1 sockets)" = 0 ]'
ctl del 1
echo "chain: pass"
