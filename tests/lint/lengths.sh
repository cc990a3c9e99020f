#!/bin/sh
# Warns of files over 500 lines, functions over 60, a main over 80: a noun may be missing there.
awk '
	FNR == 1 { if (file && lines > 500) print "warning: " file ": " lines " lines"; file = FILENAME; begun = 0 }
	{ lines = FNR }
	/^[A-Za-z_].*\(/ && !/;$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^\{/ { begun = FNR }
	/^\}/ && begun {
		n = FNR - begun - 1
		if (n > (name == "main" ? 80 : 60)) print "warning: " FILENAME ":" begun ": " name " has " n " lines"
		begun = 0
	}
	END { if (lines > 500) print "warning: " file ": " lines " lines" }' "$@"
exit 0
