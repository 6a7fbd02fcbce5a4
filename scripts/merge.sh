#!/usr/bin/env bash
# Brings deckgen.lock and the PO files up to date with the newest commit, in the book's folder: merge.sh OUT commits here what
# lagged and writes the commit to OUT/lags.patch, for commit.sh to push; nothing lags, nothing is written.
set -euo pipefail
deckgen=${DECKGEN:-deckgen}
out=${1:?name the folder for the patch}

changes=$("$deckgen" check 2>/dev/null | sed -n 's/^  //p' || true)
"$deckgen" build
if [[ -d locale ]]; then
  "$deckgen" translate extract
fi

tracked=(deckgen.lock)
[[ -d locale ]] && tracked+=(locale)
git add --all -- "${tracked[@]}"
if git diff --cached --quiet; then
  echo "deckgen.lock and the translations are up to date"
  exit
fi
of=$(git rev-parse --short HEAD)
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" commit --quiet \
  --message "Bring deckgen.lock and the translations up to date with $of" \
  --message "${changes:-The PO files follow the chapters.}"
mkdir -p "$out"
git format-patch --quiet --binary -1 --stdout >"$out/lags.patch"
git show --stat --format=%B HEAD
