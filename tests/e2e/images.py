"""Images and resource types, made of Debian's own programs: nothing is pulled."""

import gzip
import hashlib
import io
import json
import re
import shutil
import tarfile
from pathlib import Path

from .tools import HERE, ROOT, Tools, run

# `git submodule` is still a script.
GIT_SCRIPTS = ["git-submodule", "git-sh-setup", "git-sh-i18n", "git-sh-i18n--envsubst"]


def root(folder: Path, *programs: str) -> Path:
    """A root file system of busybox, with programs of this machine and the libraries that they need."""
    for name in ("bin", "etc", "opt/resource", "root", "tmp", "usr/bin", "var/tmp", "usr/share/git-core/templates"):
        (folder / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (folder / name).chmod(0o1777)
    busybox = shutil.which("busybox")
    shutil.copy(busybox, folder / "bin/busybox")
    for applet in run([busybox, "--list"]).split():
        if applet != "busybox":
            (folder / "bin" / applet).symlink_to("busybox")
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    for program in programs:
        path = Path(shutil.which(program) or program)
        place(folder, path)
        for library in re.findall(r"(/\S+) \(0x", run(["ldd", path]) if not script(path) else ""):
            place(folder, Path(library))
    return folder


def script(path: Path) -> bool:
    """Is it text?"""
    return path.read_bytes()[:4] != b"\x7fELF"


def place(folder: Path, path: Path) -> None:
    """Copies a file of this machine to the same place below `folder`."""
    copy = folder / path.relative_to("/")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, copy)


def packed(folder: Path) -> bytes:
    """The folder as a tar file whose bytes depend on its content alone."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(folder, ".", filter=plain)
    return out.getvalue()


def layout(folder: Path, tar: bytes) -> Path:
    """An OCI layout of one image of one layer."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(kind: str, content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    def text(value: object) -> bytes:
        return json.dumps(value).encode()

    layer = blob("layer.v1.tar+gzip", gzip.compress(tar, compresslevel=1, mtime=0))
    config = blob("config.v1+json", text({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
    }))
    manifest = blob("manifest.v1+json", text({"schemaVersion": 2, "config": config, "layers": [layer]}))
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "image"}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_bytes(text({"schemaVersion": 2, "manifests": [manifest]}))
    return folder


def next_version(folder: Path, tools: Tools) -> Path:
    """The image of the resource, as its next version might be."""
    with tarfile.open(tools.resource / "base/github-issues/rootfs.tgz") as tar:
        tar.extractall(folder / "root")
    (folder / "root/version").write_text("next")
    return layout(folder / "oci", packed(folder / "root"))


def resource_type(folder: Path, name: str, made: Path, steps: Path) -> None:
    """A base resource type of the worker: the root file system, with the steps of a folder."""
    for step in steps.iterdir():
        shutil.copy(step, made / "opt/resource" / step.name)
    (folder / name).mkdir(parents=True)
    (folder / name / "rootfs.tgz").write_bytes(gzip.compress(packed(made), compresslevel=1))
    about = {"type": name, "version": "e2e", "privileged": False, "unique_version_history": False}
    (folder / name / "resource_metadata.json").write_text(json.dumps(about))


def pipegen(folder: Path, program: Path) -> Path:
    """A root file system with ol-pipegen on its path."""
    made = root(folder, str(program))
    (made / program.relative_to("/")).rename(made / "usr/bin/ol-pipegen")
    return made


def approved_git(work: Path, tools: Tools, base: Path, version: str) -> Path:
    """The image of approved-git over the root file system of a git resource, as the script of the resource makes it."""
    (base / "version").write_text(version)
    layout(work / "base", packed(base))
    executable = tools.resource / "github-issues-resource"
    run([ROOT / "resource/approved-git-image.py", work / "base", executable, work / "oci"])
    return work / "oci"


def make(work: Path, types: Path, tools: Tools) -> dict[str, Path]:
    """The base resource types below `types`, and the images: name in the registry → OCI layout."""
    git = ["git", *(f"/usr/lib/git-core/{name}" for name in GIT_SCRIPTS)]
    resource_type(types, "registry-image", root(work / "registry-image"), tools.registry_image)
    git_resource = root(work / "git-resource", *git, "jq")
    resource_type(types, "git", git_resource, HERE / "git-resource")
    return {
        "mitodl/approved-git-resource:0.1.0": approved_git(work / "approved-git", tools, git_resource, "0.1.0"),
        # The same of another digest.
        "mitodl/approved-git-resource:next": approved_git(work / "approved-git-next", tools, git_resource, "next"),
        "library/alpine:latest": layout(work / "alpine.oci", packed(root(work / "alpine"))),
        "acme/ol-pipegen:0.1.0": layout(work / "ol-pipegen.oci", packed(pipegen(work / "ol-pipegen", tools.pipegen))),
        "alpine/git:v2.49.1": layout(work / "git.oci", packed(root(work / "git", *git))),
        "mitodl/github-issues-resource:0.1.0": tools.resource / "oci",
        # In the place of MIT Open Learning's own.
        "mitodl/concourse-github-issues-resource:latest": tools.resource / "oci",
    }
