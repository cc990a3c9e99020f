#!/bin/sh
# The project speaks of itself alone: no paths of one machine, no authors' tools, no package hosts.
# (The brackets keep this file from finding itself.)
set -u
hits=$(git grep -nIiE '/wor[k]/|/far[m]|far[m]-|worktre[e]|claud[e]|anthropi[c]|(deb|snapshot)\.debia[n]\.org|co-authore[d]' -- . || true)
[ -z "$hits" ] || { printf '%s\n' "$hits"; exit 1; }
