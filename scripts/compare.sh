#!/usr/bin/env bash
# Whether two builds of a release have the same bytes, and are what they should be: compare.sh ONE OTHER, in the book's folder.
# Each holds one release folder and built-with.txt.
set -euo pipefail
deckgen=${DECKGEN:-deckgen}
one=${1:?name the first build}
other=${2:?name the other build}

cat "$one/built-with.txt" "$other/built-with.txt"
if cmp --silent "$one/built-with.txt" "$other/built-with.txt"; then
  echo "::error::Both were built with the same Python and SQLite, so nothing was compared."
  exit 1
fi
if ! diff --recursive --brief --exclude=built-with.txt "$one" "$other"; then
  echo "::error::The two builds have not the same bytes."
  exit 1
fi
"$deckgen" verify "$one"/v*/
