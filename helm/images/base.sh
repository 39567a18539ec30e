#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes localhost/l45-base, on which images are built where no registry is reachable: a minimal
# Debian 12 from its mirrors, with the Node.js of this machine.
set -eu

[ "$(id -u)" = 0 ] || {
	echo "base: run this as root; mmdebstrap and buildah need it where user namespaces are limited" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

mmdebstrap --quiet --variant=apt --include=ca-certificates,libstdc++6 bookworm "$work/root"
install -D "$(readlink -f "$(command -v node)")" "$work/root/usr/bin/node"
npm=$(npm root --global)
mkdir -p "$work/root$npm"
cp -a "$npm/npm" "$work/root$npm/"
ln -s "$npm/npm/bin/npm-cli.js" "$work/root/usr/bin/npm"
# Whoever has no registry often has a proxy with an authority of its own.
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
mkdir -p "$work/root/usr/etc"
echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$work/root/usr/etc/npmrc"

container=$(buildah from scratch)
buildah add --quiet "$container" "$work/root" / >/dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit --quiet --rm "$container" localhost/l45-base
