#!/bin/sh
# Puts each clone of a build at its approved commit, or fails. It needs `sh` and `git`, and runs in the build directory,
# where each clone is a folder. The pins of the approval lie beside this script, or else in `gate`.
#
# CHECKOUT       The clones, one a line.
# CODE           The clone whose pin is `code`. The pin of every other clone has the name of its artifact.
# NO_SUBMODULES  The clones whose get leaves submodules out, one a line.
# FETCH          If set, a clone that lacks the commit fetches from its own origin, and the commit may be newer than the
#                clone's: no job of this Concourse had the commit before.
# COMPARE        `ARTIFACT=FILE`, one a line. The file must hold the pin that has the artifact's name.
# CONTENT        `ARTIFACT only FILE…` or `ARTIFACT except FILE…`, one a line. The hash of these files must be the pin
#                `ARTIFACT.sha256`.
#
# The approved tree is the tree of a fresh clone at the approved commit. Therefore only objects and refs are taken from
# the clone: no configuration, hook, attribute, index, graft or replacement, and no file of the newer commit. The objects
# of the approved commit are packed and indexed anew, which computes each hash again, and are checked out of that pack.
# git runs without the configuration of the image, and uses the network only to fetch.
#
# A function that runs in a subshell hands its variables to the functions that it calls:
# shellcheck disable=SC2030,SC2031
set -euf
umask 022
LC_ALL=C
export LC_ALL
: "${CHECKOUT=}" "${CODE=}" "${NO_SUBMODULES=}" "${FETCH=}" "${COMPARE=}" "${CONTENT=}"
tab=$(printf '\t')
approval=${0%/*}
[ -d "$approval/pins" ] || approval=gate
# Variables by which git would take another repository, or parts of one.
# shellcheck disable=SC2046 # one name a word
unset $(git rev-parse --local-env-vars) GIT_NAMESPACE GIT_ATTR_SOURCE GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS \
  GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS

refuse() {
  echo "not deployed: $1" >&2
  exit 1
}

# Prints the approved version that is pinned as $1.
approved() {
  [ -f "$approval/pins/$1" ] || refuse "the approval names no version of $1"
  cat "$approval/pins/$1"
}

# Runs git with no configuration but that of GIT_DIR, and without the network and replacements.
offline() {
  HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_SYSTEM=/dev/null \
    GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1 \
    GIT_NO_REPLACE_OBJECTS=1 git "$@"
}

# Removes everything but objects and refs from the git directory $1. Its submodules are put aside.
strip() {
  if [ -L "$1" ] || [ ! -d "$1" ]; then refuse "$shown: $1 is not a folder, so this is not a plain clone"; fi
  find "$1" -mindepth 1 -maxdepth 1 ! -name HEAD ! -name packed-refs ! -name refs ! -name shallow ! -name objects \
    ! -name lfs ! -name modules -exec rm -rf {} +
  strange=$(find "$1" -path "$1/modules" -prune -o ! -type f ! -type d -print | head -n 1)
  [ -z "$strange" ] || refuse "$shown: $strange is neither a file nor a folder, so this is not a plain clone"
  # Alternates add objects of other repositories. A commit graph replaces the parents and trees of commits.
  rm -rf "$1/objects/info" "$1/refs/replace"
  mkdir -p "$1/objects" "$1/refs"
  if [ -f "$1/packed-refs" ]; then
    sed '/ refs\/replace\//d' "$1/packed-refs" >"$1/new-refs"
    mv "$1/new-refs" "$1/packed-refs"
  fi
  if [ -d "$1/modules" ] && [ ! -L "$1/modules" ]; then mv "$1/modules" "$1/former-modules"; else rm -rf "$1/modules"; fi
}

# Writes the configuration of the git directory $1: $2 is a commit of it, and $3 its `core.worktree`.
configure() {
  {
    printf '[core]\n\tbare = false\n\tfilemode = true\n'
    [ -z "$3" ] || printf '\tworktree = "%s"\n' "$(printf '%s' "$3" | sed 's/[\\"]/\\&/g')"
    if [ ${#2} -eq 40 ]; then
      printf '\trepositoryformatversion = 0\n'
    else
      printf '\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n'
    fi
  } >"$1/config"
}

# Prints the way up from the folder $1.
up() {
  printf '%s' "$1" | sed 's,[^/][^/]*,..,g'
}

# Checks out the commit $3 with its submodules. $1 is a stripped git directory and $2 an empty work tree, both relative
# to $top.
restore() (
  git_dir=$1 work_tree=$2 commit=$3
  GIT_DIR=$top/$1 GIT_WORK_TREE=$top/$2
  export GIT_DIR GIT_WORK_TREE
  cd "$GIT_WORK_TREE"
  scratch=$GIT_DIR/scratch
  mkdir "$scratch"
  offline rev-list --objects --no-walk "$commit" >"$scratch/objects" ||
    refuse "$shown: objects of the approved commit $commit are not in this clone"
  mkdir "$scratch/store"
  offline pack-objects -q --stdout --window=0 <"$scratch/objects" |
    GIT_OBJECT_DIRECTORY=$scratch/store offline index-pack --stdin >"$scratch/packed" ||
    refuse "$shown: the objects of the approved commit $commit cannot be read"
  GIT_OBJECT_DIRECTORY=$scratch/store offline read-tree --reset -u "$commit" ||
    refuse "$shown: git cannot check out the approved commit $commit"
  rm -rf "$scratch/store"
  echo "$commit" >"$GIT_DIR/HEAD"
  restore_submodules
  restore_content
  rm -rf "$scratch" "$GIT_DIR/former-modules"
)

# Checks out the submodules of the commit that `restore` checked out.
restore_submodules() {
  for without in $NO_SUBMODULES; do
    if [ "$without" = "$artifact" ]; then return; fi
  done
  case $(offline ls-tree "$commit" .gitmodules) in
  '') return ;;
  100*) ;;
  *) refuse "$shown: .gitmodules is not a file" ;;
  esac
  described -z --get-regexp '^submodule\..*\.path$' >"$scratch/paths" || [ $? -eq 1 ] ||
    refuse "$shown: git cannot read .gitmodules"
  tr '\n\000' '\t\n' <"$scratch/paths" >"$scratch/submodules"
  while IFS=$tab read -r name path <&3; do
    name=${name#submodule.}
    name=${name%.path}
    path=${path%/}
    entry=$(offline -c core.quotePath=false ls-tree "$commit" "$path")
    case $entry in
    '160000 commit '*) ;;
    *) continue ;;
    esac
    if [ "$(described --get "submodule.$name.update")" = none ]; then continue; fi
    [ "${entry#*"$tab"}" = "$path" ] || refuse "$shown: the submodule $name has a path that cannot be used: $path"
    case /$name/ in
    *//* | */./* | */../* | *\\* | /-*) refuse "$shown: the submodule at $path has a name that cannot be used: $name" ;;
    esac
    restore_submodule "${entry#160000 commit }"
  done 3<"$scratch/submodules"
}

# Prints what .gitmodules says.
described() {
  offline config --file .gitmodules --no-includes "$@"
}

# Checks out the submodule $name at $path. $1 begins with its commit.
restore_submodule() {
  at=${1%%"$tab"*}
  module=$git_dir/modules/$name
  place=$path
  [ "$work_tree" = . ] || place=$work_tree/$path
  if [ ! -d "$GIT_DIR/former-modules/$name" ] || [ -e "$top/$module" ]; then
    refuse "$artifact: the approved commit has the submodule $place, which is not in this clone"
  fi
  # A link in the path would lead out of the work tree.
  [ "$(cd "./$path" && pwd -P)" = "$(pwd -P)/$path" ] || refuse "$artifact: $place is not a folder of the work tree"
  offline config "submodule.$name.active" true
  mkdir -p "$top/${module%/*}"
  mv "$GIT_DIR/former-modules/$name" "$top/$module"
  (
    shown="$artifact, submodule $place"
    strip "$top/$module"
    configure "$top/$module" "$at" "$(up "$module")/$place"
    [ "$(GIT_DIR=$top/$module offline cat-file -t "$at" 2>/dev/null)" = commit ] ||
      refuse "$shown: the approved commit $at is not in this clone"
    echo "gitdir: $(up "$place")/$module" >"$path/.git"
    restore "$module" "$place" "$at"
  )
}

# Puts the content of LFS files in the place of their pointers. Files that stay encrypted are refused.
restore_content() {
  offline -c core.quotePath=false ls-files >"$scratch/files"
  offline -c core.quotePath=false check-attr --stdin filter <"$scratch/files" >"$scratch/attributes"
  sed -n -e "s/^\(.*\): filter: \(lfs\)\$/\2$tab\1/p" -e "s/^\(.*\): filter: \(git-crypt\).*\$/\2$tab\1/p" \
    <"$scratch/attributes" >"$scratch/filtered"
  missing='' more=0
  while IFS=$tab read -r filter file <&3; do
    case $file in '"'*) refuse "$shown: $file has a name that cannot be used for a file of $filter" ;; esac
    if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
    [ "$filter" = lfs ] || refuse "$shown: $file is encrypted by git-crypt, and this step has no key"
    if [ "$(wc -c <"$file")" -gt 1024 ]; then continue; fi
    case $(head -n 1 <"$file") in
    'version http'*) ;;
    *) continue ;;
    esac
    if ! smudge; then
      if [ ${#missing} -lt 500 ]; then missing="$missing $file"; else more=$((more + 1)); fi
    fi
  done 3<"$scratch/filtered"
  if [ $more -gt 0 ]; then missing="$missing and $more more"; fi
  [ -z "$missing" ] || refuse "$shown: LFS files of the approved commit are not in this clone:$missing"
}

# Replaces the LFS pointer $file by its content, if the clone has it.
smudge() {
  oid=$(sed -n 's/^oid sha256:\([0-9a-f]*\)$/\1/p' <"$file")
  if [ ${#oid} -ne 64 ] || grep -q '^ext-' <"$file"; then return 1; fi
  rest=${oid#??}
  content=$GIT_DIR/lfs/objects/${oid%"$rest"}/${rest%"${rest#??}"}/$oid
  [ -f "$content" ] && [ "$(sha256sum <"$content" | cut -d ' ' -f 1)" = "$oid" ] && cat "$content" >"$file"
}

# Prints the value of $1 in the configuration of the clone, which is read as a file of no repository.
setting() (
  cd /
  if [ -L "$top/.git" ] || [ -L "$top/.git/config" ] || [ ! -f "$top/.git/config" ]; then return; fi
  offline config --file "$top/.git/config" --no-includes --get "$1" || :
)

# Fetches the commit $want from the clone's origin, with the image's configuration and credentials.
fetch() {
  for pause in 0 5 15; do
    if is_commit; then break; fi
    sleep "$pause"
    GIT_ALLOW_PROTOCOL=file:git:http:https:ssh GIT_TERMINAL_PROMPT=0 git -c core.hooksPath=/dev/null \
      -c core.fsmonitor=false -c gc.auto=0 -c maintenance.auto=false \
      fetch --quiet --no-recurse-submodules origin || :
  done
  rm -f "$GIT_DIR/FETCH_HEAD"
}

is_hash() {
  case $1 in
  *[!0123456789abcdef]*) return 1 ;;
  esac
  [ ${#1} -eq 40 ] || [ ${#1} -eq 64 ]
}

is_commit() {
  [ "$(offline cat-file -t "$want" 2>/dev/null)" = commit ]
}

is_on_branch() {
  offline merge-base --is-ancestor "$want" HEAD && return
  [ -n "$FETCH" ] && [ -n "$(offline for-each-ref --contains "$want" refs/remotes)" ]
}

# Puts the clone $artifact at its approved commit.
checkout() (
  shown=$artifact pin=$artifact
  [ "$artifact" != "$CODE" ] || pin=code
  want=$(approved "$pin")
  is_hash "$want" || refuse "$artifact: the approval names $want, which is not the full hash of a commit"
  top=$(cd "$artifact" && pwd -P)
  url=$(setting remote.origin.url)
  branches=$(setting remote.origin.fetch)
  strip "$top/.git"
  configure "$top/.git" "$want" ''
  GIT_DIR=$top/.git
  export GIT_DIR
  if [ -n "$url" ]; then
    offline config remote.origin.url "$url"
    case $branches in
    +refs/heads/*:refs/remotes/origin/*) ;;
    *) branches=+HEAD:refs/remotes/origin/HEAD ;;
    esac
    offline config remote.origin.fetch "$branches"
  fi
  have=$(offline rev-parse --verify --quiet 'HEAD^{commit}') || 
    refuse "$artifact: this clone is at no commit, or its hashes are not as long as the approved $want"
  if [ -n "$FETCH" ]; then fetch; fi
  is_commit || refuse "$artifact: the approved commit $want is not in this clone, which is at $have"
  is_on_branch || refuse "$artifact: the approved commit $want is not on the branch, which is at $have"
  find "$top" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
  restore .git . "$want"
  # Files of Concourse's git resource that told of the newer commit.
  echo "$want" >"$GIT_DIR/ref"
  echo "$want" >"$GIT_DIR/commit"
  printf '%.7s' "$want" >"$GIT_DIR/short_ref"
  offline log -1 --no-walk --format=%B "$want" >"$GIT_DIR/commit_message"
  if [ "$have" = "$want" ]; then
    echo "$artifact: the approved commit $want, which is the one that was fetched"
  else
    echo "$artifact: the approved commit $want, in place of $have, which was fetched"
  fi
)

case $CHECKOUT$COMPARE$CONTENT in
*[![:space:]]*) ;;
*) refuse "none of CHECKOUT, COMPARE and CONTENT is set, so no version would be checked" ;;
esac

for artifact in $CHECKOUT; do
  case $artifact in
  .* | -* | */*) refuse "CHECKOUT names $artifact, which is not a folder of the build" ;;
  esac
  checkout
done

for pair in $COMPARE; do
  artifact=${pair%%=*} file=${pair#*=}
  want=$(approved "$artifact")
  [ -f "$artifact/$file" ] || refuse "$artifact: the file $file is not there, so its version cannot be compared"
  have=$(cat "$artifact/$file")
  [ "$have" = "$want" ] || refuse "$artifact: $want was approved, and this build fetched $have"
  echo "$artifact: the approved version $want"
done

# The hash of the files of the artifact in the working directory: one line `HEX  ./PATH` for each, sorted by path.
content() {
  mode=$1
  shift
  {
    # Paths are told apart by lines; no recorded path has more than one.
    if [ -n "$(find . -name '*
*')" ]; then echo "/failed"; fi
    if [ "$mode" = only ]; then
      for name; do find "./$name" ! -type d; done
    else
      find . ! -type d
    fi || echo "/failed"
  } | sort -u | {
    set -e
    while IFS= read -r file; do
      if [ "$mode" = except ]; then
        for name; do case $file in "./$name" | "./$name"/*) continue 2 ;; esac; done
      fi
      if [ -L "$file" ]; then
        hash=link:$(readlink "$file" | sha256sum)
      elif [ -f "$file" ]; then
        hash=$(sha256sum <"$file")
      else
        hash=failed
      fi
      printf '%s  %s\n' "${hash%% *}" "$file"
    done
  } | sha256sum
}

printf '%s\n' "$CONTENT" | while IFS= read -r line; do
  [ -n "$line" ] || continue
  # shellcheck disable=SC2086 # names of files without spaces
  set -- $line
  artifact=$1
  shift
  want=$(approved "$artifact.sha256")
  have=$(cd "$artifact" && content "$@")
  have=sha256:${have%% *}
  [ "$have" = "$want" ] || refuse "$artifact: files with the content $want were approved, and this build fetched $have"
  echo "$artifact: the approved content $want"
done
