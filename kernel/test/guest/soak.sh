#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Deployed, toggled, rotated, revoked, unloaded and loaded, over and over, while datagrams,
# a connection and short connections make their way; none of them may notice.
#
#	soak.sh [SECONDS]
. "$(dirname "$0")/lib.sh"
compile talk

seconds=${1:-30}
[ -z "$quick" ] || seconds=8
talk() { "$work/talk" "$@"; }
match="application=l45-talk protocol=udp protocol=tcp"
server="role=1 lport=7021 lport=7022"
client="role=0 rport=7021 rport=7022"
core=$(head -n 1 /run/job/modules)
customization=$(grep app_id /run/job/modules)
others=$(grep -v -e app_id -e '/l45\.ko' /run/job/modules)
unload() { until_true 60 "rmmod $(basename "$1" .ko) 2>/dev/null"; }

# They take all there is, so that what commands them goes first.
nice -n 19 "$work/talk" udp-server 7021 &
children="$children $!"
nice -n 19 "$work/talk" tcp-server 7022 &
children="$children $!"
until_true 10 'talk udp-client 7021 1 2>/dev/null'
until_true 10 'talk tcp-client 7022 1 2>/dev/null'
talkers=
for how in 'udp-client 7021' 'tcp-client 7022' 'tcp-churn 7022'; do
	# shellcheck disable=SC2086 # two words
	nice -n 19 "$work/talk" $how 1000000000 "$work/${how%% *}" &
	talkers="$talkers $!"
	children="$children $!"
done

# Whatever was under way has been answered, and the question after it.
two_more_each() {
	for name in udp-client tcp-client tcp-churn; do
		until_true 30 "[ -s '$work/$name' ]"
		reached=$(($(cat "$work/$name") + 2))
		until_true 30 "[ \$(cat '$work/$name') -ge $reached ]"
	done
}

# Both ends understand before either speaks. The numbers of both ends: deploy 1 2
deploy() {
	# shellcheck disable=SC2086 # lists
	{
		ctl new "$1" app_id attach=1 directions=1 deployment="$1" priority="$1" $server $match
		ctl new "$2" app_id attach=1 directions=1 deployment="$1" priority="$1" $client $match
	}
	# A connection that began in between has one end that doesn't understand.
	two_more_each
	ctl set "$1" directions=3
	ctl set "$2" directions=3
}

# Nobody speaks any more, and what is under way has arrived, before it isn't understood.
revoke() {
	ctl set "$2" directions=1
	ctl set "$1" directions=1
	two_more_each
	ctl del "$2"
	ctl del "$1"
}

for module in $others; do unload "$module"; done
rounds=0 rotated=0
end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt $end ]; do
	deploy 5 6
	ctl set 6 directions=1
	ctl set 5 directions=1
	ctl set 5 directions=3
	ctl set 6 directions=3
	deploy 3 4
	revoke 5 6
	ctl sockets >/dev/null
	ctl set 3 deprecated=1
	ctl set 4 deprecated=1
	two_more_each
	rotated=$((rotated + $(counter 3 ingress_messages)))
	revoke 3 4
	unload "$customization"
	unload "$core"
	insmod "$core"
	insmod "$customization"
	rounds=$((rounds + 1))
	two_more_each
	for talker in $talkers; do
		kill -0 "$talker" || die "an application has noticed in round $rounds"
	done
done
[ $rounds -gt 0 ] && [ $rotated -gt 0 ] || die "nothing happened"
for module in $others; do insmod "$module"; done
echo "soak: pass, $rounds rounds"
