#!/usr/bin/env bash
# What `cargo test --workspace` cannot do alone: the description against GitHub's packages, the image, the cost.
#
#     resource/ci.sh [OUT]
#
# It needs cargo with the target x86_64-unknown-linux-musl (or rustup, which fetches it), a C compiler, GNU tar; as root on
# Debian it installs what is missing of the rest. A missing tool is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -ge 1 ]; then
  out=$1
else
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

need() {
  # A file, for bash has a word `time` of its own; GNU's tells the memory.
  type -P "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && type -P apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2" >/dev/null
  fi
  type -P "$1" >/dev/null || { echo "$1 is missing (Debian: $2)" >&2; exit 1; }
}
need cargo rustup
need gcc gcc
need node nodejs
need npm npm
need python3 python3
need skopeo skopeo
need readelf binutils
need time time
python3 -c 'import ensurepip, venv' || { echo "python3 has no venv (Debian: python3-venv)" >&2; exit 1; }

echo "== the fake's description is GitHub's"
(cd tests/fake-github/description && npm ci --silent --no-audit --no-fund && node extract.mjs --check)

echo "== the image"
first=$(resource/image.sh "$out" | tail -1)
second=$(resource/image.sh "$out/again" "$out/github-issues-resource" | tail -1)
[ "$first" = "$second" ] || { echo "two images of one executable differ: $first, $second" >&2; exit 1; }
inspected=$(skopeo inspect --format '{{.Digest}} {{.Architecture}} {{.Os}}' "oci:$out/oci")
[ "$inspected" = "$first amd64 linux" ] || { echo "skopeo reads $inspected, and not $first" >&2; exit 1; }
cmp "$out/oci/blobs/sha256/$(sha256sum "$out/base/github-issues/rootfs.tgz" | cut -d' ' -f1)" "$out/base/github-issues/rootfs.tgz"
python3 -m json.tool "$out/base/github-issues/resource_metadata.json" >/dev/null
files=$(tar -tzf "$out/base/github-issues/rootfs.tgz" | LC_ALL=C sort | tr '\n' ' ')
[ "$files" = "./ ./opt/ ./opt/resource/ ./opt/resource/check ./opt/resource/github-issues-resource ./opt/resource/in ./opt/resource/out ./tmp/ " ] ||
  { echo "the image holds $files" >&2; exit 1; }
headers=$(readelf -lW "$out/github-issues-resource")
case $headers in
  *INTERP*) echo "the executable is not static" >&2; exit 1 ;;
  *LOAD*) ;;
  *) echo "readelf says nothing of the executable" >&2; exit 1 ;;
esac
if grep -q GITHUB_ISSUES_VIRTUAL_CLOCK "$out/github-issues-resource"; then echo "the executable has the tests' clock" >&2; exit 1; fi
if grep -qF -e "$PWD" -e "$HOME/" "$out/github-issues-resource"; then echo "the executable names folders of this machine" >&2; exit 1; fi
echo "$first"

echo "== the executable of the image"
# With the features of the whole workspace, so that nothing is built twice.
GITHUB_ISSUES_RESOURCE=$(cd "$out" && pwd)/github-issues-resource cargo test --locked --workspace --test it -- protocol

echo "== the cost"
cargo build --locked --profile quick -p fake-github
resource/bench/bench.py "$out/github-issues-resource" "${CARGO_TARGET_DIR:-target}/quick/fake-github" "$out/oci"
