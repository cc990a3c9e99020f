#!/bin/sh
# Every check of the structure, seen to fail: plants one fault at a time in a copy of the tree and
# expects exactly that check to refuse it. Each line tells one fact.
set -u
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM HUP
git ls-files -co --exclude-standard | while read -r f; do [ ! -f "$f" ] || echo "$f"; done |
	tar -cf - -T - | tar -C "$copy" -xf -
bin=$(realpath "$SONDE_BIN")
cd "$copy" || exit 1
git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm 'as it is' || exit 1
bad=0

# A check that refuses what is sound proves nothing below.
for check in layers headers purity format analysis shells words pages mutants; do
	SONDE_BUILD=build/planted SONDE_BIN="$bin" tests/lint/run.sh $check >out 2>&1 || {
		sed 's/^/  /' out
		echo "not ok planted: $check refuses the tree as it is"
		bad=1
	}
done

# refused CHECK FACT: the check says no now, and what was planted is taken away again.
refused() {
	if timeout 60 env SONDE_BUILD=build/planted SONDE_BIN="$bin" tests/lint/run.sh "$1" >out 2>&1; then
		sed 's/^/  /' out
		echo "not ok planted: $2"
		bad=1
	else
		echo "ok planted: $2"
	fi
	git reset -q --hard && git clean -fdq -e out
}
# object ROOM: compiles src/ROOM/planted.c alone, for the check of purity.
object() {
	mkdir -p "build/planted/src/$1"
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Isrc -I. -O1 -c "src/$1/planted.c" -o "build/planted/src/$1/planted.o" ||
		exit 1
}
plant() { printf '%s\n' "$2" >>"$1"; }

plant src/wire/planted.c '#include "life/life.h"'
refused layers 'a room includes one that it may not'
plant src/out/planted.h '#include "tools/demo/demo.h"'
refused layers 'a room includes the tools'
mkdir src/attic && plant src/attic/planted.c 'int x;'
refused layers 'a room that the table does not know'
sed -i 's/^| `src.*//' docs/ARCHITECTURE.md
refused layers 'the table is gone'
plant note.txt 'Read me.' && git add note.txt
refused layers 'a stray file at the top'
plant src/sys/planted.c 'void f(void) { pcap_close(0); }'
refused layers 'libpcap outside capture'
plant src/base/planted.c 'void f(void) { exit(1); }'
refused layers 'a library that exits'
plant src/life/planted.c 'void f(void) { printf("x"); }'
refused layers 'a library that prints'
plant src/out/planted.h 'sonde_ns when(void);'
refused headers 'a header that does not stand alone'
for room in wire packet flow life out; do
	mkdir -p src/$room
	plant src/$room/planted.c '#include <time.h>
long f(void) { return time(0); }'
	object $room
	refused purity "src/$room reads a clock"
done
plant src/life/planted.c '#include <stdlib.h>
void *f(void) { return malloc(9); }'
object life
refused purity 'a thinking room takes memory of its own'
plant src/life/planted.c 'int f(void) { static int calls; return ++calls; }'
object life
refused purity 'a thinking room keeps a counter'
plant src/life/planted.c 'const char *names[] = { "writable" };'
object life
refused purity 'a thinking room keeps a writable table'
plant src/base/planted.c 'int   f( void ){return 1 ;}'
refused format 'careless formatting'
plant src/base/planted.c 'int f(void) { int a[2] = { 1, 2 }; return a[2]; }'
refused analysis 'a read behind an array'
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor f in $*; do rm $undefined/$f; done\n' >tests/house/planted.sh
refused shells 'a careless script'
plant README.md "see /wo""rk/main"
refused words 'a path of one machine'
plant docs/man/sonde.1 '.Nosuch macro'
refused pages 'a macro that mdoc does not have'
plant docs/man/sonde.1 '.Bl -tag -width x
.It Fl -frobnicate
Nothing.
.El'
refused pages 'a man page with an option that the program does not know'
sed -i '/^\.It Fl -version/,+1d' docs/man/sonde.1
refused pages 'a man page that lacks an option'
sed -i 's/USUALLY(64)/USUALLY( 64)/' src/wire/ip.rows
refused mutants 'a planted fault whose place has changed'
exit $bad
