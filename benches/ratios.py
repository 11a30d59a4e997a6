"""Prints how long ol-pipegen takes in terms of its peers, as a table of Markdown.

A ratio is that of the best runs of both, which are made one after the other in turn.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECTS = 10_000
pipegen, read_files = (os.path.abspath(path) for path in sys.argv[1:3])
record = "--record" in sys.argv[3:]
rows = []


def timed(command):
    """Wall milliseconds of a process, its start included, and its peak memory in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return (time.perf_counter() - begun) * 1000, usage.ru_maxrss / 1024


def in_turn(runs, ours, theirs):
    """Both commands, made for each run, in turn; the best of each, and the most memory of ours."""
    best, other, memory = float("inf"), float("inf"), 0.0
    for run in range(runs):
        milliseconds, peak = timed(ours(run))
        best, memory = min(best, milliseconds), max(memory, peak)
        other = min(other, timed(theirs(run))[0])
    return best, other, memory


def tell(what, peer, ours, theirs, ratio, asked):
    rows.append(f"| {what} | {ours:.1f} ms | {peer} | {theirs:.1f} ms | {ratio:.1f} | {asked} |")
    print(rows[-1], flush=True)


def real_projects(work):
    # Those that the library makes by one call a chain: the larger ones have code of their own there.
    larger = shutil.ignore_patterns("dagster.yml", "eks-cluster.yml", "vault.yml", "witan.yml", "rendered")
    shutil.copytree("pipelines/ol-infrastructure", work / "real", ignore=larger)
    # Nor does the library make the pipelines that set these.
    fleet = work / "real/pipegen.yml"
    text = fleet.read_text()
    without = re.sub(r"^meta:.*\n(?: .*\n)+", "", text, flags=re.MULTILINE)
    assert without != text, "there is no `meta` to leave out"
    fleet.write_text(without)
    for what, ours_to, theirs_to in [
        ("25 real projects, to a new folder", "ours{}", "theirs{}"),
        ("the same, nothing changed", "ours0", "theirs0"),
    ]:
        # Two short processes: many runs, for what else the machine does is not the same from one to the next.
        ours, theirs, _ = in_turn(
            20,
            lambda run: [pipegen, "render", "--quiet", f"{work}/real", "--out", f"{work}/{ours_to.format(run)}"],
            lambda run: [
                sys.executable,
                "benches/peer/chains.py",
                "tests/fixtures/ol-infrastructure",
                f"{work}/{theirs_to.format(run)}",
            ],
        )
        tell(what, "ol-concourse 0.16.0", ours, theirs, theirs / ours, "20 at least")


def many_projects(work, cache):
    fleet = work / "fleet"
    (fleet / "projects").mkdir(parents=True)
    shutil.copy("pipelines/quickstart/pipegen.yml", fleet)
    for index in range(PROJECTS):
        name = f"shop-p{index:05}"
        (fleet / "projects" / f"{name}.yml").write_text(f"project: {name}\nstack:\n  pulumi: {{path: infra/{name}}}\n")
    # A folder of its own for each run: a file system that has just removed as many files makes new ones slowly.
    ours, theirs, memory = in_turn(
        5,
        lambda run: [pipegen, "render", "--quiet", str(fleet), "--out", f"{work}/many{run}"],
        lambda run: ["cp", "-r", f"{work}/many{run}", f"{work}/copy{run}"],
    )
    assert len(os.listdir(work / "many0")) == PROJECTS
    tell(f"{PROJECTS} projects, to a new folder", "`cp -r` of what was written", ours, theirs, ours / theirs, "2.5 at most")
    subprocess.run([pipegen, "render", "--quiet", str(fleet)], check=True)
    read = [read_files, f"{fleet}/pipegen.yml", f"{fleet}/projects", f"{fleet}/rendered"]
    check = [pipegen, "render", "--check", str(fleet)]
    ours, theirs, check_memory = in_turn(10, lambda _: [*check, "--no-cache"], lambda _: read)
    tell(f"{PROJECTS} projects, `--check`, the first time", "reading the same files", ours, theirs, ours / theirs, "")
    # What is as new as the run that looks at it is not remembered.
    time.sleep(4)
    subprocess.run(check, check=True, stdout=subprocess.DEVNULL)
    assert list((cache / "ol-pipegen").iterdir()), "it is not remembered"
    ours, theirs, _ = in_turn(10, lambda _: check, lambda _: read)
    tell(f"{PROJECTS} projects, `--check`, again", "reading the same files", ours, theirs, ours / theirs, "1.5 at most")
    rows.append(f"\nMemory for {PROJECTS} projects: {max(memory, check_memory):.0f} MB at the most (asked: below 300).")
    print(rows[-1])


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} processors ({model}); load average {load}"


rows.append(f"Before: {machine()}.\n")
rows.append("| what | ol-pipegen | peer | takes | ratio | asked |\n| --- | --- | --- | --- | --- | --- |")
print("\n".join(rows))
# Fifty small files: in memory where there is a place, so that it is not the disk that is compared.
memory_files = "/dev/shm"
with tempfile.TemporaryDirectory(dir=memory_files if os.access(memory_files, os.W_OK) else "target") as folder:
    real_projects(Path(folder))
# A cache that is not the user's own, outside of this repository: in it none would be used.
with tempfile.TemporaryDirectory(dir="target") as folder, tempfile.TemporaryDirectory() as cache:
    os.environ["XDG_CACHE_HOME"] = cache
    many_projects(Path(folder), Path(cache))
rows.append(f"\nAfter: {machine()}.")
print(rows[-1])
if record:
    page = Path("benches/README.md")
    above, _, rest = page.read_text().partition("<!-- figures -->\n")
    below = rest.partition("<!-- end of figures -->\n")[2]
    page.write_text(f"{above}<!-- figures -->\n" + "\n".join(rows) + f"\n<!-- end of figures -->\n{below}")
