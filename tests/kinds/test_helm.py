"""The kind `helm`, with the real Helm, 3 and 4, and a stand-in of the Kubernetes API."""

import base64
import gzip
import json
import os
import shutil
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path

from .kubernetes import READER, WRITER, Kubernetes
from .task import SHELLS, TOOLS, Build, Pipeline

FLEET = Path(__file__).parent / "fleet"
CHART = '-charts $(touch "$HOME/harm")/it\'s a "service"'
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  digest: {{ .Values.image.digest | quote }}
  motto: {{ .Values.motto | quote }}
  size: {{ .Values.size | quote }}
  text: |
    HOOKS:
    MANIFEST:
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-login
stringData:
  password: {{ .Values.password | quote }}
"""
DEPLOYMENT = """\
{{ if .Values.run }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: it}}
  template:
    metadata: {labels: {app: it}}
    spec: {containers: [{name: it, image: it}]}
{{ end }}
"""
MOTTO = 'it\'s a, "motto"={x} $(touch harm)'
SHELLS_AND_HELMS = [("busybox", "helm4"), ("dash", "helm3"), ("bash", "helm4"), ("busybox", "helm3")]


class Helm(unittest.TestCase):
    """Each test has a cluster of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.pipeline = Pipeline(FLEET, "helm")

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="helm-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.code = self.folder / "code"
        templates = self.code / CHART / "templates"
        templates.mkdir(parents=True)
        (self.code / CHART / "Chart.yaml").write_text("apiVersion: v2\nname: service\nversion: 1.0.0\n")
        (templates / "config.yaml").write_text(CONFIG)
        (templates / "secret.yaml").write_text(SECRET)
        (templates / "deployment.yaml").write_text(DEPLOYMENT)
        (templates / "NOTES.txt").write_text("The password is {{ .Values.password }}.\n")
        self.values("small")
        (self.code / "QA.yaml").write_text("run: false\n")
        (self.code / "Production.yaml").write_text("run: false\n")
        self.cluster()

    def cluster(self) -> None:
        self.api = Kubernetes()
        self.addCleanup(self.api.stop)
        self.api.objects["v1", "namespaces", "", "shop"] = {"metadata": {"name": "shop"}}

    def values(self, size: str, password: str = "hunter22") -> None:
        (self.code / '-values, of "all" $(id).yaml').write_text(f"size: {size}\npassword: {password}\nrun: true\n")

    def build(
        self, phase: str, stack: str = "production", shell: str = "busybox", helm: str = "helm4", approved: str = "", digest: str = "sha256:1"
    ) -> Build:
        """A build of one job, not begun yet."""
        config = self.pipeline.task(f"{phase}-cart-{stack}", phase)
        image = self.folder / "image"
        image.mkdir(exist_ok=True)
        credentials = {
            "kubeconfig": self.api.kubeconfig(),
            "kubeconfig_reader": self.api.kubeconfig(READER),
            ".:cart_digest": digest,
            "motto": MOTTO,
        }
        build = Build(config, {"shop-helm": self.code, "cart-image": image}, credentials, shell, TOOLS / helm)
        build.approve("changes", approved)
        self.addCleanup(shutil.rmtree, build.folder, ignore_errors=True)
        return build

    def config(self) -> dict[str, str] | None:
        """What is deployed."""
        found = self.api.get("configmaps", "shop", "cart")
        return found["data"] if found else None

    def harmless(self, build: Build) -> None:
        """Nothing of a name was run, and no secret is shown in an issue."""
        self.assertEqual([str(file) for file in build.folder.rglob("harm")], [])
        for summary in build.work.glob("summary/*"):
            for secret in ("hunter", WRITER, READER, "$(touch harm)"):
                self.assertNotIn(secret, summary.read_text())
        for token in (WRITER, READER):
            self.assertNotIn(token, build.log)

    def test_story(self) -> None:
        """A preview changes nothing, its approval deploys, and then there is nothing to do."""
        for shell, helm in SHELLS_AND_HELMS:
            with self.subTest(shell=shell, helm=helm):
                self.cluster()
                self.values("small")
                preview = self.build("preview", shell=shell, helm=helm).run().succeeded()
                self.assertEqual(self.api.writes, [])
                summary = preview.output("summary/preview.md")
                self.assertTrue(summary.startswith("Release cart in shop, now: none\n--- now\n+++ next\n"), summary)
                self.assertIn('+  digest: "sha256:1"\n', summary)
                self.assertIn("+# its content is not shown; this is the one after\n", summary)
                self.assertIsNone(preview.output("summary/no-changes"))
                self.harmless(preview)

                changes = preview.output("summary/changes").strip()
                deploy = self.build("deploy", shell=shell, helm=helm, approved=changes).run().succeeded()
                self.assertEqual(
                    self.config(), {"digest": "sha256:1", "motto": MOTTO, "size": "small", "text": "HOOKS:\nMANIFEST:\n"}
                )
                self.assertEqual(deploy.output("summary/deploy.md"), summary)
                self.harmless(deploy)

                writes = list(self.api.writes)
                same = self.build("preview", shell=shell, helm=helm).run().succeeded()
                self.assertEqual(same.output("summary/preview.md"), "Release cart in shop, now: deployed\nNo changes.\n")
                self.assertEqual(same.output("summary/no-changes"), "")

                self.values("large", "hunter33")
                other = self.build("preview", shell=shell, helm=helm, digest="sha256:2").run().succeeded()
                summary = other.output("summary/preview.md")
                for line in ('-  size: "small"\n', '+  size: "large"\n', '+  digest: "sha256:2"\n', "this is the one before\n", "this is the one after\n"):
                    self.assertIn(line, summary)
                self.assertIsNone(other.output("summary/no-changes"))
                self.assertEqual(self.api.writes, writes)
                self.harmless(other)

    def test_secret_that_changes_alone(self) -> None:
        """Shows as a change, and not as what it is."""
        self.build("deploy", "qa").run().succeeded()
        self.values("small", "hunter33")
        preview = self.build("preview").run().succeeded()
        self.assertIn("+# its content is not shown; this is the one after\n", preview.output("summary/preview.md"))
        self.assertIsNone(preview.output("summary/no-changes"))
        self.harmless(preview)

    def test_preview_reads_with_credentials_of_its_own(self) -> None:
        """`preview_kubeconfig` is all that a preview has, and reading is all that it needs."""
        for helm in ("helm3", "helm4"):
            with self.subTest(helm):
                self.cluster()
                self.build("preview", helm=helm).run().succeeded()
                self.assertEqual(self.api.tokens, {READER})
                self.api.tokens.clear()
                self.build("deploy", "qa", helm=helm).run().succeeded()
                self.assertEqual(self.api.tokens, {WRITER})

    def test_deploys_only_what_was_approved(self) -> None:
        """Where the changes are others by now, nothing is deployed."""
        approved = self.build("preview").run().succeeded().output("summary/changes").strip()
        self.values("large")
        refused = self.build("deploy", approved=approved).run().failed()
        self.assertIn("the changes are not those that were approved", refused.log)
        self.assertEqual(self.api.writes, [])
        self.assertIsNone(self.config())

    def test_failures_tell_why(self) -> None:
        """A chart that is wrong, a cluster that is not there, and what does not become ready."""
        template = self.code / CHART / "templates/config.yaml"
        template.write_text(CONFIG.replace(".Values.size", ".Values.size | nonsense"))
        self.assertIn('function "nonsense" not defined', self.build("deploy", "qa").run().failed().log)
        template.write_text(CONFIG)
        (self.code / "QA.yaml").write_text("run: true\n")
        for helm in ("helm3", "helm4"):
            with self.subTest(helm):
                failed = self.build("deploy", "qa", helm=helm).run().failed()
                self.assertRegex(failed.log, "(?i)deadline|not ready|timed out")
                # There was nothing before: it is gone again.
                self.assertIsNone(self.config())
                self.harmless(failed)
        self.api.stop()
        refused = self.build("preview").run().failed()
        self.assertIn("connection refused", refused.log)
        self.assertIsNone(refused.output("summary/no-changes"))

    def test_release_that_failed_is_no_release_without_changes(self) -> None:
        """Its manifest says what it should be."""
        self.build("deploy", "qa").run().succeeded()
        for secret in [value for key, value in self.api.objects.items() if key[3].startswith("sh.helm.release")]:
            status = secret["metadata"]["labels"]["status"]
            self.assertEqual(status, "deployed")
            release = Release(secret["data"]["release"])
            secret["data"]["release"] = release.failed()
            secret["metadata"]["labels"]["status"] = "failed"
        preview = self.build("preview").run().succeeded()
        self.assertEqual(preview.output("summary/preview.md"), "Release cart in shop, now: failed\nNo changes.\n")
        self.assertIsNone(preview.output("summary/no-changes"))

    def test_stopped_upgrade_is_not_pending_for_ever(self) -> None:
        """The next one finds a release that is its own again."""
        self.build("deploy", "qa").run().succeeded()
        (self.code / "QA.yaml").write_text("run: true\n")
        for shell in SHELLS:
            with self.subTest(shell):
                build = self.build("deploy", "qa", shell=shell)
                build.env["TIMEOUT"] = "60s"
                process = build.start()
                said: list[str] = []
                reader = threading.Thread(target=lambda: said.extend(process.stdout))
                reader.start()
                while not self.api.get("deployments", "shop", "cart") and process.poll() is None:
                    time.sleep(0.05)
                os.kill(process.pid, signal.SIGTERM)
                process.wait(50)
                reader.join()
                process.stdout.close()
                self.assertNotEqual(process.returncode, 0, said)
                statuses = [
                    value["metadata"]["labels"]["status"] for key, value in self.api.objects.items() if key[3].startswith("sh.helm.release")
                ]
                self.assertFalse([status for status in statuses if status.startswith("pending")], (statuses, said))
        (self.code / "QA.yaml").write_text("run: false\n")
        self.build("deploy", "qa").run().succeeded()


class Release:
    """A release as Helm keeps it: JSON in gzip in base64, and once more in base64."""

    def __init__(self, kept: str) -> None:
        self.value = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(kept))))

    def failed(self) -> str:
        """The same, as one that failed."""
        self.value["info"]["status"] = "failed"
        return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(self.value).encode()))).decode()
