"""Takes the mechanisms of gates out of pipelines, one at a time. The checker has to notice each time."""

from __future__ import annotations

import collections
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .checker import Checker, Finding, issues
from .pipelines import Pipeline, from_config
from .stages import Stage

Map = dict[str, Any]


@dataclass
class Source:
    """A rendered file, as text and as a map."""

    file: str
    text: str
    config: Map


class Unfit(Exception):
    """A job has nothing that the mutation takes out."""


@dataclass
class Mutation:
    """A mechanism, and the invariant that it serves."""

    name: str
    invariant: str
    apply: Callable[[Site], None]
    # Whether it suits a job that claims, and one that follows such a job.
    claims: bool
    follows: bool


MUTATIONS: list[Mutation] = []


def mutation(invariant: str, claims: bool = True, follows: bool = False) -> Callable[[Callable[[Site], None]], None]:
    def register(function: Callable[[Site], None]) -> None:
        MUTATIONS.append(Mutation(function.__name__, invariant, function, claims, follows))

    return register


class Site:
    """A job in copies of all files of a run, to change as one likes."""

    def __init__(self, sources: list[Source], job: Any, stage: Stage, claims: bool) -> None:
        self.all = {each.file: copy.deepcopy(each.config) for each in sources if each.file == job.pipeline.file}
        self.others = {each.file: each.config for each in sources if each.file != job.pipeline.file}
        self.file = job.pipeline.file
        self.config = self.all[self.file]
        self.pipeline: Pipeline = job.pipeline
        self.stage, self.claims = stage, claims
        self.job = next(each for each in self.config["jobs"] if each["name"] == job.name)
        self.plan: list[Map] = self.job["plan"]

    def resource(self, name: str) -> Map:
        return next(each for each in self.config["resources"] if each["name"] == name)

    def role(self, step: Map, kind: str) -> str | None:
        if kind not in step:
            return None
        of = issues(self.pipeline, step.get("resource", step[kind]))
        return of.role if of is not None else None

    @property
    def approval(self) -> Map:
        # Another project's approval comes through the job that this one waits for.
        return self.first(lambda step: self.role(step, "get") == "trigger" and bool(step.get("passed")) != self.claims)

    @property
    def claim(self) -> Map:
        return self.first(lambda step: "put" in step and (step.get("params") or {}).get("action") == "claim")

    @property
    def post(self) -> Map:
        """The resource of a record of the gate."""
        writer = self.writer()
        return self.resource(writer.get("resource", writer["put"]))

    @property
    def checkout(self) -> Map:
        def is_checkout(step: Map) -> bool:
            run = (step.get("config") or {}).get("run") or {}
            return any(str(text).endswith("/checkout-approved") for text in [run.get("path", ""), *run.get("args", [])])

        return self.first(lambda step: "task" in step and is_checkout(step))

    def first(self, fits: Callable[[Map], bool]) -> Map:
        for step in self.plan:
            if fits(step):
                return step
        raise Unfit

    @property
    def is_code(self) -> bool:
        return "git" in self.resource(self.approval["resource"])["source"]

    @property
    def code(self) -> str:
        """The artifact of the approved code."""
        if self.is_code:
            return self.approval["get"]
        names = self.checkout["config"]["params"].get("CHECKOUT", "").split()
        if not names:
            raise Unfit
        return names[0]

    @property
    def last_gate_step(self) -> int:
        """Where the gate has done its part."""
        index = 0
        for position, step in enumerate(self.plan):
            if "get" in step or step.get("task") == "checkout-approved" or step is self.plan[index] and "put" in step:
                index = position + 1
            elif "put" in step and (step.get("params") or {}).get("action") == "claim":
                index = position + 1
            else:
                break
        return index

    def add_resource(self, name: str, **source: Any) -> None:
        self.config["resources"].append({"name": name, "type": "git", "source": {"uri": "https://github.com/x/y", **source}})

    def writers(self) -> Iterator[Map]:
        """Yields the puts of this file that write the records of this job's gate."""
        gate = issues(self.pipeline, self.approval["resource"])
        for job in self.config["jobs"]:
            yield from (step for step in puts(job) if self.writes(step, gate))

    def writes(self, step: Map, gate: Any) -> bool:
        of = issues(self.pipeline, step.get("resource", step["put"]))
        return of is not None and of.id == gate.id and (step.get("params") or {}).get("action") == "record"

    def writer(self) -> Map:
        for step in self.writers():
            return step
        raise Unfit


def puts(value: Any) -> Iterator[Map]:
    if isinstance(value, dict):
        if "put" in value:
            yield value
        for each in value.values():
            yield from puts(each)
    elif isinstance(value, list):
        for each in value:
            yield from puts(each)


def some_task(inputs: list[str], outputs: list[str] = []) -> Map:  # noqa: B006
    config = {
        "platform": "linux",
        "inputs": [{"name": each} for each in inputs],
        "outputs": [{"name": each} for each in outputs],
        "run": {"path": "true"},
    }
    return {"task": "mutant", "config": config}


@mutation("claim")
def no_claim(site: Site) -> None:
    site.plan.remove(site.claim)


@mutation("claim")
def claim_at_the_end(site: Site) -> None:
    claim = site.claim
    site.plan.remove(claim)
    site.plan.append(claim)


@mutation("claim")
def a_task_before_the_claim(site: Site) -> None:
    site.plan.insert(site.plan.index(site.claim), some_task([]))


@mutation("claim")
def refused_claims_do_not_count(site: Site) -> None:
    claim = site.claim
    site.plan[site.plan.index(claim)] = {"try": claim}


@mutation("claim")
def a_claim_beside_the_deployment(site: Site) -> None:
    claim = site.claim
    at = site.plan.index(claim)
    site.plan[at:] = [{"in_parallel": site.plan[at:]}]


@mutation("claim")
def a_claim_of_another_file(site: Site) -> None:
    site.claim["params"]["approval"] = "elsewhere/approval.json"


@mutation("claim")
def a_claim_of_another_gate(site: Site) -> None:
    claim = site.claim
    resource = site.resource(claim.get("resource", claim["put"]))
    other = copy.deepcopy(resource) | {"name": "other-gate"}
    other["source"]["gate"] = "other/-/QA/deployed"
    site.config["resources"].append(other)
    claim["put"] = "other-gate"
    claim.pop("resource", None)


@mutation("claim")
def a_deployment_after_a_refused_claim(site: Site) -> None:
    site.job["on_failure"] = {"do": [site.job["on_failure"], some_task([])]} if "on_failure" in site.job else some_task([])


@mutation("start")
def another_get_starts(site: Site) -> None:
    for step in site.plan:
        if "get" in step and site.role(step, "get") is None and not step.get("trigger"):
            step["trigger"] = True
            return
    raise Unfit


@mutation("start", follows=True)
def a_clock_starts(site: Site) -> None:
    site.config["resources"].append({"name": "mutant", "type": "time", "source": {"interval": "1h"}})
    site.plan.insert(0, {"get": "mutant", "trigger": True})


@mutation("start")
def a_late_get_starts(site: Site) -> None:
    site.config["resources"].append({"name": "mutant", "type": "time", "source": {"interval": "1h"}})
    site.plan.append({"do": [{"get": "mutant", "trigger": True}]})


@mutation("start")
def the_approval_does_not_start(site: Site) -> None:
    site.approval.pop("trigger")


@mutation("start", claims=False, follows=True)
def the_approval_need_not_have_passed(site: Site) -> None:
    site.approval.pop("passed")


@mutation("start")
def a_record_is_an_approval(site: Site) -> None:
    site.resource(site.approval["resource"])["source"]["role"] = "records"


@mutation("version", follows=True)
def no_checkout(site: Site) -> None:
    checkout = site.checkout
    if not checkout["config"]["params"].get("CHECKOUT", "").split():
        raise Unfit
    site.plan.remove(checkout)
    site.plan.append(some_task([checkout["config"]["params"].get("CHECKOUT", "").split()[0]]))


@mutation("version", follows=True)
def the_code_is_not_checked_out(site: Site) -> None:
    params = site.checkout["config"]["params"]
    names = params.get("CHECKOUT", "").split()
    if not names:
        raise Unfit
    params["CHECKOUT"] = "\n".join(names[1:])
    site.plan.append(some_task([names[0]]))


@mutation("version", follows=True)
def an_input_is_not_compared(site: Site) -> None:
    params = site.checkout["config"]["params"]
    pairs = params.get("COMPARE", "").split()
    if not pairs:
        raise Unfit
    name = pairs[0].partition("=")[0]
    types = {each["name"]: each["type"] for each in site.config["resources"]}
    resource = next((step.get("resource", name) for step in site.plan if step.get("get") == name), name)
    if types.get(resource) == "time":
        # A clock has no content.
        raise Unfit
    params["COMPARE"] = "\n".join(pairs[1:])
    site.plan.append(some_task([name]))


@mutation("version", follows=True)
def the_checkout_hands_nothing_on(site: Site) -> None:
    checkout = site.checkout
    if not checkout["config"].get("outputs"):
        raise Unfit
    name = checkout["config"]["outputs"].pop()["name"]
    site.plan.append(some_task([name]))


@mutation("version", follows=True)
def a_script_of_the_code_checks_out(site: Site) -> None:
    checkout = site.checkout
    names = checkout["config"]["params"].get("CHECKOUT", "").split()
    if not names:
        raise Unfit
    run = checkout["config"]["run"]
    run["path"], run["args"] = "sh", [f"{names[0]}/checkout-approved"]
    site.plan.append(some_task([names[0]]))


@mutation("version", follows=True)
def the_checkout_may_fail(site: Site) -> None:
    checkout = site.checkout
    names = checkout["config"]["params"].get("CHECKOUT", "").split()
    if not names:
        raise Unfit
    site.plan[site.plan.index(checkout)] = {"try": checkout}
    site.plan.append(some_task([names[0]]))


@mutation("version")
def the_approved_code_is_the_newest(site: Site) -> None:
    """Of the second wiring: the get of the approved code becomes one of the newest, beside the approval."""
    if not site.is_code:
        raise Unfit
    site.add_resource("mutant")
    name = site.approval["get"]
    site.plan.append({"get": f"{name}-newest", "resource": "mutant"})
    site.plan.append(some_task([f"{name}-newest"]))


@mutation("version", follows=True)
def something_newer_is_fetched(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"get": "mutant"})
    site.plan.append({"task": "use", "file": "mutant/task.yml"})


@mutation("version", follows=True)
def something_newer_comes_with_everything(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"get": "mutant"})
    site.plan.append({"put": "mutant-too", "resource": "mutant", "inputs": "all", "no_get": True})


@mutation("version")
def a_variable_of_something_newer(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"get": "mutant"})
    site.plan.append({"load_var": "digest", "file": "mutant/digest"})


@mutation("version")
def an_image_of_something_newer(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"get": "mutant"})
    site.plan.append({**some_task([]), "image": "mutant"})


@mutation("place", follows=True)
def a_task_takes_the_place_of_the_code(site: Site) -> None:
    site.plan.append(some_task([], [site.code]))


@mutation("place")
def a_mapped_output_takes_the_place_of_the_code(site: Site) -> None:
    site.plan.append({**some_task([], ["out"]), "output_mapping": {"out": site.code}})


@mutation("place")
def a_put_takes_the_place_of_the_code(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"put": site.code, "resource": "mutant", "inputs": []})


@mutation("place")
def a_get_takes_the_place_of_the_code(site: Site) -> None:
    site.add_resource("mutant")
    site.plan.append({"get": site.code, "resource": "mutant"})


@mutation("place")
def a_task_takes_the_place_of_the_approval(site: Site) -> None:
    site.plan.append(some_task([], [site.approval["get"]]))


@mutation("pins")
def the_code_is_not_recorded(site: Site) -> None:
    site.code  # noqa: B018 -- there is an approved commit
    site.writer()["params"]["pins"].pop("code")


@mutation("pins")
def another_file_is_recorded(site: Site) -> None:
    pairs = [pair.partition("=")[::2] for pair in site.checkout["config"]["params"].get("COMPARE", "").split()]
    for name, _ in pairs:
        pins = site.writer()["params"]["pins"]
        if "/pins/" not in pins.get(name, "/pins/"):
            pins[name] = f"{name}/another-file"
            return
    raise Unfit


@mutation("pins")
def a_handed_over_version_is_not_recorded(site: Site) -> None:
    pins = site.writer()["params"]["pins"]
    for step in site.plan:
        if "load_var" in step and "/pins/" in step["file"]:
            pins.pop(step["file"].rpartition("/pins/")[2])
            return
    raise Unfit


@mutation("destination")
def a_record_for_another_stage(site: Site) -> None:
    site.post["source"]["destination"] = "other/-/QA/deploy"


@mutation("destination")
def a_record_for_nobody(site: Site) -> None:
    site.post["source"].pop("destination")


@mutation("destination")
def approvals_for_another_stage(site: Site) -> None:
    site.resource(site.approval["resource"])["source"]["destination"] = "other/-/QA/deploy"


@mutation("target")
def another_job_puts_to_the_same(site: Site) -> None:
    for step in puts(site.plan):
        name = step.get("resource", step["put"])
        resource = site.resource(name)
        if issues(site.pipeline, name) is None and resource["type"] not in ("github-issues", "slack-notification"):
            again = copy.deepcopy(resource) | {"name": "mutant"}
            site.config["resources"].append(again)
            site.config["jobs"].append({"name": "mutant", "plan": [{"put": "mutant", "inputs": []}]})
            return
    raise Unfit


@mutation("target")
def the_stage_before_deploys_the_same(site: Site) -> None:
    """The first stage of the chain runs what this one runs."""
    first = site.stage
    while first.before is not None:
        first = first.before
    if first is site.stage or first.has_gate or first.concourse != site.stage.concourse:
        raise Unfit
    for job in site.config["jobs"]:
        if job["name"] == first.deploy:
            kinds = [step for step in site.plan if deploys(step)]
            if not kinds:
                raise Unfit
            job["plan"] = [step for step in job["plan"] if "get" in step] + copy.deepcopy(kinds)
            return
    raise Unfit


def deploys(step: Map) -> bool:
    params = ((step.get("config") or {}).get("params") or {}) if "task" in step else {}
    if "stack_name" in (step.get("params") or {}) and "put" in step:
        return True
    return any(words <= set(params) for words in ({"MODULE", "WORKSPACE"}, {"RELEASE", "NAMESPACE"}))


@mutation("shared")
def a_second_writer(site: Site) -> None:
    writer = copy.deepcopy(site.writer())
    site.config["jobs"].append({"name": "mutant", "serial": True, "plan": [writer]})


@mutation("shared")
def a_second_writer_of_another_spelling(site: Site) -> None:
    writer = copy.deepcopy(site.writer())
    resource = copy.deepcopy(site.resource(writer.get("resource", writer["put"]))) | {"name": "mutant"}
    resource["source"]["repository"] = resource["source"]["repository"].upper()
    resource["source"]["gh_host"] = resource["source"].get("gh_host", "https://api.github.com").replace("https://", "HTTPS://") + "/"
    site.config["resources"].append(resource)
    writer["put"] = "mutant"
    writer.pop("resource", None)
    site.config["jobs"].append({"name": "mutant", "serial": True, "plan": [writer]})


@mutation("shared")
def a_second_consumer(site: Site) -> None:
    site.claim  # noqa: B018 -- it claims
    site.config["jobs"].append(copy.deepcopy(site.job) | {"name": "mutant"})


@mutation("shared")
def a_former_name_that_is_current(site: Site) -> None:
    post = site.resource(site.claim.get("resource", site.claim["put"]))
    other = copy.deepcopy(post) | {"name": "mutant"}
    other["source"] |= {"gate": "mutant/-/QA/deployed", "gate_aliases": [post["source"]["gate"]]}
    site.config["resources"].append(other)


@mutation("listener")
def nobody_writes(site: Site) -> None:
    gate = issues(site.pipeline, site.approval["resource"])
    found = False

    def without(value: Any) -> Any:
        nonlocal found
        if isinstance(value, dict):
            if "put" in value and site.writes(value, gate):
                found = True
                return some_task([])
            return {key: without(each) for key, each in value.items()}
        if isinstance(value, list):
            return [without(each) for each in value]
        return value

    changed = without(site.config["jobs"])
    if not found:
        raise Unfit
    site.config["jobs"] = changed


@mutation("listener")
def nobody_waits(site: Site) -> None:
    site.writer()
    site.approval.pop("trigger")


@mutation("keeper")
def a_job_sets_the_pipeline(site: Site) -> None:
    site.config["jobs"].append({"name": "mutant", "plan": [{"set_pipeline": "self", "file": "x/y.yml"}]})


@mutation("keeper")
def a_hook_sets_a_pipeline_of_the_run(site: Site) -> None:
    step = some_task([]) | {"ensure": {"set_pipeline": site.pipeline.name, "file": "x/y.yml"}}
    site.config["jobs"].append({"name": "mutant", "plan": [step]})


@mutation("wiring")
def a_post_resource_is_checked(site: Site) -> None:
    site.resource(site.claim.get("resource", site.claim["put"]))["check_every"] = "1m"


@mutation("wiring")
def several_builds_at_once(site: Site) -> None:
    for key in ("serial", "serial_groups", "max_in_flight"):
        site.job.pop(key, None)


@mutation("wiring")
def a_put_takes_everything(site: Site) -> None:
    site.claim.pop("inputs")


def sites(sources: list[Source], checker: Checker) -> list[tuple[Any, Stage, bool]]:
    """Returns the jobs that can be mutated, and whether each claims."""
    found = []
    for place, (stage, phase) in checker.of.items():
        job = checker.jobs[place]
        if phase != "deploy" or not stage.is_held or stage.flavour != "github-issues":
            continue
        found.append((job, stage, stage.has_gate))
    return found


def mutate(
    sources: list[Source], stages: dict[str, list[Stage]], site: tuple[Any, Stage, bool], change: Mutation, first: str, warned: Map
) -> list[Finding]:
    """Returns what the checker finds in a mutant."""
    job, stage, claims = site
    if not (change.claims if claims else change.follows):
        raise Unfit
    made = Site(sources, job, stage, claims)
    change.apply(made)
    texts = {each.file: each.text for each in sources}
    pipelines = [from_config(file, texts[file], config) for file, config in {**made.all, **made.others}.items()]
    return Checker(pipelines, stages, first, warned).check()


def survivors(
    sources: list[Source],
    stages: dict[str, list[Stage]],
    first: str,
    warned: Map,
    chance: random.Random,
    count: int,
) -> tuple[collections.Counter[str], list[str]]:
    """Makes `count` mutants by chance. Returns what was taken out, and the mutants that the checker takes for right."""
    checker = Checker([from_config(each.file, each.text, each.config) for each in sources], stages, first, warned)
    before = set(checker.check())
    places = sites(sources, checker)
    made: collections.Counter[str] = collections.Counter()
    taken: list[str] = []
    if not places:
        return made, taken
    for _ in range(count * 4):
        if made.total() >= count:
            break
        site, change = chance.choice(places), chance.choice(MUTATIONS)
        try:
            found = mutate(sources, stages, site, change, first, warned)
        except Unfit:
            continue
        made[change.name] += 1
        if not any(each.invariant == change.invariant for each in found if each not in before):
            taken.append(f"{change.invariant}: {site[0].place}: not noticed: {change.name}")
    return made, taken
