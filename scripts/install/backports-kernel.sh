#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Downloads the newer kernel that Debian offers for its stable release, with its headers, into
# the cache and points kernel/backports there. The machine's packages and its sources of them
# stay as they are: apt keeps lists of its own there, and verifies what they say by Debian's key.
# Idempotent; silent when one is there. Remove kernel/backports in the cache for a newer one.
set -eu

cache=${L45_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/layer45}
suite=bookworm-backports

say() { echo "backports-kernel: $*"; }
die() { say "$*" >&2; exit 1; }

. "$(dirname "$0")/kernel-tree.sh"

[ ! -e "$cache/kernel/backports/vmlinux" ] || exit 0

mkdir -p "$cache/kernel"
work=$(mktemp -d "$cache/kernel/.new-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" \
	>"$work/sources.list"

# apt COMMAND ARGUMENT…
apt() {
	tool=$1
	shift
	"$tool" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$work/state" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}

apt apt-get update -qq || die "$suite is not to be had from deb.debian.org"
release=$(apt apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: linux-image-//p')
[ -n "$release" ] || die "deb.debian.org has no linux-image-amd64 in $suite"

say "downloading the kernel $release and its headers into $cache"
version=${release%-amd64}
(cd "$work" && apt apt-get download -qq "linux-image-$release" "linux-headers-$release" \
	"linux-headers-$version-common" "linux-kbuild-$version") ||
	die "$suite has the kernel $release, but not all that belongs to it"
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done

# The headers are made for /usr/src.
headers=usr/src/linux-headers-$release
# shellcheck disable=SC2016 # make's
echo 'include $(dir $(lastword $(MAKEFILE_LIST)))../linux-headers-'"$version"'-common/Makefile' \
	>"$work/root/$headers/Makefile"
ln -sfn "../../../$headers" "$work/root/lib/modules/$release/build"
ln -sfn "../../../usr/src/linux-headers-$version-common" "$work/root/lib/modules/$release/source"
keep_kernel "$release" "$work/root"
ln -sfn "$release" "$cache/kernel/backports"
