"""Judges rendered pipelines by the contract of gates: is what was approved what is deployed, without a way around?

Written from the contract's ten invariants, and not from the generator. It knows from the manifests which stages exist and
how each is entered (`stages.py`); everything else it finds in the pipelines themselves. It understands both wirings: the
newest code with the approved commit checked out in it, and the approved commit as the version of a resource.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .pipelines import Job, Pipeline, Step
from .stages import Stage

Map = dict[str, Any]

INVARIANTS = ("claim", "start", "version", "place", "pins", "destination", "target", "shared", "listener", "keeper", "wiring")
# Where the files of an approval are: below the artifact of its get, or below the clone of the approved code.
IN_CLONE = ".git/approval"


@dataclass(frozen=True, order=True)
class Finding:
    """A way around a gate."""

    invariant: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.place}: {self.message}"


def host(address: str) -> str:
    """Returns the base of an API as GitHub compares it: without case, port by default, and slash at the end."""
    return re.sub(r":443$", "", address.strip().lower().rstrip("/")).replace(":443/", "/")


def repository(name: str) -> str:
    """Returns `owner/name` as GitHub compares it."""
    return name.strip().strip("/").lower().removesuffix(".git")


@dataclass(frozen=True)
class GateId:
    """A gate, whatever resource speaks of it."""

    host: str
    repository: str
    key: str

    def __str__(self) -> str:
        return f"{self.key} in {self.repository}"


@dataclass(frozen=True)
class Issues:
    """A resource of a gate."""

    name: str
    id: GateId
    role: str
    source: Map = field(hash=False)
    # The approved commit is its version.
    is_code: bool = False


def issues(pipeline: Pipeline, name: str) -> Issues | None:
    """Returns the resource as one of a gate, if it is one."""
    resource = pipeline.resources.get(name)
    source = (resource or {}).get("source") or {}
    if resource is None or "gate" not in source or "role" not in source:
        return None
    address = host(source.get("gh_host") or "https://api.github.com")
    return Issues(
        name, GateId(address, repository(source["repository"]), source["gate"]), source["role"], source, "git" in source
    )


def has_gate(pipeline: Pipeline, name: str) -> bool:
    """Whether a resource waits for approvals. A record that leads nowhere is no gate."""
    of = issues(pipeline, name)
    return of is not None and of.role == "trigger"


def components(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def artifact_of(path: str) -> str:
    parts = components(path)
    return parts[0] if parts else ""


@dataclass
class Held:
    """An artifact whose version an approval decides on."""

    # The name under which the approval holds its version, and the file that names the version, below the artifact.
    pin: str
    file: str


@dataclass
class Approval:
    """An approval that a job has got."""

    step: Step
    issues: Issues
    # Where its files are.
    folder: str


def texts(value: Any) -> Iterator[str]:
    """Yields all texts of a value, without the keys of maps."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


class Checker:
    """Judges everything that a run renders together."""

    def __init__(
        self,
        pipelines: Iterable[Pipeline],
        stages: dict[str, list[Stage]],
        first: str = "",
        warned: Mapping[str, Container[str]] = {},  # noqa: B006
    ) -> None:
        """`stages` are those of each manifest. `first` is the `fly` target of the Concourse of stages that name none.

        `warned` are the inputs of each manifest of which the program said that no approval names their version. Whoever
        renders knows of them.
        """
        self.warned = warned
        self.pipelines = list(pipelines)
        self.findings: set[Finding] = set()
        self.first = first
        # What each job deploys or previews: job → stage and phase.
        self.of: dict[str, tuple[Stage, str]] = {}
        self.stages: list[Stage] = []
        by_manifest: dict[str, list[Pipeline]] = defaultdict(list)
        for pipeline in self.pipelines:
            by_manifest[pipeline.manifest].append(pipeline)
        self.missing: list[tuple[str, Stage]] = []
        for manifest, own in stages.items():
            for stage in own:
                self.stages.append(stage)
                # The name of a stage's job is that of one job, on the stage's own Concourse.
                jobs = [pipeline.jobs[stage.deploy] for pipeline in by_manifest[manifest] if stage.deploy in pipeline.jobs]
                jobs = [job for job in jobs if len(jobs) == 1 or self.lives_on(job.pipeline, stage)]
                if not jobs:
                    self.missing.append((manifest, stage))
                    continue
                self.of[jobs[0].place] = (stage, "deploy")
                if stage.preview in jobs[0].pipeline.jobs and stage.gate == "preview":
                    self.of[jobs[0].pipeline.jobs[stage.preview].place] = (stage, "preview")
        self.jobs = {job.place: job for pipeline in self.pipelines for job in pipeline.jobs.values()}
        # Puts that write a record, by gate.
        self.writers: dict[GateId, list[tuple[Job, Step, Issues]]] = defaultdict(list)
        # Gets of approvals that start a job, by gate.
        self.listeners: dict[GateId, list[tuple[Job, Step, Issues]]] = defaultdict(list)
        self.consumers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for job in self.jobs.values():
            for step in job.steps:
                if step.kind not in ("get", "put"):
                    continue
                of = issues(job.pipeline, step.resource)
                if of is None:
                    continue
                if step.kind == "put" and step.params.get("action") == "record":
                    self.writers[of.id].append((job, step, of))
                if step.kind == "put" and step.params.get("action") == "claim":
                    self.consumers[(of.id.host, of.id.repository, of.source.get("destination", ""))].add(job.place)
                if step.kind == "get" and of.role == "trigger" and step.triggers and not step.passed:
                    self.listeners[of.id].append((job, step, of))

    def lives_on(self, pipeline: Pipeline, stage: Stage) -> bool:
        return (pipeline.target == self.first) == (stage.concourse == "")

    def find(self, invariant: str, where: Job | str, message: str) -> None:
        self.findings.add(Finding(invariant, where.place if isinstance(where, Job) else where, message))

    def check(self) -> list[Finding]:
        """Returns all findings."""
        for manifest, stage in self.missing:
            self.find("claim", manifest, f"no job deploys {stage.key}")
        for place, (stage, phase) in self.of.items():
            job = self.jobs[place]
            if stage.flavour != "github-issues":
                self.starts_by_issue_alone(job, stage, phase)
            elif phase == "deploy" and stage.has_gate:
                JobChecker(self, job, stage, claims=f"{stage.key}/deploy").check()
            else:
                across = stage.before is not None and stage.before.concourse != stage.concourse
                waits = phase == "preview" and across and any(issues(job.pipeline, get.resource) for get in job.gets())
                claims = f"{stage.key}/{phase}" if waits and not self.takes_records(job) else None
                comes_from = stage if phase == "deploy" else stage.before
                if claims or (comes_from is not None and comes_from.is_held):
                    JobChecker(self, job, stage, claims=claims, phase=phase).check()
        self.jobs_besides()
        self.targets()
        self.shared()
        self.listened_to()
        self.kept()
        self.wired()
        return sorted(self.findings)

    def approvals(self, job: Job) -> Iterator[Approval]:
        """Yields the approvals that a job gets."""
        for get in job.gets():
            of = issues(job.pipeline, get.resource)
            if of is not None and of.role in ("trigger", "records"):
                yield Approval(get, of, f"{get.name}/{IN_CLONE}" if of.is_code else get.name)

    def takes_records(self, job: Job) -> bool:
        return any(approval.issues.role == "records" for approval in self.approvals(job))

    def starts_by_issue_alone(self, job: Job, stage: Stage, phase: str) -> None:
        """The image of MIT Open Learning knows no claims and no pins: only who starts the job is judged."""
        if phase != "deploy" or not stage.has_gate:
            return
        starting = [get for get in job.gets() if get.triggers]
        types = {job.pipeline.resources.get(get.resource, {}).get("type") for get in starting}
        if types != {"github-issues"}:
            self.find("start", job, f"started by {', '.join(get.name for get in starting) or 'nothing'}")

    def behind(self) -> dict[str, set[str]]:
        """Returns the jobs behind gates, by pipeline: those of stages, for what comes through them was approved."""
        behind: dict[str, set[str]] = defaultdict(set)
        for place, (stage, phase) in self.of.items():
            if phase == "deploy" and stage.is_held:
                behind[self.jobs[place].pipeline.file].add(self.jobs[place].name)
        return behind

    def jobs_besides(self) -> None:
        """Jobs of somebody's own that take something as it passed a gate."""
        behind = self.behind()
        for job in self.jobs.values():
            gated = behind[job.pipeline.file]
            if job.place in self.of or not any(set(get.passed) & gated for get in job.gets()):
                continue
            JobChecker(self, job, None, claims=None).follow_artifacts(gated)

    # Targets.

    def deployments(self, job: Job) -> Iterator[tuple[str, str, str]]:
        """Yields what a job deploys, as far as its steps tell: the exact target, the resource put to, and its name."""
        pipeline = job.pipeline
        urls = {get.name: self.address(pipeline, get.resource) for get in job.gets()}
        for step in job.steps:
            if step.kind == "put" and not self.speaks_only(pipeline, step):
                resource = pipeline.resources.get(step.resource, {})
                kind, source = self.image(pipeline, resource), resource.get("source") or {}
                whole = canonical([kind, source])
                if "stack_name" in step.params:
                    exact = canonical(["pulumi", source.get("project_name"), step.params["stack_name"]])
                    yield exact, whole, f"the Pulumi stack {step.params['stack_name']} of {source.get('project_name')}"
                else:
                    params = {key: value for key, value in step.params.items() if key not in ("phase", "preview")}
                    yield canonical([whole, params]), whole, f"what `{step.resource}` deploys to"
            elif step.kind == "task" and "config" in step.body:
                params = step.body["config"].get("params") or {}
                code = urls.get(params.get("CODE", ""), params.get("CODE", ""))
                if "MODULE" in params and "WORKSPACE" in params:
                    exact = canonical(["tofu", code, params["MODULE"], params["WORKSPACE"], params.get("BACKEND_FILES")])
                    yield exact, "", f"the workspace {params['WORKSPACE']} of {params['MODULE']}"
                elif "RELEASE" in params and "NAMESPACE" in params:
                    exact = canonical(["helm", params.get("KUBECONFIG_TEXT"), params["NAMESPACE"], params["RELEASE"]])
                    yield exact, "", f"the release {params['RELEASE']} in {params['NAMESPACE']}"
                elif "SCRIPT" in params and job.place in self.of:
                    # Nobody but its author knows.
                    script = self.of[job.place][0].script
                    yield canonical(["script", script]), "", script

    @staticmethod
    def address(pipeline: Pipeline, resource: str) -> str:
        source = pipeline.resources.get(resource, {}).get("source") or {}
        return (source.get("git") or source).get("uri", resource)

    @staticmethod
    def image(pipeline: Pipeline, resource: Map) -> Any:
        """Returns what a resource's type is, whatever it is called."""
        kind = resource.get("type", "")
        return pipeline.types[kind].get("source", kind) if kind in pipeline.types else kind

    @staticmethod
    def speaks_only(pipeline: Pipeline, step: Step) -> bool:
        """Whether a put only writes issues and messages."""
        resource = pipeline.resources.get(step.resource, {})
        return issues(pipeline, step.resource) is not None or resource.get("type") in ("github-issues", "slack-notification")

    def targets(self) -> None:
        exact: dict[str, dict[str, str]] = defaultdict(dict)
        whole: dict[str, dict[str, str]] = defaultdict(dict)
        for job in self.jobs.values():
            for key, resource, name in self.deployments(job):
                exact[key].setdefault(job.place, name)
                if resource:
                    whole[resource].setdefault(job.place, name)
        for place, (stage, phase) in self.of.items():
            if phase != "deploy" or stage.let_in is None:
                continue
            job = self.jobs[place]
            for key, resource, name in self.deployments(job):
                for other in exact[key]:
                    if other != place and not self.may_share(place, other):
                        self.find("target", job, f"{other} deploys {name}, too, and is not behind the same gate")
                for other in whole.get(resource, {}):
                    if other not in self.of:
                        self.find("target", job, f"{other} puts to {name}, too, and is not behind a gate")

    def may_share(self, one: str, other: str) -> bool:
        """Whether two jobs may put to one thing: both stages are behind the same gate. A preview goes by its stage, whose
        deployment puts to the same."""
        if other not in self.of:
            return False
        (first, _), (second, _) = self.of[one], self.of[other]
        if first == second:
            return True
        return first.let_in == second.let_in

    # What is only seen of everything together.

    def shared(self) -> None:
        for gate, writers in self.writers.items():
            whose = {str(self.of[job.place][0].key) if job.place in self.of else job.place for job, _, _ in writers}
            if len(whose) > 1:
                self.find("shared", str(gate), f"written by {', '.join(sorted(whose))}")
        for (_, _, consumer), places in self.consumers.items():
            if len(places) > 1:
                self.find("shared", consumer, f"claimed by {', '.join(sorted(places))}")
        keys: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        titles: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for pipeline in self.pipelines:
            for name in pipeline.resources:
                of = issues(pipeline, name)
                if of is None:
                    continue
                keys[(of.id.host, of.id.repository, of.id.key)].add(of.id.key)
                for alias in of.source.get("gate_aliases") or []:
                    keys[(of.id.host, of.id.repository, alias)].add(of.id.key)
        for (_, _, key), current in keys.items():
            if len(current) > 1:
                self.find("shared", key, f"is the name of {', '.join(sorted(current))}")
        for gate, writers in self.writers.items():
            for _, step, _ in writers:
                titles[(gate.host, gate.repository)].append((step.params.get("title", ""), str(gate)))
        for job in self.jobs.values():
            for step in job.puts():
                resource = job.pipeline.resources.get(step.resource, {})
                source = resource.get("source") or {}
                if resource.get("type") != "github-issues" or "gate" in source or "repository" not in source:
                    continue
                place = (host(source.get("gh_host") or "https://api.github.com"), repository(source["repository"]))
                own = source.get("issue_title_template") or ""
                for title, gate in titles.get(place, []):
                    if title == own:
                        self.find("shared", job, f"`{step.resource}` writes under the title of {gate}")

    def listened_to(self) -> None:
        for gate, writers in self.writers.items():
            promises = any(of.source.get("destination") for _, _, of in writers)
            if promises and not self.listeners.get(gate):
                self.find("listener", writers[0][0], f"{gate} promises a promotion, and no job waits for it")
        for gate, waiting in self.listeners.items():
            if not self.writers.get(gate):
                self.find("listener", waiting[0][0], f"nobody writes {gate}")

    def kept(self) -> None:
        """No job of a pipeline with gates sets a pipeline with gates."""
        guarded = {pipeline.name for pipeline in self.pipelines if any(has_gate(pipeline, name) for name in pipeline.resources)}
        for job in self.jobs.values():
            if job.pipeline.name not in guarded:
                continue
            for step in job.steps:
                if step.kind == "set_pipeline" and (step.name == "self" or step.name in guarded):
                    self.find("keeper", job, f"sets the pipeline `{step.name}`")

    def wired(self) -> None:
        """What a gate needs of Concourse besides."""
        for pipeline in self.pipelines:
            sources: dict[str, str] = {}
            for name, resource in pipeline.resources.items():
                of = issues(pipeline, name)
                if of is None:
                    continue
                if of.role == "post" and resource.get("check_every") != "never":
                    self.find("wiring", f"{pipeline.name}/{name}", "is written and checked")
                same = sources.setdefault(canonical([resource["type"], of.source]), name)
                if same != name:
                    self.find("wiring", f"{pipeline.name}/{name}", f"has the source of {same}")
            for job in pipeline.jobs.values():
                gated = [step for step in job.puts() if issues(pipeline, step.resource)]
                if gated and not (job.body.get("serial") or job.body.get("serial_groups") or job.body.get("max_in_flight") == 1):
                    self.find("wiring", job, "writes to gates, and several builds may run at once")
                for step in gated:
                    of = issues(pipeline, step.resource)
                    if of is not None and of.role != "post":
                        self.find("wiring", job, f"puts to `{step.resource}`, which is checked")
                    if "inputs" not in step.body:
                        self.find("wiring", job, f"the put to `{step.resource}` takes every artifact")
        for stage in self.stages:
            pair = [self.jobs[place] for place, (own, _) in self.of.items() if own is stage]
            if len(pair) == 2 and not set(pair[0].body.get("serial_groups", [])) & set(pair[1].body.get("serial_groups", [])):
                self.find("wiring", pair[0], f"may run while {pair[1].name} runs")


class JobChecker:
    """Judges one job behind a gate."""

    def __init__(self, run: Checker, job: Job, stage: Stage | None, claims: str | None, phase: str = "deploy") -> None:
        self.run, self.job, self.stage, self.claims, self.phase = run, job, stage, claims, phase
        self.pipeline = job.pipeline
        all_of_them = list(run.approvals(job))
        mine = claims
        if mine is None and stage is not None:
            let_in = stage.let_in if phase == "deploy" else stage.before and stage.before.let_in
            mine = f"{let_in.key}/deploy" if let_in else None
        # A stage that waits for one of another project gets what was approved for that one.
        # A preview may take its versions from records, which promote nowhere.
        own = [each for each in all_of_them if each.issues.role == "records"]
        own = own or [each for each in all_of_them if each.issues.source.get("destination") == mine]
        self.approvals = own or all_of_them
        self.others = [each for each in all_of_them if each not in self.approvals]
        # Artifacts with the approved version; with another one, and why; and those of approvals.
        self.held: dict[str, Held] = {}
        self.open: dict[str, str] = {}
        self.files: dict[str, Approval] = {}
        self.made: set[str] = set()
        self.variables: dict[str, str] = {}
        self.handed: set[str] = set()
        self.is_preview = False

    def find(self, invariant: str, message: str) -> None:
        self.run.find(invariant, self.job, message)

    def check(self) -> None:
        if not self.approvals:
            self.find("claim" if self.claims else "version", "gets no approval")
            return
        if self.claims:
            self.claim()
        if self.claims or self.phase == "deploy":
            self.start()
        # A preview deploys nothing, and may show what no stage before it takes.
        self.is_preview = self.phase == "preview"
        # `approve: latest` asks for the newest versions, in a preview too.
        if self.stage is None or self.stage.exact:
            self.follow_artifacts(set())
            self.pins()
        self.destination()

    # Claim.

    def claim(self) -> None:
        approval = self.approvals[0]
        if len(self.approvals) > 1:
            self.find("claim", "gets several approvals")
        for step in self.job.steps:
            of = issues(self.pipeline, step.resource) if step.kind in ("get", "put") else None
            action = step.params.get("action") if of is not None and step.kind == "put" else None
            if step.kind == "get" and not step.hooks and step.counts:
                continue
            if action == "report":
                continue
            if action == "claim" and step.hooks == ():
                break
            self.find("claim", f"does `{step.kind}: {step.name}` before it claims an approval")
            return
        else:
            self.find("claim", "claims no approval")
            return
        if not (step.counts and step.alone):
            self.find("claim", "goes on whatever becomes of the claim")
        if step.body.get("no_get") is not True:
            self.find("claim", "gets what it claimed")
        assert of is not None
        if of.id != approval.issues.id:
            self.find("claim", f"gets an approval of {approval.issues.id}, and claims one of {of.id}")
        if step.params.get("approval") != f"{approval.folder}/approval.json":
            self.find("claim", f"claims `{step.params.get('approval')}`, and has `{approval.folder}/approval.json`")
        if of.source.get("destination") != self.claims:
            self.find("claim", f"claims for `{of.source.get('destination')}`")
        for later in self.job.steps:
            if not later.runs_after_a_failure or (later.hooks[0] != "job"):
                continue
            speaks = later.kind == "put" and self.run.speaks_only(self.pipeline, later)
            if not speaks or later.params.get("action") in ("record", "claim"):
                self.find("claim", f"does `{later.kind}: {later.name}` though the claim was refused")

    # Start.

    def start(self) -> None:
        mine = {id(approval.step) for approval in self.approvals}
        behind = self.run.behind()[self.pipeline.file]
        for get in self.job.gets():
            # What comes through a job behind the gate came through the gate.
            follows = self.claims is None and bool(set(get.passed) & behind)
            if get.triggers and id(get) not in mine and not follows:
                self.find("start", f"`{get.name}` starts it")
        for approval in self.approvals:
            if self.claims:
                if approval.step.passed:
                    self.find("start", f"the approval waits for {', '.join(approval.step.passed)}")
                if approval.issues.role != "trigger":
                    self.find("start", "a record starts it")
                if not approval.step.triggers:
                    self.find("start", "no approval starts it")
            elif approval.issues.role == "records":
                self.find("start", "a record starts it")
            elif not set(approval.step.passed) & behind:
                self.find("start", "the approval need not have passed the stage before")

    # Version and place.

    def follow_artifacts(self, gated: set[str]) -> None:
        """Follows each artifact through the job. With `gated` only what comes from these jobs is judged."""
        for step in self.job.steps:
            if step.kind == "get":
                self.got(step, gated)
            elif step.kind == "put":
                self.put(step)
            elif step.kind == "task":
                self.task(step)
            elif step.kind == "load_var":
                self.use(step.body["file"], f"the variable `{step.name}`")
                self.variables[step.name] = step.body["file"]
            elif step.kind == "set_pipeline":
                self.use(step.body.get("file", ""), f"the pipeline `{step.name}`")

    def got(self, step: Step, gated: set[str]) -> None:
        self.replace(step.name, f"the get of `{step.resource}`")
        for approval in self.approvals:
            if approval.step is step:
                self.files[approval.folder] = approval
                if approval.issues.is_code:
                    self.held[step.name] = Held("code", ".git/ref")
                return
        behind = self.run.behind()[self.pipeline.file]
        if any(each.step is step and each.issues.is_code and set(step.passed) & behind for each in self.others):
            self.made.add(step.name)
            return
        resource = self.pipeline.resources.get(step.resource, {})
        named = self.stage is not None and step.name in self.stage.unpinned
        warned = step.name in self.run.warned.get(self.pipeline.manifest, ())
        # A clock has no content.
        shown = self.is_preview and not self.is_named(step)
        if shown or named or warned or resource.get("type") == "time" or (gated and not set(step.passed) & gated):
            self.made.add(step.name)
            return
        through = f", through {', '.join(step.passed)}" if step.passed else ""
        self.open[step.name] = f"the newest version of `{step.resource}`{through}"

    def is_named(self, step: Step) -> bool:
        """Whether the approval names the version of what a step gets."""
        assert self.stage is not None
        writers = self.run.writers.get(self.approvals[0].issues.id, [])
        address = self.run.address(self.pipeline, step.resource)
        return address == self.stage.repository or any(step.name in (put.params.get("pins") or {}) for _, put, _ in writers)

    def named(self) -> list[str]:
        """The artifacts of other versions that the job means to use.

        A need orders, and hands nothing over; where the approval hands a version over, no step names the artifact beside it.
        """
        paths = [text for step in self.job.steps for text in texts(step.body)]
        handed = {text.partition("/pins/")[2] for text in paths for each in self.approvals if text.startswith(f"{each.folder}/pins/")}
        return [name for name in self.open if not name.startswith("after-") and name not in handed]

    def put(self, step: Step) -> None:
        inputs = step.body.get("inputs", "all")
        if inputs == "all":
            used = [*self.held, *self.named(), *self.made]
        elif inputs == "detect":
            known = {*self.held, *self.open, *self.made}
            used = [name for name in known if any(text == name or text.startswith(f"{name}/") for text in texts(step.params))]
        else:
            used = inputs
        for name in used:
            self.use(name, f"the put to `{step.resource}`")
        for text in texts(step.params):
            self.handed_over(text)
        if step.body.get("no_get") is not True:
            self.replace(step.name, f"the get after the put to `{step.resource}`")
            self.made.add(step.name)

    def approval_of(self, path: str) -> Approval | None:
        return next((each for folder, each in self.files.items() if path == folder or path.startswith(f"{folder}/")), None)

    def handed_over(self, path: str) -> None:
        """Notes what comes from the approval itself."""
        approval = self.approval_of(path)
        if approval is not None and path.startswith(f"{approval.folder}/pins/"):
            self.handed.add(path.removeprefix(f"{approval.folder}/pins/"))

    def use(self, path: str, by: str) -> None:
        self.handed_over(path)
        name = artifact_of(path)
        if name in self.open:
            self.find("version", f"{by} takes `{name}`: {self.open[name]}")

    def replace(self, name: str, by: str) -> None:
        if name in self.held or name in {artifact_of(folder) for folder in self.files}:
            self.find("place", f"{by} takes the place of `{name}`, which was approved")
            self.held.pop(name, None)
            self.open[name] = by
        elif name in self.open and not by.startswith("the get of"):
            self.open[name] = by

    def checkout(self, step: Step) -> bool:
        """Takes a step as the checkout of approved versions, if it is one: it runs the script of the approval's get."""
        config = step.body.get("config") or {}
        run = config.get("run") or {}
        command = [run.get("path", ""), *run.get("args", [])]
        script = next((text for text in command if text.endswith("/checkout-approved")), None)
        if script is None:
            return False
        approval = self.approval_of(script)
        names = {each["name"] for each in config.get("inputs", [])}
        if approval is None or script != f"{approval.folder}/checkout-approved" or artifact_of(script) not in names:
            self.find("version", f"the task `{step.name}` runs `{script}`, which is not of the approval")
            return False
        if not step.counts or step.hooks or step.body.get("input_mapping") or step.body.get("output_mapping"):
            self.find("version", f"the job goes on whatever becomes of `{step.name}`")
            return False
        params = config.get("params") or {}
        lines = lambda name: str(params.get(name) or "").split()  # noqa: E731
        outputs = {each["name"] for each in config.get("outputs", [])}
        for name in lines("CHECKOUT"):
            if name not in names or name not in outputs:
                self.find("version", f"`{step.name}` does not hand `{name}` on")
            elif self.open.pop(name, None) is not None:
                self.held[name] = Held("code" if name == params.get("CODE") else name, ".git/ref")
        for pair in lines("COMPARE"):
            name, _, file = pair.partition("=")
            if name not in names:
                self.find("version", f"`{step.name}` does not have `{name}`")
            elif self.open.pop(name, None) is not None:
                self.held[name] = Held(name, file)
        for output in outputs - set(lines("CHECKOUT")):
            self.replace(output, f"the task `{step.name}`")
            self.made.add(output)
        return True

    def task(self, step: Step) -> None:
        if self.checkout(step):
            return
        config = step.body.get("config")
        mapping = step.body.get("input_mapping") or {}
        by = f"the task `{step.name}`"
        if "file" in step.body:
            self.use(step.body["file"], by)
        if "image" in step.body:
            self.use(step.body["image"], f"the image of {by}")
        if config is None:
            # Its file names the inputs.
            for name in self.named():
                self.use(name, by)
            for name in (step.body.get("output_mapping") or {}).values():
                self.replace(name, by)
                self.made.add(name)
            return
        for given in config.get("inputs") or []:
            self.use(mapping.get(given["name"], given["name"]), by)
        for text in texts(config.get("params") or {}):
            self.handed_over(text)
        mapping = step.body.get("output_mapping") or {}
        for output in config.get("outputs") or []:
            name = mapping.get(output["name"], output["name"])
            self.replace(name, by)
            self.made.add(name)

    # Pins and destination.

    def pins(self) -> None:
        """What is held to a version must be a version that the approval has, from a file of the same name."""
        approval = self.approvals[0]
        wanted = {held.pin: held.file for held in self.held.values()}
        for job, step, _ in self.run.writers.get(approval.issues.id, []):
            pins = step.params.get("pins") or {}
            for name in sorted(self.handed | set(wanted)):
                path = pins.get(name)
                if path is None:
                    self.find("pins", f"{job.place} records no version of `{name}`")
                    continue
                file = wanted.get(name)
                if file is None or self.hands_on(job, path):
                    continue
                # Both name the commit; of a tag only the second does.
                if file == ".git/ref" and path.endswith("/.git/HEAD"):
                    continue
                if "/".join(components(path)[1:]) != file:
                    self.find("pins", f"`{name}` is compared by `{file}`, and {job.place} records `{path}`")

    def hands_on(self, job: Job, path: str) -> bool:
        """Whether a job records what its own approval says."""
        return any(path.startswith(f"{approval.folder}/pins/") for approval in self.run.approvals(job))

    def destination(self) -> None:
        if self.claims is None:
            return
        approval = self.approvals[0]
        if approval.issues.source.get("destination") != self.claims:
            self.find("destination", f"takes approvals for `{approval.issues.source.get('destination')}`, and is {self.claims}")
        for job, _, of in self.run.writers.get(approval.issues.id, []):
            if of.source.get("destination") != self.claims:
                self.find("destination", f"{job.place} promises `{of.source.get('destination')}`, and this is {self.claims}")
