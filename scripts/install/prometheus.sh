#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts Debian's Prometheus and promtool into the cache, as prometheus/prometheus and
# prometheus/promtool. The package is unpacked, not installed: no daemon comes with it. Idempotent;
# silent when everything is there.
set -eu

cache=${L45_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/layer45}
[ ! -x "$cache/prometheus/promtool" ] || exit 0

echo "prometheus: downloading Debian's into $cache"
mkdir -p "$cache"
work=$(mktemp -d "$cache/.prometheus-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root prometheus) || {
	echo "prometheus: not to be had; 'apt-get update' may help" >&2
	exit 1
}
dpkg-deb -x "$work"/prometheus_*.deb "$work/root"
rm -rf "$cache/prometheus"
mv "$work/root/usr/bin" "$cache/prometheus"
