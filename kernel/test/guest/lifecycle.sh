#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Instances come and go while sockets live; so do the modules.
. "$(dirname "$0")/lib.sh"
compile talk

match="protocol=udp protocol=tcp application=l45-talk"
talk() { "$work/talk" "$@"; }

# A UDP echo server that is there before, and its client with one socket.
"$work/talk" udp-server 7001 &
children="$children $!"
"$work/talk" tcp-server 7002 &
children="$children $!"
until_true 10 'talk udp-client 7001 1 2>/dev/null'
until_true 10 'talk tcp-client 7002 1 2>/dev/null'

# Future: not the sockets that are there; but what a listener accepts from now on.
# It understands, and doesn't speak: the client knows nothing of it.
# shellcheck disable=SC2086
ctl new 1 app_id role=1 directions=1 lport=7001 lport=7002 $match
equal "$(ctl sockets | wc -l)" 0 "sockets of the past"
talk tcp-client 7002 5
equal "$(counter 1 attached)" 1 "accepted by the old listener"
ctl del 1

# Immediate: the UDP server as well.
# shellcheck disable=SC2086
ctl new 1 app_id role=1 attach=1 directions=1 deployment=9 lport=7001 lport=7002 $match
equal "$(ctl sockets | wc -l)" 1 "sockets at once"
equal "$(ctl sockets 1 | wc -l)" 1 "sockets of the instance"
equal "$(ctl sockets 2 | wc -l)" 0 "sockets of another"
# shellcheck disable=SC2086
ctl new 2 app_id role=0 deployment=9 rport=7001 rport=7002 $match
ctl set 1 directions=3
talk udp-client 7001 100
talk tcp-client 7002 100
equal "$(counter 2 egress_messages)" 200 "messages sent"
equal "$(counter 1 ingress_messages)" "$(counter 2 egress_messages)" "messages understood"

# Deprecated: who has it keeps it, nobody else gets it.
ctl set 1 directions=1
"$work/talk" udp-client 7001 1000000 &
talker=$!
children="$children $talker"
until_true 10 '[ "$(counter 2 sockets)" = 1 ]'
ctl set 2 deprecated=1
talk udp-client 7001 10
equal "$(counter 2 sockets)" 1 "sockets of the deprecated"
kill $talker
until_true 10 '[ "$(counter 2 sockets)" = 0 ]'
ctl del 2

# Every change while there is traffic; not one answer may be wrong.
# shellcheck disable=SC2086
ctl set 1 directions=1
ctl new 2 app_id role=0 deployment=9 rport=7001 rport=7002 directions=1 $match
ctl set 1 directions=3
"$work/talk" udp-client 7001 3000 &
one=$!
"$work/talk" tcp-client 7002 3000 &
two=$!
children="$children $one $two"
for i in $(seq 20); do
	ctl set 2 directions=3
	ctl set 2 priority="$i"
	ctl set 1 mode=2
	# shellcheck disable=SC2086
	ctl new 3 null attach=1 priority=50 $match
	ctl sockets >/dev/null
	ctl set 3 mode=1
	ctl set 3 mode=0
	ctl del 3
	ctl set 2 directions=1
done
wait $one || die "UDP client"
wait $two || die "TCP client"

# Revoked with live sockets.
"$work/talk" udp-client 7001 1000000 &
talker=$!
children="$children $talker"
sleep 0.2
ctl set 1 directions=1
ctl del 2
ctl del 1
equal "$(ctl sockets | wc -l)" 0 "sockets after revoking"
kill $talker

# Who reads a plain stream has nothing to be told about, thus nobody waits for him.
ctl new 1 null attach=1 protocol=tcp application=l45-talk
"$work/talk" tcp-idle 7002 &
idle=$!
children="$children $idle"
until_true 10 '[ "$(ctl sockets | wc -l)" = 2 ]'
timeout 5 "$work/l45ctl" new 2 null attach=1 priority=1 protocol=tcp application=l45-talk ||
	die "waited for a reader"
kill $idle
ctl del 2
ctl del 1

# A sender that waits for its reader while its customization is revoked and to be unloaded.
ctl new 1 stream_tag role=0 protocol=tcp application=l45-talk
"$work/talk" tcp-stall 7003 3000000 &
stalled=$!
children="$children $stalled"
until_true 20 '[ "$(counter 1 egress_bytes_in)" -gt 65536 ]'
before=-1
until_true 20 'last=$before; before=$(counter 1 egress_bytes_in); [ "$last" = "$before" ]'
ctl del 1
if [ -f /run/job/modules ]; then
	must_fail rmmod l45_stream_tag
fi
kill -USR1 $stalled
wait $stalled || die "not all arrived of what a revoked customization began"

# Load and unload under load. The last user is a connection in TIME_WAIT, if at all.
[ -f /run/job/modules ] || { echo "lifecycle: pass, but for the modules"; exit 0; }
core=$(sed -n '1s/ .*//p;1p' /run/job/modules | head -n 1)
customization=$(grep app_id /run/job/modules | sed 's/ .*//')
others=$(grep -v -e app_id -e '/l45\.ko' /run/job/modules | sed 's/ .*//')
for module in $others; do rmmod "$(basename "$module" .ko)"; done
"$work/talk" udp-client 7001 1000000 &
one=$!
"$work/talk" tcp-churn 7002 1000000 &
two=$!
children="$children $one $two"
rounds=8
[ -z "$quick" ] || rounds=3
for i in $(seq $rounds); do
	# shellcheck disable=SC2086
	ctl new 1 app_id role=1 attach=1 directions=1 deployment=9 lport=7001 lport=7002 $match
	# shellcheck disable=SC2086
	[ $((i % 2)) = 0 ] || ctl new 2 app_id attach=1 role=0 deployment=9 rport=7001 rport=7002 directions=1 $match
	sleep 0.3
	ctl flush
	until_true 60 'rmmod l45_app_id 2>/dev/null'
	until_true 150 'rmmod l45 2>/dev/null'
	sleep 0.1
	insmod "$core"
	insmod "$customization"
	kill -0 $one || die "UDP client"
	kill -0 $two || die "TCP client"
done
for module in $others; do insmod "$module"; done
echo "lifecycle: pass"
