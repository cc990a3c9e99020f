#!/bin/sh
# The man pages: mandoc finds nothing, each verb has one, and each names the options of its program,
# no more and no less.
set -u
tmp=$(mktemp)
trap 'rm -f "$tmp" "$tmp".*' EXIT
bad=0
for page in docs/man/*.1; do
	[ -e "$page" ] || { echo "there is no man page"; exit 1; }
	mandoc -Tlint -W style "$page" | grep -vE 'no blank before|referenced manual not found|outdated mandoc.db' && bad=1
done
for program in "$SONDE_BIN"/sonde*; do
	name=${program##*/}
	page=docs/man/$name.1
	if [ ! -f "$page" ]; then
		echo "$name has no man page"
		bad=1
		continue
	fi
	# "-o" or "--json", one a line, from both.
	"$program" --help </dev/null | sed -n 's/^  \( *-.*\)/\1/p' | sed 's/^ *//; s/   *.*//' |
		grep -oE '(^|[ ,])-(-[a-z0-9-]+|[A-Za-z0-9])' | tr -d ' ,' | sort -u >"$tmp.program"
	grep '^\.It Fl ' "$page" | grep -oE 'Fl [^ ]+' | sed 's/Fl /-/' | sort -u >"$tmp.page"
	if ! diff "$tmp.program" "$tmp.page" >"$tmp.diff"; then
		sed -n "s|^< |$page lacks |p; s|^> |$name does not know |p" "$tmp.diff"
		bad=1
	fi
done
exit $bad
