#!/bin/sh
# Puts the approved versions where the build put the newest ones, or fails.
#
# CHECKOUT names clones, COMPARE pairs `INPUT=FILE` of an input and the file that names its version, both a line each.
# A pin is named as the artifact, but for CODE, whose pin is `code`. FETCH lets a clone that lacks the commit ask its
# origin for it, and take any commit of the branch: no job here had the commit before. The approval's files lie beside
# this script.
set -eu

approved() {
  cat "${0%/*}/pins/$1" || {
    echo "the approval names no version of $1" >&2
    exit 1
  }
}

on_branch() {
  git merge-base --is-ancestor "$1" HEAD && return
  [ -n "$FETCH" ] || return
  [ -n "$(git for-each-ref --contains "$1" refs/remotes)" ] || git merge-base --is-ancestor "$1" FETCH_HEAD
}

for artifact in $CHECKOUT; do
  pin=$artifact
  if [ "$artifact" = "$CODE" ]; then pin=code; fi
  want=$(approved "$pin")
  (
    cd "$artifact" || exit
    git config --global --add safe.directory "$PWD"
    have=$(git rev-parse HEAD)
    if [ "$have" = "$want" ]; then
      echo "$artifact: already at the approved commit $want"
      exit 0
    fi
    if [ -n "$FETCH" ]; then
      for pause in 0 5 15; do
        if git cat-file -e "$want^{commit}" 2>/dev/null; then break; fi
        sleep "$pause"
        git fetch --quiet origin || true
      done
    fi
    if ! git cat-file -e "$want^{commit}" 2>/dev/null; then
      echo "$artifact: the approved commit $want is not in this clone, which is at $have: not deployed" >&2
      exit 1
    fi
    if ! on_branch "$want"; then
      echo "$artifact: the approved commit $want is not on the branch, which is at $have: not deployed" >&2
      exit 1
    fi
    git checkout --quiet --force --detach "$want"
    # Offline: fails where a submodule's commit is not there.
    git submodule --quiet update --init --recursive --force --no-fetch
    git clean -ffdq
    # What the git resource wrote about the other commit.
    cd "$(git rev-parse --absolute-git-dir)" || exit
    rm -f author author_date branch commit commit_message commit_timestamp committer committer_date committer_name \
      describe_ref metadata.json short_ref tags url
    echo "$want" >ref
    echo "$want" >commit
    printf '%.7s' "$want" >short_ref
    git log -1 --format=%B >commit_message
    echo "$artifact: the build came with $have; $want was approved and is what is deployed"
  )
done

for pair in $COMPARE; do
  artifact=${pair%%=*}
  want=$(approved "$artifact")
  have=$(cat "$artifact/${pair#*=}")
  if [ "$have" != "$want" ]; then
    echo "$artifact: $want was approved, and this build has $have: not deployed" >&2
    exit 1
  fi
  echo "$artifact: the approved version $want"
done
