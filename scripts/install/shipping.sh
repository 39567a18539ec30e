#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what builds images without a daemon and checks the unit of the package, and makes the base
# that images are built on where no registry is reachable. Idempotent; silent when everything is there.
set -eu
cd "$(dirname "$0")/../.."

missing=
for program in buildah mmdebstrap; do
	command -v $program >/dev/null || missing="$missing $program"
done
command -v systemd-analyze >/dev/null || missing="$missing systemd"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
if [ -n "$missing" ]; then
	[ "$(id -u)" = 0 ] || {
		echo "shipping: please install: apt-get install --no-install-recommends$missing" >&2
		exit 1
	}
	echo "shipping: installing what builds and checks it:$missing"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

buildah inspect --type image localhost/l45-base >/dev/null 2>&1 || {
	echo 'shipping: making their base, a minimal Debian'
	sh helm/images/base.sh >/dev/null
}
