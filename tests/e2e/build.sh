#!/bin/sh
# What the build promises, tried in a copy of the tree.
set -u
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM HUP
git ls-files -co --exclude-standard | while read -r f; do [ ! -f "$f" ] || echo "$f"; done |
	tar -cf - -T - | tar -C "$copy" -xf -
cd "$copy" || exit 1
unset CC MAKEFLAGS MAKELEVEL MFLAGS BPF SANITIZE WERROR CFLAGS
bad=0
# fact NAME COMMAND...
fact() {
	name=$1
	shift
	if "$@" >out 2>&1; then
		echo "ok $name"
	else
		sed 's/^/  /' out | tail -n 20
		echo "not ok $name"
		bad=1
	fi
}
# Lines that say something was made anew.
rebuilt() {
	make CFLAGS=-O0 all >log 2>&1 || { cat log; exit 1; }
	grep -E '^  [A-Z]+ +' log
}

fact 'a clean tree builds' make CFLAGS=-O0 all
nothing_new() { ! rebuilt; }
fact 'an unchanged tree rebuilds nothing' nothing_new
one_new() {
	touch src/cli/option.c
	rebuilt >new
	cat new
	grep -q 'src/cli/option.c' new && ! grep -q 'src/base' new
}
fact 'a touched source rebuilds what hangs on it alone' one_new
header_new() {
	touch src/cli/option.h
	rebuilt >new
	cat new
	grep -q 'src/cli/cli.c' new && ! grep -q 'src/base' new
}
fact 'a touched header rebuilds its users' header_new
without_bpf() {
	make CFLAGS=-O0 BPF= SCREEN= XDP= all >new || return 1
	cat new
	grep -q 'without the BPF tracer' new && [ -x build/bin/sonde ] && ! ldd build/bin/sonde* | grep libbpf
}
fact 'without clang or libbpf it builds all the same and says so' without_bpf
without_screen() {
	grep -q 'without the live screen' new && ! ldd build/bin/sonde-trace | grep ncurses || return 1
	[ "$(make SCREEN= config | grep screen:)" = 'live screen: none' ] || return 1
	script -qec 'build/bin/sonde trace --live 127.0.0.1; echo ended $?' /dev/null </dev/null >out
	cat out
	grep -q 'this sonde was built without ncursesw' out && grep -q 'ended 1' out
}
fact 'without ncursesw it builds all the same, and says so where somebody asks for the live screen' without_screen
without_xdp() {
	[ "$(make XDP= config | grep AF_XDP:)" = 'AF_XDP: none' ] || return 1
	build/bin/sonde craft --xdp -I lo 'eth/ip(dst=127.0.0.1)/udp' </dev/null >said 2>&1 && return 1
	cat said
	grep -q 'this sonde was built without libxdp' said
}
fact 'without libxdp it builds all the same, and says so where somebody asks for it' without_xdp
# What the table says, or it was said that this could not be done.
has_rights() {
	PATH=$PATH:/sbin getcap "$1" | grep -qx '.* cap_net_raw=ep' ||
		grep -q 'sonde-ping: could not be given cap_net_raw' new
}
installs() {
	make CFLAGS=-O0 BPF= SCREEN= XDP= install DESTDIR="$copy/root" PREFIX=/usr >new && cat new &&
		root/usr/bin/sonde --version && root/usr/bin/sonde help &&
		has_rights root/usr/libexec/sonde/sonde-ping &&
		[ -f root/usr/share/man/man1/sonde.1 ] &&
		make BPF= SCREEN= XDP= uninstall DESTDIR="$copy/root" PREFIX=/usr &&
		[ -z "$(find root ! -type d)" ]
}
fact 'what is installed runs from there, and goes away again' installs
no_root() {
	chmod 755 . && setpriv --reuid 65534 --regid 65534 --clear-groups \
		env CC=false CLANG=false tests/house/deps.sh build >new
	code=$?
	cat new
	[ $code = 77 ] && grep -q 'apt-get install.* libpcap-dev' new
}
if [ "$(id -u)" = 0 ]; then
	fact 'without root it says what to install, and stops with 77' no_root
else
	echo 'skipped: becoming nobody takes root'
fi
exit $bad
