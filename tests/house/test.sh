#!/bin/sh
# Runs the parts named (suites replay lint e2e) and counts. Called by `make test` with all built.
#
# What counts in their output: Check's closing line; a line `ok FACT` or `not ok FACT`; a line
# `skipped: REASON`, in C or in a script, for a fact that could not be asked here. A program that
# tells none of these is a fact itself: exit 0 is yes, 77 skipped, all else no.
set -u
mkdir -p build
all=$(mktemp build/test.XXXXXX)
one=$(mktemp build/test.XXXXXX)
trap 'rm -f "$all" "$one"' EXIT
trap 'exit 1' INT TERM HUP

# step SECONDS NAME COMMAND...
step() {
	limit=$1 name=$2
	shift 2
	echo "== $name"
	{
		timeout --kill-after=10 "$limit" "$@" 2>&1 </dev/null
		echo "exit $?"
	} | tee "$one" | sed '/^exit [0-9]*$/d'
	code=$(sed -n '$s/^exit //p' "$one")
	if [ "$code" != 0 ] && [ "$code" != 77 ]; then
		grep -qE '^not ok |Checks: .*(Failures|Errors): [1-9]' "$one" ||
			echo "not ok $name: exit code $code" | tee -a "$one"
	elif ! grep -qE '^(ok |not ok |skipped: )|Checks: ' "$one"; then
		if [ "$code" = 0 ]; then echo "ok $name"; else echo "skipped: $name"; fi | tee -a "$one"
	fi
	cat "$one" >>"$all"
}

for part; do
	case $part in
	suites) step 900 suites "$SONDE_BUILD/check" ;;
	replay) step 600 'fuzz corpora' tests/house/fuzz.sh replay ;;
	lint)
		step 600 lint tests/lint/run.sh
		step 600 'lint, seen to fail' tests/lint/planted.sh
		;;
	e2e)
		for t in tests/e2e/*; do
			if [ -f "$t" ] && [ -x "$t" ]; then step 300 "$t" "$t"; fi
		done
		;;
	esac
done

awk '
	/^[0-9]+%: Checks: / { gsub(",", ""); passed += $3 - $5 - $7; failed += $5 + $7; suite = 1 }
	/^ok / { passed++ }
	/^not ok / { failed++; names = names "\n  " substr($0, 8) }
	/^[^ ]+:[0-9]+:[EF]:/ { failed += 0; names = names "\n  " $0 }
	/^skipped: / { skipped++; if (!told[$0]++) why = why "\n  " substr($0, 10) }
	END {
		if (names) print "\nFailed:" names
		if (why) print "\nSkipped:" why
		printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed || !passed
	}' "$all"
