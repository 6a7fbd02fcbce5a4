#!/usr/bin/env bash
# What a pull request means, in the book's folder: pull_request.sh BASE prints the findings as annotations, writes what learners
# would get into the run's summary, and every card as a page into build/preview/. It fails for errors in the sources alone:
# a contributor cannot bring deckgen.lock up to date, and need not.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deckgen=${DECKGEN:-deckgen}
base=${1:?name the commit to compare with}
summary=${GITHUB_STEP_SUMMARY:-/dev/stderr}

status=0
"$deckgen" check --format github || status=$?

text=$(mktemp)
trap 'rm -f "$text"' EXIT
{
  echo "## What learners would get"
  echo
  "$here/changes.sh" "$deckgen" "$base" || echo "The cards cannot be compared with those of $base."
  "$deckgen" check --format json | python3 -c '
import collections, json, sys
told = json.load(sys.stdin)
counts = collections.Counter(change["kind"] for change in told["changes"])
if counts:
    listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    print(f"\nSince deckgen.lock was written: {listed}. What is reworded or moved keeps its progress.")
found = [item for item in told["findings"] if item["rule"] == "doubtful-match"]
if found:
    print("\n### Doubtful: whoever merges decides\n\nUntil then these count as cards that are no more; nobody should delete them.\n")
for item in found:
    print("- " + " – ".join(part for part in (item["message"], item["hint"]) if part))
' || true
} >"$text"
# A summary may have a megabyte.
head --bytes=1000000 "$text" >>"$summary"

"$deckgen" preview >/dev/null || true
exit "$status"
