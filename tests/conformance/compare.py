"""Holds what `ol-pipegen validate` says of pipelines against what Concourse itself says of them.

    compare.py PIPEGEN JUDGEMENTS    the lines of tests/conformance/concourse/judge

Compared are, of each file:
- whether `fly validate-pipeline` takes it, with and without `--strict`, and whether the server does;
- where it can be decoded, each line that `fly` lists, errors and warnings alike, both ways: `concourse_says` of the
  report is that line. Three kinds of lines are compared in part:
  - `unknown fields [...]` of a step names its fields in an order that is not the same from run to run: there must be an
    `unknown-field` for each of them, wherever it stands;
  - what is wrong with the settings of a credential manager is told in the words of Go's libraries: the line must begin
    with what the report says, which ends where those words begin;
  - further lines of such a text belong to it.
The judge, which is fly's validator, does not know the variable sources of type `idtoken`, which the server does: what the
server says of such a pipeline is not compared.

Where a pipeline cannot be decoded, `fly` says one thing and nothing of the rules: only that it is refused is compared.
"""

import json
import re
import subprocess
import sys

BATCH = 500
SHOWN = 20
pipegen, judgements = sys.argv[1:]

UNKNOWN = re.compile(r".*: unknown fields (\[.*\])", re.S)
SETTINGS = re.compile(r"variable sources: (failed to create credential manager |credential manager .* is invalid)", re.S)


HIDDEN = re.escape("***")


def form(said):
    """What is said, of which any part may have been hidden: what looks like a secret anywhere in a run is, everywhere."""
    return re.compile(re.escape(said).replace(HIDDEN, ".*"), re.S)


IDTOKEN = "variable sources: unknown credential manager type: idtoken"


def reports(files):
    """What is said of each file."""
    command = [pipegen, "validate", "--concourse", "7.14", "--as-pipeline", "--format", "json", *files]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if ran.returncode not in (0, 1):
        sys.exit(f"ol-pipegen ended with {ran.returncode}: {ran.stderr.decode()[:2000]}")
    said = {file: [] for file in files}
    for diagnostic in json.loads(ran.stdout)["diagnostics"]:
        said[diagnostic["place"]["file"]].append(diagnostic)
    return said


def lines_of(diagnostics, who):
    chosen = [d for d in diagnostics if who(d["refused_by"])]
    return {line for d in chosen for said in d["concourse_says"] for line in whole(said)}


def whole(said):
    """A name may have several lines; each of them is headed by the group."""
    first, *others = said.split("\n")
    group = first.split(": ")[0]
    return [first, *(f"{group}: {other}" for other in others)]


def unknown_fields(line):
    found = UNKNOWN.fullmatch(line)
    names = re.findall(r'"((?:[^"\\]|\\.)*)"', found[1]) if found else None
    # Escapes of Go are among those of Python.
    return names and [name.encode().decode("unicode_escape") for name in names]


def differences(judged, diagnostics):
    """What is not the same, in words."""
    for gate, who in (("plain", "fly"), ("strict", "fly --strict"), ("server", "server")):
        ours = not any(who in d["refused_by"] for d in diagnostics)
        if gate == "server" and IDTOKEN in judged[gate].get("errors", []):
            continue
        if ours != judged[gate]["ok"]:
            theirs = judged[gate].get("fatal") or judged[gate].get("errors") or judged[gate].get("warnings")
            yield f"{gate}: we {'take' if ours else 'refuse'} it; Concourse: {theirs or 'fine'}"
    unrefused = [d for d in diagnostics if d["severity"] == "error" and not d["refused_by"]]
    refused = any(d["severity"] == "error" and d["refused_by"] for d in diagnostics)
    if refused != (not (judged["plain"]["ok"] and judged["server"]["ok"])):
        yield f"an error, and nobody refuses it, or the other way: {unrefused}"
    if judged["plain"].get("fatal"):
        return
    theirs = judged["plain"].get("errors", [])
    ours = lines_of(diagnostics, lambda by: "fly" in by)
    yield from compare(theirs, ours, diagnostics)
    if not judged["strict"].get("fatal"):
        # A warning is no error of a group: a name of several lines is one text.
        theirs = set(judged["strict"].get("warnings", []))
        ours = {said for d in diagnostics if d["refused_by"] == ["fly --strict"] for said in d["concourse_says"]}
        same = lambda said, line: "***" in said and form(said).fullmatch(line)
        yield from (f"we do not warn: {line}" for line in theirs - ours if not any(same(said, line) for said in ours))
        yield from (f"only we warn: {said}" for said in ours - theirs if not any(same(said, line) for line in theirs))


# `a step is one thing: this one is a get step, and not a load_var step` names its field as the step that it would make.
UNKNOWN_FIELD = re.compile("`(.*?)`|, and not an? (\\w+) step$", re.S)
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def fields_of(diagnostics):
    """The fields that are said to be unknown, as forms: what is no text to show is escaped, and any part may be hidden."""
    said = [d["message"] for d in diagnostics if d["rule"] == "unknown-field"]
    names = [quoted or step for message in said for quoted, step in UNKNOWN_FIELD.findall(message)]
    return [form(ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)) for name in names]


def compare(theirs, ours, diagnostics):
    fields = fields_of(diagnostics)
    left = set(ours)
    settings = False
    for line in theirs:
        if line in ours:
            left.discard(line)
            settings = False
            continue
        hidden = {said for said in ours if "***" in said and form(said).fullmatch(line)}
        if hidden:
            left -= hidden
            continue
        begun = {said for said in ours if SETTINGS.match(line) and form(said).match(line)}
        if begun:
            left -= begun
            settings = True
            continue
        if settings and (line == "variable sources: " or line.startswith("variable sources: '")):
            continue
        names = unknown_fields(line)
        if names is not None and all(any(field.fullmatch(name) for field in fields) for name in names):
            continue
        yield f"we do not say: {line}"
    yield from (f"only we say: {line}" for line in left)


judged = [json.loads(line) for line in open(judgements)]
seen = {"plain": 0, "strict": 0, "server": 0, "fatal": 0, "lines": 0}
wrong = processes = 0
for begin in range(0, len(judged), BATCH):
    batch = judged[begin : begin + BATCH]
    said = reports([judgement["file"] for judgement in batch])
    processes += 1
    for judgement in batch:
        for gate in ("plain", "strict", "server"):
            seen[gate] += judgement[gate]["ok"]
        seen["fatal"] += bool(judgement["plain"].get("fatal"))
        seen["lines"] += len(judgement["plain"].get("errors", []))
        found = list(differences(judgement, said[judgement["file"]]))
        wrong += bool(found)
        if found and wrong <= SHOWN:
            print(judgement["file"], *found, sep="\n  ", file=sys.stderr)
print(
    f"the validator of Concourse: {len(judged)} pipelines in {processes} processes of ours; it takes {seen['plain']} plain, "
    f"{seen['strict']} strict, {seen['server']} on the server, cannot decode {seen['fatal']}, and lists {seen['lines']} "
    f"errors of the others; {wrong} differ"
)
sys.exit(wrong > 0)
