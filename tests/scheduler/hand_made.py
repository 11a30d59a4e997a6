"""Prints histories made by hand, one a line. Each shows a rule that is easy to get wrong.

`tests/scheduler/run --bless` writes them, with the answers of Concourse, to crates/scheduler/tests/cases.jsonl.
"""

import json


def resource(name, **more):
    return {"name": name, "type": "mock", "source": {"of": name}} | more


def get(name, **more):
    return {"get": name} | more


def job(name, *plan, **more):
    return {"name": name, "plan": list(plan)} | more


def pipeline(resources, *jobs):
    return {"resources": [resource(r) if isinstance(r, str) else r for r in resources], "jobs": list(jobs)}


def check(name, *versions):
    return {"do": "check", "resource": name, "versions": list(versions)}


def build(name, as_, status="succeeded", outputs=None):
    return {"do": "build", "job": name, "as": as_, "status": status, "outputs": outputs or {}}


def rerun(of, as_, status="succeeded", outputs=None):
    return {"do": "rerun", "of": of, "as": as_, "status": status, "outputs": outputs or {}}


def on(what, name, version=None):
    return {"do": what, "resource": name} | ({"version": version} if version else {})


def at(what, name=None, **more):
    return {"do": what} | ({"job": name} if name else {}) | more


def set_pipeline(to):
    return {"do": "set_pipeline", "pipeline": to}


R = get("r", trigger=True)
PASSED_A = get("r", passed=["a"], trigger=True)
EVERY_PASSED_A = get("r", passed=["a"], version="every", trigger=True)
CHAIN = pipeline(["r"], job("a", R), job("c", PASSED_A))
CHAIN_OF_EVERY = pipeline(["r"], job("a", R), job("c", EVERY_PASSED_A))
ONE = pipeline(["r"], job("a", R))

CASES = [
    ("fan-in", "a passed 1, 2 and 3, b passed 1 and 2 and failed 3: c gets 2, the newest that both passed",
     pipeline(["r"], job("a", R), job("b", R), job("c", get("r", passed=["a", "b"], trigger=True))),
     check("r", "1"), build("a", "a1"), build("b", "b1"), check("r", "2"), build("a", "a2"), build("b", "b2"),
     check("r", "3"), build("a", "a3"), build("b", "b3", "failed")),
    ("newest-build-not-newest-version", "the last build of a ran 1, pinned, after 3: c gets the version of the newest build",
     CHAIN, check("r", "1", "2", "3"), build("a", "a1"), build("c", "c1"), on("pin", "r", "1"), build("a", "a2"),
     on("unpin", "r")),
    ("old-version-moves-up", "a check finds 1 again, together with the new 4: both move to the end, so 1 is the newest version",
     ONE, check("r", "1", "2", "3"), build("a", "a1"), on("pin", "r", "1"), build("a", "a2"), on("unpin", "r"),
     check("r", "4", "1")),
    ("known-versions-stay", "a check finds 1 alone, which is known: nothing moves, and 3 is the newest version",
     ONE, check("r", "1", "2", "3"), build("a", "a1"), check("r", "1")),
    ("disabled", "3 is disabled: a falls back to 2, which it never ran, and triggers; c falls back to the build before",
     CHAIN, check("r", "1"), build("a", "a1"), check("r", "2", "3"), build("a", "a2"), on("disable", "r", "3")),
    ("disabled-and-pinned", "3 is disabled and pinned: without passed it is used, with passed it is not",
     CHAIN, check("r", "1", "2", "3"), build("a", "a1"), on("pin", "r", "3"), on("disable", "r", "3")),
    ("pin-beats-every", "1 is pinned: d wants every version and gets 1; the pin of the step of e is stronger",
     pipeline(["r"], job("a", R), job("d", get("r", version="every", trigger=True)),
              job("e", get("r", version={"v": "2"}, trigger=True))),
     check("r", "1"), build("a", "a1"), check("r", "2", "3"), build("a", "a2"), on("pin", "r", "1")),
    ("every", "the first build of d takes the newest version, later ones each version that is enabled; e never ran",
     pipeline(["r"], job("d", get("r", version="every", trigger=True)), job("e", get("r", version="every", trigger=True))),
     check("r", "1", "2"), build("d", "d1"), check("r", "3", "4", "5", "6"), on("disable", "r", "4"), build("d", "d2")),
    ("every-never-goes-back", "d ran 5, pinned, before 3 and 4: it continues with 6, and never runs 3 and 4",
     pipeline(["r"], job("d", get("r", version="every", trigger=True))),
     check("r", "1", "2"), build("d", "d1"), check("r", "3", "4", "5", "6"), on("pin", "r", "5"), build("d", "d2"),
     on("unpin", "r")),
    ("every-with-passed", "a passed four versions: c runs one after the other, e only the newest",
     pipeline(["r"], job("a", R), job("c", EVERY_PASSED_A), job("e", PASSED_A)),
     check("r", "1"), build("a", "a1"), build("c", "c1"), check("r", "2"), build("a", "a2"), check("r", "3"),
     build("a", "a3"), check("r", "4"), build("a", "a4")),
    ("every-with-passed-stops", "a passed 1 twice, then 2: c is offered 1 again for ever, because it continues after the"
     " oldest build that used 1",
     CHAIN_OF_EVERY, check("r", "1"), build("a", "a1"), build("c", "c1"), build("a", "a2"), check("r", "2"),
     build("a", "a3"), build("c", "c2"), build("c", "c3")),
    ("has-next-with-nothing-next", "one unused build is left: has_next is true, although nothing follows",
     CHAIN_OF_EVERY, check("r", "1"), build("a", "a1"), build("c", "c1"), check("r", "2"), build("a", "a2")),
    ("every-with-one-more-passed-job", "c never ran with a: it continues where b left off, and does not begin with the newest of a",
     pipeline(["r"], job("a", R), job("b", R), job("c", get("r", passed=["b"], version="every", trigger=True))),
     check("r", "1"), build("a", "a1"), build("b", "b1"), build("c", "c1"), check("r", "2"), build("a", "a2"),
     build("b", "b2"), check("r", "3"), build("a", "a3"), build("b", "b3"),
     set_pipeline(pipeline(["r"], job("a", R), job("b", R),
                           job("c", get("r", passed=["a", "b"], version="every", trigger=True))))),
    ("every-after-a-rerun", "c used a rerun whose version is disabled now: it falls back to the original, which put another one",
     pipeline(["r", "s"], job("a", R, {"put": "s"}), job("c", get("s", passed=["a"], version="every", trigger=True))),
     check("r", "1"), build("a", "a1", outputs={"s": "10"}), rerun("a1", "a1.1", outputs={"s": "11"}), build("c", "c1"),
     rerun("a1", "a1.2", outputs={"s": "12"}), on("disable", "s", "12"), on("disable", "s", "11")),
    ("every-goes-on-with-a-rerun", "c used a rerun: a later rerun of the same build is newer, the original is not",
     pipeline(["r", "s"], job("a", R, {"put": "s"}), job("c", get("s", passed=["a"], version="every", trigger=True))),
     check("r", "1"), build("a", "a1", outputs={"s": "10"}), rerun("a1", "a1.1", outputs={"s": "11"}), build("c", "c1"),
     rerun("a1", "a1.2", outputs={"s": "12"})),
    ("version-of-a-build-is-gone", "a2 put a version that its resource does not have any more: r still comes from a2, because its"
     " resource is the first one, and s from a1",
     pipeline(["r", "s"], job("a", R, {"put": "s"}), job("c", get("r", passed=["a"]), get("s", passed=["a"], trigger=True))),
     check("r", "1"), build("a", "a1", outputs={"s": "5"}), build("a", "a2", outputs={"s": "6"}),
     set_pipeline(pipeline(["r", resource("s") | {"source": {"of": "t"}}], job("a", R, {"put": "s"}),
                           job("c", get("r", passed=["a"]), get("s", passed=["a"], trigger=True)))),
     check("s", "5")),
    ("passed-job-never-ran", "c needs z, which never ran: its other input resolves, and the job does not",
     pipeline(["r", "s"], job("a", R), job("z", get("r")),
              job("c", get("r", passed=["a", "z"], trigger=True), get("s", trigger=True))),
     check("r", "1"), check("s", "1"), build("a", "a1")),
    ("put-passes", "a puts s, which was never checked: c gets what a put, and not what a failed build put",
     pipeline(["r", "s"], job("a", R, {"put": "s"}),
              job("c", get("s", passed=["a"], trigger=True), get("r", passed=["a"]))),
     check("r", "1"), build("a", "a1", outputs={"s": "9"}), check("r", "2"), build("a", "a2", "failed", {"s": "10"})),
    ("get-and-put", "a gets 1 and puts 2: c gets 2; x needs what g passed as well, which is 1, and finds nothing, because 2"
     " comes first",
     pipeline(["r"], job("a", R, {"put": "r"}), job("g", get("r")), job("c", PASSED_A),
              job("x", get("r", passed=["a", "g"], trigger=True))),
     check("r", "1"), build("g", "g1"), build("a", "a1", outputs={"r": "2"})),
    ("rerun-keeps-its-place", "a rerun of the first build of a succeeds last: c gets 2 from the second build all the same; e"
     " needs what b passed, and gets 1 from the rerun",
     pipeline(["r"], job("a", R), job("b", get("r")), job("c", PASSED_A), job("e", get("r", passed=["a", "b"], trigger=True))),
     check("r", "1"), build("b", "b1"), build("a", "a1", "failed"), check("r", "2"), build("a", "a2"), rerun("a1", "a1.1")),
    ("rerun-is-not-unused", "a rerun of the build that c used is not an unused build",
     CHAIN_OF_EVERY, check("r", "1"), build("a", "a1"), build("c", "c1"), rerun("a1", "a1.1")),
    ("rerun-of-a-rerun", "it is a rerun of the original, and gets the same inputs",
     CHAIN, check("r", "1"), build("a", "a1", "failed"), check("r", "2"), build("a", "a2"), rerun("a1", "a1.1", "failed"),
     rerun("a1.1", "a1.2")),
    ("renamed-job", "old_name keeps the builds, so c finds them; another name of the input of d makes its version new",
     pipeline(["r"], job("a", R), job("c", PASSED_A), job("d", R)),
     check("r", "1"), build("a", "a1"), build("c", "c1"), build("d", "d1"),
     set_pipeline(pipeline(["r"], job("n", R, old_name="a"), job("c", get("r", passed=["n"], trigger=True)),
                           job("d", get("again", resource="r", trigger=True))))),
    ("renamed-without-old-name", "n is a new job",
     CHAIN, check("r", "1"), build("a", "a1"), build("c", "c1"),
     set_pipeline(pipeline(["r"], job("n", R), job("c", get("r", passed=["n"], trigger=True))))),
    ("old-name-that-stays", "b keeps its old_name, and a job a comes back: when the pipeline is set again, b loses its builds to"
     " those of the new a",
     CHAIN, check("r", "1"), build("a", "a1"), build("c", "c1"),
     set_pipeline(pipeline(["r"], job("b", R, old_name="a"), job("c", get("r", passed=["b"], trigger=True)))),
     set_pipeline(pipeline(["r"], job("b", R, old_name="a"), job("a", R), job("c", get("r", passed=["b"], trigger=True)))),
     set_pipeline(pipeline(["r"], job("b", R, old_name="a"), job("a", R), job("c", get("r", passed=["b"], trigger=True))))),
    ("removed-job-returns", "a job that comes back under its name has its builds",
     CHAIN, check("r", "1"), build("a", "a1"), set_pipeline(pipeline(["r"], job("c", get("r")))), set_pipeline(CHAIN)),
    ("another-source", "another source has no versions until it is checked, and old builds do not offer theirs; the first"
     " source comes back with its versions",
     CHAIN, check("r", "1"), build("a", "a1"), set_pipeline(pipeline([resource("r") | {"source": {"of": "s"}}], job("a", R),
                                                                    job("c", PASSED_A))),
     build("a", "never"), check("r", "5"), build("a", "a2", "failed"), set_pipeline(CHAIN), check("r", "2")),
    ("two-inputs-of-one-resource", "c gets the newest version and the one that a passed; x gets one version twice; what c offers"
     " y is up to Concourse, and here the first by name",
     pipeline(["r"], job("a", R), job("c", get("new", resource="r", trigger=True), get("old", resource="r", passed=["a"])),
              job("x", get("one", resource="r", passed=["a"]), get("two", resource="r", passed=["a"], trigger=True)),
              job("y", get("r", passed=["c"], trigger=True))),
     check("r", "1"), build("a", "a1"), check("r", "2"), build("c", "c1")),
    ("inputs-of-one-build", "r and s passed a, so they come from one build of it: s 2 is disabled, so r is 1 as well",
     pipeline(["r", "s"], job("a", R, get("s", trigger=True)),
              job("c", get("r", passed=["a"], trigger=True), get("s", passed=["a"], trigger=True))),
     check("r", "1"), check("s", "1"), build("a", "a1"), check("r", "2"), check("s", "2"), build("a", "a2"),
     on("disable", "s", "2")),
    ("pin-in-the-file", "a person cannot pin over it, and without it in the file nothing is pinned",
     pipeline([resource("r", version={"v": "1"})], job("a", R)),
     check("r", "1", "2", "3"), on("pin", "r", "2"), build("a", "a1"), set_pipeline(ONE), build("a", "a2"),
     on("pin", "r", "2"), set_pipeline(ONE)),
    ("pin-not-found", "a step pins a version that no check found",
     pipeline(["r"], job("a", get("r", trigger=True, version={"v": "7"})), job("b", get("r", version="every")),
              job("n", get("r")))),
    ("two-groups", "two belongs to the group of one and to that of three, and joins one of them by chance",
     pipeline(["r", "s", "t"], job("a", get("r"), get("t")), job("b", get("s"), get("t")),
              job("c", get("one", resource="r", passed=["a"], trigger=True), get("three", resource="s", passed=["b"]),
                  get("two", resource="t", passed=["a", "b"]))),
     check("r", "1"), check("s", "1"), check("t", "1"), build("a", "a1"), build("b", "b1"), check("r", "2"),
     check("s", "2"), check("t", "2"), build("a", "a2"), check("t", "3"), build("b", "b2")),
    ("one-pending-build", "a triggers for 1; for 2 it makes no second pending build, and the pending one takes 2 when its turn comes",
     pipeline(["r"], job("a", R, serial=True)),
     check("r", "1"), at("schedule", "a"), check("r", "2"), at("schedule", "a"), check("r", "3"), at("schedule", "a"),
     at("finish", "a"), at("schedule", "a")),
    ("serial-group", "a and b share a group: one of them runs at a time, the build that was made first goes first",
     pipeline(["r"], job("a", R, serial_groups=["g"]), job("b", R, serial_groups=["g", "h"]), job("c", R, serial_groups=["h"])),
     check("r", "1"), at("schedule", "b"), at("schedule", "a"), at("schedule", "c"), at("finish", "b"), at("schedule", "c"),
     at("schedule", "a"), at("finish", "a"), at("schedule", "c")),
    ("paused-job-in-a-group", "the pending build of a paused job does not hold up its group, though it is the older one",
     pipeline(["r"], job("a", R, serial_groups=["g"]), job("b", R, serial_groups=["g"])),
     check("r", "1"), at("schedule", "a"), check("r", "2"), at("schedule", "a"), at("schedule", "b"), at("pause", "a"),
     at("finish", "a"), at("schedule", "a"), at("schedule", "b"), at("unpause", "a"), at("schedule", "a"), at("finish", "b"),
     at("schedule", "a")),
    ("no-inputs-in-a-group", "a build of a job whose inputs have no versions does not hold up its group",
     pipeline(["r", "s"], job("a", get("s"), serial_groups=["g"]), job("b", R, serial_groups=["g"])),
     check("r", "1"), at("trigger", "a"), at("schedule", "b"), at("finish", "b"), at("schedule", "a"), check("s", "1"),
     at("schedule", "a")),
    ("max-in-flight", "two builds run, the third waits",
     pipeline(["r"], job("a", R, max_in_flight=2)),
     check("r", "1"), at("schedule", "a"), at("trigger", "a"), at("trigger", "a"), at("schedule", "a"), check("r", "1"),
     at("schedule", "a"), at("finish", "a"), at("schedule", "a")),
    ("manual-build-waits-for-a-check", "it takes what the check finds; a pinned resource needs no check",
     pipeline(["r", "s"], job("a", get("r"), get("s"))),
     check("r", "1"), check("s", "1"), at("trigger", "a"), at("schedule", "a"), check("r", "2"), at("schedule", "a"),
     on("pin", "s", "1"), at("schedule", "a")),
    ("waiting-build-counts", "the build of a had its turn and waits for a check: the rerun of b, which is first, has to wait",
     pipeline(["r"], job("a", get("r"), serial_groups=["g"]), job("b", R, serial_groups=["g"])),
     check("r", "1"), at("schedule", "b"), at("finish", "b"), at("trigger", "a"), at("schedule", "a"), at("rerun", "b"),
     at("schedule", "b"), check("r", "1"), at("schedule", "a"), at("finish", "a"), at("schedule", "b")),
    ("manual-builds-of-every", "each of two manual builds takes the next version",
     pipeline(["r"], job("a", get("r", version="every", trigger=True))),
     check("r", "1"), at("schedule", "a"), check("r", "2", "3", "4"), at("schedule", "a"), at("trigger", "a"),
     at("trigger", "a"), check("r", "4"), at("schedule", "a")),
    ("aborted-before-it-started", "the pending build never had the version, so the scheduler makes another one for it",
     pipeline(["r"], job("a", R, serial=True)),
     check("r", "1"), at("schedule", "a"), check("r", "2"), at("schedule", "a"), at("finish", "a"), at("abort", "a"),
     at("schedule", "a"), at("schedule", "a")),
    ("aborted-while-it-ran", "the build had the version, so the version is not a first occurrence; c does not get it",
     CHAIN, check("r", "1"), at("schedule", "a"), at("abort", "a"), at("schedule", "a"), at("schedule", "c")),
    ("rerun-goes-first", "a rerun stands at the place of its original: it starts before the build that waits longer",
     pipeline(["r"], job("a", R, serial=True)),
     check("r", "1"), at("schedule", "a"), check("r", "2"), at("schedule", "a"), at("rerun", "a"), at("finish", "a", status="failed"),
     at("schedule", "a")),
    ("rerun-without-its-version", "the source has changed, so the rerun is aborted; until then it counts for the limit",
     pipeline(["r"], job("a", R, serial=True)),
     check("r", "1"), at("schedule", "a"), at("finish", "a"),
     set_pipeline(pipeline([resource("r") | {"source": {"of": "s"}}], job("a", R, serial=True))), check("r", "2"),
     at("rerun", "a"), at("schedule", "a"), at("schedule", "a")),
    ("rerun-without-its-version-holds-up-nothing", "the build behind it starts in the same run of the scheduler",
     ONE, check("r", "1"), at("schedule", "a"), at("finish", "a"),
     set_pipeline(pipeline([resource("r") | {"source": {"of": "s"}}], job("a", R))), at("rerun", "a"), at("trigger", "a"),
     check("r", "2"), at("schedule", "a")),
    ("paused-pipeline", "nothing is scheduled",
     ONE, check("r", "1"), at("pause"), at("schedule", "a"), at("unpause"), at("schedule", "a")),
    ("hooks-are-inputs", "a get inside a hook triggers like any other; the get that follows a put is not an input",
     pipeline(["r", "s"], job("a", {"put": "s"}, on_failure={"do": [{"try": R}]}), job("c", get("s", passed=["a"], trigger=True))),
     check("r", "1"), build("a", "a1", outputs={"s": "1"}), check("s", "2")),
]


if __name__ == "__main__":
    for name, why, of, *events in CASES:
        print(json.dumps({"id": name, "why": why, "pipeline": of, "events": events}, separators=(",", ":")))
