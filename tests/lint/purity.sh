#!/bin/sh
# What the thinking rooms ask of the C library, and that they keep nothing writable.
#
#	purity.sh build/cc
set -u
bad=0
bytes='mem(cpy|move|set|cmp|chr|rchr|mem)|str(n?len|n?cmp|r?chr|chrnul|str|pbrk|c?spn)'
while read -r room may; do
	for o in "$1/$room"/*.o; do
		[ -e "$o" ] || continue
		asked=$(nm -u "$o" | sed -n 's/^ *[Uwv] //p' |
			grep -vxE "sonde_.*|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__assert_fail|$bytes|$may" | tr '\n' ' ')
		[ -z "$asked" ] || { echo "${o#"$1/"} asks for $asked"; bad=1; }
		size -A "$o" | awk -v o="${o#"$1/"}" '
			$1 ~ /^\.t?(data|bss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 {
				print o " keeps " $2 " writable bytes (" $1 ")"; found = 1
			}
			END { exit found }' || bad=1
		nm "$o" | grep -q ' C ' && { echo "${o#"$1/"} keeps a common variable"; bad=1; }
	done
done <<'END'
src/base	malloc|calloc|free|abort|v?snprintf|strerrordesc_np|strerrorname_np|sigabbrev_np|wcwidth
src/wire	-
src/packet	inet_pton|strtoull?|memmem|vsnprintf|__u(div|divmod)ti[34]
src/probe	inet_pton|strerrordesc_np
src/flow	-
src/life	qsort|bsearch
src/lab	qsort|inet_pton
src/out	-
END
exit $bad
