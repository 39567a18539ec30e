#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An instance proves which code it runs, and with which key.
. "$(dirname "$0")/lib.sh"

key=$(printf '%064d' 45)
nonce=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
boot=$(tr -d '\n-' </proc/sys/kernel/random/boot_id)

answer() { ctl challenge 1 "${1-$nonce}" "${2-client}" "$boot"; }
field() { tr ' ' '\n' | sed -n "s/^$1=//p"; }
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }

must_fail answer
ctl new 1 null application=x
[ "$(answer 2>&1 || true)" = "challenge: Required key not available" ] || die "a key was invented"
must_fail ctl set 1 key=00
ctl set 1 key="$key"
ctl instances | grep -q key && die "the key was given out"
chmod 755 "$work"
must_fail setpriv --reuid=65534 --regid=65534 --clear-groups "$work/l45ctl" challenge 1 "$nonce" client "$boot"
must_fail answer 00
must_fail answer "$nonce" "$(printf '%070d' 1)"

# Another program comes to the same MAC, from what the documentation says.
said=$(answer)
load=$(echo "$said" | field load)
measurement=$(echo "$said" | field measurement)
id=$(echo "$said" | field id)
expected() {
	printf %s "$(hex l45-challenge)00$1$id$boot$load$2$(hex client)" | perl -e 'print pack "H*", <>' |
		openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -d' ' -f1
}
equal "$(echo "$said" | field mac)" "$(expected "$nonce" "$measurement")" "MAC"
[ "$(answer "$nonce" other | field mac)" != "$(echo "$said" | field mac)" ] || die "any host"

# Another key changes the MAC, and not the measurement.
ctl set 1 key="$(printf '%064d' 46)"
equal "$(answer | field measurement)" "$measurement" "with another key"
[ "$(answer | field mac)" != "$(echo "$said" | field mac)" ] || die "the key does not count"

patched() {
	trace=/sys/kernel/tracing
	[ -e $trace/kprobe_events ] || mount -t tracefs tracefs $trace

	# What tracepoints patch does not count.
	echo 1 >$trace/events/l45/enable
	equal "$(answer | field measurement)" "$measurement" "while traced"
	echo 0 >$trace/events/l45/enable
	equal "$(answer | field measurement)" "$measurement" "no longer traced"

	# A byte that is changed in either module's code does.
	for place in l45_null:null_egress l45:l45_measure; do
		echo "p:patch $place" >$trace/kprobe_events
		echo 1 >$trace/events/kprobes/patch/enable
		[ "$(answer | field measurement)" != "$measurement" ] || die "$place was patched"
		echo 0 >$trace/events/kprobes/patch/enable
		echo >$trace/kprobe_events
		equal "$(answer | field measurement)" "$measurement" "$place no longer patched"
	done
}
# The debug kernel is one that nothing patches.
case $(uname -r) in *-l45-debug) ;; *) patched ;; esac

ctl del 1
must_fail answer
if [ -f /run/job/modules ]; then
	rmmod l45_null
	insmod "$(grep l45_null /run/job/modules)"
	ctl new 1 null application=x key="$key"
	[ "$(answer | field load)" != "$load" ] || die "loaded again, and nobody can tell"
fi
echo "challenge: pass"
