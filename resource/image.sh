#!/usr/bin/env bash
# Makes the image of the resource type, without docker, and the same bytes each time:
#
#     resource/image.sh OUT [EXECUTABLE]
#
#   OUT/github-issues-resource   the static executable (EXECUTABLE, or built here)
#   OUT/oci                      an OCI image layout: skopeo copy oci:OUT/oci docker://REGISTRY/NAME:TAG
#   OUT/base/github-issues       a base resource type for a worker: rootfs.tgz and resource_metadata.json
#
# It needs cargo with the target x86_64-unknown-linux-musl (or rustup, which fetches it), a C compiler (ring has C in it),
# GNU tar, gzip, sha256sum.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:?where to}
target=x86_64-unknown-linux-musl
mkdir -p "$out"
out=$(cd "$out" && pwd)

if [ $# -ge 2 ]; then
  executable=$2
else
  if [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
    rustup target add "$target" || { echo "the Rust target $target is missing, and rustup could not fetch it" >&2; exit 1; }
  fi
  # Without a compiler of musl's own the machine's will do: ring's C calls no C library.
  command -v musl-gcc >/dev/null || export CC_x86_64_unknown_linux_musl=${CC:-gcc}
  # No folder of this machine in the executable.
  export RUSTFLAGS="--remap-path-prefix=$PWD=/source --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
  cargo build --locked --profile resource --package github-issues-resource --bin github-issues-resource --target "$target"
  executable=${CARGO_TARGET_DIR:-target}/$target/resource/github-issues-resource
fi
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)

install -m 755 "$executable" "$out/github-issues-resource"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/opt/resource" "$root/tmp"
chmod 755 "$root" "$root/opt" "$root/opt/resource"
chmod 1777 "$root/tmp" # where a check keeps the answer that GitHub need not repeat
install -m 755 "$executable" "$root/opt/resource/github-issues-resource"
for step in check in out; do ln -s github-issues-resource "$root/opt/resource/$step"; done

# No clock, no owner, no order but that of the names.
tar --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$work/rootfs.tar" .
gzip -n -9 -c "$work/rootfs.tar" >"$work/rootfs.tgz"

digest() { sha256sum "$1" | cut -d' ' -f1; }
size() { stat -c %s "$1"; }

oci=$out/oci
rm -rf "$oci"
mkdir -p "$oci/blobs/sha256"
blob() { cp "$1" "$oci/blobs/sha256/$(digest "$1")"; }

printf '{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"Labels":{"org.opencontainers.image.title":"github-issues-resource","org.opencontainers.image.version":"%s","org.opencontainers.image.licenses":"Apache-2.0"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"resource/image.sh"}]}' \
  "$version" "$(digest "$work/rootfs.tar")" >"$work/config.json"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' \
  "$(digest "$work/config.json")" "$(size "$work/config.json")" "$(digest "$work/rootfs.tgz")" "$(size "$work/rootfs.tgz")" >"$work/manifest.json"
for file in rootfs.tgz config.json manifest.json; do blob "$work/$file"; done
printf '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}]}' \
  "$(digest "$work/manifest.json")" "$(size "$work/manifest.json")" "$version" >"$oci/index.json"

base=$out/base/github-issues
rm -rf "$base"
mkdir -p "$base"
cp "$work/rootfs.tgz" "$base/rootfs.tgz"
printf '{"type":"github-issues","version":"%s","privileged":false,"unique_version_history":false}\n' "$version" >"$base/resource_metadata.json"

echo "sha256:$(digest "$work/manifest.json")"
