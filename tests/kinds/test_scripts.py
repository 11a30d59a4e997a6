"""All scripts of kinds and pipelines, as shellcheck sees them."""

import subprocess
import unittest
from pathlib import Path

import yaml

from .task import ROOT, Pipeline, scripts

FLEET = Path(__file__).parent / "fleet"


class Scripts(unittest.TestCase):
    """What a container's shell is told."""

    def check(self, where: str, found: list[tuple[str, str]]) -> int:
        """Nothing is found in them. What `set` says on the command line of the shell is written into them."""
        for shell, text in found:
            dialect = {"bash": "bash", "dash": "dash"}.get(shell, "sh")
            said = subprocess.run(
                ["shellcheck", f"--shell={dialect}", "-"],
                input=f"set -eu\n{text}", text=True, stdout=subprocess.PIPE, check=False,
            )
            self.assertEqual(said.returncode, 0, f"{where}:\n{said.stdout}\n{text}")
        return len(found)

    def test_kinds(self) -> None:
        """Built-in kinds, and those of the pipelines of this repository."""
        checked = 0
        for file in [*ROOT.glob("templates/*s/*.yml"), *ROOT.glob("pipelines/*/kinds/*/*.yml")]:
            checked += self.check(str(file), scripts(yaml.safe_load(file.read_text())))
        self.assertGreaterEqual(checked, 6)

    def test_rendered(self) -> None:
        """What the fleets of this repository come to, each script once."""
        found = {}
        for file in ROOT.glob("pipelines/*/rendered/*.yml"):
            for script in scripts(yaml.safe_load(file.read_text())):
                found.setdefault(script, file)
        for manifest in (FLEET / "projects").glob("*.yml"):
            for script in scripts(Pipeline(FLEET, manifest.stem).pipeline):
                found.setdefault(script, manifest)
        for script, where in found.items():
            self.check(str(where), [script])
        # One of each kind with a script of its own. `checkout-approved` comes with the resource, and is checked there.
        self.assertGreaterEqual(len(found), 6)
