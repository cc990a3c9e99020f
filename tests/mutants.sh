#!/bin/sh
# Planted faults: at least one in every role and word of a row, and in the code that reads them. Each
# is built in a folder of its own under build/mutants and must make a suite fail.
#
#	mutants.sh		all: prints caught or MISSED for each
#	mutants.sh WORD...	those whose title holds a WORD
#	mutants.sh --apply	only whether each can be planted at all
#
# CC, and JOBS at a time.
set -u
top=build/mutants
suites='wire packet judge tuple summary below'
export CC="${CC:-cc}" suites top

# title | file under src | sed expression
faults() {
	cat <<'END'
no fault at all|wire/udp.rows|s/^$//
ANY: two rows swapped|wire/tcp.rows|/tcp, sport,/{h;d};/tcp, dport,/G
USUALLY: another value|wire/ip.rows|s/USUALLY(64)/USUALLY(63)/
USUALLY: of an option|wire/tcp.rows|s/USUALLY(1460)/USUALLY(1461)/
IS: another version|wire/ip.rows|s/IS(4)/IS(5)/
IS: not held|wire/ipv6.rows|s/IS(6),  /ANY,    /
KEY: leads nowhere|wire/ip.rows|s/KEY(ipproto)/ANY/
KEY: of another space|wire/link.rows|s/sll2, type,    "sll.etype",   16, HEX, KEY(ethertype)/sll2, type,    "sll.etype",   16, HEX, KEY(ipproto)/
WORDS: not believed|wire/tcp.rows|s/X4,   WORDS/X4,   ANY/
WORDS: less two|wire/ip.rows|s/WORDS,  /WORDS_LESS_2,/
WORDS_LESS_2: not less|wire/ipv6.rows|s/WORDS_LESS_2/WORDS/
EIGHTS: fours|wire/ipv6.rows|s/hopopts.len", 8, DEC, EIGHTS/hopopts.len", 8, DEC, WORDS/
EIGHTS: not less one|packet/decode.c|s/8 \* (v + 1)/8 * v/
TOTAL: not believed|wire/ip.rows|s/TOTAL/ANY/
TOTAL: of UDP|wire/udp.rows|s/TOTAL,  /BODY,   /
BODY: with the header|wire/ipv6.rows|s/BODY, /TOTAL,/
MORE: not seen|wire/ip.rows|s/FLAG, MORE/FLAG, ANY/
MORE: not seen in IPv6|wire/ipv6.rows|s/FLAG, MORE/FLAG, ANY/
OFFSET: not seen|wire/ip.rows|s/OFFSET/ANY/
OFFSET: not seen in IPv6|wire/ipv6.rows|s/OFFSET/ANY/
SUM_HEADER: over all|wire/ip.rows|s/SUM_HEADER/SUM_ALL/
SUM_ALL: over the header|wire/icmp.rows|s/SUM_ALL/SUM_HEADER/
SUM_PSEUDO: without one|wire/tcp.rows|s/SUM_PSEUDO/SUM_ALL/
SUM_PSEUDO: of ICMPv6, without one|wire/icmpv6.rows|s/SUM_PSEUDO/SUM_ALL/
SUM_OPTIONAL: demanded|wire/udp.rows|s/SUM_OPTIONAL/SUM_PSEUDO/
SUM_OPTIONAL: for TCP too|wire/tcp.rows|s/SUM_PSEUDO/SUM_OPTIONAL/
form: a number not in words|wire/tcp.rows|s/16, DEC,  ANY,            "source port"/16, HEX,  ANY,            "source port"/;s/doff,     "tcp.hdr_len",            4/doff,     "tcp.hdr_len",            3/;s/res,      "tcp.flags.res",          3/res,      "tcp.flags.res",          4/
SPAN: one flag short|wire/tcp.rows|s/SPAN(tcp, flags, "tcp.flags", res/SPAN(tcp, flags, "tcp.flags", ae/
EITHER: the same twice|wire/udp.rows|s/"udp.port", sport, dport/"udp.port", sport, sport/
UNDER: another number|wire/udp.rows|s/ipproto, 17/ipproto, 18/
UNDER: another number of an extension|wire/ipv6.rows|s/ipv6_dstopts, ipproto, 60/ipv6_dstopts, ipproto, 61/
UNDER: a tag|wire/link.rows|s/ethertype, 0x8100/ethertype, 0x8101/
UNDER: a link type|wire/link.rows|s/linktype, 276/linktype, 277/
ALSO: forgotten|wire/link.rows|s/ALSO(vlan, ethertype, 0x9100)//
BEGINS: forgotten|wire/tcp.rows|s/^BEGINS.*//
TELLS: another size|wire/arp.rows|s/0x08000604/0x08000605/
NOTHING: forgotten|wire/ip.rows|s/^NOTHING.*//
QUOTES: nothing|wire/icmp.rows|s/^QUOTES(icmp_unreach.*//
QUOTES: IPv4 in ICMPv6|wire/icmpv6.rows|s/QUOTES(icmpv6_toobig, ipproto, 41)/QUOTES(icmpv6_toobig, ipproto, 4)/
VALUE: another word|wire/icmp.rows|s/"echo request"/"echo reply"/
OPTIONS: none|wire/icmpv6.rows|s/^OPTIONS(nd_ns.*//
EACH: none|wire/tcp.rows|s/^EACH.*//
FAMILY: another unit|wire/icmpv6.rows|s/FAMILY(ndopt, BYTES, 8/FAMILY(ndopt, BYTES, 4/
FAMILY: all bytes counted|wire/ipv6.rows|s/FAMILY(ipv6opt, BYTES, 1, 2/FAMILY(ipv6opt, BYTES, 1, 0/
FAMILY: no end|wire/tcp.rows|s/FAMILY(tcpopt, BYTES, 1, 0, 0, 1, 1)/FAMILY(tcpopt, BYTES, 1, 0, -1, 1, 1)/
FAMILY: no padding|wire/tcp.rows|s/FAMILY(tcpopt, BYTES, 1, 0, 0, 1, 1)/FAMILY(tcpopt, BYTES, 1, 0, 0, -1, 1)/
OPTION: another kind|wire/tcp.rows|s/tcp_ts, 8, 10/tcp_ts, 9, 10/
SHAPE: rows swapped|wire/tcp.rows|/sack_block, left/{h;d};/sack_block, right/G
HAS: a word of GRE not seen|wire/tunnel.rows|s/HAS(gre_key)/ANY/
COUNT: sources not counted|wire/igmp.rows|s/COUNT(igmp_source), /ANY,/
KEY_OR_BODY: always a type|wire/link.rows|s/eth.type", 16, HEX, KEY_OR_BODY/eth.type", 16, HEX, KEY/
PAYLOAD: not believed|wire/ppp.rows|s/16, DEC, PAYLOAD/16, DEC, ANY/
TAGS: not believed|wire/ppp.rows|s/16, DEC, TAGS/16, DEC, ANY/
QUOTED: another unit|wire/icmp.rows|s/QUOTED(4)/QUOTED(8)/
COVERS: not judged|wire/udplite.rows|s/COVERS, /ANY,/
SUM_COVERED: over all|wire/udplite.rows|s/SUM_COVERED/SUM_PSEUDO/
SUM_ALL_OPTIONAL: demanded|wire/icmp.rows|s/SUM_ALL_OPTIONAL/SUM_ALL/
PORT: leads nowhere|wire/udp.rows|s/PORT(udpport),/ANY,/;s/PORT_TO(udpport)/ANY/
AMONG: another version|wire/tunnel.rows|s/ipproto, 47, 13, 3, 1/ipproto, 47, 13, 3, 2/
CARRIES: nothing|wire/tunnel.rows|s/^CARRIES(vxlan.*//
THEN: nothing|wire/igmp.rows|s/^THEN.*//
header bound not checked|packet/decode.c|s/if (there < fixed) {/if (0) {/
header may be longer than the packet|packet/decode.c|s/ || r->head > there) {/) {/
fragments read on|packet/decode.c|s/if (r.middle) {/if (0) {/
cut and malformed mixed up|packet/decode.c|s/lie ? SONDE_STOP_MALFORMED : SONDE_STOP_TRUNCATED/lie ? SONDE_STOP_TRUNCATED : SONDE_STOP_MALFORMED/
little-endian family not told apart|wire/link.rows|s/AMONG(loop, linktype, 0, 0, 8, 0)/AMONG(loop, linktype, 0, 0, 8, 2)/
options may run past the header|packet/option.h|s/ || len > left)/)/
option of length 0 goes on|packet/option.h|s/if (len < sonde_family_head(\&f) || len > left)/if (len > left)/
odd byte not summed|packet/sum.h|s/memcpy(&word, at, len);/memcpy(\&word, at, len \& 2);/
a field not taken out of its sum|packet/derive.c|s/ - sonde_sum_field(h, at \/ 8)//
pseudo-header without its length|packet/derive.c|s/\*sum += htobe32(top->end - top->at);//
routing header ignored|packet/derive.c|s/final ? final : h/h/
sums from the outside in|packet/derive.c|s/for (unsigned d = p->n; d-- > 0;)/for (unsigned d = 0; d < p->n; d++)/
both zeros of a sum told apart|packet/derive.c|s/return want % 0xffff != have % 0xffff;/return want != have;/
pins ignored|packet/derive.c|s/if (!pinned \&\& is_sum/if (is_sum/
quoted layers judged|packet/derive.c|s/if (!p->layer\[d\].part)/if (1)/
a put forgets its neighbours|base/bytes.h|s/(sonde_load(w, width) \& ~(SONDE_MASK(bits) << shift)) |/0 |/
option rows not copied|packet/draft.c|s/copy_rows(s, o->at, bytes(d, (uint32_t)to), 0);/;/
a header takes any option|packet/draft.c|s/ > sonde_shapes\[last(d)->shape\].most)/ > 65535)/
ports of a quote for those of the packet|packet/tuple.c|s/ \&\& !(p->layer\[d\].part \& SONDE_PART_QUOTED))/)/
END
}

# one NUMBER TITLE FILE EXPRESSION
one() {
	d=$top/$1
	rm -rf "$d" && mkdir -p "$d/src" && cp -r src/base src/wire src/packet "$d/src"
	sed "$4" "src/$3" >"$d/src/$3"
	if [ "$1" != 1 ] && cmp -s "src/$3" "$d/src/$3"; then
		echo "MISSED  $2: the fault does not apply to src/$3"
		return
	fi
	tests=$(for s in $suites; do echo "tests/test_$s.c"; done)
	for s in $suites; do echo "SUITE($s)"; done >"$d/suites.h"
	case $3 in *.rows) guard= ;; *) guard=-fsanitize=address ;; esac # rows cannot reach past a buffer
	# shellcheck disable=SC2046,SC2086
	if ! $CC -std=gnu17 -D_GNU_SOURCE -O0 -w $guard -I"$d/src" -I"$d" tests/main.c $tests \
		"$d"/src/*/*.c $(pkg-config --libs check) -o "$d/check" 2>"$d/errors"; then
		echo "caught  $2 (does not compile)"
	elif ASAN_OPTIONS=detect_leaks=0 SONDE_ROUNDS=200 CK_EXCLUDE_TAGS=programs timeout 100 "$d/check" >"$d/said" 2>&1; then
		echo "MISSED  $2"
	else
		echo "caught  $2 ($(grep -oE '[EF]:[a-z]+:[a-z0-9_]+' "$d/said" | head -n 1 | cut -d: -f3))"
	fi
	rm -rf "$d/src" "$d/check"
}

if [ "${1-}" = --one ]; then
	IFS='|' read -r title file expression <<END
$3
END
	one "$2" "$title" "$file" "$expression"
	exit
fi
if [ "${1-}" = --apply ]; then
	faults | tail -n +2 | while IFS='|' read -r title file expression; do
		sed "$expression" "src/$file" | cmp -s - "src/$file" && echo "$title: does not apply to src/$file"
	done | (! grep .)
	exit
fi
mkdir -p $top
said=$(mktemp)
trap 'rm -f "$said"' EXIT
pattern=$(echo "${*:-}" | sed 's/ /\\|/g')
faults | awk '{ print NR; print }' | while read -r n && IFS= read -r fault; do
	case ${pattern:+x} in
	x) [ "$n" = 1 ] || echo "${fault%%|*}" | grep -q "$pattern" || continue ;;
	esac
	printf '%s\0%s\0' "$n" "$fault"
done | xargs -0 -n 2 -P "${JOBS:-2}" "$0" --one | tee "$said"
# The tree without a fault must pass, else "caught" means nothing.
grep -q '^MISSED  no fault at all$' "$said" || {
	echo "not ok mutants: the tree fails without a fault"
	exit 1
}
missed=$(grep '^MISSED' "$said" | grep -cv 'no fault at all')
caught=$(grep -c '^caught' "$said")
echo "$caught faults caught, $missed missed"
[ "$missed" = 0 ]
