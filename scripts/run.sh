#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `npm run demo`, `npm test` and `npm run bench:…` run: prepares the machine, then does the job.
# Every step is silent, or quick, when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."

step() {
	echo
	echo "── $*"
}

prepare() {
	sh scripts/install/testbed.sh
	sh scripts/install/node-modules.sh
	node scripts/build.mjs
}

demo() {
	prepare
	exec node dist/demo/main.js "$@"
}

bench_kernel() {
	sh scripts/install/testbed.sh
	sh scripts/install/node-modules.sh
	exec node --import tsx test/benchmarks/kernel/main.ts "$@"
}

tests() {
	sh scripts/install/testbed.sh
	sh scripts/install/helm.sh
	sh scripts/install/prometheus.sh
	sh scripts/install/shipping.sh
	log=$(mktemp)
	# A process group of its own, to be ended as a whole.
	setsid make -s -C kernel test-guest >"$log" 2>&1 &
	guest=$!
	trap 'kill -- "-$guest" 2>/dev/null || true; rm -f "$log"' EXIT
	trap 'exit 1' INT TERM
	sh scripts/install/node-modules.sh
	node scripts/build.mjs
	step 'Style, types, generated files'
	npm run -s lint
	npm run -s uapi -- --check
	npm run -s reference -- --check
	step 'Kernel: sparse, checkpatch, C tests under sanitizers, a short fuzz run'
	make -s -C kernel check test-user
	step 'Kernel: on a stock kernel, begun at the start'
	wait "$guest" || {
		cat "$log"
		exit 1
	}
	grep '^init: ' "$log"
	step 'Unit specs'
	npm run -s test:unit
	step 'Scenarios on virtual hosts'
	npm run -s test:e2e
}

job=$1
shift
case $job in
demo) demo "$@" ;;
test) tests ;;
bench-kernel) bench_kernel "$@" ;;
*)
	echo "usage: $0 demo|test|bench-kernel" >&2
	exit 2
	;;
esac
