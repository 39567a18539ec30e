#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm-packages.sh <file>: what the lockfile knows of every package, with licences and digests, as
# CycloneDX. sbom.mjs picks those that an image has.
set -eu
npm sbom --package-lock-only --sbom-format cyclonedx >"$1"
