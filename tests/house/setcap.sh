#!/bin/sh
# Gives installed programs the capabilities that the table says (src/run/rights.c), and says aloud
# where that does not work. Nothing is ever setuid.
#
#	setcap.sh DOCTOR FOLDER [GROUP]
#
# Programs that show or forge the traffic of others get theirs only with a GROUP, and then nobody
# outside of it may run them.
set -eu
PATH=$PATH:/usr/sbin:/sbin
doctor=$1 folder=$2 group=${3:-}

# program, who it is for, capabilities: one line each, of what is given to a file
table() {
	"$doctor" --rights --csv | tr -d '\r' | awk -F, '
		NR > 1 && $2 != "root" && $3 ~ /^cap_/ {
			n = split($3, cap, " ")
			for (i = 1; i <= n; i++)
				if (!seen[$1, cap[i]]++)
					all[$1] = all[$1] (all[$1] ? "," : "") cap[i]
			given[$1] = $2
		}
		END { for (p in all) print p, given[p], all[p] }' | sort
}

table | while read -r program given caps; do
	file=$folder/sonde-$program
	[ -f "$file" ] || continue
	if [ "$given" = group ] && [ -z "$group" ]; then
		echo "sonde-$program: without $caps, for it shows or forges the traffic of others; 'make install GROUP=NAME' gives them to a group"
	elif [ "$given" = group ] && ! { chgrp "$group" "$file" && chmod 0750 "$file"; }; then
		echo "sonde-$program: could not be given to the group $group, so it is without $caps"
	elif command -v setcap >/dev/null && setcap "$caps+ep" "$file" 2>/dev/null; then
		echo "sonde-$program: $caps, for $([ "$given" = group ] && echo "the group $group" || echo everybody)"
	else
		echo "sonde-$program: could not be given $caps: not root, no setcap (libcap2-bin), or a file system that keeps no capabilities; only root can do with it what takes them, or:"
		echo "  setcap $caps+ep $file"
	fi
done
