"""The checker can fail: it notices each mechanism that is taken out, in both wirings, and takes what is right."""

from __future__ import annotations

import copy
import unittest
from typing import Any

import yaml

from . import mutants
from .checker import INVARIANTS, Checker
from .mutants import MUTATIONS, Source, Unfit
from .pipelines import from_config
from .stages import merge, stages

FLEET = yaml.safe_load("""
concourses: {main: {target: main, team: shop}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
""")
MANIFEST = yaml.safe_load("""
project: cart
stack: {pulumi: {path: infra/cart}}
overrides: {QA: {gate: preview}, Production: {gate: none}, Live: {gate: issue}}
environments: [CI, QA, Production, Live]
inputs: {image: {image: {repository: shop/cart}}, data: {s3: {bucket: data}}}
""")
BANNER = """# Made by ol-pipegen 0.1.0 from ../projects/cart.yml of the fleet ../pipegen.yml
# fly -t main set-pipeline --team shop -p cart -c cart.yml
"""


def issue(key: str, role: str, destination: str = "", **more: Any) -> dict:
    source = {"gate": key, "role": role, "repository": "example/deployments", "access_token": "((github.token))", **more}
    if destination:
        source["destination"] = destination
    return {
        "name": f"{key.replace('/-/', '-').replace('/', '-').lower()}-{role}",
        "type": "approved-git" if "git" in more else "github-issues",
        "source": source,
        "check_every": "never" if role == "post" else "15m",
    }


def record(resource: str, pins: dict) -> dict:
    params = {"action": "record", "title": f"{resource}.", "pins": pins}
    return {"put": resource, "inputs": "detect", "params": params, "no_get": True}


def pulumi(stage: str, **params: Any) -> dict:
    return {"put": "pulumi", "inputs": ["code", "data"], "params": {"stack_name": stage, **params}}


def checkout(folder: str, names: str, compare: str) -> dict:
    inputs = [folder.split("/")[0], *names.split(), *[pair.split("=")[0] for pair in compare.split()]]
    config = {
        "platform": "linux",
        "inputs": [{"name": name} for name in dict.fromkeys(inputs)],
        "outputs": [{"name": name} for name in names.split()],
        "params": {"CODE": "code", "CHECKOUT": names, "COMPARE": compare},
        "run": {"path": "sh", "args": [f"{folder}/checkout-approved"]},
    }
    return {"task": "checkout-approved", "config": config}


def pipeline(approved_git: bool) -> dict:
    """A chain of four stages as the contract of gates describes it."""
    git = {"git": {"uri": "https://github.com/example/shop", "branch": "main"}} if approved_git else {}
    folder = "code/.git/approval" if approved_git else "gate"
    ready, live = "cart/-/QA/ready", "cart/-/Production/deployed"
    resources = [
        {"name": "shop", "type": "git", "source": {"uri": "https://github.com/example/shop", "branch": "main"}},
        {"name": "image", "type": "registry-image", "source": {"repository": "shop/cart"}},
        {"name": "data", "type": "s3", "source": {"bucket": "data"}},
        {"name": "pulumi", "type": "pulumi-provisioner", "source": {"project_name": "cart"}},
        issue(ready, "post", "cart/-/QA/deploy"),
        issue(ready, "trigger", "cart/-/QA/deploy", **git),
        issue(live, "post", "cart/-/Live/deploy"),
        issue(live, "trigger", "cart/-/Live/deploy", **git),
    ]
    takes = [{"get": "image", "params": {"skip_download": True}}, {"get": "data"}]

    def entry(trigger: str, passed: list[str], through: list[str]) -> list[dict]:
        get = {"resource": trigger, "trigger": True}
        if through:
            get["passed"] = through
        more = [each | {"passed": passed} for each in takes]
        if approved_git:
            return [*more, {"get": "code", **get}]
        return [*more, {"get": "gate", **get}, {"get": "code", "resource": "shop", "passed": passed}]

    def claim(post: str) -> dict:
        params = {"action": "claim", "approval": f"{folder}/approval.json"}
        return {"put": post, "inputs": [folder.split("/")[0]], "params": params, "no_get": True}

    approve = [
        checkout(folder, "" if approved_git else "code", "data=version"),
        {"load_var": "digest", "file": f"{folder}/pins/image"},
    ]
    newest = {"code": "code/.git/ref", "image": "image/digest", "data": "data/version"}
    approved = {"code": "code/.git/ref", "image": f"{folder}/pins/image", "data": "data/version"}
    jobs = [
        {
            "name": "deploy-cart-ci",
            "serial": True,
            "plan": [*takes, {"get": "code", "resource": "shop", "trigger": True}, pulumi("CI")],
        },
        {
            "name": "preview-cart-qa",
            "serial_groups": ["cart-qa"],
            "plan": [
                *[each | {"passed": ["deploy-cart-ci"]} for each in takes],
                {"get": "code", "resource": "shop", "passed": ["deploy-cart-ci"], "trigger": True},
                pulumi("QA", preview=True),
            ],
            "on_success": record("cart-qa-ready-post", newest),
        },
        {
            "name": "deploy-cart-qa",
            "serial_groups": ["cart-qa"],
            "plan": [
                *entry("cart-qa-ready-trigger", ["preview-cart-qa"], []),
                claim("cart-qa-ready-post"),
                *copy.deepcopy(approve),
                pulumi("QA"),
            ],
            "on_failure": {
                "put": "cart-qa-ready-post",
                "inputs": [],
                "no_get": True,
                "params": {"action": "report", "status": "failed"},
            },
        },
        {
            "name": "deploy-cart-production",
            "serial": True,
            "plan": [
                *entry("cart-qa-ready-trigger", ["deploy-cart-qa"], ["deploy-cart-qa"]),
                *copy.deepcopy(approve),
                pulumi("Production"),
            ],
            "on_success": record("cart-production-deployed-post", approved),
        },
        {
            "name": "deploy-cart-live",
            "serial": True,
            "plan": [
                *entry("cart-production-deployed-trigger", ["deploy-cart-production"], []),
                claim("cart-production-deployed-post"),
                *copy.deepcopy(approve),
                pulumi("Live"),
            ],
        },
    ]
    return copy.deepcopy({"resources": resources, "jobs": jobs})


class Wirings(unittest.TestCase):
    """What the contract describes, in both wirings."""

    def setUp(self) -> None:
        self.stages = {"cart": stages(FLEET, MANIFEST, "cart")}

    def sources(self, approved_git: bool) -> list[Source]:
        return [Source("cart", BANNER, pipeline(approved_git))]

    def checker(self, sources: list[Source]) -> Checker:
        return Checker([from_config(each.file, each.text, each.config) for each in sources], self.stages, "main")

    def test_the_contract_has_no_findings(self) -> None:
        for approved_git in (False, True):
            checker = self.checker(self.sources(approved_git))
            self.assertEqual([str(each) for each in checker.check()], [])
            self.assertEqual(len(checker.of), 5)

    def test_every_mechanism_that_is_taken_out_is_noticed(self) -> None:
        applied: dict[str, set[bool]] = {}
        for approved_git in (False, True):
            sources = self.sources(approved_git)
            for site in mutants.sites(sources, self.checker(sources)):
                for change in MUTATIONS:
                    try:
                        found = mutants.mutate(sources, self.stages, site, change, "main", {})
                    except Unfit:
                        continue
                    applied.setdefault(change.name, set()).add(approved_git)
                    with self.subTest(change.name, job=site[0].name, approved_git=approved_git):
                        self.assertIn(change.invariant, {each.invariant for each in found})
        self.assertEqual({change.name for change in MUTATIONS} - set(applied), set())
        # Each invariant is tried in both wirings.
        both = {change.invariant for change in MUTATIONS if applied[change.name] == {False, True}}
        self.assertEqual(both, set(INVARIANTS))

    def test_a_smoke_test_behind_a_gate_takes_what_was_approved(self) -> None:
        for approved_git in (False, True):
            for trusts_passed in (False, True):
                sources = self.sources(approved_git)
                resource = "cart-qa-ready-trigger" if approved_git and not trusts_passed else "shop"
                plan = [{"get": "code", "resource": resource, "passed": ["deploy-cart-qa"]}]
                if not approved_git and not trusts_passed:
                    plan.insert(0, {"get": "gate", "resource": "cart-qa-ready-trigger", "passed": ["deploy-cart-qa"]})
                    plan.append(checkout("gate", "code", ""))
                plan.append(mutants.some_task(["code"]))
                sources[0].config["jobs"].append({"name": "smoke", "plan": plan})
                found = [str(each) for each in self.checker(sources).check()]
                with self.subTest(approved_git=approved_git, trusts_passed=trusts_passed):
                    self.assertEqual(bool(found), trusts_passed, found)


class Layers(unittest.TestCase):
    """The layers of the language."""

    def test_maps_merge_and_everything_else_replaces(self) -> None:
        self.assertEqual(merge({"a": [1], "b": {"c": 1}}, {"a": [2], "b": {"d": 2}}), {"a": [2], "b": {"c": 1, "d": 2}})

    def test_another_choice_replaces_a_choice(self) -> None:
        self.assertEqual(merge({"stack": {"a": {"x": 1}}}, {"stack": {"b": {}}}), {"stack": {"b": {}}})

    def test_null_takes_an_entry_out(self) -> None:
        self.assertEqual(merge({"env": {"A": "1", "B": "2"}}, {"env": {"A": None}}), {"env": {"B": "2"}})

    def test_the_more_precise_wins(self) -> None:
        manifest = {
            "project": "db",
            "stack": {"script": {"image": "alpine", "deploy": "./deploy.sh"}},
            "groups": ["a", "b"],
            "skip": ["a.CI"],
            "overrides": {"a.QA": {"gate": "manual"}, "QA": {"gate": "preview"}, "Production": {"concourse": "edge"}},
        }
        found = stages(FLEET, manifest, "db")
        self.assertEqual(
            [(stage.key, stage.gate, stage.concourse, stage.deploy) for stage in found],
            [
                ("db/a/QA", "manual", "", "deploy-db-a.qa"),
                ("db/a/Production", "issue", "edge", "deploy-db-a.production"),
                ("db/b/CI", "none", "", "deploy-db-b.ci"),
                ("db/b/QA", "preview", "", "deploy-db-b.qa"),
                ("db/b/Production", "issue", "edge", "deploy-db-b.production"),
            ],
        )


if __name__ == "__main__":
    unittest.main()
