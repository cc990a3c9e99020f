#!/bin/sh
# Runs the parts named (suites replay lint build e2e) and counts. Called by `make test` with all built.
#
# What counts in their output: a closing line, Check's or `N passed, N failed, N skipped`; else lines
# `ok FACT` and `not ok FACT`. A suite in C says `skipped: REASON` where it could not ask.
# A program that tells none of these is a fact itself: exit 0 is yes, 77 skipped, all else no.
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
		grep -qE '^not ok |Checks: .*(Failures|Errors): [1-9]|, [1-9][0-9]* failed,' "$one" ||
			echo "not ok $name: exit code $code" | tee -a "$one"
	elif ! grep -qE '^(ok |not ok |skipped: )|Checks: | passed, ' "$one"; then
		if [ "$code" = 0 ]; then echo "ok $name"; else echo "skipped: $name"; fi | tee -a "$one"
	fi
	# What suites say of themselves their closing line has counted.
	if grep -q 'Checks: ' "$one"; then sed -i '/^ok /d' "$one"; fi
	cat "$one" >>"$all"
}

for part; do
	case $part in
	suites) step 1500 suites "$SONDE_BUILD/check" ;;
	replay) step 600 'fuzz corpora' tests/house/fuzz.sh replay ;;
	lint)
		step 600 lint tests/lint/run.sh
		step 600 'lint, seen to fail' tests/lint/planted.sh
		;;
	build) step 600 'the build' tests/e2e/build.sh ;;
	e2e) step 1500 'end to end' python3 tests/e2e/run.py ;;
	esac
done

awk '
	/^[0-9]+%: Checks: / { gsub(",", ""); passed += $3 - $5 - $7; failed += $5 + $7 }
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed += $1; failed += $3; skipped += $5 }
	/^ok / { passed++ }
	/^not ok / { failed++ }
	/^skipped: / { skipped++ }
	/^(not ok |failed  |[^ ]+:[0-9]+:[EF]:)/ { names = names "\n  " $0 }
	/^skipped/ { if (!told[$0]++) why = why "\n  " $0 }
	END {
		if (names) print "\nFailed:" names
		if (why) print "\nSkipped:" why
		printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed || !passed
	}' "$all"
