"""Prints how long ol-pipegen takes in terms of a peer: each the best of several runs, one after the other in turn."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FEW, MANY = 5, 20
PROJECTS = 10_000
pipegen = os.path.abspath(sys.argv[1])


def timed(command):
    """Wall seconds of a process, its start included, and its peak memory in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def in_turn(runs, ours, theirs):
    """Both commands, made for each run, in turn; the best of each, and the most memory of ours."""
    best, other, memory = float("inf"), float("inf"), 0.0
    for run in range(runs):
        seconds, peak = timed(ours(run))
        best, memory = min(best, seconds), max(memory, peak)
        other = min(other, timed(theirs(run))[0])
    return best, other, memory


def real_projects(work):
    # Those that the library makes by one call a chain: the larger ones have code of their own there.
    larger = shutil.ignore_patterns("dagster.yml", "eks-cluster.yml", "vault.yml", "witan.yml", "rendered")
    shutil.copytree("pipelines/ol-infrastructure", work / "real", ignore=larger)
    # Two short processes: many runs, for what else the machine does is not the same from one to the next.
    ours, theirs, _ = in_turn(
        MANY,
        lambda run: [pipegen, "render", "--quiet", str(work / "real"), "--out", f"{work}/ours{run}"],
        lambda run: [sys.executable, "benches/chains.py", "tests/fixtures/ol-infrastructure", f"{work}/theirs{run}"],
    )
    print(f"25 real projects: ol-concourse 0.16.0 takes {theirs / ours:.1f} times as long as ol-pipegen (asked: 20)")


def many_projects(work):
    fleet = work / "fleet"
    (fleet / "projects").mkdir(parents=True)
    shutil.copy("pipelines/quickstart/pipegen.yml", fleet)
    for index in range(PROJECTS):
        name = f"shop-p{index:05}"
        (fleet / "projects" / f"{name}.yml").write_text(f"project: {name}\nstack:\n  pulumi: {{path: infra/{name}}}\n")
    # A folder of its own for each run: a file system that has just removed as many files makes new ones slowly.
    ours, theirs, memory = in_turn(
        FEW,
        lambda run: [pipegen, "render", "--quiet", str(fleet), "--out", f"{work}/many{run}"],
        lambda run: ["cp", "-r", f"{work}/many{run}", f"{work}/copy{run}"],
    )
    assert len(os.listdir(work / "many0")) == PROJECTS
    print(f"{PROJECTS} projects: ol-pipegen takes {ours / theirs:.1f} times as long as cp -r of what it wrote (asked: 5 at most)")
    print(f"{PROJECTS} projects: {memory:.0f} MB at the most (asked: 300)")


# Fifty small files: in memory where there is a place, so that it is not the disk that is compared.
memory_files = "/dev/shm"
with tempfile.TemporaryDirectory(dir=memory_files if os.access(memory_files, os.W_OK) else "target") as folder:
    real_projects(Path(folder))
with tempfile.TemporaryDirectory(dir="target") as folder:
    many_projects(Path(folder))
