#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the packages of the lockfile, unless they are those already.
set -eu
cd "$(dirname "$0")/../.."

stamp=node_modules/.l45-lockfile
cmp -s package-lock.json "$stamp" && exit 0
echo "npm: installing the packages of package-lock.json"
npm ci --no-audit --no-fund --loglevel=error
cp package-lock.json "$stamp"
