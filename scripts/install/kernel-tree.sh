# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# For scripts that unpack a stock kernel into the cache: it is not installed, as the machine's
# own /boot is none of our business.

# number FILE OFFSET BYTES
number() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

# Debian keeps the kernel packed inside the bzImage, whose header says where (boot protocol
# 2.08); QEMU boots the plain ELF twice as fast.
extract_vmlinux() {
	offset=$((($(number "$1" 497 1) + 1) * 512 + $(number "$1" 584 4)))
	case $(od -An -t x1 -j $offset -N 4 "$1") in
	' fd 37 7a 58') unpack='xz -dc --single-stream' ;;
	' 28 b5 2f fd') unpack='zstd -dc' ;;
	*) die "the kernel in $1 is packed neither with xz nor with zstd" ;;
	esac
	command -v "${unpack%% *}" >/dev/null || die "please install: apt-get install ${unpack%% *}"
	# The size that follows the payload is garbage to them.
	tail -c "+$((offset + 1))" "$1" | head -c "$(number "$1" 588 4)" | $unpack >"$2" 2>/dev/null || true
	[ -s "$2" ] || die "the kernel in $1 can't be unpacked"
}

# keep_kernel RELEASE FOLDER: where the rest looks for it, whole or not at all.
keep_kernel() {
	extract_vmlinux "$2/boot/vmlinuz-$1" "$2/vmlinux"
	depmod -b "$2" "$1"
	rm -rf "${cache:?}/kernel/$1"
	mv "$2" "$cache/kernel/$1"
}
