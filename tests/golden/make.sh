#!/bin/sh
# Records the golden event logs anew: one run of each program of tests/stim/causes, and what it told.
# As root, from the top of the tree, after `make`; then read the difference before it is kept.
set -eu
export PATH="${STIM:-build/cc/stim}:$PATH"
sonde=${SONDE:-build/bin/sonde}
out=tests/golden/causes
for name in $(sed -n 's/^\t*{ *"\([a-z-]*\)",.*/\1/p' tests/stim/causes.c); do
	"$sonde" follow --save "$out/$name.pcapng" -o /dev/null -- causes -n "$name" >"$out/$name.parts"
done
