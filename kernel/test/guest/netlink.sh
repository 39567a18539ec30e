#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may command, what is refused, and that nothing hostile gets through.
. "$(dirname "$0")/lib.sh"
compile fuzz

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$work/l45ctl" "$@"; }
chmod 755 "$work"
nobody core
must_fail nobody new 1 null application=x
must_fail nobody sockets
ctl new 1 dns_tag s.app_id=secret application=x
must_fail nobody set 1 deprecated=1
must_fail nobody del 1
nobody instances | grep -q param && die "anybody sees parameters"
ctl instances | grep -q param || die "nobody sees parameters"
# Root of another user namespace is nobody here.
must_fail unshare -Urn "$work/l45ctl" del 1

must_fail ctl new 1 dns_tag application=x
must_fail ctl new 2 missing application=x
must_fail ctl new 2 dns_tag application=x s.nonsense=1
must_fail ctl new 2 dns_tag application=x p.app_id=1
must_fail ctl new 2 dns_tag application=x s.app_id=much-too-long-for-it
must_fail ctl new 2 dns_tag application=x s.position=above
must_fail ctl new 2 dns_tag application=x p.responses=256
must_fail ctl new 2 dns_tag application= 
must_fail ctl new 2 dns_tag lport=20-10
must_fail ctl new 2 dns_tag remote=10.0.0.0/33
must_fail ctl new 2 stream_tag protocol=udp
must_fail ctl new 2 dns_tag mode=3
must_fail ctl new 2 dns_tag directions=4
must_fail ctl del 2
must_fail ctl set 2 mode=1
ctl set 1 mode=0 priority=5 directions=1 deprecated=1
must_fail ctl set 1 deprecated=0
ctl get 1 | grep -q 'priority=5 mode=0 directions=1 deprecated=1' || die "not set"
ctl del 1

for i in $(seq 40); do
	ctl new "$i" null application=name-$i remote=10.0.0.0/8 remote=fd00::/8 lport=1-2 rport=3
done
equal "$(ctl instances | wc -l)" 40 "instances in a dump"
for i in $(seq 40); do ctl del "$i"; done

requests=20000
[ -z "$quick" ] || requests=2000
"$work/fuzz" $requests || die "fuzz"
ctl flush
equal "$(ctl instances | wc -l)" 0 "instances after fuzzing"
ctl core
echo "netlink: pass"
