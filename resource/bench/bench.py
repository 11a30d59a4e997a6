#!/usr/bin/env python3
"""What a check and a put cost: requests, wall time against Python, memory, size. Fails when a bound is broken.

    resource/bench/bench.py EXECUTABLE FAKE_GITHUB [OCI_LAYOUT]

EXECUTABLE is the shipped one (resource/image.sh), FAKE_GITHUB the process `fake-github`. Times are ratios of medians
within this run, taken in turn, so that a noisy machine disturbs both sides alike. It needs pip, and GNU time for the
memory.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv

RUNS = 15
HERE = pathlib.Path(__file__).parent
REPOSITORY, TOKEN, GATE = "acme/workflow", "ghp_0123456789abcdef", "shop/-/CI/deployed"
failures = []


def bound(what, value, limit, unit=""):
    good = value <= limit
    print(f"{'ok  ' if good else 'FAIL'} {what}: {value:g}{unit} (at most {limit:g}{unit})")
    if not good:
        failures.append(what)


class Fake:
    """The fake as a process."""

    def __init__(self, executable):
        self.process = subprocess.Popen([executable, "--http"], stdout=subprocess.PIPE, text=True)
        self.base = self.process.stdout.readline().strip()

    def __call__(self, action, **fields):
        request = urllib.request.Request(f"{self.base}/_admin/{action}", json.dumps(fields).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def run(command, request, env):
    start = time.perf_counter()
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, env=env)
    took = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr}")
    return took, json.loads(done.stdout)


def main():
    executable, fake_executable = (os.path.abspath(path) for path in sys.argv[1:3])
    gnu_time = shutil.which("time") or sys.exit("GNU time is missing: apt-get install time")
    work = pathlib.Path(tempfile.mkdtemp())
    venv.create(work / "venv", with_pip=True)
    python = str(work / "venv/bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    for step in ("check", "in", "out"):
        (work / step).symlink_to(executable)
    fake = Fake(fake_executable)
    try:
        measure(work, fake, python, gnu_time)
    finally:
        fake.process.kill()
        shutil.rmtree(work)
    bound("executable", os.path.getsize(executable) / 1e6, 5, " MB")
    if len(sys.argv) > 3:
        blobs = pathlib.Path(sys.argv[3], "blobs/sha256").iterdir()
        bound("image", sum(blob.stat().st_size for blob in blobs) / 1e6, 6, " MB")
    if failures:
        sys.exit(f"broken: {', '.join(failures)}")


def measure(work, fake, python, gnu_time):
    fake("add-repository", repository=REPOSITORY)
    bot = fake("add-user", repository=REPOSITORY, login="bot", role="write", token=TOKEN)["id"]
    fake("add-user", repository=REPOSITORY, login="alice", role="triage")
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(work / "tmp"), "ATC_EXTERNAL_URL": "https://ci.example.org"}
    (work / "tmp").mkdir()
    gate = {"gate": GATE, "repository": REPOSITORY, "gh_host": fake.base, "access_token": TOKEN, "bot": bot, "destination": "shop/-/QA/deploy"}
    params = {"action": "record", "title": "[bot] Pipeline shop", "pins": {"code": "ref"}}
    (work / "build").mkdir()

    def requests(action):
        before = len(fake("log"))
        result = action()
        return len(fake("log")) - before, result

    def put(number):
        (work / "build/ref").write_text(f"{number:040x}\n")
        request = {"source": {**gate, "role": "post"}, "params": params}
        return run([str(work / "out"), str(work / "build")], request, {**env, "BUILD_ID": str(number)})

    opening, _ = requests(lambda: put(1))
    bound("requests of a put that opens an issue, besides the one that verifies", opening - 1, 4)
    commenting, _ = requests(lambda: put(2))
    bound("requests of a put that comments", commenting, 4)
    fake("close", repository=REPOSITORY, number=1, actor="alice")
    trigger = {"source": {**gate, "role": "trigger"}}
    check = [str(work / "check")]
    _, versions = run(check, trigger, env)
    known = {**trigger, "version": versions[0]}
    first, _ = requests(lambda: run(check, known, env))
    bound("requests of a check", first, 1)
    counted = fake("state")["requests"]
    again, _ = requests(lambda: run(check, known, env))
    bound("requests of a check without news", again, 1)
    bound("of which count against the limit", fake("state")["requests"] - counted, 0)

    for number in range(30):
        issue = fake("open", repository=REPOSITORY, actor="bot", title=f"[bot] Pipeline {number}", body="text " * 200, labels=["bench"])
        fake("close", repository=REPOSITORY, number=issue["number"], actor="alice")
    source = {"repository": REPOSITORY, "gh_host": fake.base, "access_token": TOKEN, "issue_prefix": "[bot] Pipeline", "labels": ["bench"]}
    ours, theirs, gates = [], [], []
    # What Python compiles once stays compiled, as in an image.
    run([python, str(HERE / "check.py")], {"source": source}, env)
    for _ in range(RUNS):
        # Without the answer that was kept: the whole list is read and parsed on both sides.
        shutil.rmtree(work / "tmp/github-issues-resource", ignore_errors=True)
        took, mine = run(check, {"source": source}, env)
        ours.append(took)
        took, other = run([python, str(HERE / "check.py")], {"source": source}, env)
        theirs.append(took)
        assert mine[0]["issue_number"] == other[0]["issue_number"], (mine, other)
        took, _ = run(check, known, env)
        gates.append(took)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"     a check of 30 issues: {statistics.median(ours) * 1e3:.1f} ms, in Python {statistics.median(theirs) * 1e3:.0f} ms; a check of a gate: {statistics.median(gates) * 1e3:.1f} ms")
    print(f"     Python takes {ratio:.0f} times as long")
    bound("our part of Python's time", statistics.median(ours) / statistics.median(theirs), 1 / 20)
    (work / "request.json").write_text(json.dumps({"source": source}))
    shutil.rmtree(work / "tmp/github-issues-resource", ignore_errors=True)
    with open(work / "request.json") as request:
        done = subprocess.run([gnu_time, "-f", "%M", *check], stdin=request, capture_output=True, text=True, env=env, check=True)
    bound("memory at its peak", int(done.stderr.split()[-1]) / 1e3, 15, " MB")


main()
