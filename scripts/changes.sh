#!/usr/bin/env bash
# The cards that a commit changes, as Markdown on stdout: changes.sh DECKGEN BASE compares BASE with HEAD.
# Both are built in folders of their own by the same DECKGEN, so that only the sources count.
set -euo pipefail
deckgen=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
base=${2:?name the commit to compare with, such as origin/main}

work=$(mktemp -d)
cleanup() {
  for side in old new; do
    git worktree remove --force "$work/$side" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT

# Prints the folder that holds the packages; those of a project with errors lack something, and are in partial/.
packages() {
  git worktree add --quiet --detach "$work/$1" "$2" >&2
  if "$deckgen" build --project "$work/$1" --out "$work/$1-decks" >"$work/$1-log" 2>&1; then
    echo "$work/$1-decks"
  elif compgen -G "$work/$1-decks/partial/*.apkg" >/dev/null; then
    echo "$work/$1-decks/partial"
  else
    cat "$work/$1-log" >&2
  fi
}

old=$(packages old "$base")
new=$(packages new HEAD)
if [[ -n $old && -n $new ]]; then
  "$deckgen" diff "$old" "$new" --format markdown
else
  echo "The cards cannot be compared: one of the two commits gives none."
fi
