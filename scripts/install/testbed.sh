#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prepares this machine for virtual hosts: Debian packages, and a stock kernel in the cache.
# Idempotent; silent when everything is there.
set -eu

cache=${L45_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/layer45}

say() { echo "testbed: $*"; }
die() { say "$*" >&2; exit 1; }

. "$(dirname "$0")/kernel-tree.sh"

# command (or file) | package that has it
missing_packages() {
	while read -r what package; do
		command -v "$what" >/dev/null || [ -e "$what" ] || echo "$package"
	done <<-LIST
		qemu-system-x86_64 qemu-system-x86
		/bin/busybox busybox-static
		gcc gcc
		/usr/lib/x86_64-linux-gnu/libc.a libc6-dev
		make make
		depmod kmod
		xz xz-utils
		setpriv util-linux
		ip iproute2
		pgrep procps
		ping iputils-ping
		dig bind9-dnsutils
		dnsmasq dnsmasq-base
		tcpdump tcpdump
		tshark tshark
		/usr/sbin/nginx nginx-light
		curl curl
		openssl openssl
		/usr/include/pcap/pcap.h libpcap-dev
		nats-server nats-server
		sparse sparse
		clang-16 clang-16
		/usr/lib/llvm-16/lib/clang/16/lib/linux libclang-rt-16-dev
	LIST
	[ -n "$(headers_release)" ] || echo linux-headers-amd64
}

# The newest generic release whose headers are here: modules are built against exactly these.
headers_release() {
	for headers in /usr/src/linux-headers-*-amd64; do
		case $headers in *-cloud-* | *-rt-* | *\**) continue ;; esac
		echo "${headers#/usr/src/linux-headers-}"
	done | sort -V | tail -n 1
}

install_packages() {
	packages=$(missing_packages | sort -u | tr '\n' ' ')
	[ -n "$packages" ] || return 0
	[ "$(id -u)" = 0 ] || die "please install: apt-get install --no-install-recommends $packages"
	say "installing what virtual hosts and their programs need: $packages"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

install_kernel() {
	release=$(headers_release)
	kernel=$cache/kernel/$release
	if [ ! -e "$kernel/vmlinux" ]; then
		say "downloading the stock kernel $release into $cache"
		mkdir -p "$cache/kernel"
		work=$(mktemp -d "$cache/kernel/.new-XXXXXX")
		trap 'rm -rf "$work"' EXIT INT TERM
		(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "linux-image-$release") ||
			die "linux-image-$release is not to be had; after 'apt-get update && apt-get install linux-headers-amd64' the headers match a kernel that is"
		dpkg-deb -x "$work"/linux-image-*.deb "$work/root"
		modules=$work/root/lib/modules/$release
		ln -s "/usr/src/linux-headers-$release" "$modules/build"
		ln -s "/usr/src/linux-headers-${release%-amd64}-common" "$modules/source"
		keep_kernel "$release" "$work/root"
		rm -rf "$work"
		trap - EXIT INT TERM
	fi
	[ "$(readlink "$cache/kernel/current")" = "$release" ] || ln -sfn "$release" "$cache/kernel/current"
}

install_packages
install_kernel
