"""The kind `opentofu`, with the real OpenTofu, a state of this machine and resources that it brings itself."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from .task import SHELLS, TOOLS, Build, Pipeline

FLEET = Path(__file__).parent / "fleet"
MODULE = '-tofu $(touch "$HOME/harm")/it\'s a "network"'
PASSWORD = 'pa$$"word\\ $(touch harm)'
MAIN = """\
terraform {
  backend "local" {}
}
variable "size" {}
variable "password" {}
variable "tier" {}
resource "terraform_data" "size" {
  input = "${var.tier}-${var.size}"
  provisioner "local-exec" {
    command = "test '${var.size}' != broken || { echo 'no such size' >&2; exit 3; }"
  }
  triggers_replace = var.size
}
resource "terraform_data" "login" {
  input = { user = "root", password = var.password }
}
"""


class OpenTofu(unittest.TestCase):
    """Each test has a state of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.pipeline = Pipeline(FLEET, "tofu")

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tofu-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = self.folder / "state"
        self.code = self.folder / "code"
        module = self.code / MODULE
        (module / "env").mkdir(parents=True)
        (module / "main.tf").write_text(MAIN)
        for stack in ("QA", "Production"):
            (module / f"env/{stack}.tfvars").write_text(f'tier = "{stack}"\n')
        backend = f'path = "{self.state}/default.tfstate"\nworkspace_dir = "{self.state}"\n'
        (self.code / "state of it.tfbackend").write_text(backend)

    def build(self, phase: str, stack: str = "production", size: str = "small", shell: str = "busybox", approved: str = "") -> Build:
        """A build of one job, not begun yet."""
        config = self.pipeline.task(f"{phase}-network-{stack}", phase)
        build = Build(config, {"shop-tofu": self.code}, {"db.password": PASSWORD}, shell, TOOLS / "tofu")
        build.approve("plan", approved)
        build.env["TF_VAR_size"] = size
        self.addCleanup(shutil.rmtree, build.folder, ignore_errors=True)
        return build

    def states(self) -> dict[Path, bytes]:
        """What is deployed."""
        return {file: file.read_bytes() for file in self.state.rglob("*tfstate")} if self.state.exists() else {}

    def harmless(self, build: Build) -> None:
        """Nothing of a name was run, and no password is shown in an issue."""
        self.assertEqual([str(file) for file in build.folder.rglob("harm")], [])
        for summary in build.work.glob("summary/*"):
            for part in ("pa$$", "word\\ $"):
                self.assertNotIn(part, summary.read_text())

    def test_story(self) -> None:
        """A preview changes nothing, its approval deploys, and then there is nothing to do."""
        for shell in SHELLS:
            with self.subTest(shell):
                shutil.rmtree(self.state, ignore_errors=True)
                preview = self.build("preview", shell=shell).run().succeeded()
                summary = preview.output("summary/preview.md")
                self.assertTrue(summary.startswith("Plan: 2 to add, 0 to change, 0 to destroy.\n"), summary)
                self.assertIn('+ input            = "Production-small"', summary)
                self.assertIn('+ password = "(credential)"', summary)
                self.assertIsNone(preview.output("summary/no-changes"))
                self.assertNotIn(b"terraform_data", b"".join(self.states().values()))
                self.harmless(preview)

                plan = preview.output("summary/plan").strip()
                self.assertRegex(plan, "^sha256:[0-9a-f]{64}$")
                deploy = self.build("deploy", shell=shell, approved=plan).run().succeeded()
                self.assertIn(b"Production-small", b"".join(self.states().values()))
                self.assertEqual(deploy.output("summary/deploy.md"), summary)
                self.assertIsNone(deploy.output("summary/plan"))
                self.harmless(deploy)

                before = self.states()
                again = self.build("preview", shell=shell).run().succeeded()
                self.assertEqual(again.output("summary/no-changes"), "")
                self.assertIn("No changes.", again.output("summary/preview.md"))
                self.assertEqual(self.states(), before)

    def test_deploys_without_preview(self) -> None:
        """Each stack has a workspace of its own."""
        self.build("deploy", "qa").run().succeeded()
        [state] = [file for file, text in self.states().items() if b"QA-small" in text]
        self.assertEqual(state.parent.name, "-QA")

    def test_deploys_only_what_was_approved(self) -> None:
        """Where the plan is another by now, nothing is applied."""
        approved = self.build("preview").run().succeeded().output("summary/plan").strip()
        before = self.states()
        refused = self.build("deploy", size="large", approved=approved).run().failed()
        self.assertIn("the plan is not the one that was approved", refused.log)
        self.assertEqual(self.states(), before)
        self.build("deploy", approved=approved).run().succeeded()
        # Nothing to do needs no approval.
        self.build("deploy", approved=approved).run().succeeded()

    def test_failures_tell_why(self) -> None:
        """A module that is wrong, and a resource that cannot be made."""
        refused = self.build("deploy", "qa", size="broken").run().failed()
        self.assertIn("no such size", refused.log)
        self.harmless(refused)
        (self.code / MODULE / "env/QA.tfvars").write_text('tire = "x"\ntier = missing\n')
        wrong = self.build("deploy", "qa").run().failed()
        self.assertIn("Variables not allowed", wrong.log)
        self.assertIsNone(wrong.output("summary/deploy.md"))

    def test_state_that_somebody_holds(self) -> None:
        """Who is told to stop gives the lock back; who comes meanwhile waits, and fails then."""
        main = MAIN.replace("test '${var.size}' != broken ||", "echo holding; sleep 60;")
        (self.code / MODULE / "main.tf").write_text(main)
        for shell in SHELLS:
            with self.subTest(shell):
                holder = self.build("deploy", "qa", shell=shell)
                process = holder.start()
                for line in process.stdout:
                    if "holding" in line and "Executing" not in line:
                        break
                late = self.build("deploy", "qa", shell=shell).run().failed()
                self.assertIn("Error acquiring the state lock", late.log)
                # To the shell alone, as to the first process of a container.
                os.kill(process.pid, signal.SIGTERM)
                began = time.monotonic()
                rest, _ = process.communicate(timeout=60)
                self.assertLess(time.monotonic() - began, 30)
                self.assertNotEqual(process.returncode, 0, rest)
                self.assertEqual(list(self.state.rglob("*.lock.info")), [], rest)

    def test_default_workspace_without_files(self) -> None:
        """What is empty is left out."""
        code = self.folder / "plain"
        (code / "tofu").mkdir(parents=True)
        state = self.folder / "plain.tfstate"
        (code / "tofu/main.tf").write_text(
            f'terraform {{\n  backend "local" {{\n    path = "{state}"\n  }}\n}}\nresource "terraform_data" "one" {{}}\n'
        )
        pipeline = Pipeline(FLEET, "tofu-plain")
        config = pipeline.task("deploy-plain-production", "deploy")
        self.assertEqual([wanted["name"] for wanted in config["inputs"]], ["shop-tofu-plain"])
        build = Build(config, {"shop-tofu-plain": code}, path=TOOLS / "tofu").run().succeeded()
        self.addCleanup(shutil.rmtree, build.folder)
        self.assertIn("terraform_data", state.read_text())

        # `preview_lock: false` needs no lock of the state: the preview runs while somebody holds the lock.
        with state.open("r+") as held:
            fcntl.lockf(held, fcntl.LOCK_EX)
            preview = Build(
                pipeline.task("preview-plain-production", "preview"), {"shop-tofu-plain": code}, path=TOOLS / "tofu"
            )
            self.addCleanup(shutil.rmtree, preview.folder)
            self.assertEqual(preview.run().succeeded().output("summary/no-changes"), "")
            late = Build(config, {"shop-tofu-plain": code}, path=TOOLS / "tofu")
            self.addCleanup(shutil.rmtree, late.folder)
            late.env["LOCK_TIMEOUT"] = "0s"
            self.assertIn("Error acquiring the state lock", late.run().failed().log)

    def test_providers_that_nobody_locked(self) -> None:
        """They would be others tomorrow."""
        (self.code / MODULE / "provider.tf").write_text('resource "null_resource" "one" {}\n')
        refused = self.build("deploy", "qa").run().failed()
        self.assertIn("init", str(self.pipeline.task("deploy-network-qa", "deploy")))
        self.assertRegex(refused.log, "(?i)provider")
