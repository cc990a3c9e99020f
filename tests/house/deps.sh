#!/bin/sh
# What sonde needs, and whether it is there: found by trying, not by asking the package system, so
# that a library built by hand counts too.
#
#	deps.sh GROUP...	installs what is missing; exit 77 where that takes root
#	deps.sh --list GROUP...	only tells
#
# CC, PKG_CONFIG, CLANG as in the Makefile. BPF set and empty: nobody asks for the BPF tracer.
set -eu
PATH=$PATH:/usr/sbin:/sbin
CC=${CC:-cc} PKG_CONFIG=${PKG_CONFIG:-pkg-config} CLANG=${CLANG:-clang}

# group, how it is looked for, Debian's package, what for
table() {
	cat <<-'END'
	build	header stdio.h c		libc6-dev		the C library
	build	program $PKG_CONFIG		pkgconf			finds libraries
	build	header pcap/pcap.h pcap		libpcap-dev		live capture, link types
	build	header cap-ng.h cap-ng		libcap-ng-dev		gives up capabilities
	build	header libmnl/libmnl.h mnl	libmnl-dev		netlink: socket diagnosis, interfaces
	build	header nftables/libnftables.h nftables	libnftables-dev		firewall rules of a lab
	build	header ares.h cares		libc-ares-dev		names of addresses, without waiting
	build	header jansson.h jansson		libjansson-dev		earlier reports, which are JSON
	build	header maxminddb.h maxminddb	libmaxminddb-dev	numbers of autonomous systems
	build	program setcap			libcap2-bin		make install: capabilities of files
	build	ncursesw			libncurses-dev		the live screen
	pack	header zlib.h z			zlib1g-dev		captures compressed by gzip
	pack	header zstd.h zstd		libzstd-dev		captures compressed by zstd
	pack	header xdp/xsk.h xdp		libxdp-dev		sends by AF_XDP
	bpf	header bpf/libbpf.h bpf		libbpf-dev		the BPF tracer: loads it
	bpf	clang_bpf			clang			the BPF tracer: compiles it
	test	header check.h check		check			the suites
	test	program python3			python3			end-to-end tests, programs to follow
	test	program tshark			tshark			second opinion on packets and files
	test	program tcpdump			tcpdump			second opinion on packets and files
	test	scapy				python3-scapy		second opinion on crafted packets
	test	program strace			strace			second opinion on calls
	test	program nginx			nginx-light		a server to attach to
	test	program redis-server		redis-server		a server to attach to
	test	program dnsmasq			dnsmasq-base		a name server, asked by hand
	test	program prove			perl			reads the results of scripts
	test	program curl			curl			a client of nginx, and in labs
	test	program ping			iputils-ping		labs, seen by the tools of others
	test	program traceroute		traceroute		labs, seen by the tools of others
	test	program tracepath		iputils-tracepath	labs, seen by the tools of others
	test	program mtr			mtr-tiny		labs, seen by the tools of others
	test	program iperf3			iperf3			labs, seen by the tools of others
	test	program ip			iproute2		network namespaces
	test	program nft			nftables		loss and refusals, in namespaces
	test	program nsenter			util-linux		enters network namespaces
	test	program setpriv			util-linux		runs without privilege
	test	program ps			procps			looks for what was left behind
	test	program tmux			tmux			a live table on a screen
	test	program clang-format		clang-format		make lint
	test	program cppcheck		cppcheck		make lint
	test	program shellcheck		shellcheck		make lint
	test	program mandoc			mandoc			make lint: the man pages
	bench	program wrk			wrk			load for nginx
	bench	program tcpdump			tcpdump			what capturing costs otherwise
	bench	program tshark			tshark			what JSON costs otherwise
	bench	program strace			strace			what following costs otherwise
	bench	program nginx			nginx-light		a server under load
	bench	program ping			iputils-ping		what a ping tells otherwise
	bench	program fping			fping			what a sweep costs otherwise
	bench	program traceroute		traceroute		what a path costs otherwise
	bench	program mtr			mtr-tiny		what a path costs otherwise
	bench	program hping3			hping3			what crafted packets cost otherwise
	bench	program trafgen			netsniff-ng		what crafted packets cost otherwise
	bench	program nmap			nmap			what a scan of ports costs otherwise
	bench	program python3			python3			the benchmarks
	fuzz	libfuzzer			libclang-rt-14-dev	the fuzzing engine and the sanitizers
	fresh	program debootstrap		debootstrap		make test-fresh: the bare root
	END
}

program() { command -v "$1" >/dev/null; }
header() { printf '#include <%s>\nint main(void) { return 0; }\n' "$1" | $CC -x c - "-l$2" -o /dev/null 2>/dev/null; }
scapy() { /usr/bin/python3 -c "import scapy" 2>/dev/null || python3 -c "import scapy" 2>/dev/null; }
ncursesw() { $PKG_CONFIG --exists ncursesw; }
clang_bpf() { $CLANG -print-targets 2>/dev/null | grep -qw bpf; }
libfuzzer() {
	printf 'int LLVMFuzzerTestOneInput(const void *p, unsigned long n) { return !p && n; }\n' |
		$CLANG -x c - -fsanitize=fuzzer,address -o /dev/null 2>/dev/null
}

wanted() {
	for g in $groups; do
		table | awk -v g="$g" '$1 == g'
	done
}

# One line per row: group, found or missing, package, what for.
look() {
	wanted | while IFS='	' read -r group rest; do
		how=$(printf %s "$rest" | cut -f1)
		package=$(printf %s "$rest" | tr -s '\t' | cut -f2)
		why=$(printf %s "$rest" | tr -s '\t' | cut -f3)
		if eval "$how"; then state=found; else state=missing; fi
		printf '%s\t%s\t%s\t%s\n' "$group" "$state" "$package" "$why"
	done
}

missing() { look | awk -F'\t' '$2 == "missing"'; }

list=
[ "${1:-}" != --list ] || { list=1; shift; }
groups=
for g; do
	[ "$g" = bpf ] && [ -n "${BPF+set}" ] && [ -z "$BPF" ] && continue
	groups="$groups $g"
done

if [ "$list" ]; then
	look | awk -F'\t' '{ printf "  %-6s %-8s %-19s %s\n", $1, $2, $3, $4 }'
	exit
fi

need=$(missing)
[ "$need" ] || exit 0
packages=$(printf '%s\n' "$need" | cut -f3 | sort -u | tr '\n' ' ')
echo "What is missing:"
printf '%s\n' "$need" | awk -F'\t' '!seen[$3]++ { printf "  %-20s %s\n", $3, $4 }'
if ! command -v apt-get >/dev/null; then
	echo "These are the names of Debian's packages; install what your system calls them."
	exit 77
fi
if [ "$(id -u)" != 0 ]; then
	printf 'Installing takes root:\n  apt-get install --no-install-recommends %s\n' "$packages"
	exit 77
fi

# A server that is only here to be tested against must not start by itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
fi
mkdir -p build
log=build/deps.log
echo "Installing them from Debian (the log is $log)"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word per package
if ! { apt-get -q update && apt-get -q -y --no-install-recommends install $packages; } \
	</dev/null >$log 2>&1; then
	tail -n 20 $log
	echo "apt-get could not install them"
	exit 1
fi
need=$(missing)
[ -z "$need" ] || {
	echo "Installed, and still not found:"
	printf '%s\n' "$need" | awk -F'\t' '{ printf "  %-20s %s\n", $3, $4 }'
	exit 1
}
