#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the debug kernel (User-Mode Linux from Debian's own source) into the cache and points
# debug-kernel/current there. Some minutes once for each version of the source or the
# configuration; idempotent and silent from then on. Needs no root, but for missing packages.
#
#	debug-kernel.sh [packages]	the missing packages alone
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd)
cache=${L45_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/layer45}
config=$repository/kernel/test/debug/kernel.config
patch=$repository/kernel/test/debug/kernel.patch
package=linux-source-6.1

say() { echo "debug-kernel: $*"; }
die() { say "$*" >&2; exit 1; }

missing_packages() {
	while read -r what package; do
		command -v "$what" >/dev/null || [ -e "$what" ] || echo "$package"
	done <<-LIST
		/bin/busybox busybox-static
		gcc gcc
		/usr/lib/x86_64-linux-gnu/libc.a libc6-dev
		make make
		flex flex
		bison bison
		bc bc
		patch patch
		xz xz-utils
	LIST
}

install_packages() {
	packages=$(missing_packages | sort -u | tr '\n' ' ')
	[ -n "$packages" ] || return 0
	[ "$(id -u)" = 0 ] || die "please install: apt-get install --no-install-recommends $packages"
	say "installing what building a kernel needs: $packages"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

# The headers on this machine say which source is the stock kernel's; else the newest one does.
source_version() {
	version=$(dpkg-query -W -f '${source:Version}\n' 'linux-headers-6.1.*-common' 2>/dev/null | sort -V | tail -n 1)
	[ -n "$version" ] || version=$(apt-cache policy $package | sed -n 's/^  Candidate: //p')
	echo "$version"
}

download() {
	apt-get download -qq -o APT::Sandbox::User=root "$package=$1" 2>/dev/null && return
	[ "$(id -u)" != 0 ] || apt-get update -qq
	apt-get download -qq -o APT::Sandbox::User=root "$package=$1" ||
		die "$package $1 is not to be had; 'apt-get update && apt-get install linux-headers-amd64' brings headers whose source is"
}

# All of it would be 1.4 GB: other architectures and drivers are left out, but for Kconfig.
unpack() {
	dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ --strip-components=1 -C "$2" --wildcards \
			--exclude='*/Documentation/[!K]*' --exclude='*/tools/testing' --exclude='*/tools/perf' \
			--exclude='*/arch/[!ux]*/*.[chS]' --exclude='*.dts*' --exclude='*/arch/xtensa/*.[chS]' \
			--exclude='*/sound/*.[ch]' --exclude='*/drivers/gpu/*.[ch]' \
			--exclude='*/drivers/net/ethernet/*.[ch]' --exclude='*/drivers/net/wireless/*.[ch]' \
			--exclude='*/drivers/media/*.[ch]' --exclude='*/drivers/staging/*.[ch]' \
			--exclude='*/drivers/scsi/*.[ch]' --exclude='*/drivers/infiniband/*.[ch]'
}

configure() {
	make -s ARCH=um KCONFIG_ALLCONFIG="$config" allnoconfig >/dev/null
	refused=$(grep '^CONFIG_' "$config" | grep -vxFf .config) || return 0
	die "the kernel does not take: $refused"
}

# Modules need headers and scripts; without the rest this is a quarter of the size.
prune() {
	find . -type f \( -name '*.[coS]' -o -name '*.a' -o -name '.*.cmd' \) -not -path './scripts/*' -delete
}

build() (
	mkdir "$1/build"
	cd "$1"
	download "$2"
	unpack "$1/$package"_*.deb "$1/build"
	rm "$1/$package"_*.deb
	cd build
	patch -s -p1 <"$patch"
	configure
	nice -n 15 make -s ARCH=um -j"$(nproc)" >"$1/build.log" 2>&1 || {
		tail -n 30 "$1/build.log" >&2
		die 'the kernel does not compile'
	}
	mv linux "$1/linux"
	rm vmlinux
	prune
)

install_packages
[ "${1-}" != packages ] || exit 0
version=$(source_version)
[ -n "$version" ] || die "no version of $package is known; apt-get update"
key=$version-$(cat "$config" "$patch" | sha256sum | cut -c 1-12)
kernel=$cache/debug-kernel/$key
if [ ! -x "$kernel/linux" ]; then
	mkdir -p "$cache/debug-kernel"
	exec 9>"$cache/debug-kernel/.lock"
	flock 9
fi
if [ ! -x "$kernel/linux" ]; then
	say "building the debug kernel $key, about ten minutes of processor time"
	work=$(mktemp -d "$cache/debug-kernel/.new-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	build "$work" "$version"
	# Where modules are compiled says where the kernel was; nothing of it is absolute.
	rm -rf "$kernel"
	mv "$work" "$kernel"
fi
[ "$(readlink "$cache/debug-kernel/current")" = "$key" ] || ln -sfn "$key" "$cache/debug-kernel/current"
