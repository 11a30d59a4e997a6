"""What a run is made of: the programs of the machine, and those that are built here."""

import glob
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
CNI = Path("/usr/lib/cni")

# Program → the Debian package that has it.
PROGRAMS = {
    "busybox": "busybox-static",
    "cc": "gcc",
    "containerd": "containerd",
    "docker-registry": "docker-registry",
    "git": "git",
    "ip": "iproute2",
    "iptables": "iptables",
    "jq": "jq",
    "mount": "mount",
    "runc": "runc",
    "setpriv": "util-linux",
    "skopeo": "skopeo",
    "unshare": "util-linux",
}
CONCOURSE = ROOT / "tests/conformance/concourse"
VERSION = "7.14.0"


class Missing(Exception):
    """This machine cannot run it."""


@dataclass(frozen=True)
class Tools:
    """The programs that were built, and where PostgreSQL's are."""

    concourse: Path
    fly: Path
    init: Path
    registry_image: Path
    resource: Path
    pipegen: Path
    fake_github: Path
    postgres: Path


def postgres() -> Path | None:
    """The newest PostgreSQL's programs: Debian keeps them off the path."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    return Path(found[-1]).parent if found else None


def need() -> None:
    """Says all that is missing, at once."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [] if os.geteuid() == 0 else ["the rights of root"]
    missing += [tool for tool in ("cargo", "go") if not shutil.which(tool)]
    packages = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if not (CNI / "bridge").exists():
        packages.append("containernetworking-plugins")
    if not postgres():
        packages.append("postgresql")
    if packages:
        missing.append(f"Debian packages: apt-get install --no-install-recommends {' '.join(packages)}")
    if not missing:
        namespaces = ["unshare", "--net", "--pid", "--mount", "--fork", "--mount-proc", "true"]
        tried = subprocess.run(namespaces, capture_output=True, text=True)
        if tried.returncode:
            missing.append(f"namespaces of processes, mounts and network: {tried.stderr.strip()}")
    if missing:
        raise Missing("; ".join(missing))


def build(cache: Path) -> Tools:
    """Builds what is not there yet. Cargo knows by itself; the rest is kept by the content of what it is made of."""
    cache.mkdir(parents=True, exist_ok=True)
    concourse = "github.com/concourse/concourse"
    registry_image = HERE / "registry-image"
    checkers = cache / "registry-image"
    checkers.mkdir(exist_ok=True)
    for step in ("check", "in", "out"):
        made = go(cache, registry_image, f"github.com/concourse/registry-image-resource/cmd/{step}")
        shutil.copy(made, checkers / step)
    run(["cargo", "build", "--quiet", "--locked", "--workspace", "--bins", "--examples"], cwd=ROOT)
    # It holds each answer to GitHub's description: many seconds without optimization.
    run(["cargo", "build", "--quiet", "--locked", "--profile", "quick", "-p", "fake-github"], cwd=ROOT)
    run([ROOT / "resource/image.sh", cache / "resource"], cwd=ROOT)
    directory = postgres()
    assert directory is not None
    return Tools(
        concourse=go(cache, CONCOURSE, f"{concourse}/cmd/concourse"),
        fly=go(cache, CONCOURSE, f"{concourse}/fly"),
        init=c(cache, HERE / "init.c"),
        registry_image=checkers,
        resource=cache / "resource",
        pipegen=TARGET / "debug/ol-pipegen",
        fake_github=TARGET / "quick/fake-github",
        postgres=directory,
    )


def go(cache: Path, module: Path, package: str) -> Path:
    """A program of a Go module, as its go.sum says it."""
    flags = ["-ldflags", f"-s -w -X github.com/concourse/concourse.Version={VERSION}"]
    version = run(["go", "env", "GOVERSION"], cwd=module)
    made_of = [(module / name).read_text() for name in ("go.mod", "go.sum")] + [package, *flags, version]

    def make(out: Path) -> None:
        command = ["go", "build", "-mod=readonly", "-buildvcs=false", *flags, "-o", out, package]
        run(command, cwd=module, env={**os.environ, "CGO_ENABLED": "0"})

    return kept(cache, package.split("/")[-1], made_of, make)


def c(cache: Path, source: Path) -> Path:
    """A static program in C."""
    made_of = [source.read_text()]
    return kept(cache, source.stem, made_of, lambda out: run(["cc", "-O2", "-static", "-o", out, source]))


def kept(cache: Path, name: str, made_of: list[str], make: Callable[[Path], object]) -> Path:
    """What `make` makes, unless the same was made of the same before."""
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]
    path = cache / f"{name}-{digest}"
    if not path.exists():
        print(f"building {name}", flush=True)
        made = cache / f"{name}.new"
        make(made)
        made.rename(path)
    return path


def run(command: Sequence[object], **options: Any) -> str:
    """Runs a program and gives what it prints."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


class Failed(Exception):
    """A program ended with an error."""
