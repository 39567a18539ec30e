#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh [services|agent|middlebox|builder]…: builds these images, or all, as localhost/l45-<name>:<version>.
# Needs buildah, and no daemon. Bases come from a registry, unless you name others:
#   NODE_BASE=localhost/l45-base DEBIAN_BASE=localhost/l45-base sh helm/images/build.sh
# KERNEL_HEADERS are the packages with the headers of your nodes' kernels. The bill of materials of
# each image is in it, as /app/sbom.cdx.json, and in build/l45-<name>.cdx.json.
set -eu
cd "$(dirname "$0")/../.."

# Compiled already, in a folder with src/dist and src/node_modules: for tests.
built=${BUILT:+--build-context=build=$BUILT}
version=$(sed -n 's/^appVersion: //p' helm/l45/Chart.yaml | tr -d "'\"")
[ $# -gt 0 ] || set -- services agent middlebox builder

# Arguments that aren't set keep the defaults of the Containerfile.
arguments=
for name in NODE_BASE DEBIAN_BASE KERNEL_HEADERS; do
	eval "[ -z \"\${$name:-}\" ]" || arguments="$arguments --build-arg $name"
done

for image in "$@"; do
	tag=localhost/l45-$image:${TAG:-$version}
	# chroot: works in containers, too, where others need privileges.
	# shellcheck disable=SC2086 # a list
	buildah build --isolation chroot --layers --quiet $arguments \
		$built --file helm/images/Containerfile --ignorefile helm/images/containerignore \
		--build-arg VERSION="$version" --target "$image" --tag "$tag" .
	container=$(buildah from "$tag")
	mkdir -p build
	cp "$(buildah mount "$container")/app/sbom.cdx.json" "build/l45-$image.cdx.json"
	buildah rm "$container" >/dev/null
done
