#!/bin/sh
# Every accessor made from the rows is a load and at most a byte swap, a shift and a mask, then a
# return: held against what the compiler wrote.
#
#	CC=clang OBJDUMP=llvm-objdump MACHINE=aarch64 LEVEL=-O2	where another is meant
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
machine=${MACHINE:-$(uname -m)}
case $machine in
x86_64) form=x86 ;;
aarch64) form=arm ;;
*)
	echo "skipped: accessors: no pattern for a processor $machine"
	exit 77
	;;
esac
command -v ${OBJDUMP:-objdump} >/dev/null || {
	echo "skipped: accessors: there is no objdump"
	exit 77
}

# One function a field, get_tcp_dport and the like; FIELD lines are all it takes.
cat >"$tmp/get.c" <<'END'
#include "wire/wire.h"
#define FIELD(p, n, full, bits, form, ...) GET_##form(p, n)
#define SPAN(p, n, full, first, last, form, ...) GET_##form(p, n)
#define GET_NUMBER(p, n) uint64_t get_##p##_##n(const void *h); \
	uint64_t get_##p##_##n(const void *h) { return sonde_##p##_##n(h); }
#define GET_OCTETS(p, n) const void *place_##p##_##n(const void *h); \
	const void *place_##p##_##n(const void *h) { return sonde_##p##_##n(h); }
#define GET_DEC GET_NUMBER
#define GET_HEX GET_NUMBER
#define GET_X4 GET_NUMBER
#define GET_IP4 GET_NUMBER
#define GET_FLAG GET_NUMBER
#define GET_MAC GET_OCTETS
#define GET_IP6 GET_OCTETS
#define GET_BYTES GET_OCTETS
#define GET_TEXT GET_OCTETS
#define GET_TIME GET_NUMBER
#include "wire/pass.h"
END
# shellcheck disable=SC2086
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Isrc ${LEVEL:--O2} -c "$tmp/get.c" -o "$tmp/get.o" || exit 1

${OBJDUMP:-objdump} -d --no-show-raw-insn "$tmp/get.o" | awk -v form=$form '
	BEGIN {
		# The instructions that may stand there besides the load itself, and how a load looks.
		if (form == "x86") {
			plain = "^(mov|movz[bw][lwq]?|movzx|movabs|bswap|rol|ror|rolw|rorw|xchg|shr|sar|and|bt|setb|sete|setne|test|lea|movbe|cltq|add|nop[wl]?|cs|data16|ret|retq|endbr64|xor|shrb|shrw|andl|bextr)$"
			load = "\\(%r"
		} else {
			plain = "^(ldr[bh]?|ldur[bh]?|ldrs[bhw]|rev(16|32)?|ubfx|and|lsr|uxt[bhw]|ubfiz|mov|add|ret|nop|cset|tst|bfxil|extr|ror|cmp)$"
			load = "\\[x"
		}
	}
	function close_it() {
		if (name == "") return
		seen++
		want = name ~ /^get_/
		if (odd != "" || loads != want || swaps > 1 || steps > 7) {
			print "not a load and a swap: " name " (" steps " instructions, " loads " loads" odd ")"
			bad++
		}
		numbers += want
	}
	/^[0-9a-f]+ <(get|place)_/ { close_it(); name = $2; gsub(/[<>:]/, "", name); loads = swaps = steps = 0; odd = ""; ended = 0; next }
	name != "" && /^ / && !ended {
		op = $2
		if (op ~ /^(nop|cs|data16|xchg|endbr64)/) { if (op != "xchg") next }
		steps++
		if (op !~ plain) odd = odd ", " op
		if ($0 ~ load && op !~ /^lea/) loads++
		if (op ~ /^(bswap|movbe|rev)/ || (op ~ /^ro[lr]/ && $0 ~ /\$0x8,/)) swaps++
		if (op ~ /^ret/) ended = 1
	}
	END {
		close_it()
		if (numbers < 100) { print "only " numbers + 0 " accessors were seen"; bad++ }
		print (bad ? "not ok" : "ok") " accessors: " seen " accessors, " numbers " of them load"
		exit bad != 0
	}'
