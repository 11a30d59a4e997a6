#!/usr/bin/env bash
# What `cargo test --workspace` cannot do alone: the description against GitHub's packages, the image, the cost.
#
#     resource/ci.sh [OUT]
#
# It needs cargo, a C compiler, npm, node, python3 with venv and pip, GNU tar; as root on Debian it installs what is
# missing of skopeo and GNU time. A missing tool is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-$(mktemp -d)}

need() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq "$2" >/dev/null
  fi
  command -v "$1" >/dev/null || { echo "$1 is missing (Debian: $2)" >&2; exit 1; }
}
need npm npm
need node nodejs
need python3 python3-venv
need skopeo skopeo
need time time

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
if readelf -lW "$out/github-issues-resource" | grep -q INTERP; then echo "the executable is not static" >&2; exit 1; fi
if grep -q GITHUB_ISSUES_VIRTUAL_CLOCK "$out/github-issues-resource"; then echo "the executable has the tests' clock" >&2; exit 1; fi
echo "$first"

echo "== the executable of the image"
GITHUB_ISSUES_RESOURCE=$out/github-issues-resource cargo test --locked -p github-issues-resource --test it -- protocol

echo "== the cost"
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo build --locked --release -p fake-github
resource/bench/bench.py "$out/github-issues-resource" "${CARGO_TARGET_DIR:-target}/release/fake-github" "$out/oci"
