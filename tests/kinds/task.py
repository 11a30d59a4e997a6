"""The tasks of a rendered pipeline, run under Concourse's contract."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "target/tools/kinds"
SHELLS = ("busybox", "dash", "bash")


def steps(step: Any) -> list[dict[str, Any]]:
    """All steps within one, itself included."""
    found = []
    if isinstance(step, dict):
        if "task" in step or "put" in step or "get" in step or "load_var" in step:
            found.append(step)
        for value in step.values():
            found += steps(value)
    elif isinstance(step, list):
        for value in step:
            found += steps(value)
    return found


class Pipeline:
    """What `render --stdout` prints of a fleet of the tests."""

    def __init__(self, fleet: Path, manifest: str) -> None:
        printed = subprocess.run(
            [ROOT / "target/debug/ol-pipegen", "render", "--stdout", fleet / "projects" / f"{manifest}.yml"],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        self.pipeline = yaml.safe_load(printed)

    def task(self, job: str, task: str) -> dict[str, Any]:
        """The configuration of a task."""
        [found] = [found for found in self.pipeline["jobs"] if found["name"] == job]
        [found] = [step for step in steps(found["plan"]) if step.get("task") == task]
        return found["config"]

    def step(self, job: str, step: str) -> dict[str, Any]:
        """A put or get of a job, wherever it stands."""
        [found] = [found for found in self.pipeline["jobs"] if found["name"] == job]
        [found] = [each for each in steps(list(found.values())) if step in (each.get("put"), each.get("get"))]
        return found


def scripts(pipeline: Any) -> list[tuple[str, str]]:
    """The shell and the text of every script in it."""
    found = []
    if isinstance(pipeline, dict):
        run = pipeline.get("run")
        shell = str(run.get("path")) if isinstance(run, dict) else ""
        if shell.startswith("{{"):
            shell = "sh"  # in a kind, it may be an option, which is that unless said
        if shell in ("sh", "bash", "dash", "ash"):
            found += [(shell, text) for text in run.get("args", []) if "\n" in text or " " in text]
        for value in pipeline.values():
            found += scripts(value)
    elif isinstance(pipeline, list):
        for value in pipeline:
            found += scripts(value)
    return found


class Build:
    """One run of a task: a folder with its inputs, an environment of its params and nothing else."""

    def __init__(
        self,
        config: dict[str, Any],
        inputs: dict[str, Path],
        credentials: dict[str, str] | None = None,
        shell: str = "busybox",
        path: Path | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="build-"))
        self.work = self.folder / "work"
        self.work.mkdir()
        for wanted in config.get("inputs", []):
            if wanted["name"] in inputs:
                shutil.copytree(inputs[wanted["name"]], self.work / wanted["name"], symlinks=True)
            elif not wanted.get("optional"):
                raise AssertionError(f"missing inputs: {wanted['name']}")
        for made in [output["name"] for output in config.get("outputs", [])] + [c["path"] for c in config.get("caches", [])]:
            (self.work / made).mkdir()
        self.env = {"PATH": programs(self.folder, shell, path), "HOME": str(self.folder), "USER": "root"}
        for name, value in config.get("params", {}).items():
            text = value if isinstance(value, str) else {True: "true", False: "false"}.get(value, str(value))
            self.env[name] = interpolated(text, credentials or {})
        self.command = [config["run"]["path"], *config["run"].get("args", [])]

    def approve(self, name: str, text: str) -> None:
        """Writes what the approval names to where the task looks for it, if the task takes an approval."""
        if place := self.env["APPROVED"]:
            file = self.work / place
            assert file.name == name and (self.work / Path(place).parts[0]).is_dir(), f"no input brings {place}"
            file.parent.mkdir(parents=True)
            file.write_text(f"{text}\n")

    def start(self) -> subprocess.Popen[str]:
        """Begins it."""
        return subprocess.Popen(
            self.command, executable=shutil.which(self.command[0], path=self.env["PATH"]), cwd=self.work, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )

    def run(self) -> "Build":
        """Runs it to its end."""
        process = self.start()
        try:
            self.log, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.log, _ = process.communicate()
            raise AssertionError(f"still running:\n{self.log}") from None
        self.code = process.returncode
        return self

    def succeeded(self) -> "Build":
        """It did."""
        assert self.code == 0, f"ended with {self.code}:\n{self.log}"
        return self

    def failed(self) -> "Build":
        """It did, too."""
        assert self.code != 0, f"succeeded:\n{self.log}"
        return self

    def output(self, path: str) -> str | None:
        """A file of an output, if it is there."""
        file = self.work / path
        return file.read_text() if file.is_file() else None


def programs(folder: Path, shell: str, more: Path | None) -> str:
    """A search path on which `sh` is that shell; with busybox, all other programs are busybox's, too."""
    bin_ = folder / "bin"
    bin_.mkdir()
    if shell == "busybox":
        subprocess.run([shutil.which("busybox") or "busybox", "--install", "-s", bin_], check=True)
        rest = []
    else:
        (bin_ / "sh").symlink_to(shutil.which(shell) or shell)
        rest = ["/usr/bin", "/bin"]
    return ":".join([*([str(more)] if more else []), str(bin_), *rest])


def interpolated(text: str, credentials: dict[str, str]) -> str:
    """Credentials put where they are named. One that is not known is a mistake of the test."""
    return re.sub(r"\(\(([^()]+)\)\)", lambda found: credentials[found[1]], text)
