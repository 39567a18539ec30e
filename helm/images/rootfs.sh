#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rootfs.sh <folder> <program|/folder>…: all that these programs need to run, folders of data among it,
# and nothing else: no shell.
# <folder>.debian lists the Debian packages that they are from.
set -eu

root=$1
shift
mkdir -p "$root/etc" "$root/usr/bin"
printf 'root:x:0:0::/:/\nl45:x:65532:65532::/:/\n' >"$root/etc/passwd"
printf 'root:x:0:\nl45:x:65532:\n' >"$root/etc/group"
install -d -m 1777 "$root/tmp"

# A package may list a file below / that is below /usr, or the other way round.
packages_of() {
	for file in "$@"; do
		dpkg-query --search "$file" "/usr$file" "${file#/usr}" 2>/dev/null || true
	done | sed 's/: .*//; s/, /\n/g' | cut -d : -f 1 | sort -u
}

for name in "$@"; do
	case $name in
	/*)
		mkdir -p "$root$name"
		cp -rL "$name/." "$root$name"
		# shellcheck disable=SC2046 # a list
		dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\n' $(packages_of "$name")
		continue
		;;
	esac
	program=$(readlink -f "$(command -v "$name")")
	install "$program" "$root/usr/bin/$(basename "$program")"
	libraries=$(ldd "$program" | grep -o '/[^ ]*')
	# shellcheck disable=SC2086 # a list
	cp -L --parents -t "$root" $libraries
	# shellcheck disable=SC2086,SC2046 # lists
	dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\n' $(packages_of "$program" $libraries)
done | sort -u >"$root.debian"
