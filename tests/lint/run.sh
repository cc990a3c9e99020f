#!/bin/sh
# All checks of the sources, one fact each. Objects of a plain build are under $SONDE_BUILD.
#
#	run.sh		all
#	run.sh NAME...	only those
set -u
here=tests/lint
export LC_ALL=C.UTF-8
check() {
	if out=$("$@" 2>&1); then
		[ -z "$out" ] || printf '%s\n' "$out"
		echo "ok lint: $name"
	else
		printf '%s\n' "$out"
		echo "not ok lint: $name"
		bad=1
	fi
}
c_files() { git ls-files -co --exclude-standard '*.c' '*.h' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
sh_files() {
	git ls-files -co --exclude-standard | while read -r f; do
		[ ! -f "$f" ] || case $(head -n 1 "$f" | tr -d '\0') in '#!/bin/sh' | '#!/bin/bash' | '#!/usr/bin/env bash') echo "$f" ;; esac
	done
}

layers() { $here/layers.sh docs/ARCHITECTURE.md; }
headers() { $here/headers.sh; }
purity() { $here/purity.sh "$SONDE_BUILD"; }
words() { $here/words.sh; }
lengths() { c_files | xargs $here/lengths.sh; }
format() { c_files | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error:' | head -n 20 >"$tmp"; cat "$tmp"; [ ! -s "$tmp" ]; }
analysis() {
	c_files | grep -vE '^tests/|\.bpf\.' | xargs cppcheck --quiet -j 2 --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,portability --suppressions-list=$here/cppcheck -Isrc -I. -D__x86_64__
}
shells() { sh_files | xargs shellcheck --severity=warning; }
pages() { $here/pages.sh; }
mutants() { tests/mutants.sh --apply; }

tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
bad=0
[ $# != 0 ] || set -- layers headers purity words format analysis shells pages lengths mutants
for name; do
	case $name in
	format) program=clang-format ;;
	analysis) program=cppcheck ;;
	shells) program=shellcheck ;;
	pages) program=mandoc ;;
	*) program='sh' ;;
	esac
	if command -v $program >/dev/null; then
		check "$name"
	else
		echo "skipped: lint $name: there is no $program"
	fi
done
exit $bad
