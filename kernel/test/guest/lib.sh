# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the tests share. The modules are loaded when they run; each cleans up after
# itself and exits 0 only at its very end.
set -eu
[ -z "${L45_DEBUG-}" ] || set -x

here=$(cd "$(dirname "$0")" && pwd)
# Less of the same where every call takes long: the debug kernel.
quick=${L45_QUICK-}
work=$(mktemp -d /tmp/l45-XXXXXX)
children=

cleanup() {
	for child in $children; do kill "$child" 2>/dev/null || true; done
	if [ -x "$work/l45ctl" ]; then
		"$work/l45ctl" flush 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# Who started the guest may have compiled it beforehand.
compile() {
	for name in "$@"; do
		cp "/run/job/bin/$name" "$work/$name" 2>/dev/null || cc -O2 -pthread -o "$work/$name" "$here/$name.c"
	done
}

die() {
	echo "FAILED: $*" >&2
	exit 1
}

must_fail() {
	if "$@" >/dev/null 2>&1; then die "succeeded: $*"; fi
}

# Polls instead of sleeping, for so many seconds: until_true 30 "command"
until_true() {
	deadline=$(($(date +%s) + $1))
	shift
	until eval "$*"; do
		[ "$(date +%s)" -lt $deadline ] || die "never true: $*"
		sleep 0.05
	done
}

ctl() { "$work/l45ctl" "$@"; }

# counter ID NAME
counter() { ctl get "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

equal() { [ "$1" = "$2" ] || die "$3: $1, not $2"; }

compile l45ctl
