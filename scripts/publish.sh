#!/usr/bin/env bash
# Attaches a release's files to its GitHub release: publish.sh FOLDER TAG; needs gh and its token. Asked again, it goes on.
set -euo pipefail
folder=${1:?name the release folder}
tag=${2:?name the tag}

notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
{
  cat "$folder/RELEASE-NOTES.zh-CN.md"
  printf '\n---\n\n'
  cat "$folder/RELEASE-NOTES.en.md"
} >"$notes"
if ! gh release view "$tag" >/dev/null 2>&1; then
  gh release create "$tag" --verify-tag --title "$tag" --notes-file "$notes"
fi
gh release upload "$tag" --clobber -- "$folder"/*
