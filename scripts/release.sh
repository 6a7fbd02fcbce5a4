#!/usr/bin/env bash
# Builds the release of a tag, in the book's folder: release.sh vX.Y.Z OUT writes OUT/vX.Y.Z and OUT/built-with.txt.
# The tag must hold the lock and the record of this very release, as “deckgen release” left them.
set -euo pipefail
deckgen=${DECKGEN:-deckgen}
tag=${1:?name the tag}
out=${2:?name the folder for the release}

if [[ ! $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
  echo "::error::The tag $tag is no version such as v1.2.0."
  exit 1
fi
version=${tag#v}
if [[ ! -e releases/$version.jsonl ]]; then
  echo "::error::The tag $tag has no releases/$version.jsonl. Run deckgen release $version on your machine, commit what it" \
    "says, and tag that commit: git push --delete origin $tag takes this tag back."
  exit 1
fi
"$deckgen" release "$version" --out "$out"
if [[ -n $(git status --porcelain -- deckgen.lock releases) ]]; then
  git diff --stat -- deckgen.lock releases
  echo "::error::The tag $tag has not the lock and the record of this release. Run deckgen release $version on your machine," \
    "commit deckgen.lock and releases/$version.jsonl, and tag that commit."
  exit 1
fi
python=$(dirname "$(command -v "$deckgen")")/python
"$python" -c 'import sqlite3, sys; print(sys.version.split()[0], sqlite3.sqlite_version)' | tee "$out/built-with.txt"
