#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# CPython's own tests of these modules, which know nothing of us: as they are, and with every
# python3 customized. The same ones have to pass, for the same reasons be left out, and fail.
#
#	python.sh [MODULE…]
. "$(dirname "$0")/../guest/lib.sh"

[ $# -gt 0 ] || set -- test_socket test_asyncio test_ssl test_select test_epoll test_poll \
	test_selectors test_socketserver test_asyncore test_httplib test_httpservers \
	test_urllib2_localnet test_xmlrpc test_ftplib test_imaplib test_poplib test_smtplib test_smtpd \
	test_telnetlib test_wsgiref test_logging

python3 -c 'import test.test_socket' 2>/dev/null ||
	die "CPython's tests are not here: apt-get install --no-install-recommends libpython3-testsuite"

# outcomes NAME MODULE…: of each test, in $work/NAME
outcomes() {
	name=$1
	shift
	(cd "$work" && HOME=$work python3 -m test --junit-xml "$name.xml" "$@") >"$work/$name.log" 2>&1 || true
	python3 - "$work/$name.xml" >"$work/$name" <<-'END' || die "$(tail -n 30 "$work/$name.log")"
		import sys
		from xml.etree import ElementTree
		for case in sorted(ElementTree.parse(sys.argv[1]).iter("testcase"), key=lambda case: case.get("name")):
		    print(case.get("name"), case.get("result"), *(child.tag for child in case if child.tag != "system-out"))
	END
}

# customized NAME MODULE…: with the instances that there are
customized() {
	outcomes "$@"
	diff "$work/plain" "$work/$1" || die "$1: $(grep -A 30 -E '^(ERROR|FAIL):' "$work/$1.log")"
	[ "$(counter 1 attached)" -gt 0 ] || die "$1: nothing was attached"
	echo "$1: $(wc -l <"$work/$1") tests as without us"
}

outcomes plain "$@"
ctl new 1 stream_tag p.interval=1000 deployment=1 application=python3
customized stream_tag "$@"
ctl del 1
key=000102030405060708090a0b0c0d0e0f
ctl new 1 xor_dialect b.key=$key p.interval=100 deployment=1 protocol=tcp application=python3
ctl new 2 xor_dialect b.key=$key deployment=2 protocol=udp application=python3
customized xor_dialect "$@"
case " $* " in
*" test_socket "*) [ "$(counter 2 attached)" -gt 0 ] || die "no datagrams" ;;
esac
