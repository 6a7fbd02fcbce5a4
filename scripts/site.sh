#!/usr/bin/env bash
# What Pages show, in the book's folder: site.sh OUT [RELEASE] makes OUT with the download page of the newest release (RELEASE, or
# the one that is on GitHub), preview/ with every card of this commit, and newest/ with its decks.
set -euo pipefail
deckgen=${DECKGEN:-deckgen}
out=${1:?name the folder for the site}
release=${2:-}

rm -rf "$out"
mkdir -p "$out"
newest=$(git tag --list 'v[0-9]*' --sort=-version:refname 2>/dev/null | head -n 1 || true)
if [[ -n $release && ( -z $newest || $(basename "$release") == "$newest" ) ]]; then
  cp -R "$release/." "$out"
elif [[ -n ${GITHUB_SERVER_URL:-} && -n ${GITHUB_REPOSITORY:-} ]]; then
  # The sums name every file of a release; without a release there is no such address.
  from="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/releases/latest/download"
  if curl --fail --silent --show-error --location "$from/SHA256SUMS" --output "$out/SHA256SUMS"; then
    cut -c 67- "$out/SHA256SUMS" | while IFS= read -r name; do
      curl --fail --silent --show-error --location "$from/$name" --output "$out/$name"
    done
    (cd "$out" && sha256sum --check --quiet SHA256SUMS)
  else
    rm -f "$out/SHA256SUMS"
    echo "there is no release yet"
  fi
fi
"$deckgen" preview --public --out "$out/preview" >/dev/null
"$deckgen" build --out "$out/newest" >/dev/null
[[ -e $out/index.html ]] || printf '<!doctype html><meta http-equiv="refresh" content="0; url=preview/">\n' >"$out/index.html"
