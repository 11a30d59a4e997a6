"""The kind `packer`, with the real Packer 1.6, whose builder `file` makes files of this machine."""

import json
import shutil
import signal
import os
import tempfile
import time
import unittest
from pathlib import Path

from .task import SHELLS, Build, Pipeline

FLEET = Path(__file__).parent / "fleet"
IMAGES = '-images $(touch "$HOME/harm")/it\'s "web"'
TEMPLATE = """\
variable "motto" { type = string }
variable "place" { type = string }
variable "command" {
  type    = string
  default = "true"
}
source "file" "web" {
  content = var.motto
  target  = "${var.place}/web, it is"
}
source "file" "worker" {
  content = "worker"
  target  = "${var.place}/worker"
}
build {
  sources = ["source.file.web", "source.file.worker"]
  provisioner "shell-local" { inline = [var.command] }
}
"""


class Packer(unittest.TestCase):
    """A template of two images."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.pipeline = Pipeline(FLEET, "packer")

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="packer-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.code = self.folder / "code"
        self.made = self.folder / "made"
        self.made.mkdir()
        (self.code / IMAGES).mkdir(parents=True)
        self.template(TEMPLATE)
        self.variables()

    def template(self, text: str) -> None:
        (self.code / IMAGES / "web.pkr.hcl").write_text(text)

    def variables(self, more: str = "") -> None:
        (self.code / "-common vars.pkrvars.hcl").write_text(f'place = "{self.made}"\n{more}')

    def build(self, phase: str, shell: str = "busybox") -> Build:
        task = {"check": "validate-machine-image", "build": "build-machine-image"}[phase]
        config = self.pipeline.task(f"{phase}-web-image", task)
        build = Build(config, {"shop-packer": self.code}, {"packer.token": "hunter2"}, shell, real_packer())
        self.addCleanup(shutil.rmtree, build.folder, ignore_errors=True)
        return build

    def test_story(self) -> None:
        """A check makes nothing; a build makes images, and says which."""
        for shell in SHELLS:
            with self.subTest(shell):
                shutil.rmtree(self.made)
                self.made.mkdir()
                check = self.build("check", shell).run().succeeded()
                self.assertEqual(list(self.made.iterdir()), [], check.log)
                build = self.build("build", shell).run().succeeded()
                self.assertEqual((self.made / "web, it is").read_text(), 'it\'s a, "motto" $(touch $HOME/harm)')
                artifacts = json.loads(build.output("packer/artifacts.json"))
                self.assertEqual(sorted(artifacts), ["file.web", "file.worker"], build.log)
                # What people read, and not what machines do.
                self.assertRegex(build.log, r"(?m)^==> file\.web: Running local shell script")
                self.assertEqual(list(build.folder.rglob("harm")), [])

    def test_put_takes_what_was_built(self) -> None:
        """It is the file that the build makes."""
        put = self.pipeline.step("build-web-image", "web-image")
        self.assertEqual((put["inputs"], put["params"]), (["packer"], {"file": "packer/artifacts.json"}))

    def test_failures_tell_why(self) -> None:
        """A template that is wrong fails the check, a machine that cannot be provisioned the build."""
        self.variables('command = "echo no such package; exit 3"\n')
        self.build("check").run().succeeded()
        refused = self.build("build").run().failed()
        self.assertIn("no such package", refused.log)
        self.template(TEMPLATE.replace("var.motto", "var.moto"))
        self.assertIn("moto", self.build("check").run().failed().log)

    def test_stopped_build_removes_what_it_had_begun(self) -> None:
        """And ends as failed."""
        begun = self.folder / "begun"
        self.variables(f'command = "touch {begun}; sleep 5"\n')
        for shell in SHELLS:
            with self.subTest(shell):
                build = self.build("build", shell)
                begun.unlink(missing_ok=True)
                process = build.start()
                while not begun.exists() and process.poll() is None:
                    time.sleep(0.05)
                os.kill(process.pid, signal.SIGTERM)
                began = time.monotonic()
                rest, _ = process.communicate(timeout=90)
                self.assertLess(time.monotonic() - began, 80)
                self.assertNotEqual(process.returncode, 0, rest)
                self.assertIn("Cleanly cancelled builds", rest)

    def test_plugins_are_fetched_first(self) -> None:
        """This Packer has no `init`: a stand-in notes how it is called, and hands the rest on to the real one."""
        bin_ = self.folder / "bin"
        bin_.mkdir()
        calls = self.folder / "calls"
        (bin_ / "packer").write_text(
            f'#!/bin/sh\nif [ "$1" = init ]; then echo "$@" >>{calls}; else exec {real_packer()}/packer "$@"; fi\n'
        )
        (bin_ / "packer").chmod(0o755)
        code = self.folder / "init"
        (code / "images").mkdir(parents=True)
        (code / "images/it.pkr.hcl").write_text('source "null" "it" {\n  communicator = "none"\n}\nbuild {\n  sources = ["source.null.it"]\n}\n')
        pipeline = Pipeline(FLEET, "packer-init")
        config = pipeline.task("build-worker-image", "build-machine-image")
        build = Build(config, {"shop-packer-init": code}, path=bin_).run().succeeded()
        self.addCleanup(shutil.rmtree, build.folder)
        self.assertEqual(calls.read_text(), f"init {build.work}/shop-packer-init/images\n")
        self.assertEqual(list(json.loads(build.output("packer/artifacts.json"))), ["null.it"])


def real_packer() -> Path:
    """A folder with it alone."""
    folder = Path(tempfile.gettempdir()) / f"packer-of-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    if not (folder / "packer").exists():
        (folder / "packer").symlink_to(shutil.which("packer"))
    return folder
