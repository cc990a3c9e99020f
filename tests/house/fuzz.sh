#!/bin/sh
# The fuzz targets, over tests/fuzz/corpus/TARGET; those that read files, over $SONDE_CORPUS too.
#
#	fuzz.sh replay	reads every file once, with any compiler
#	fuzz.sh search	looks for FUZZ_RUNS new inputs with clang's engine; FUZZ_SEED: always the same ones
set -u
bad=0
[ -d "$SONDE_CORPUS" ] || echo "skipped: no captures under $SONDE_CORPUS (SONDE_CORPUS=FOLDER)"
for fuzzer in "$SONDE_BUILD"/fuzz_*; do
	[ -x "$fuzzer" ] && [ -f "$fuzzer" ] || continue
	name=${fuzzer##*/fuzz_}
	seeds=
	case $name in
	copy | reader | report) files=$SONDE_CORPUS ;;
	lab) files=tests/lab ;;
	script) files=tests/craft ;;
	*) files= ;;
	esac
	for d in "tests/fuzz/corpus/$name" "$files"; do
		[ ! -d "$d" ] || seeds="$seeds $d"
	done
	if [ "$1" = replay ]; then
		# shellcheck disable=SC2086 # paths of our own, without blanks
		if [ "$seeds" ] && find $seeds -type f -print0 | xargs -0 "$fuzzer" >/dev/null; then
			# shellcheck disable=SC2086
			echo "ok fuzz_$name reads $(find $seeds -type f | wc -l) files"
		else
			echo "not ok fuzz_$name over${seeds:- nothing}"
			bad=1
		fi
		continue
	fi
	found=build/fuzz/$name
	mkdir -p "$found/corpus"
	echo "== fuzz_$name, $FUZZ_RUNS inputs"
	# shellcheck disable=SC2086
	if "$fuzzer" -seed="${FUZZ_SEED:-0}" -runs="$FUZZ_RUNS" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$found/" -print_final_stats=1 -verbosity=0 "$found/corpus" $seeds \
		>"$found/log" 2>&1 </dev/null; then
		echo "ok fuzz_$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log") inputs"
	else
		tail -n 40 "$found/log"
		echo "not ok fuzz_$name: the input is in $found/"
		bad=1
	fi
done
exit $bad
