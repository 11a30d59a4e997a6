#!/usr/bin/env python3
"""Makes the image of the resource type approved-git, without docker, and the same bytes each time.

    resource/approved-git-image.py BASE EXECUTABLE OUT

    BASE         the image of a git resource, as an OCI layout: skopeo copy docker://concourse/git-resource@sha256:… oci:BASE
    EXECUTABLE   github-issues-resource, as resource/image.sh makes it
    OUT          the OCI layout to write: skopeo copy oci:OUT docker://REGISTRY/NAME:TAG

The image is BASE with one layer more. In it the git resource moves to /opt/resource/git, and check, in and out of
/opt/resource are the executable. It prints the image's digest.
"""

import gzip
import hashlib
import io
import json
import shutil
import sys
import tarfile
from pathlib import Path

STEPS = ("check", "in", "out")
RESOURCE = "opt/resource"
PLATFORM = {"architecture": "amd64", "os": "linux"}  # the executable's


def fail(why: str) -> None:
    """Ends with a reason."""
    sys.exit(f"approved-git-image: {why}")


class Layout:
    """A folder with an OCI image layout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, descriptor: dict) -> bytes:
        """The content of a blob, which must be what its digest says."""
        algorithm, _, digest = descriptor["digest"].partition(":")
        content = (self.folder / "blobs" / algorithm / digest).read_bytes()
        if algorithm != "sha256" or hashlib.sha256(content).hexdigest() != digest:
            fail(f"{descriptor['digest']} of {self.folder} is another content")
        return content

    def json(self, descriptor: dict) -> dict:
        """The same, of JSON."""
        return json.loads(self.blob(descriptor))

    def manifest(self) -> dict:
        """The manifest of the image for the executable's platform."""
        candidates = json.loads((self.folder / "index.json").read_bytes())["manifests"]
        while True:
            if len(candidates) > 1:
                candidates = [
                    one for one in candidates if PLATFORM.items() <= one.get("platform", {}).items()
                ]
            if len(candidates) != 1:
                fail(f"{self.folder} holds {len(candidates)} images for linux/amd64")
            found = self.json(candidates[0])
            if "layers" in found:
                return found
            candidates = found["manifests"]

    def put(self, content: bytes, media: str) -> dict:
        """Writes a blob; its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(content)
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}


def git_resource(base: Layout, manifest: dict) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """The files below /opt/resource, by their paths there, as the layers leave them."""
    files: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    for descriptor in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(base.blob(descriptor)), mode="r:*") as layer:
            for member in layer:
                path = member.name.removeprefix("./").removeprefix("/")
                folder, _, name = path.rpartition("/")
                if name == ".wh..wh..opq":
                    gone = f"{folder}/"
                    files = {known: file for known, file in files.items() if not f"{RESOURCE}/{known}".startswith(gone)}
                elif name.startswith(".wh."):
                    gone = f"{folder}/{name.removeprefix('.wh.')}"
                    files = {
                        known: file
                        for known, file in files.items()
                        if f"{RESOURCE}/{known}" != gone and not f"{RESOURCE}/{known}".startswith(f"{gone}/")
                    }
                elif path.startswith(f"{RESOURCE}/"):
                    if member.islnk():
                        source = member.linkname.removeprefix("./").removeprefix("/").removeprefix(f"{RESOURCE}/")
                        if source not in files:
                            fail(f"/{path} is a link to a file outside of /{RESOURCE}")
                        files[path.removeprefix(f"{RESOURCE}/")] = files[source]
                        continue
                    opened = layer.extractfile(member) if member.isreg() else None
                    files[path.removeprefix(f"{RESOURCE}/")] = (member, opened.read() if opened else b"")
    for step in STEPS:
        if step not in files:
            fail(f"{base.folder} has no /{RESOURCE}/{step}: it is not the image of a resource type")
    return files


def layer(files: dict[str, tuple[tarfile.TarInfo, bytes]], executable: bytes) -> bytes:
    """The layer as a tar file: no clock, no owner, no order but that of the names."""
    members: dict[str, tuple[tarfile.TarInfo, bytes]] = {}

    def add(path: str, kind: bytes, mode: int, content: bytes = b"", link: str = "") -> None:
        member = tarfile.TarInfo(path)
        member.type, member.mode, member.size, member.linkname = kind, mode, len(content), link
        members[path] = (member, content)

    add(f"{RESOURCE}/git", tarfile.DIRTYPE, 0o755)
    for name, (old, content) in files.items():
        if old.isdir() or old.isreg() or old.issym():
            kind = tarfile.DIRTYPE if old.isdir() else tarfile.REGTYPE if old.isreg() else tarfile.SYMTYPE
            add(f"{RESOURCE}/git/{name}", kind, old.mode, content, old.linkname if old.issym() else "")
    add(f"{RESOURCE}/github-issues-resource", tarfile.REGTYPE, 0o755, executable)
    for step in STEPS:
        add(f"{RESOURCE}/{step}", tarfile.SYMTYPE, 0o777, link="github-issues-resource")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(members):
            member, content = members[path]
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def main(base_folder: Path, executable: Path, out: Path) -> None:
    """Writes the image."""
    base = Layout(base_folder)
    manifest = base.manifest()
    if "docker" in manifest.get("mediaType", ""):
        fail(f"{base_folder} has a manifest of Docker's; copy the image with skopeo copy --format oci")
    config = base.json(manifest["config"])
    if not PLATFORM.items() <= config.items():
        fail(f"{base_folder} is not an image for linux/amd64")
    tar = layer(git_resource(base, manifest), executable.read_bytes())

    shutil.rmtree(out, ignore_errors=True)
    (out / "blobs/sha256").mkdir(parents=True)
    made = Layout(out)
    layers = [made.put(base.blob(one), one["mediaType"]) for one in manifest["layers"]]
    layers.append(made.put(gzip.compress(tar, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip"))
    config["rootfs"]["diff_ids"].append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
    if "history" in config:
        config["history"].append({"created": "1970-01-01T00:00:00Z", "created_by": "resource/approved-git-image.py"})
    image = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": made.put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
    }
    descriptor = made.put(json.dumps(image).encode(), image["mediaType"])
    (out / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (out / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
    print(descriptor["digest"])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
