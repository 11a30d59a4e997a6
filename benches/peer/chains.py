"""Makes the chains of the 25 projects with MIT Open Learning's own library, in one process, a file each.

What each project declares is told by the facts in tests/fixtures/ol-infrastructure.
"""

import json
import sys
from pathlib import Path

from ol_concourse.lib.jobs.infrastructure import pulumi_jobs_chain
from ol_concourse.lib.models.pipeline import GetStep, Pipeline, Resource

facts, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)

for file in sorted(facts.glob("*.json")):
    fact = json.loads(file.read_text())
    resources = fact["resources"]
    provisioner = next(r for r in resources.values() if r["type"] == "pulumi-provisioner")["source"]
    code_name, path = provisioner["source_dir"].split("/", 1)
    code = Resource(name=code_name, **{k: v for k, v in resources[code_name].items()})
    images = [(n, r) for n, r in resources.items() if r["type"] == "registry-image"]
    puts = [
        step["params"]
        for job in fact["jobs"].values()
        for step in job["plan"]
        if step.get("put", "").startswith("pulumi-") and not step["params"].get("preview")
    ]
    chains = {}
    for put in puts:
        chains.setdefault(put["stack_name"].rpartition(".")[0], []).append(put["stack_name"])
    previewed = any(name.startswith("preview-") for name in fact["jobs"])
    jobs, made, types = [], [code], []
    for stacks in chains.values():
        fragment = pulumi_jobs_chain(
            pulumi_code=code,
            stack_names=stacks,
            project_name=provisioner["project_name"],
            project_source_path=Path(code_name) / path,
            dependencies=[GetStep(get=name, trigger=True) for name, _ in images],
            github_issue_repository="ol-platform-eng/concourse-workflow",
            refresh_stack=all("refresh_stack" not in put for put in puts),
            topology="preview-gated" if previewed else "deploy-chained",
        )
        jobs += fragment.jobs
        for one, all_ in [*((r, made) for r in fragment.resources), *((t, types) for t in fragment.resource_types)]:
            if one.name not in {other.name for other in all_}:
                all_.append(one)
    made += [Resource(name=name, **image) for name, image in images]
    pipeline = Pipeline(jobs=jobs, resources=made, resource_types=types)
    (out / file.name).write_text(pipeline.model_dump_json(indent=2))
