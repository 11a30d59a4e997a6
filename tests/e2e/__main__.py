"""The command line: builds what is needed, then runs the scenarios in namespaces of their own."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from . import scenarios as _
from .case import ALONE, SCENARIOS, Case
from .lab import Lab
from .tools import TARGET, Failed, Missing, Tools, build, need
from .wait import Late, until

NAMESPACES = ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
PARALLEL = 4
# The shell is the first process: it takes in what the containers leave behind.
INSIDE = ["bash", "-c", '"$@" & wait $!', "-", sys.executable, "-B", "-m", "tests.e2e", "--inside"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/e2e/run", description="The whole story on a real Concourse.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all unless said")
    parser.add_argument("--list", action="store_true", help="names the scenarios")
    parser.add_argument("--keep", action="store_true", help="keeps the logs of what passes, too")
    parser.add_argument("--write", action="store_true", help="writes story.md anew")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.list:
        for name, scenario in SCENARIOS.items():
            print(f"{name:20} {scenario.__doc__}")
        return 0
    if unknown := [name for name in said.scenarios if name not in SCENARIOS]:
        parser.error(f"no scenario is called {', '.join(unknown)}; see --list")
    chosen = said.scenarios or list(SCENARIOS)
    if said.inside:
        paths = {name: Path(path) for name, path in json.loads(said.inside).items()}
        logs = paths.pop("logs")
        return inside(Tools(**paths), logs, chosen, said)
    try:
        need()
        return outside(build(TARGET / "e2e"), chosen, said)
    except (Missing, Failed) as error:
        print(f"tests/e2e/run cannot run: {error}", file=sys.stderr)
        return 3


def outside(tools: Tools, chosen: list[str], said: argparse.Namespace) -> int:
    """Runs them in namespaces, which end with this process, and everything in them."""
    logs = TARGET / "e2e/logs" / datetime.now().strftime("%Y-%m-%d-%H%M%S")
    logs.mkdir(parents=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    paths = {name: str(path) for name, path in {**asdict(tools), "logs": logs}.items()}
    # A session of its own: Ctrl-C comes here, and here alone.
    options = [f"--{name}" for name in ("keep", "write") if getattr(said, name)]
    words = [*NAMESPACES, *INSIDE, json.dumps(paths), *options, *chosen]
    process = subprocess.Popen(words, start_new_session=True)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        code = 130
        print("interrupted", flush=True)
    finally:
        process.kill()
        process.wait()
        # What ran in the namespaces goes by and by.
        try:
            until("the containers' control groups to go", forget_cgroups, seconds=10)
        except Late as late:
            print(late, flush=True)  # perhaps another Concourse's
    if code or said.keep:
        print(f"logs: {logs}", flush=True)
    else:
        shutil.rmtree(logs)
    return code


def forget_cgroups() -> bool:
    """Takes the containers' empty control groups away, the only thing that a namespace does not take with it."""
    full = False
    for folder, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if "/garden" in folder:
            try:
                os.rmdir(folder)
            except OSError:
                full = True
    return not full


def inside(tools: Tools, logs: Path, chosen: list[str], said: argparse.Namespace) -> int:
    """Brings the lab up, and plays the scenarios."""
    began = time.monotonic()
    lab = Lab(tools, logs)
    try:
        lab.up()
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(lab.dead() or "", flush=True)
        return 1
    print(f"Concourse is up after {time.monotonic() - began:.0f} s", flush=True)
    # A scenario waits most of its time; more of them at once would only make each other late.
    with ThreadPoolExecutor(PARALLEL) as pool:
        together = [name for name in chosen if name not in ALONE]
        passed = sum(pool.map(lambda name: play(lab, logs / name, name, said), together))
    passed += sum(play(lab, logs / name, name, said) for name in chosen if name in ALONE)
    failed = len(chosen) - passed
    if violations := lab.github.do("violations"):
        failed += 1
        print("FAILED  requests that GitHub does not describe:", *violations, sep="\n", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def play(lab: Lab, logs: Path, name: str, said: argparse.Namespace) -> bool:
    """Plays a scenario; did it pass?"""
    began = time.monotonic()
    case = Case(lab, name, said.write)
    try:
        SCENARIOS[name](case)
        for project in case.projects:
            if project.pipeline.about():
                project.check_record()
    except Exception as error:
        print(f"FAILED  {name} ({time.monotonic() - began:.0f} s): {error}", flush=True)
        case.keep(logs)
        (logs / "failure.txt").write_text(traceback.format_exc())
        return False
    print(f"ok      {name} ({time.monotonic() - began:.0f} s)", flush=True)
    if said.keep:
        case.keep(logs)
    return True


if __name__ == "__main__":
    sys.exit(main())
