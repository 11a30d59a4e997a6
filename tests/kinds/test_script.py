"""The kinds `script` and `image`: their scripts, with the manifest's own text and a stand-in of the AWS command line."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

from .task import SHELLS, Build, Pipeline

FLEET = Path(__file__).parent / "fleet"
LIB = """\
deploy() {
  printf '%s|' "$@" "$MOTTO"
  [ ! -e broken ] || { echo "it is broken" >&2; exit 3; }
  echo "$1" >>"$PLACE"
}
"""
AWS = """\
#!/bin/sh
printf '%s|' "$@" >>"$PLACE"
echo >>"$PLACE"
case $2 in describe-repositories) [ -e "$PLACE.repository" ] ;; create-repository) : >"$PLACE.repository" ;; esac
"""


class Script(unittest.TestCase):
    """Text of the manifest, run at the root of the code."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="script-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.code = self.folder / "code"
        self.code.mkdir()
        self.place = self.folder / "place"
        (self.code / "lib.sh").write_text(LIB)

    def build(self, manifest: str, job: str, task: str, shell: str, path: Path | None = None) -> Build:
        build = Build(Pipeline(FLEET, manifest).task(job, task), {f"shop-{manifest}": self.code}, shell=shell, path=path)
        build.env["PLACE"] = str(self.place)
        self.addCleanup(shutil.rmtree, build.folder, ignore_errors=True)
        return build

    def test_script(self) -> None:
        """It deploys, previews, sees that there is nothing to do, and fails as its text does."""
        for shell in SHELLS:
            with self.subTest(shell):
                self.place.unlink(missing_ok=True)
                for file in ("changed", "broken"):
                    (self.code / file).unlink(missing_ok=True)
                deploy = self.build("script", "deploy-site-qa", "deploy", shell).run().succeeded()
                self.assertEqual(self.place.read_text(), "QA\n")
                motto = "it's a \"motto\" $(touch $HOME/harm) -n"
                self.assertEqual(deploy.output("summary/deploy.md"), f'QA|it\'s a "site" $(id)|--|-x|{motto}|')
                self.assertEqual(list(deploy.folder.rglob("harm")), [])
                same = self.build("script", "preview-site-production", "preview", shell).run().succeeded()
                self.assertEqual(same.output("summary/preview.md.no-changes"), "")
                (self.code / "changed").touch()
                preview = self.build("script", "preview-site-production", "preview", shell).run().succeeded()
                self.assertEqual(preview.output("summary/preview.md"), "a change for Production\n")
                self.assertIsNone(preview.output("summary/preview.md.no-changes"))
                self.assertEqual(self.place.read_text(), "QA\n")
                (self.code / "broken").touch()
                failed = self.build("script", "deploy-site-qa", "deploy", shell).run().failed()
                self.assertEqual((failed.code, failed.log), (3, "it is broken\n"))

    def test_repository_of_an_image(self) -> None:
        """It is made where it is not there, and old images are dropped."""
        bin_ = self.folder / "bin"
        bin_.mkdir()
        (bin_ / "aws").write_text(AWS)
        (bin_ / "aws").chmod(0o755)
        for shell in SHELLS:
            with self.subTest(shell):
                for file in (self.place, Path(f"{self.place}.repository")):
                    file.unlink(missing_ok=True)
                for _ in range(2):
                    self.build("image", "build-api-image", "ensure-ecr-repository", shell, bin_).run().succeeded()
                self.build("image", "build-api-image", "drop-old-images", shell, bin_).run().succeeded()
                describe = "ecr|describe-repositories|--repository-names|shop/api|"
                first, created, second, policy, *rest = self.place.read_text().split("\n", 3)
                self.assertEqual([first, created, second], [describe, "ecr|create-repository|--repository-name|shop/api|", describe])
                [rule] = json.loads(policy.split("|")[5])["rules"]
                self.assertEqual(rule["selection"]["countNumber"], 20)
