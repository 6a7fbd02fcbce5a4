#!/usr/bin/env bash
# Pushes what merge.sh committed, without force: commit.sh PATCH BRANCH, in a checkout of the commit that it was made for.
# A branch that moved on meanwhile is left to the run of its newest commit.
set -euo pipefail
patch=${1:?name the patch}
branch=${2:?name the branch}

git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  -c core.autocrlf=false am --quiet --keep-cr "$patch"
if git push --quiet origin "HEAD:refs/heads/$branch"; then
  echo "pushed to $branch: $(git log -1 --format=%s)"
  exit
fi
git fetch --quiet origin "refs/heads/$branch"
if [[ $(git rev-parse FETCH_HEAD) != $(git rev-parse HEAD~1) ]]; then
  echo "::notice::$branch moved on meanwhile; the run for its newest commit brings deckgen.lock up to date."
  exit
fi
echo "::error::This run may not push to $branch, so deckgen.lock lags. Allow it (Settings → Actions → General → Workflow" \
  "permissions, and the rules of the branch), or push it yourself: download the artifact lags, then git am lags.patch." \
  "Nothing is lost: the next run that may push brings the lock up to date, too."
exit 1
