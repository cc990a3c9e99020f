#!/bin/sh
# Who may include whom: the table of docs/ARCHITECTURE.md against every #include.
#
#	layers.sh docs/ARCHITECTURE.md
set -eu
tmp=$(mktemp)
trap 'rm -f "$tmp" "$tmp.files"' EXIT
bad=0
complain() {
	echo "$*"
	bad=1
}

# "src/wire base", one room a line
table=$(sed -n 's/^| `\([a-z/]*\)` |.*| \([a-z ]*\) |$/\1 \2/p' "$1" | sed 's/ nothing$//')
[ "$(echo "$table" | wc -l)" -ge 10 ] || complain "$1: the table of rooms is not there"

for top in $(git ls-files | cut -d/ -f1 | sort -u); do
	case $top in
	Makefile | README.md | LICENSE | src | tools | capture | tests | docs | .*) ;;
	*) complain "$top: the top level is fixed" ;;
	esac
done

for dir in src/*/; do
	echo "$table" | grep -q "^${dir%/}\( \|$\)" || complain "${dir%/}: not in the table of $1"
done

while read -r room may; do
	[ -d "$room" ] || continue
	find "$room" -name '*.[ch]' -o -name '*.rows' >"$tmp.files"
	while read -r f; do
		sed -n 's/^#include "\([^"]*\)".*/\1/p' "$f" >"$tmp"
		while read -r inc; do
			case $inc in */*) ;; *) continue ;; esac
			case " ${room##*/} $may " in
			*" ${inc%%/*} "*) ;;
			*) complain "$f: $room may not include $inc" ;;
			esac
		done <"$tmp"
	done <"$tmp.files"
done <<END
$table
END

# Whose library it is: pattern, and the folders where it may stand.
only() {
	pattern=$1 what=$2
	shift 2
	hits=$(grep -rnE --include='*.[ch]' "$pattern" src capture tools 2>/dev/null |
		grep -vE "^($(echo "$*" | tr ' ' '|'))[/:]" || true)
	[ -z "$hits" ] || complain "$hits
	$what belongs to $*"
}
only '\<pcap_[a-z]|#include <pcap' libpcap capture
only '#include <(zlib|zstd)\.h>' compression capture
only '\<bpf_(object|program|map|link)__|#include <bpf/' libbpf src/sys
only '#include <(cap-ng|libmnl/|nftables/)' 'a library of the kernel' src/sys
only '#include <(ares|maxminddb)' 'a library that asks or reads' src/sys
only '#include <jansson' 'reading JSON' src/run
only '\<(exit|_exit|err|errx|warn|warnx)\(' 'ending the program' src/cli tools src/sys
only '\<abort\(' 'having no memory left' src/base/arena.c src/run
only '\<(printf|puts|putchar|perror)\(|\<std(out|err)\>' printing src/cli tools
only '\<(sprintf|strcpy|strcat|gets|atoi|atol|inet_ntoa|strtok)\(' 'nothing so easily misused' nowhere
exit $bad
