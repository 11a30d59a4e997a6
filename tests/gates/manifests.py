"""Makes random fleets of manifests that use every word of the language.

Most manifests are as a person would write them. Some hold a temptation: something that could lead past a gate, which the
program either refuses or renders so that the gate holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from .stages import stages

Map = dict[str, Any]

ENVIRONMENTS = [
    ["CI", "QA", "Production"],
    ["CI", "QA", "Production"],
    ["QA", "Production"],
    ["dev", "staging", "live"],
    ["CI", "QA", "RC", "Production"],
    ["default"],
]
# Of `each`.
ITEMS = ["mailer", "billing"]
GROUPS = ["orders", "users", "audit", "campus", "partners"]

CLUSTER = {
    "version": 1,
    "title": "Cluster",
    "about": "deploys to a cluster by a resource",
    "options": {"type": "object", "properties": {"cluster": {"type": "string", "default": "{{ project }}"}}},
    "env_files": "native",
    "resource_types": [{"name": "cluster", "type": "registry-image", "source": {"repository": "example/cluster", "tag": "1"}}],
    "resources": [{"name": "cluster-{{ project }}", "type": "cluster", "source": {"cluster": "{{ options.cluster }}"}}],
    "target": "{{ stack }} of {{ options.cluster }}",
    "phases": ["deploy", "preview"],
    "steps": [
        {
            "put": "cluster-{{ project }}",
            "inputs": ["{{ code }}"],
            "params": {"env": "{{ stack }}", "phase": "{{ phase }}", "set": "{{ env }}", "files": "{{ env_files }}"},
            "no_get": True,
        }
    ],
}
DECK = {
    "version": 1,
    "title": "Deck",
    "about": "deploys in two steps",
    "options": {"type": "object", "required": ["deck"], "properties": {"deck": {"type": "string"}}},
    "target": "deck {{ options.deck }} {{ stack }}",
    "phases": ["deploy"],
    "pins": {"deck": "summary/deck"},
    "steps": [
        {
            "in_parallel": [
                {
                    "task": "prepare",
                    "config": {
                        "platform": "linux",
                        "image_resource": {"type": "registry-image", "source": {"repository": "alpine", "tag": "3"}},
                        "inputs": [{"name": "{{ code }}"}],
                        "outputs": [{"name": "prepared"}],
                        "run": {"path": "true"},
                    },
                },
                {"task": "look", "file": "{{ code }}/ci/look.yml"},
            ]
        },
        {
            "task": "deploy",
            "config": {
                "platform": "linux",
                "image_resource": {"type": "registry-image", "source": {"repository": "alpine", "tag": "3"}},
                "inputs": ["{{ task_inputs }}", {"name": "prepared"}],
                "outputs": [{"name": "summary"}],
                "params": {"...": "{{ env }}", "CODE": "{{ code }}", "SCRIPT": "deck {{ options.deck }}", "STACK": "{{ stack }}"},
                "run": {"path": "deck"},
            },
        },
    ],
    "summary": "summary/deck.md",
}


@dataclass
class Manifest:
    """A manifest, and what was put into it on purpose."""

    name: str
    settings: Map
    temptations: list[str] = field(default_factory=list)

    def text(self) -> str:
        return yaml.safe_dump(self.settings, sort_keys=False, width=120, allow_unicode=True)


@dataclass
class Fleet:
    """A fleet with its kinds and manifests."""

    seed: str
    settings: Map
    kinds: dict[str, Map]
    manifests: list[Manifest]

    def files(self) -> dict[str, str]:
        """Returns the texts of its files, by path."""
        dump: Callable[[Any], str] = lambda value: yaml.safe_dump(value, sort_keys=False, width=120)  # noqa: E731
        files = {"pipegen.yml": dump(self.settings)}
        files |= {f"kinds/stacks/{name}.yml": dump(kind) for name, kind in self.kinds.items()}
        return files | {f"projects/{each.name}.yml": each.text() for each in self.manifests}


def fleet(seed: str, count: int) -> Fleet:
    """Makes a fleet of `count` manifests. One seed makes one fleet."""
    return Maker(random.Random(seed)).fleet(seed, count)


def task(name: str, inputs: list[str], outputs: list[str] = [], **more: Any) -> Map:  # noqa: B006
    config = {
        "platform": "linux",
        "image_resource": {"type": "registry-image", "source": {"repository": "alpine", "tag": "3"}},
        "inputs": [{"name": each} for each in inputs],
        "run": {"path": "true"},
    }
    if outputs:
        config["outputs"] = [{"name": each} for each in outputs]
    return {"task": name, "config": config, **more}


class Maker:
    """Makes manifests by chance."""

    def __init__(self, random: random.Random) -> None:
        self.random = random

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *of: Any) -> Any:
        return self.random.choice(of)

    def some(self, of: list[Any], least: int = 1) -> list[Any]:
        return self.random.sample(of, self.random.randint(least, len(of)))

    def fleet(self, seed: str, count: int) -> Fleet:
        defaults: Map = {
            "environments": self.one(*ENVIRONMENTS[:4]),
            "source": {"repository": "https://github.com/example/shop"},
            "issues": {"repository": "example/deployments", "auth": {"token": "((github.token))"}},
        }
        if self.often(0.3):
            defaults["pipeline"] = "shop-{{ name }}"
        if self.often(0.3):
            defaults["source"]["common_paths"] = ["lib"]
        if self.often(0.3):
            defaults["env"] = {"REGION": "eu-west-1", "FLEET": "shop"}
        if self.often(0.2):
            defaults["issues"] |= self.issues()
            defaults["issues"].pop("formerly", None)
        if self.often(0.2):
            defaults["approval"] = self.approval()
        if self.often(0.2):
            defaults["overrides"] = {"Production": {"gate": self.one("issue", "preview", "issue")}}
        if self.often(0.2):
            defaults["job"] = {"build_log_retention": {"builds": 50}}
        self.defaults = defaults
        settings: Map = {
            "version": 1,
            "concourses": {"main": {"target": "main", "team": "shop"}, "edge": {"target": "edge", "team": "shop"}},
            "resource_types": {"github-issues": {"source": {"tag": "1.0.0"}}},
            "defaults": defaults,
        }
        self.settings = settings
        if "Production" not in defaults["environments"]:
            defaults.pop("overrides", None)
        kinds = {"cluster": CLUSTER, "deck": DECK}
        self.manifests: list[Manifest] = []
        for index in range(count):
            self.manifests.append(self.manifest(f"m{index}"))
        return Fleet(seed, settings, kinds, self.manifests)

    def manifest(self, name: str) -> Manifest:
        self.name = name
        self.made = Manifest(name, {})
        manifest = self.made.settings
        if self.often(0.1):
            manifest["version"] = 1
        if self.often(0.1):
            manifest["pipeline"] = f"{name}-pipeline"
        if self.often(0.15):
            manifest["environments"] = list(self.one(*ENVIRONMENTS))
        self.environments = manifest.get("environments") or self.defaults["environments"]
        self.groups = self.random.sample(GROUPS, self.random.randint(1, 3)) if self.often(0.3) else []
        if self.groups:
            manifest["groups"] = list(self.groups)
            if self.often(0.4):
                # At least one environment of each group is left.
                skipped = [f"{group}.{self.one(*self.environments)}" for group in self.some(self.groups)]
                if len(self.environments) > 1:
                    manifest["skip"] = skipped
        several = self.often(0.3)
        projects = [f"{name}-{word}" for word in ("base", "shop", "site")[: self.random.randint(2, 3)]] if several else [name]
        if self.groups and not several and self.often(0.3):
            projects = [f"{name}-{{{{ group }}}}"]
        self.projects = projects
        if several:
            manifest["projects"] = {}
            for index, project in enumerate(projects):
                settings: Map = {"stack": self.stack(project)}
                if index and self.often(0.4):
                    settings["needs"] = self.random.sample(projects[:index], 1)
                if self.often(0.4):
                    settings["inputs"] = self.inputs(project)
                if self.often(0.2):
                    settings |= self.sundry(project)
                manifest["projects"][project] = settings
        else:
            manifest["project"] = projects[0]
            manifest["stack"] = self.stack(projects[0])
        if self.often(0.45):
            manifest["inputs"] = self.inputs(name)
        manifest |= self.sundry(name)
        self.gates(manifest)
        if self.often(0.1):
            manifest["instance_vars"] = {"region": self.one("eu", "us"), "size": "small"}
        if self.often(0.1):
            manifest["rules"] = {self.one("loose-approval", "unused-value", "template-in-script"): self.one("allow", "warn")}
        if self.often(0.15):
            self.tempt(manifest)
        self.stages = stages(self.settings, manifest, name)
        self.prune(manifest)
        if self.stages and self.often(0.1):
            stage = self.one(*self.stages)
            if stage.concourse == "":
                manifest["old_names"] = {stage.deploy: f"former-{stage.deploy}"}
        return self.made

    # Gates.

    def gates(self, manifest: Map) -> None:
        overrides: Map = {}
        roll = self.random.random()
        if roll < 0.15:
            manifest["gate"] = "preview"
        previewable = not any("deck" in text for text in self.kinds)
        if not previewable:
            manifest.pop("gate", None)
        gates = ["issue", "issue", "none", "manual", *(["preview"] * 3 if previewable else [])]
        for index, environment in enumerate(self.environments):
            own: Map = {}
            if index and self.often(0.35):
                own["gate"] = self.one(*gates)
            if not index and len(self.environments) == 1:
                own["gate"] = self.one(*(["preview"] if previewable else []), "none", "manual")
            if index and self.often(0.12):
                own["concourse"] = "edge"
                if own.get("gate") in ("none", "manual"):
                    own["gate"] = "issue"
                for later in self.environments[index + 1 :]:
                    # The chain stays there.
                    overrides.setdefault(later, {})["concourse"] = "edge"
            if self.often(0.15):
                own["approval"] = self.approval()
            if self.often(0.08):
                own["record"] = self.one("open", "closed", "none")
            if self.often(0.08):
                own["env"] = {"PLACE": "{{ environment }}"}
            if self.often(0.05):
                own["timeout"] = "30m"
            if self.often(0.1):
                more = self.sundry(self.name)
                own |= {key: more[key] for key in ("before", "after", "job", "notify", "tab", "attempts") if key in more}
            if own:
                overrides[environment] = overrides.get(environment, {}) | own
        for group in self.groups:
            if self.often(0.15):
                overrides[group] = {"env": {"GROUP": group}} if self.often(0.5) else {"values": {"size": "large"}, "tab": "groups"}
            if self.often(0.15):
                environment = self.one(*self.environments[-1:])
                stage: Map = {"attempts": 2}
                if previewable and len(self.environments) > 1:
                    stage["gate"] = self.one("issue", "preview")
                if f"{group}.{environment}" not in manifest.get("skip", []):
                    overrides[f"{group}.{environment}"] = stage
        if "values" in str(overrides) and "values" not in manifest:
            manifest["values"] = {"size": "small"}
            manifest.setdefault("env", {})["SIZE"] = "{{ values.size }}"
        # What is the first of its chain through `skip` has no issue before it, and a chain of one says its gate.
        skipped = manifest.get("skip", [])
        for group in self.groups:
            left = [each for each in self.environments if f"{group}.{each}" not in skipped]
            first = f"{group}.{left[0]}"
            gate = overrides.get(left[0], {}).get("gate") or self.fleet_gate(left[0]) or manifest.get("gate")
            if len(left) == 1 or gate == "issue" or overrides.get(first, {}).get("gate") == "issue":
                overrides.setdefault(first, {})["gate"] = "none" if not previewable or self.often(0.5) else "preview"
        first_gate = overrides.get(self.environments[0], {}).get("gate") or self.fleet_gate(self.environments[0])
        if not self.groups and first_gate == "issue":
            overrides.setdefault(self.environments[0], {})["gate"] = "none"
        if overrides:
            manifest["overrides"] = overrides

    def prune(self, manifest: Map) -> None:
        """Takes out what would have no effect, which is an error of the manifest."""
        gated = {id(stage) for stage in self.stages if stage.has_gate}
        after = {id(stage.before) for stage in self.stages if stage.gate == "issue"}
        places = [(manifest, self.stages)]
        for project, settings in manifest.get("projects", {}).items():
            places.append((settings, [stage for stage in self.stages if stage.project == project]))
        for selector, settings in manifest.get("overrides", {}).items():
            held = [
                stage
                for stage in self.stages
                if selector in (stage.environment, stage.group, f"{stage.group}.{stage.environment}")
            ]
            places.append((settings, held))
            if not held:
                manifest["overrides"] = {key: value for key, value in manifest["overrides"].items() if key != selector}
        for settings, held in places:
            if not any(id(stage) in gated for stage in held):
                settings.pop("approval", None)
            if all(id(stage) in after for stage in held):
                settings.pop("record", None)

    def fleet_gate(self, environment: str) -> str | None:
        return self.defaults.get("overrides", {}).get(environment, {}).get("gate")

    def approval(self) -> Map:
        approval: Map = {}
        if self.often(0.1):
            approval["approve"] = self.one("exact", "exact", "latest")
        if self.often(0.3):
            approval["closers"] = self.one(
                {"teams": ["example/sre"]}, {"roles": ["maintain", "admin"], "users": ["octocat"]}, {"apps": ["shipit"]}
            )
        if self.often(0.3):
            approval["expires"] = self.one("7d", "36h")
        if self.often(0.3):
            approval["soak"] = "4h"
        if self.often(0.2):
            approval["delay"] = "10m"
        if self.often(0.2):
            approval["windows"] = self.one(
                [{"from": "22:00", "to": "16:00", "zone": "Europe/Berlin"}],
                [{"days": ["mon", "fri"], "from": "10:00", "to": "16:00", "zone": "America/New_York"}],
            )
        if self.often(0.2):
            approval["allow_commit_close"] = self.one(True, False)
        if self.often(0.2):
            approval["not_before"] = "2026-03-01T08:00:00Z"
        if self.often(0.3):
            approval["on_existing"] = self.one("comment", "supersede")
        if self.often(0.2):
            approval["reject_labels"] = ["rejected"]
        if self.often(0.1):
            approval["checkout_image"] = {"repository": "registry.example.com/git", "tag": "1"}
        return approval or {"on_existing": "comment"}

    # What deploys.

    def stack(self, project: str) -> Map:
        group = "-{{ group }}" if self.groups and "{{ group }}" not in project else ""
        if not hasattr(self, "kinds_of") or self.kinds_of is not self.made:
            self.kinds_of, self.kinds = self.made, []
        kind = self.one("pulumi", "pulumi", "pulumi", "opentofu", "helm", "script", "script", "cluster", "deck")
        options: Map
        if kind == "pulumi":
            options = {"path": f"infra/{project}"} | ({"refresh": False} if self.often(0.2) else {})
        elif kind == "opentofu":
            options = {"path": f"tofu/{project}"}
            if self.often(0.3):
                options["as_previewed"] = self.one(True, False)
            if self.often(0.2):
                options |= {"backend_files": ["tofu/{{ environment }}.tfbackend"]}
        elif kind == "helm":
            options = {
                "chart": f"charts/{project}",
                "namespace": "{{ environment | lower }}" + group,
                "kubeconfig": "((kubeconfig.{{ environment }}))",
            }
            if self.often(0.3):
                options |= {"chart": "oci://registry.example.com/charts/service", "chart_version": "1.4.2"}
        elif kind == "script":
            options = {"image": "alpine", "tag": "3", "deploy": f'./deploy.sh {project}{group} "$STACK"'}
            options["preview"] = f"./deploy.sh --dry-run {project}{group}"
            if self.often(0.2):
                options["privileged"] = True
            if self.often(0.2):
                options["target"] = f"server {project}{group} {{{{ environment }}}}"
        elif kind == "cluster":
            options = {} if self.often(0.5) else {"cluster": f"{project}-cluster"}
        else:
            options = {"deck": f"{project}{group}"}
        self.kinds.append(kind)
        return {kind: options}

    # What is deployed besides the code.

    def inputs(self, owner: str) -> Map:
        inputs: Map = {}
        for index in range(self.random.randint(1, 3)):
            name = f"{owner}-{self.one('image', 'theme', 'tool', 'data')}{index}"
            kind = self.one("git", "image", "image", "s3", "github_release", "resource")
            given: Map = {}
            variable = f"V{index}_{owner.replace('-', '_').upper()}"
            env: Map = {}
            if kind == "git":
                given["git"] = {"repository": f"https://github.com/example/{name}"}
                if self.often(0.3):
                    given["git"]["paths"] = ["src"]
                if self.often(0.2):
                    given["git"] |= {"tag_filter": "v*"}
                if self.often(0.2):
                    given["git"] |= {"branch": "release", "private_key": "((git.key))", "webhook": "((git.webhook))"}
                env = {variable: ".git/ref"}
                if self.often(0.2):
                    given["git"]["extra"] = {"submodule_recursive": False}
                if self.often(0.2):
                    given["params"] = {"depth": 1}
            elif kind == "image":
                given["image"] = {"repository": f"example/{name}"}
                if self.often(0.3):
                    given["image"] |= self.one(
                        {"tag": "stable"}, {"tag_regex": "^v[0-9]+$", "newest_by": "created"}, {"region": "eu-west-1"}
                    )
                if self.often(0.2):
                    given["image"] |= {"username": "shop", "password": "((registry.password))"}
                if self.often(0.2):
                    given["image"]["extra"] = {"platform": {"architecture": "arm64"}}
                env = {variable: "digest"}
                if self.often(0.15):
                    given["params"] = {"skip_download": self.one(True, False)}
            elif kind == "s3":
                given["s3"] = {"bucket": name, "region": "eu-west-1"} | self.one(
                    {"regexp": "app-(.*).tgz", "aws_role": True},
                    {"versioned_file": "app.json", "access_key": "((aws.id))", "secret_key": "((aws.secret))"},
                )
                env = {variable: "version"}
            elif kind == "github_release":
                given["github_release"] = {"repository": f"example/{name}"}
                if self.often(0.3):
                    given["github_release"] |= {"tag_filter": "v(.*)", "order_by": "time", "token": "((github.token))"}
                env = {variable: "tag"}
            else:
                given["resource"] = self.one(
                    {"type": "time", "source": {"interval": "24h"}, "icon": "clock"},
                    {"type": "semver", "source": {"driver": "git", "uri": "https://github.com/example/v", "file": name}},
                )
                if self.often(0.3):
                    given["unpinned"] = "it is a clock" if given["resource"]["type"] == "time" else "it only counts"
                else:
                    given["pin"] = "input" if given["resource"]["type"] == "time" else "number"
            if env and self.often(0.6):
                given["env"] = env
            if self.often(0.15):
                given["trigger"] = False
            if self.often(0.15):
                given["check_every"] = self.one("10m", "1h", "24h")
            if self.often(0.15):
                given["only"] = sorted({*self.some(list(self.environments)), self.environments[-1]})
            if kind == "image" and self.often(0.4):
                given["build"] = self.build(name)
            if self.often(0.1) and kind in ("image", "github_release") and "build" not in given:
                # One of each item.
                name = name + "-{{ each }}"
                given["each"] = list(ITEMS)
                given[kind]["repository"] += "-{{ each }}"
                if "env" in given:
                    given["env"] = {f"{variable}_{{{{ each | upper }}}}": next(iter(env.values()))}
            inputs[name] = given
        return inputs

    def build(self, name: str) -> Map:
        build: Map = {"with": {"image": {"dockerfile": "docker/Dockerfile"} if self.often(0.5) else {}}}
        if self.often(0.6):
            source = f"{name}-source"
            build["from"] = {source: {"git": {"repository": f"https://github.com/example/{name}"}}}
            if self.often(0.3):
                build["from"][f"{name}-tool"] = {"image": {"repository": "example/tool"}, "trigger": False}
                build["code"] = source
                build["parallel_gets"] = self.one(True, False)
            elif self.often(0.3):
                build["from"][f"{name}-clock"] = {"github_release": {"repository": "example/tool"}, "starts_only": True}
            if self.often(0.2):
                build["from"][source]["params"] = {"depth": 10}
        if self.often(0.2):
            build["job"] = f"make-{name}"
        if self.often(0.2):
            build["before"] = [task("lint", [])]
        if self.often(0.1):
            build["after"] = [task("scan", [])]
        return build

    # All the rest.

    def issues(self) -> Map:
        issues: Map = {}
        if self.often(0.2):
            issues["auth"] = {"app": {"id": 12345, "installation": 67890, "key": "((app.key))"}}
        if self.often(0.2):
            issues["repository"] = self.one("example/deployments", "Example/Deployments", "example/workflow")
        if self.often(0.15):
            issues["api"] = self.one("https://api.github.com", "https://ghe.example.com/api/v3")
        if self.often(0.2):
            issues["labels"] = ["pipeline", "{{ project }}"]
        if self.often(0.2):
            issues["assignees"] = ["octocat"]
        if self.often(0.2):
            issues["check_every"] = self.one("5m", "1h")
        if self.often(0.2):
            issues["webhook"] = "((github.webhook))"
        if self.often(0.2):
            issues |= {"bot": 41898282, "signing_key": "((issues.signing_key))", "ca_cert": "((github.ca))"}
        if self.often(0.2):
            issues |= {"timeout": "20s", "max_wait": "5m", "max_comments": 50}
        if self.often(0.1):
            issues["formerly"] = ["former-{{ project }}/{{ environment }}"]
        return issues or {"max_comments": 30}

    def sundry(self, name: str) -> Map:
        more: Map = {}
        if self.often(0.2):
            more["source"] = self.one(
                {"paths": [f"shared/{name}"]},
                {"repository": f"https://github.com/example/{name}", "branch": "main"},
                {"check_every": "5m", "webhook": "((webhooks.code))"},
                {"private_key": "((git.key))", "common_paths": []},
                {"trigger": False},
            )
        if self.often(0.2):
            more["env"] = {f"NAME_{name.replace('-', '_').upper()}": "{{ project }}", "TOKEN": "((token))"}
        if self.often(0.2):
            more["before"] = self.steps("before")
        if self.often(0.15):
            more["after"] = self.steps("after")
        if self.often(0.2):
            more["issues"] = self.issues()
        if self.often(0.15):
            more["approval"] = self.approval()
        if self.often(0.08):
            more["record"] = self.one("open", "closed")
        if self.often(0.1):
            more["timeout"] = "1h"
        if self.often(0.1):
            more["attempts"] = 3
        if self.often(0.15):
            more["job"] = self.one(
                {"public": True, "build_log_retention": {"builds": 100, "days": 30}},
                {"serial_groups": ["turns"], "tags": ["eu"]},
                {"interruptible": True},
            )
        if self.often(0.15):
            more["notify"] = {"slack": {"url": "((slack.url))", "channel": "#shop"}}
            if self.often(0.5):
                more["notify"]["slack"]["events"] = self.some(["failed", "errored", "aborted", "succeeded"])
        if self.often(0.1):
            more["tab"] = self.one("shop", "{{ environment | lower }}")
        if self.often(0.12):
            more["names"] = self.one(
                {"deploy": "ship-{{ project }}-{{ slug }}"},
                {"code": f"code-{name}"},
                {"preview": "look-at-{{ project }}-{{ slug }}", "serial_group": "turn-{{ project }}-{{ slug }}"},
                {"deployed_title": "{{ project }} {{ stack }} is out.", "ready_title": "{{ project }} {{ stack }} waits."},
                {"promotion_label": "", "final_label": "done-{{ environment | lower }}", "deployed_label": "out"},
                {"deployed": "out-{{ project }}-{{ slug }}", "ready": "gate-{{ project }}-{{ slug }}"},
                {"alert": "alert-{{ project }}", "build": "make-{{ input }}", "check": "try-{{ input }}"},
            )
        if self.often(0.15):
            more["extra"] = self.extra(name)
        return more

    def steps(self, where: str) -> list[Map]:
        made = []
        for index in range(self.random.randint(1, 2)):
            name = f"{where}-{index}"
            made.append(
                self.one(
                    task(name, ["{{ code }}"], [f"{name}-out"]),
                    task(name, [], timeout="5m", attempts=2),
                    {"in_parallel": [task(name, ["{{ code }}"]), task(f"{name}-too", ["{{ code }}"])]},
                    {"do": [task(name, ["{{ code }}"])]},
                    {"try": task(name, ["{{ code }}"])},
                    {"task": name, "file": "{{ code }}/ci/task.yml"},
                    {"load_var": f"v-{where}-{index}", "file": "{{ code }}/VERSION"},
                    {"when": "{{ environment == 'Production' }}", **task(name, ["{{ code }}"])},
                    task(name, ["{{ code }}"], on_failure=task(f"{name}-failed", [])),
                )
            )
        return made

    def extra(self, name: str) -> Map:
        first = self.environments[0]
        return self.one(
            {
                "resources": [{"name": f"nightly-{name}", "type": "time", "source": {"interval": "24h"}}],
                "jobs": [
                    {
                        "name": "check-{{ code }}",
                        "plan": [
                            {"get": f"nightly-{name}", "trigger": True},
                            {"get": "{{ code }}"},
                            {"task": "check", "file": "{{ code }}/ci/check.yml"},
                        ],
                    }
                ],
            },
            {
                "resource_types": [{"name": "cron", "type": "registry-image", "source": {"repository": "x/cron", "tag": "1"}}],
                "resources": [{"name": f"cron-{name}", "type": "cron", "source": {"expression": "0 3 * * *"}}],
                "jobs": [{"name": f"tick-{name}", "plan": [{"get": f"cron-{name}", "trigger": True}, task("tick", [])]}],
            },
            {"display": {"background_image": "https://example.com/shop.png"}},
            {"var_sources": [{"name": "vault", "type": "vault", "config": {"url": "https://vault.example.com"}}]},
            {
                "jobs": [
                    {
                        "name": f"lint-{{{{ code }}}}-{first.lower()}",
                        "plan": [{"get": "{{ code }}", "trigger": True}, {"task": "lint", "file": "{{ code }}/ci/lint.yml"}],
                    }
                ]
            },
        )

    # Temptations.

    def tempt(self, manifest: Map) -> None:
        name = self.one(*[each for each in dir(self) if each.startswith("tempt_")])
        if getattr(self, name)(manifest) is not False:
            self.made.temptations.append(name.removeprefix("tempt_"))

    @staticmethod
    def add(manifest: Map, where: str, *made: Map) -> None:
        manifest[where] = [*manifest.get(where, []), *made]

    def add_job(self, manifest: Map, job: Map, *resources: Map) -> None:
        extra = manifest.setdefault("extra", {})
        extra["jobs"] = [*extra.get("jobs", []), job]
        if resources:
            extra["resources"] = [*extra.get("resources", []), *resources]

    def tempt_put_to_the_stack(self, manifest: Map) -> None:
        """A job of one's own deploys by the resource of a stage."""
        resource = self.one("pulumi-{{ project }}", "cluster-{{ project }}")
        plan = [{"get": "{{ code }}", "trigger": True}, {"put": resource, "inputs": "all", "params": {"stack_name": "Production"}}]
        self.add_job(manifest, {"name": "hotfix-{{ project }}", "plan": plan})

    def tempt_follow_the_newest(self, manifest: Map) -> None:
        """A job of one's own takes the code as it passed a deployment."""
        plan = [
            {"get": "{{ code }}", "trigger": True, "passed": [f"deploy-{{{{ project }}}}-{self.environments[-1].lower()}"]},
            task("after", ["{{ code }}"]),
        ]
        self.add_job(manifest, {"name": "after-{{ project }}", "plan": plan})

    def tempt_get_the_newest(self, manifest: Map) -> None:
        """A step gets the newest code under another name."""
        self.add(manifest, "before", {"get": "newest", "resource": "{{ code }}"}, task("use", ["newest"]))

    def tempt_get_something(self, manifest: Map) -> None:
        """A step gets the newest version of something that no approval names."""
        resource = {"name": "helper", "type": "git", "source": {"uri": "https://github.com/example/helper"}}
        manifest["extra"] = {"resources": [resource]}
        self.add(manifest, self.one("before", "after"), {"get": "helper"}, task("use", ["helper"]))

    def tempt_helper(self, manifest: Map) -> None:
        """A step gets the newest version of something, and says why."""
        resource = {"name": "linter", "type": "git", "source": {"uri": "https://github.com/example/linter"}}
        manifest["extra"] = {"resources": [resource]}
        get = {"get": "linter", "unpinned": "it only looks"}
        self.add(manifest, self.one("before", "after"), get, task("lint", ["linter", "{{ code }}"]))

    def tempt_helper_of_the_deployment(self, manifest: Map) -> None:
        """A variable of the deployment comes from a helper."""
        resource = {"name": "linter", "type": "git", "source": {"uri": "https://github.com/example/linter"}}
        manifest["extra"] = {"resources": [resource]}
        get = {"get": "linter", "unpinned": "it only looks"}
        self.add(manifest, "before", get, {"load_var": "linter", "file": "linter/version"})

    def tempt_get_the_repository(self, manifest: Map) -> None:
        """A step gets the newest code by a resource of another name."""
        resource = {"name": "again", "type": "git", "source": {"uri": "https://github.com/example/shop", "branch": "main"}}
        manifest["extra"] = {"resources": [resource]}
        self.add(manifest, "before", {"get": "again"}, {"task": "use", "file": "again/ci/task.yml"})

    def tempt_trigger(self, manifest: Map) -> None:
        """A step starts the job."""
        manifest["extra"] = {"resources": [{"name": "clock", "type": "time", "source": {"interval": "1h"}}]}
        self.add(manifest, "before", {"get": "clock", "trigger": True})

    def tempt_output(self, manifest: Map) -> None:
        """A task writes over what was approved."""
        self.add(manifest, "before", task("patch", ["{{ code }}"], [self.one("{{ code }}", "gate")]))

    def tempt_output_mapping(self, manifest: Map) -> None:
        self.add(manifest, "before", {**task("patch", ["{{ code }}"], ["out"]), "output_mapping": {"out": "{{ code }}"}})

    def tempt_put_back(self, manifest: Map) -> None:
        """The get after a put brings the newest code."""
        self.add(manifest, self.one("before", "after"), {"put": "{{ code }}", "inputs": "detect", "params": {"repository": "x"}})

    def tempt_set_pipeline(self, manifest: Map) -> None:
        """A job sets the pipeline from code that nobody approved."""
        target = self.one("self", "self", self.name, "something-else")
        plan = [{"get": "{{ code }}", "trigger": True}, {"set_pipeline": target, "file": "{{ code }}/pipeline.yml"}]
        self.add_job(manifest, {"name": "set-{{ project }}", "plan": plan})

    def tempt_same_target(self, manifest: Map) -> None:
        """The first environment deploys the stack of the last one."""
        last, first = self.environments[-1], self.environments[0]
        manifest.setdefault("overrides", {}).setdefault(first, {})["names"] = {
            "stack": last,
            "deploy": f"deploy-{{{{ project }}}}-{first.lower()}-first",
            "preview": f"preview-{{{{ project }}}}-{first.lower()}-first",
            "deployed": f"out-{{{{ project }}}}-{first.lower()}",
            "ready": f"gate-{{{{ project }}}}-{first.lower()}",
            "record": f"record-{{{{ project }}}}-{first.lower()}",
            "serial_group": f"{{{{ project }}}}-{first.lower()}",
            "deployed_title": f"{{{{ project }}}} {first} deployed.",
            "ready_title": f"{{{{ project }}}} {first} waits.",
        }

    def tempt_other_pin(self, manifest: Map) -> None:
        """One environment records another file than the next one compares."""
        name = f"{self.name}-release"
        manifest.setdefault("inputs", {})[name] = {"github_release": {"repository": "a/b"}}
        last = manifest.setdefault("overrides", {}).setdefault(self.environments[-1], {})
        last.setdefault("inputs", {})[name] = {"pin": "version"}

    def tempt_no_pin(self, manifest: Map) -> None:
        """Nothing holds an input to a version."""
        self.manifest_input(manifest, {"resource": {"type": "time", "source": {"interval": "24h"}}, "pin": None})

    def manifest_input(self, manifest: Map, given: Map) -> None:
        manifest.setdefault("inputs", {})[f"{self.name}-{self.one('extra', 'more')}"] = given

    def tempt_depth(self, manifest: Map) -> None:
        given = {"git": {"repository": "https://github.com/example/deep"}, "params": {"depth": 1}}
        self.manifest_input(manifest, given)

    def tempt_compat(self, manifest: Map) -> None:
        """A job of one's own writes under the title of a gate."""
        source = {
            "repository": "example/deployments",
            "access_token": "((github.token))",
            "issue_prefix": f"[bot] Pulumi {self.name}",
            "issue_title_template": f"[bot] Pulumi {self.name} {self.environments[0]} deployed.",
        }
        notes = {"name": "notes", "type": "github-issues", "source": source}
        put = {"put": "notes", "inputs": "detect", "no_get": True, "params": {"body_file": "{{ code }}/NOTES.md"}}
        self.add_job(manifest, {"name": "notes", "plan": [{"get": "{{ code }}", "trigger": True}, put]}, notes)

    def tempt_load_var(self, manifest: Map) -> None:
        """A step reads the variable by which an input is handed over."""
        self.manifest_input(manifest, {"image": {"repository": "a/b"}, "env": {"DIGEST_A": "digest"}})
        self.add(manifest, "before", {"load_var": "digest_a", "file": "{{ code }}/digest"})

    def tempt_speak(self, manifest: Map) -> None:
        """A step writes to the issue of a gate."""
        resource = f"github-issues-{{{{ project | lower }}}}-{self.environments[0].lower()}-post"
        put = {"put": resource, "inputs": "detect", "no_get": True, "params": {"action": "record", "title": "x"}}
        self.add(manifest, "before", put)

    def tempt_listen(self, manifest: Map) -> None:
        """A job of one's own waits for the approval of a gate."""
        resource = f"github-issues-{{{{ project | lower }}}}-{self.environments[0].lower()}-trigger"
        self.add_job(manifest, {"name": "listen", "plan": [{"get": resource, "trigger": True}, task("listen", [resource])]})

    def tempt_former_name(self, manifest: Map) -> None:
        """A former name that another stage has now, or claims, too."""
        others = [other.settings["project"] for other in self.manifests if "project" in other.settings]
        if not others:
            return
        manifest.setdefault("issues", {})["formerly"] = [f"{self.one(*others)}/{{{{ environment }}}}"]

    def tempt_other_spelling(self, manifest: Map) -> bool | None:
        """A second project of one name, with its issues in the same repository, spelt otherwise."""
        others = [other.settings for other in self.manifests if "project" in other.settings and "groups" not in other.settings]
        if not others or "project" not in manifest or self.groups:
            return False
        other = self.one(*others)
        manifest["project"] = other["project"]
        issues = dict(other.get("issues", {}))
        issues |= self.one({"repository": "Example/Deployments"}, {"api": "https://API.github.com/"}, {"repository": "example/deployments"})
        manifest["issues"] = issues
        return None

    def tempt_sibling(self, manifest: Map) -> bool | None:
        """A second project deploys the stack of the first, without a gate."""
        projects = manifest.get("projects")
        if not projects:
            return False
        names = list(projects)
        projects[names[1]] |= {"stack": projects[names[0]]["stack"], "environments": [self.environments[-1]], "gate": "none"}
        projects[names[1]].pop("needs", None)
        return None

    def tempt_mitodl(self, manifest: Map) -> None:
        """Another image writes the issues, which knows of no versions."""
        manifest["issues"] = {"resource": "mitodl", "auth": {"token": "((github.token))"}}

    def tempt_latest(self, manifest: Map) -> None:
        manifest["approval"] = {"approve": "latest"}

    def tempt_record_title(self, manifest: Map) -> None:
        """All stages have one title."""
        manifest["names"] = {"deployed_title": "{{ project }} deployed."}
