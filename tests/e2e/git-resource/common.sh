# shellcheck shell=sh disable=SC2034
# A stand-in for Concourse's git resource, whose image is not to be had from a Go module or a Debian package: the same
# versions, the same clone, the same files. What it does not know it refuses, so that no pipeline runs with less than it
# asked for. Sourced by check and in.
request=$(cat)

of() { printf '%s' "$request" | jq -r "$1"; }

unknown=$(of '.source | keys - ["uri", "branch", "paths", "fetch_tags"] | join(", ")')
[ -z "$unknown" ] || { echo "this stand-in does not know $unknown" >&2; exit 1; }

uri=$(of .source.uri)
branch=$(of '.source.branch // "main"')
ref=$(of '.version.ref // empty')
export GIT_TERMINAL_PROMPT=0
git config --global --add safe.directory '*'
