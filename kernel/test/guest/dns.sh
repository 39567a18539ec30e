#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dig and dnsmasq, which runs before it is matched, with dns_tag at both ends: the tag
# is on the wire, neither program notices. UDP and TCP, IPv4 and IPv6.
. "$(dirname "$0")/lib.sh"

dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-daemon --port=5353 --listen-address=127.0.0.1 \
	--listen-address=::1 --bind-interfaces --address=/test/10.1.2.3 --user=root --pid-file \
	--local-service >"$work/dnsmasq.log" 2>&1 &
children="$children $!"
ask() { dig +short +tries=1 +time=5 -p 5353 "$@" a.test; }
until_true 30 '[ "$(ask @127.0.0.1)" = 10.1.2.3 ]'

tcpdump -i lo -s 0 -w "$work/wire" --immediate-mode -U 'port 5353' 2>"$work/tcpdump.log" &
children="$children $!"
until_true 30 'grep -q listening "$work/tcpdump.log"'

ctl new 1 dns_tag p.responses=1 deployment=7 role=1 application=dnsmasq lport=5353 attach=1
ctl new 2 dns_tag deployment=7 role=0 application=dig rport=5353
seen=0
for how in @127.0.0.1 @::1 '@127.0.0.1 +tcp' '@::1 +tcp'; do
	before=$(counter 1 ingress_messages)
	# shellcheck disable=SC2086 # two words
	equal "$(ask $how)" 10.1.2.3 "dig $how"
	[ "$(counter 2 ingress_messages)" -gt "$seen" ] || die "dig did not take it: $how"
	seen=$(counter 2 ingress_messages)
	[ "$(counter 1 ingress_messages)" -gt "$before" ] || die "dnsmasq didn't take it: $how"
done
ctl sockets
ctl instances

# The mark begins with "L45-" and the type byte that l45ctl puts into a deployment's id.
sleep 0.3
marks=$(grep -aoc 'L45-' "$work/wire" || true)
[ "$marks" -ge 1 ] || die "no mark on the wire"
[ "$(grep -ao 'L45-' "$work/wire" | wc -l)" -ge 8 ] || die "not every message is tagged"

# Revoked: as it was.
ctl del 2
ctl del 1
equal "$(ctl sockets | wc -l)" 0 "sockets attached after revoking"
for how in @127.0.0.1 @::1 '@127.0.0.1 +tcp' '@::1 +tcp'; do
	# shellcheck disable=SC2086 # two words
	equal "$(ask $how)" 10.1.2.3 "dig $how, revoked"
done
echo "dns: pass"
