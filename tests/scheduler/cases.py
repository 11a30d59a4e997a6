"""Makes random pipelines, each with a random history, one a line: cases.py --seed N --count M

README.md describes the format. A case depends on the seed and its number alone.
"""

import argparse
import copy
import json
import random

STATUS = (["succeeded", "failed", "errored", "aborted", "started"], [70, 14, 4, 4, 8])
ENDED = (["succeeded", "failed", "errored"], [75, 20, 5])


def choose(rng, weighted):
    return rng.choices(*weighted)[0]


class Pipeline:
    """A pipeline that can be changed and set again."""

    def __init__(self, rng, limits):
        self.rng = rng
        self.limits = limits
        self.resources = []
        self.jobs = []
        self.numbers = {"r": 0, "j": 0}
        for _ in range(rng.randint(1, 4)):
            self.add_resource()
        for _ in range(rng.randint(2, 6)):
            self.add_job()

    def name(self, letter):
        self.numbers[letter] += 1
        return f"{letter}{self.numbers[letter] - 1}"

    def add_resource(self):
        name = self.name("r")
        resource = {"name": name, "type": "mock", "source": {"of": name}}
        if self.rng.random() < 0.05:
            resource["version"] = {"v": str(self.rng.randint(1, 4))}
        self.resources.append(resource)

    def touching(self, resource, at):
        """The jobs before a place that have a resource. Later ones can name them in `passed`."""
        return [job["name"] for job in self.jobs[:at] if resource in {step["resource"] for step in job["steps"]}]

    def input(self, name, resource, before):
        rng = self.rng
        step = {"get": name, "resource": resource}
        if before and rng.random() < 0.75:
            step["passed"] = sorted(rng.sample(before, min(len(before), choose(rng, ([1, 2, 3], [55, 35, 10])))))
        if rng.random() < 0.6:
            step["trigger"] = True
        kind = rng.random()
        if kind < 0.22:
            step["version"] = "every"
        elif kind < 0.28:
            step["version"] = {"v": str(rng.randint(1, 5))}
        elif kind < 0.32:
            step["version"] = "latest"
        return step

    def add_job(self, at=None):
        rng = self.rng
        at = len(self.jobs) if at is None else at
        job = {"name": self.name("j"), "steps": [], "shape": rng.random()}
        names = [resource["name"] for resource in self.resources]
        for number in range(choose(rng, ([0, 1, 2, 3, 4], [4, 43, 33, 15, 5]))):
            resource = rng.choice(names)
            name = resource
            if any(step.get("get") == resource for step in job["steps"]):  # two inputs of one resource
                if rng.random() < 0.5:
                    continue
                name = f"{resource}-{number}"
            job["steps"].append(self.input(name, resource, self.touching(resource, at)))
        puts = choose(rng, ([0, 1, 2], [68, 26, 6])) or (0 if job["steps"] else 1)
        for number in range(puts):
            resource = rng.choice(names)
            job["steps"].append({"put": f"put-{number}" if rng.random() < 0.5 else f"{resource}-put-{number}", "resource": resource})
        if self.limits:
            limit = rng.random()
            if limit < 0.25:
                job["serial"] = True
            elif limit < 0.55:
                job["serial_groups"] = sorted(rng.sample(["x", "y", "z"], rng.choice([1, 1, 2])))
            elif limit < 0.75:
                job["max_in_flight"] = rng.randint(1, 3)
        self.jobs.insert(at, job)

    def inputs(self):
        return [step for job in self.jobs for step in job["steps"] if "get" in step]

    def change(self):
        """One change of the file. What was renamed before keeps its old_name now and then."""
        rng = self.rng
        for thing in self.resources + self.jobs:
            if rng.random() < 0.7:
                thing.pop("old_name", None)
        what = rng.random()
        if what < 0.25:
            self.rename(rng.choice(self.jobs), "passed", with_old_name=rng.random() < 0.75)
        elif what < 0.35:
            self.rename(rng.choice(self.resources), "resource", with_old_name=rng.random() < 0.75)
        elif what < 0.45 and len(self.jobs) > 1:
            gone = self.jobs.pop(rng.randrange(len(self.jobs)))["name"]
            for step in self.inputs():
                if gone in step.get("passed", []):
                    step["passed"].remove(gone)
                    if not step["passed"]:
                        del step["passed"]
        elif what < 0.55:
            self.add_job(at=rng.randint(0, len(self.jobs)))
        elif what < 0.65:
            source = rng.choice(self.resources)["source"]
            source["of"] = source["of"][:-1] if source["of"].endswith("!") else source["of"] + "!"
        elif what < 0.75:
            resource = rng.choice(self.resources)
            if not resource.pop("version", None):
                resource["version"] = {"v": str(rng.randint(1, 6))}
        elif self.inputs():
            at, step = rng.choice([
                (at, step) for at, job in enumerate(self.jobs) for step in job["steps"] if "get" in step
            ])
            change = rng.random()
            before = self.touching(step["resource"], at)
            if change < 0.2:
                step["get"] += "-again"
            elif change < 0.4:
                step["version"] = rng.choice(["every", "every", "latest", {"v": str(rng.randint(1, 6))}])
            elif change < 0.8 and before:
                step["passed"] = sorted({rng.choice(before), *step.get("passed", [])})
            elif change < 0.9:
                step.pop("passed", None)
            else:
                step["trigger"] = not step.get("trigger", False)

    def rename(self, thing, key, with_old_name):
        # A name that was used before comes back now and then.
        letter = thing["name"][0]
        taken = {other["name"] for other in self.resources + self.jobs}
        free = [f"{letter}{number}" for number in range(self.numbers[letter]) if f"{letter}{number}" not in taken]
        old = thing["name"]
        thing["name"] = self.rng.choice(free) if free and self.rng.random() < 0.3 else self.name(letter)
        if with_old_name:
            thing["old_name"] = old
        for step in self.inputs() + [step for job in self.jobs for step in job["steps"] if "put" in step]:
            value = step.get(key)
            if isinstance(value, list):
                step[key] = sorted({thing["name"] if name == old else name for name in value})
            elif value == old:
                step[key] = thing["name"]

    def as_json(self):
        """What set_pipeline takes. Concourse refuses a resource that nobody uses, and a job without steps."""
        used = {step["resource"] for job in self.jobs for step in job["steps"]}
        jobs = []
        for job in self.jobs:
            steps = copy.deepcopy(job["steps"])
            for step in steps:
                if step.get("get") == step["resource"]:
                    del step["resource"]
            shaped = {key: value for key, value in job.items() if key not in ("steps", "shape")}
            jobs.append(shaped | shape(steps, job["shape"]))
        return {"resources": copy.deepcopy([r for r in self.resources if r["name"] in used]), "jobs": jobs}


def shape(steps, how):
    """Puts steps where the plan of a job can have them."""
    if how < 0.7 or not steps:
        return {"plan": steps}
    if how < 0.8:
        return {"plan": [{"in_parallel": steps}]}
    if how < 0.9:
        return {"plan": [{"do": steps[:1], "ensure": {"do": steps[1:]}}] if len(steps) > 1 else [{"try": steps[0]}]}
    return {"plan": steps[:1]} | ({"on_failure": {"do": steps[1:]}} if len(steps) > 1 else {})


def joins_two_groups(pipeline):
    """Whether an input has passed jobs of two groups, so that Concourse chooses one of them by chance."""
    for job in pipeline.jobs:
        groups = []
        for step in sorted((step for step in job["steps"] if step.get("passed")), key=lambda step: step["get"]):
            sharing = [group for group in groups if group & set(step["passed"])]
            if len(sharing) > 1:
                return True
            if not sharing:
                groups.append(set())
                sharing = groups[-1:]
            sharing[0].update(step["passed"])
    return False


class Case:
    """Events on a pipeline, with what is needed to make the next one sensible."""

    def __init__(self, rng):
        self.rng = rng
        self.scheduled = rng.random() < 0.35
        self.changing = rng.random() < 0.35
        self.pipeline = Pipeline(rng, limits=self.scheduled)
        while self.scheduled and joins_two_groups(self.pipeline):
            self.pipeline = Pipeline(rng, limits=True)
        self.first = self.pipeline.as_json()
        self.now = self.first
        self.known = {}
        self.versions = 0
        self.built = []
        self.started = []
        self.events = []

    def new_version(self):
        self.versions += 1
        return str(self.versions)

    def do(self, what, **more):
        self.events.append({"do": what} | more)

    def play(self):
        rng = self.rng
        length = rng.randint(0, 25)
        for resource in self.now["resources"]:  # most resources are checked before anything runs
            if len(self.events) < length and rng.random() < 0.75:
                self.check(resource["name"])
        while len(self.events) < length:
            if self.changing and rng.random() < 0.08:
                self.set()
            elif rng.random() < 0.22 or not self.known:
                self.check(rng.choice(self.now["resources"])["name"])
            elif self.scheduled and rng.random() < 0.8:
                self.run()
            elif rng.random() < 0.8:
                self.build()
            else:
                self.choose_version()
        return {"pipeline": self.first, "events": self.events}

    def set(self):
        before = copy.deepcopy(self.pipeline)
        self.pipeline.change()
        if self.scheduled and joins_two_groups(self.pipeline):
            self.pipeline = before
            return
        self.now = self.pipeline.as_json()
        self.do("set_pipeline", pipeline=self.now)

    def check(self, resource):
        rng = self.rng
        known = self.known.get(resource, [])
        versions = [self.new_version() for _ in range(choose(rng, ([1, 2, 3], [60, 30, 10])))]
        if known and rng.random() < 0.15:  # an old version comes back with the new ones
            versions.insert(rng.randint(0, len(versions)), rng.choice(known))
        elif known and rng.random() < 0.1:  # nothing is new
            versions = [rng.choice(known)]
        self.known[resource] = [version for version in known if version not in versions] + versions
        self.do("check", resource=resource, versions=versions)

    def job(self):
        # Earlier jobs are built more often, so that later ones have something to pass.
        jobs = self.pipeline.jobs
        return self.rng.choices(jobs, [len(jobs) - at for at in range(len(jobs))])[0]

    def outputs(self, job, status):
        outputs = {}
        for step in job["steps"]:
            if "put" not in step or status in ("pending", "started"):
                continue
            if status != "succeeded" and self.rng.random() < 0.6:
                continue
            known = self.known.get(step["resource"])
            if known and self.rng.random() < 0.25:
                outputs[step["put"]] = self.rng.choice(known)
            else:
                outputs[step["put"]] = self.new_version()
        return outputs

    def build(self):
        rng = self.rng
        what = rng.random()
        name = f"b{len(self.events)}"
        if what < 0.86 or not self.built:
            job = self.job()
            status = "pending" if rng.random() < 0.02 else choose(rng, STATUS)
            self.do("build", job=job["name"], **{"as": name}, status=status, outputs=self.outputs(job, status))
            if status == "started":
                self.started.append((name, job))
            elif status != "pending":
                self.built.append((name, job))
        elif what < 0.95:
            of, job = rng.choice(self.built)
            status = choose(rng, ENDED)
            self.do("rerun", of=of, **{"as": name}, status=status, outputs=self.outputs(job, status))
            self.built.append((name, job))
        elif self.started:
            of, job = self.started.pop(0)
            status = choose(rng, ENDED)
            self.do("finish", of=of, status=status, outputs=self.outputs(job, status))
            self.built.append((of, job))

    def run(self):
        """Lets the scheduler decide."""
        rng = self.rng
        job = self.job()
        what = rng.random()
        if what < 0.45:
            self.do("schedule", job=job["name"])
        elif what < 0.72:
            status = choose(rng, ENDED)
            self.do("finish", job=job["name"], status=status, outputs=self.outputs(job, status))
        elif what < 0.84:
            self.do("trigger", job=job["name"])
        elif what < 0.91:
            self.do("rerun", job=job["name"])
        elif what < 0.95:
            self.do("abort", job=job["name"])
        elif rng.random() < 0.7:
            self.do(rng.choice(["pause", "unpause", "unpause"]), job=job["name"])
        else:
            self.do(rng.choice(["pause", "unpause", "unpause"]))

    def choose_version(self):
        rng = self.rng
        resource = rng.choice(sorted(self.known))
        if resource not in {resource["name"] for resource in self.now["resources"]}:
            return
        version = rng.choice(self.known[resource])
        what = choose(rng, (["disable", "enable", "pin", "unpin"], [40, 20, 20, 20]))
        if what == "unpin":
            self.do(what, resource=resource)
        else:
            self.do(what, resource=resource, version=version)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument("--count", type=int, required=True)
    given = arguments.parse_args()
    for number in range(given.count):
        name = f"{given.seed}-{number}"
        print(json.dumps({"id": name} | Case(random.Random(name)).play(), separators=(",", ":")))


if __name__ == "__main__":
    main()
