#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh [services|agent|builder]…: builds these images, or all, as localhost/l45-<name>:<version>.
# Needs buildah, and no daemon. Bases come from a registry, unless you name others:
#   NODE_BASE=localhost/l45-base DEBIAN_BASE=localhost/l45-base sh helm/images/build.sh
# KERNEL_HEADERS are the packages with the headers of your nodes' kernels.
set -eu
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^appVersion: //p' helm/l45/Chart.yaml | tr -d "'\"")
[ $# -gt 0 ] || set -- services agent builder

# Arguments that aren't set keep the defaults of the Containerfile.
arguments=
for name in NODE_BASE DEBIAN_BASE KERNEL_HEADERS; do
	eval "[ -z \"\${$name:-}\" ]" || arguments="$arguments --build-arg $name"
done

for image in "$@"; do
	# chroot: works in containers, too, where others need privileges.
	# shellcheck disable=SC2086 # a list
	buildah build --isolation chroot --layers --quiet $arguments \
		--file helm/images/Containerfile --ignorefile helm/images/containerignore \
		--target "$image" --tag "localhost/l45-$image:$version" .
done
