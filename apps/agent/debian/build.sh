#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh [folder]: builds layer45-agent_<version>_<architecture>.deb, by default in build/.
# The modules come by the bus, built for the host's kernel: the package has none.
set -eu
folder=$(mkdir -p "${1:-$(dirname "$0")/../../../build}" && cd "${1:-$(dirname "$0")/../../../build}" && pwd)
cd "$(dirname "$0")/../../.."

version=$(node -p 'require("./package.json").version')
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"

lib=$root/usr/lib/layer45-agent
doc=$root/usr/share/doc/layer45-agent
mkdir -p "$root/DEBIAN" "$lib/dist" "$lib/node_modules/@koromix" "$doc"
node scripts/build.mjs >&2
cp -r dist/agent "$lib/dist"
# Native code, which is not bundled.
for name in koffi netlink node-gyp-build; do cp -rL "node_modules/$name" "$lib/node_modules"; done
cp -rL node_modules/@koromix/. "$lib/node_modules/@koromix"

here=apps/agent/debian
install -D -m 644 $here/layer45-agent.service -t "$root/lib/systemd/system"
install -D -m 640 $here/agent.env -t "$root/etc/layer45"
install -m 644 $here/README.md LICENSE -t "$doc"
install -m 755 $here/postinst $here/prerm -t "$root/DEBIAN"
echo /etc/layer45/agent.env >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/control" <<CONTROL
Package: layer45-agent
Version: $version
Architecture: $architecture
Maintainer: Layer 4.5 <layer45@localhost>
Section: net
Priority: optional
Depends: nodejs (>= 20.19), kmod, systemd
Installed-Size: $(du -sk "$root" | cut -f 1)
Description: Layer 4.5 agent
 Customizes the network protocols of this host's programs, as the control plane
 of Layer 4.5 asks it to. Loads the kernel modules that it gets from there.
CONTROL

package=$folder/layer45-agent_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" >&2
echo "$package"
