#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a match says is what is customized, and nothing else: here by what is counted.
. "$(dirname "$0")/lib.sh"
compile talk datagram

"$work/talk" udp-server 7011 &
children="$children $!"
"$work/talk" tcp-server 7012 &
children="$children $!"
until_true 10 '"$work/talk" udp-client 7011 1 2>/dev/null'
until_true 10 '"$work/talk" tcp-client 7012 1 2>/dev/null'

# counted MESSAGES KEYS…: by a connected UDP socket and a TCP connection, of 5 each
counted() {
	expected=$1
	shift
	ctl new 1 null role=0 directions=2 protocol=udp protocol=tcp "$@"
	"$work/talk" udp-client 7011 5
	"$work/talk" tcp-client 7012 5
	equal "$(counter 1 egress_messages)" "$expected" "messages customized with $*"
	ctl del 1
}

ports="rport=7011 rport=7012"
counted 10 remote=127.0.0.1 rport=7011-7012
counted 10 remote=10.0.0.0/8 remote=127.0.0.0/8 rport=7000 rport=7005-7100
counted 5 remote=127.0.0.1 rport=7011
counted 5 remote=127.0.0.1/32 rport=7012
counted 0 remote=127.0.0.2
counted 0 remote=::1
counted 0 rport=7013-7999
counted 10 local=127.0.0.0/8 rport=7011 rport=7012
counted 0 local=10.0.0.0/8 rport=7012
# shellcheck disable=SC2086 # a list
{
	counted 10 application=l45-talk $ports
	counted 10 application=l45-t* application=other $ports
	counted 0 application=l45-t $ports
	counted 10 uid=7 uid=0 $ports
	counted 0 uid=7 $ports
}

# A cgroup, or one below it.
mkdir -p /sys/fs/cgroup/l45-test/inner
cgroup=$(stat -c %i /sys/fs/cgroup/l45-test)
other=$(stat -c %i /sys/fs/cgroup/l45-test/inner)
echo $$ >/sys/fs/cgroup/l45-test/cgroup.procs
# shellcheck disable=SC2086 # a list
{
	counted 10 cgroup="$cgroup" $ports
	counted 0 cgroup="$other" $ports
	echo $$ >/sys/fs/cgroup/l45-test/inner/cgroup.procs
	counted 10 cgroup="$cgroup" $ports
	counted 10 cgroup="$other" $ports
}
echo $$ >/sys/fs/cgroup/cgroup.procs

# IPv6, and IPv4 through a socket of IPv6.
for remote in ::1 ::/0; do
	ctl new 1 null role=0 protocol=udp application=l45-datagram remote=$remote
	"$work/datagram" peek 6
	equal "$(counter 1 egress_messages)" 2 "messages customized to $remote"
	ctl del 1
done
ctl new 1 null role=0 protocol=udp application=l45-datagram remote=127.0.0.0/8
"$work/datagram" mapped 4
equal "$(counter 1 egress_messages)" 2 "messages customized to a mapped address"
ctl del 1
echo "match: pass"
