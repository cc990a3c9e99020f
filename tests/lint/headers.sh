#!/bin/sh
# Each header compiles alone. Headers of BPF programs (*.bpf.h) are for another machine.
set -u
git ls-files -co --exclude-standard '*.h' | grep -v '\.bpf\.h$' | {
	bad=0
	while read -r h; do
		[ -f "$h" ] || continue
		printf '#include "%s"\n' "$h" |
			${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Isrc -I. -Wall -Wextra -Werror -Wno-unused \
				-fsyntax-only -x c - || { echo "$h does not stand alone"; bad=1; }
	done
	exit $bad
}
