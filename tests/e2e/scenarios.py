"""What must be seen to happen. Each scenario is told by its first line; `run --list` shows them."""

import json
import shutil
from datetime import datetime, timedelta
from threading import Event
from time import sleep

from .case import WEBHOOK, Case, Committed, Project, alone, equal, says, scenario
from .github import Repository
from .tools import ROOT, run
from .transcript import Transcript
from .wait import until


@scenario
def story(case: Case) -> None:
    """commit, deploy, issue, comments, close, next deploy, to the end of the chain"""
    cart = case.project("cart")
    told = Transcript(cart)
    a = cart.commit("A")
    told.after("Somebody commits version A")
    equal(cart.at("CI"), ["A"])
    ci = cart.open("CI deployed.")
    equal(ci.labels, ["promotion-to-qa"])
    says(ci.body, a, cart.link(cart.deploys("CI")[0]), "deployed to `QA`", "cart is at version A in CI.")
    equal(ci.comments, [])

    b = cart.commit("B")
    told.after("Somebody commits version B")
    equal(cart.at("CI"), ["A", "B"])
    equal(cart.open("CI deployed.").number, ci.number)
    (comment,) = cart.now(ci).comments
    says(comment["body"], b, cart.link(cart.deploys("CI")[1]), "cart: version B")
    equal(cart.deploys("QA"), [], "deployments before somebody approved")

    cart.approve(ci, "CI")
    told.after("Alice closes the issue of CI as completed")
    equal(cart.at("QA"), ["B"])
    (deployed,) = cart.deploys("QA")
    equal(deployed.status, "succeeded")
    says(cart.now(ci).comments[-1]["body"], "**Deployed to", "QA", cart.link(deployed))
    qa = cart.open("QA deployed.")
    equal(qa.labels, ["promotion-to-production"])
    says(qa.body, b, cart.link(deployed))

    cart.approve(qa, "QA")
    told.after("Alice closes the issue of QA as completed")
    equal(cart.at("Production"), ["B"])
    says(cart.now(qa).comments[-1]["body"], "**Deployed to", "Production", cart.link(cart.deploys("Production")[0]))
    record = cart.open("Production deployed.")
    equal(record.labels, ["finalized-deployment"])
    says(record.body, b)

    # And nothing else: the story is over.
    equal((len(cart.deploys("CI")), len(cart.deploys("QA")), len(cart.deploys("Production"))), (2, 1, 1))
    equal([issue.number for issue in case.issues.open()], [record.number])
    told.check(case.write)


@scenario
def race(case: Case) -> None:
    """a commit between the closing and the deployment is not deployed"""
    cart = case.project("cart")
    cart.commit("A")
    b = cart.commit("B")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    c = cart.commit("C")
    equal(cart.at("CI"), ["A", "B", "C"])
    cart.look_for_approvals("CI")
    (build,) = cart.deploys("QA")
    (taken,) = cart.pipeline.inputs(build).values()
    equal((taken["issue_number"], taken["ref"]), (str(issue.number), b), "what Concourse gave the build")
    equal(cart.at("QA"), ["B"])
    says(cart.open("QA deployed.").body, b)
    # C waits in an issue of its own.
    says(cart.open("CI deployed.").body, c)


@scenario
def delayed(case: Case) -> None:
    """an approval that waits is deployed later by itself, and nobody closes the issue again"""
    cart = case.project("cart", "approval: {delay: 20s}")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    cart.look_for_approvals("CI")
    equal(cart.deploys("QA"), [], "deployments while the approval waits")
    says(cart.now(issue).comments[-1]["body"], "**Approved, and waiting:**", "the approval waits until")
    sleep(21)
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["A"])
    says(cart.now(issue).comments[-1]["body"], "**Deployed to")


@scenario
def checkout(case: Case) -> None:
    """with `approval: {code: checkout}` a task puts the approved commit where the build has a newer one"""
    cart = case.project("cart", "approval: {code: checkout}")
    cart.commit("A")
    b = cart.commit("B")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    c = cart.commit("C")
    cart.look_for_approvals("CI")
    (build,) = cart.deploys("QA")
    equal(cart.pipeline.inputs(build)[cart.code], {"ref": c}, "what Concourse gave the build")
    equal(cart.at("QA"), ["B"])
    says(cart.open("QA deployed.").body, b)


@scenario
def image(case: Case) -> None:
    """the approved digest of an image is deployed, though a newer one was pushed, and no build gets the image"""
    case.lab.push(case.lab.tools.resource / "oci", "acme/image:latest")
    cart = case.project("cart", IMAGE)
    cart.text = cart.text.replace("./deploy.sh cart", "./deploy.sh cart; wget -q -O /dev/null --post-data $APP $PLACE-app")
    cart.set()
    cart.pipeline.check("app")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    case.lab.push(case.lab.another_resource(), "acme/image:latest")
    cart.look("app")
    first, second = cart.at("CI-app")
    assert first != second, "the same image twice"
    cart.look_for_approvals("CI")
    equal(cart.at("QA-app"), [first])
    (build,) = cart.deploys("QA")
    equal(list(cart.pipeline.inputs(build)), [cart.code])
    says(cart.open("QA deployed.").body, first)


IMAGE = """\
inputs: {app: {image: {repository: acme/image}, env: {APP: digest}}}
env: {PLACE: "http://environments.test:9000/image/cart/{{ stack }}"}
"""


@scenario
def behind(case: Case) -> None:
    """jobs behind a gated deployment take the commit that it brought, also when its issue was opened again"""
    cart = case.project("cart", BEHIND)
    a = cart.commit("A")
    issue = cart.open("CI deployed.")
    with cart.paused("Production"):
        cart.approve(issue, "CI")
        case.issues.do("reopen", issue.number)
        cart.commit("B")
    cart.pipeline.settle()
    equal(cart.places(), {"CI": ["A", "B"], "QA": ["A"], "Production": ["A"]})
    for job in ("deploy-cart-production", "mine"):
        (build,) = cart.pipeline.builds(job)
        equal((build.status, cart.pipeline.inputs(build)[cart.code]["ref"]), ("succeeded", a), job)
    # The approval was used: opened again it deploys nothing once more, started by hand or not.
    cart.pipeline.trigger("deploy-cart-qa")
    cart.pipeline.settle()
    again = cart.deploys("QA")[-1]
    equal(again.status, "failed")
    says(case.lab.concourse.log(again), "error[withdrawn]")
    equal(cart.at("QA"), ["A"])
    # The next round goes all the way.
    cart.approve(cart.open("CI deployed."), "CI")
    equal(cart.places(), {"CI": ["A", "B"], "QA": ["A", "B"], "Production": ["A", "B"]})


BEHIND = """\
overrides: {Production: {gate: none}}
extra:
  jobs:
  - name: mine
    plan:
    - {get: shop-behind-cart, resource: github-issues-cart-ci-trigger, passed: [deploy-cart-qa], trigger: true}
"""


@scenario
def gone(case: Case) -> None:
    """an approved commit that is not on the branch any more is not deployed, and the issue says so once"""
    cart = case.project("cart")
    cart.commit("A")
    b = cart.commit("B")
    issue = cart.open("CI deployed.")
    case.code.git("reset", "-q", "--hard", case.code.commits["A"])
    case.code.commit("C", "cart")
    cart.approve(issue, "CI")
    (build,) = cart.deploys("QA")
    equal(build.status, "failed")
    says(case.lab.concourse.log(build), "error[not-fetched]", b)
    (told,) = [comment["body"] for comment in cart.now(issue).comments if "**Not deployed**" in comment["body"]]
    says(told, b, cart.link(build))
    cart.pipeline.rerun(build)
    cart.pipeline.settle()
    equal(cart.at("QA"), [])
    equal(len([comment for comment in cart.now(issue).comments if "**Not deployed**" in comment["body"]]), 1)
    # It comes back, and with it the way to deploy it.
    case.code.git("reset", "-q", "--hard", b)
    case.code.git("push", "-q", "-f", case.code.bare, "HEAD:main")
    cart.pipeline.rerun(build)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["B"])


@scenario
def switched(case: Case) -> None:
    """a pipeline whose approvals were checked out takes them as versions, and back again: nothing is deployed again"""
    cart = case.project("cart", "approval: {code: checkout}")
    cart.commit("A")
    cart.approve(cart.open("CI deployed."), "CI")
    cart.approve(cart.open("QA deployed."), "QA")
    waiting = cart.commit("B")
    deployed = {"CI": ["A", "B"], "QA": ["A"], "Production": ["A"]}
    equal(cart.places(), deployed)
    text = cart.text

    def look() -> list[str]:
        """Concourse looks for approvals; how the deployments ended."""
        for environment in ("CI", "QA"):
            cart.look_for_approvals(environment)
        equal(cart.places(), deployed)
        return [build.status for place in ("QA", "Production") for build in cart.deploys(place)]

    # With the moment of the change nothing even starts.
    approval = cart.pipeline.inputs(cart.deploys("Production")[0])["gate"]
    moment = (datetime.fromisoformat(approval["issue_closed_at"]) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    cart.text = text.replace("approval: {code: checkout}", f"approval: {{not_before: {moment}}}")
    cart.set()
    equal(look(), ["succeeded"] * 2)
    # Without it each job starts once, and the claim refuses.
    cart.text = text.replace("approval: {code: checkout}\n", "")
    cart.set()
    equal(look(), ["succeeded", "failed"] * 2)
    for place in ("QA", "Production"):
        says(case.lab.concourse.log(cart.deploys(place)[-1]), "error[already-used]")
    # What was open goes on as it is.
    cart.approve(cart.open("CI deployed."), "CI")
    deployed["QA"].append("B")
    equal(cart.pipeline.inputs(cart.deploys("QA")[-1])[cart.code]["ref"], waiting)
    builds = look()
    cart.text = text
    cart.set()
    equal([status for status in look() if status == "succeeded"], [status for status in builds if status == "succeeded"])
    # A clone is taken as it passed the deployment before, and B did not pass there as a clone: the next commit does.
    cart.commit("C")
    cart.approve(cart.open("CI deployed."), "CI")
    cart.approve(cart.open("QA deployed."), "QA")
    equal([cart.at("QA"), cart.at("Production")], [["A", "B", "C"], ["A", "C"]])


@scenario
def latest(case: Case) -> None:
    """with `approve: latest` that commit is what is deployed"""
    cart = case.project("cart", "approval: {approve: latest}")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    c = cart.commit("C")
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["C"])
    says(cart.open("QA deployed.").body, c)


@scenario
def not_planned(case: Case) -> None:
    """closed as not planned nothing deploys; reopened and closed as completed it deploys once"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    cart.approve(issue, "CI", reason="not_planned")
    equal(cart.deploys("QA"), [])
    case.issues.do("reopen", issue.number)
    cart.look_for_approvals("CI")
    equal(cart.deploys("QA"), [])
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["A"])
    cart.look_for_approvals("CI")
    equal(len(cart.deploys("QA")), 1)


@scenario
def withdrawn(case: Case) -> None:
    """closed and reopened before the job claims: the build fails and says so, nothing is deployed"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    with cart.paused("QA"):
        cart.approve(issue, "CI")
        case.issues.do("reopen", issue.number)
    cart.pipeline.settle()
    (build,) = cart.deploys("QA")
    equal(build.status, "failed")
    says(case.lab.concourse.log(build), "error[withdrawn]", "reopened")
    equal(cart.at("QA"), [])
    # It is as open as before: closing it once more deploys.
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["A"])


@scenario
def stranger(case: Case) -> None:
    """closed by somebody who may not: nothing deploys, and the issue says why"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    cart.approve(issue, "CI", by="mallory")
    equal(cart.deploys("QA"), [])
    says(cart.now(issue).comments[-1]["body"], "mallory", "cannot approve")
    equal(len(cart.now(issue).comments), 1)
    case.issues.do("reopen", issue.number)
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["A"])


@scenario
def preview(case: Case) -> None:
    """a preview's issue shows what would be done, and closing it does what was shown"""
    org = case.project("org", SINGLETON, preview=PREVIEW)
    org.commit("A")
    issue = org.open("default ready to deploy.")
    says(issue.body, "would bring version A")
    equal(org.at("default"), [])
    b = org.commit("B")
    equal(org.open("default ready to deploy.").number, issue.number)
    says(org.now(issue).body, "would bring version B", b)
    case.issues.close(issue.number)
    org.commit("C")
    org.look("gh-org-default-gate-trigger")
    equal(org.at("default"), ["B"])
    says(org.now(issue).comments[-1]["body"], "**Deployed to", org.link(org.deploys("default")[0]))
    # C waits in an issue of its own, until a preview finds nothing to do.
    waiting = org.open("default ready to deploy.")
    says(waiting.body, "would bring version C")
    org.commit("B")
    says(org.now(waiting).says(), "nothing")
    equal([found.title for found in case.issues.open("ready to deploy.")], [])
    org.look("gh-org-default-gate-trigger")
    equal(org.at("default"), ["B"])


SINGLETON = "environments: [default]\ngate: preview"
# Compares with what is there, as a tool for infrastructure would.
PREVIEW = """\
version=$(cat org/version); there=$(wget -q -O - http://environments.test:9000/preview/org/default);
if [ "$version" = "$there" ]; then touch "$SUMMARY.no-changes"; else echo "would bring version $version" >>"$SUMMARY"; fi"""


@scenario
def passed_on(case: Case) -> None:
    """a commit that changes Production alone gets there: the preview of QA passes it on, and QA deploys nothing"""
    cart = case.project("cart", PREVIEWED, preview="sh preview.sh cart")
    with (case.code.work / "deploy.sh").open("a") as script:
        script.write(SETTINGS.replace("CASE", case.name))
    case.code.write("preview.sh", COMPARES.replace("CASE", case.name))

    def commit(version: str, qa: int, production: int) -> str:
        """Somebody commits the settings of both environments; CI deploys them, and QA previews them."""
        case.code.write("cart/CI", "0")
        case.code.write("cart/QA", str(qa))
        case.code.write("cart/Production", str(production))
        return cart.commit(version)

    a = commit("A", qa=1, production=1)
    ready = cart.open("QA ready to deploy.")
    says(ready.body, "would change QA to 1", a)
    case.issues.close(ready.number)
    cart.look(cart.ready("QA"))
    cart.look(RECORDS)
    ready = cart.open("Production ready to deploy.")
    says(ready.body, "would change Production to 1", a)
    assert "unchanged" not in ready.body, ready.body
    case.issues.close(ready.number)
    cart.look(cart.ready("Production"))
    equal(cart.places(), {"CI": ["A"], "QA": ["A"], "Production": ["A"]})

    # QA has nothing to approve: its preview writes the record.
    b = commit("B", qa=1, production=2)
    equal(case.issues.open("QA ready to deploy."), [])
    record = cart.open("QA deployed.")
    says(record.comments[-1]["body"], UNCHANGED, b)
    cart.look(RECORDS)
    ready = cart.open("Production ready to deploy.")
    says(ready.body, UNCHANGED, "would change Production to 2", b)
    # Closing the record approves nothing.
    case.issues.close(record.number)
    look_for_all(cart)
    equal(cart.places(), {"CI": ["A", "B"], "QA": ["A"], "Production": ["A"]}, "before somebody approved")

    # A newer commit does not take the place of the approved commit.
    case.issues.close(ready.number)
    c = commit("C", qa=1, production=3)
    look_for_all(cart)
    equal(cart.places(), {"CI": ["A", "B", "C"], "QA": ["A"], "Production": ["A", "B"]})
    equal(cart.at("Production-settings"), ["1", "2"])
    equal([cart.brought(build) for build in cart.deploys("Production")], [a, b], "what Concourse gave the builds")
    equal([cart.brought(build) for build in cart.deploys("QA")], [a], "what Concourse gave the builds")
    says(cart.now(ready).comments[-1]["body"], "**Deployed to", cart.link(cart.deploys("Production")[-1]))
    ready = cart.open("Production ready to deploy.")
    says(ready.body, UNCHANGED, "would change Production to 3", c)

    # A commit that changes neither environment asks nobody.
    d = commit("D", qa=1, production=2)
    look_for_all(cart)
    equal(case.issues.open("ready to deploy."), [])
    equal(cart.now(ready).state_reason, "not_planned")
    says(cart.open("Production deployed.").comments[-1]["body"], UNCHANGED, UNCHANGED.replace("QA", "Production"), d)
    equal(cart.places(), {"CI": ["A", "B", "C", "D"], "QA": ["A"], "Production": ["A", "B"]})


PREVIEWED = "overrides: {QA: {gate: preview}, Production: {gate: preview}}"
# The settings of an environment, which a deployment brings beside the version, and a preview compares.
SETTINGS = """\
wget -q -O /dev/null --post-data "$(cat "$1/$ENVIRONMENT")" "http://environments.test:9000/CASE/$1/$STACK-settings"
"""
COMPARES = """\
here=$(cat "$1/$ENVIRONMENT") there=$(wget -q -O - "http://environments.test:9000/CASE/$1/$STACK-settings")
if [ "$here" = "$there" ]; then touch "$SUMMARY.no-changes"; else echo "would change $ENVIRONMENT to $here" >>"$SUMMARY"; fi
"""
UNCHANGED = "`QA`: **unchanged by this version, not deployed there**"
RECORDS = "github-issues-cart-qa-records"


def look_for_code(projects: list[Project]) -> None:
    """Concourse looks for commits of several projects; all that follows in each has followed."""
    for project in projects:
        project.pipeline.check(project.code)
    for project in projects:
        project.pipeline.settle()


def look_for_all(project: Project) -> None:
    """Concourse looks for whatever could start a job of a project; all that follows has followed."""
    for resource in project.pipeline.config()["resources"]:
        if resource["source"].get("role") in ("trigger", "records"):
            project.look(resource["name"])


@scenario
def lying(case: Case) -> None:
    """a commit whose previews lie that they change nothing is deployed nowhere before somebody approves it"""
    gates = ("preview", "issue", "none", "manual")
    projects = [
        case.project(gate, f"overrides: {{QA: {{gate: preview}}, Production: {{gate: {gate}}}}}", "sh preview.sh")
        for gate in gates
    ]

    def commit(version: str, preview: str) -> None:
        """Somebody commits a version of all projects, and how they are previewed; all that follows has followed."""
        case.code.write("preview.sh", preview)
        case.code.commit(version, *gates)
        look_for_code(projects)
        for project in projects:
            look_for_all(project)

    # The first commit lies about both environments, the second about QA.
    commit("A", LIE)
    commit("B", f'if [ "$ENVIRONMENT" = QA ]; then {LIE}; else {CONFESSION}; fi')
    for project in projects:
        equal(project.places(), {"CI": ["A", "B"], "QA": [], "Production": []}, project.name)
        previews = ["preview-preview-production"] if project.name == "preview" else []
        ran = sorted({build.job for build in project.pipeline.builds()})
        equal(ran, [f"deploy-{project.name}-ci", *previews, f"preview-{project.name}-qa"], "jobs that ran")
        says(project.open("QA deployed.").says(), UNCHANGED, case.code.commits["B"])
    previewed, issued, *_ = projects
    says(previewed.open("Production ready to deploy.").body, UNCHANGED, "would change Production", case.code.commits["B"])

    # Who approves sees that QA was left out, and approves this commit.
    approve_all(issued, "QA deployed.")
    equal(issued.places(), {"CI": ["A", "B"], "QA": [], "Production": ["B"]})
    equal([issued.brought(build) for build in issued.deploys("Production")], [case.code.commits["B"]])

    # An honest commit takes its usual way.
    commit("C", CONFESSION)
    for project in projects:
        approve_all(project, "QA ready to deploy.")
        equal(project.at("QA"), ["C"], project.name)
    approve_all(previewed, "Production ready to deploy.")
    approve_all(issued, "QA deployed.")
    came = {project.name: project.at("Production") for project in projects}
    equal(came, {"preview": ["C"], "issue": ["B", "C"], "none": ["C"], "manual": []})


LIE = 'touch "$SUMMARY.no-changes"'
CONFESSION = 'echo "would change $ENVIRONMENT" >>"$SUMMARY"'


def approve_all(project: Project, words: str) -> None:
    """Somebody closes the open issue whose title ends so, and Concourse looks for whatever it may find."""
    project.case.issues.close(project.open(words).number)
    look_for_all(project)


@scenario
def failing(case: Case) -> None:
    """a deployment that fails is told on the closed issue; running the build again deploys the same versions"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.lab.environments.broken.add(cart.place("QA"))
    cart.approve(issue, "CI")
    (build,) = cart.deploys("QA")
    equal(build.status, "failed")
    says(cart.now(issue).comments[-1]["body"], "**Not deployed to", cart.link(build))
    cart.commit("B")
    case.lab.environments.broken.clear()
    cart.pipeline.rerun(build)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["A"])
    again = cart.deploys("QA")[-1]
    equal(again.status, "succeeded")
    says(cart.now(issue).comments[-1]["body"], "**Deployed to", cart.link(again))


@scenario
def edited(case: Case) -> None:
    """titles and labels may be edited; an edited record, a deleted or transferred issue deploys nothing"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    # A new title and no labels: it is still the issue of its gate.
    case.issues.do("retitle", issue.number, title="hands off")
    for label in case.issues.labels(issue.number):
        case.issues.do("unlabel", issue.number, label=label)
    b = cart.commit("B")
    (issue,) = case.issues.open()
    equal(issue.title, "hands off")
    says(issue.comments[-1]["body"], b)
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["B"])

    # A record in a comment, and one in the body, that say another commit than was deployed.
    a = case.code.commits["A"]
    cart.commit("C")
    c = cart.commit("D")
    issue = cart.open("CI deployed.")
    record = issue.comments[-1]
    case.issues.do("edit-comment", issue.number, comment=record["id"], body=record["body"].replace(c, a))
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["B"])
    says(cart.now(issue).comments[-1]["body"], "edited")
    cart.commit("E")
    issue = cart.open("CI deployed.")
    case.issues.do("edit-body", issue.number, body=issue.body.replace(case.code.commits["E"], a))
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["B"])
    says(cart.now(issue).comments[-1]["body"], "edited")

    # Gone, one way or the other: the next build opens an issue.
    case.issues.close(cart.open("QA deployed.").number, reason="not_planned")
    cart.commit("F")
    issue = cart.open("CI deployed.")
    case.issues.do("delete", issue.number)
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["B"])
    cart.commit("G")
    issue = cart.open("CI deployed.")
    elsewhere = Repository(case.lab.github, "acme/elsewhere")
    moved = case.issues.do("transfer", issue.number, to=elsewhere.name)["number"]
    elsewhere.close(moved)
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["B"])
    h = cart.commit("H")
    issue = cart.open("CI deployed.")
    says(issue.body, h)
    cart.approve(issue, "CI")
    equal(cart.at("QA"), ["B", "H"])


@scenario
def neighbours(case: Case) -> None:
    """chains side by side, and projects whose titles begin alike, do not hear each other"""
    chains = "environments: [CI, QA]\ngroups: [orders, users]"
    shop, shop_api = case.project("shop", chains), case.project("shop-api", chains)
    for project in (shop, shop_api):
        project.commit("A")
    shop.approve(shop.open("orders.CI deployed."), "orders.CI")
    equal([shop.at("orders.QA"), shop.at("users.QA")], [["A"], []])
    for environment in ("users.CI", "orders.CI"):
        shop_api.look_for_approvals(environment)
    equal([shop_api.at("orders.QA"), shop_api.at("users.QA")], [[], []])
    shop_api.approve(shop_api.open("users.CI deployed."), "users.CI")
    for environment in ("users.CI", "orders.CI"):
        shop.look_for_approvals(environment)
    equal([shop.at("orders.QA"), shop.at("users.QA")], [["A"], []])
    equal([shop_api.at("orders.QA"), shop_api.at("users.QA")], [[], ["A"]])


@scenario
def instances(case: Case) -> None:
    """a gate bridges two Concourses, and the second deploys the same commit"""
    case.lab.concourse.fly("set-team", "--non-interactive", "-n", "edge", "--local-user", "alice")
    case.say_fleet(concourses="edge: {target: e2e, team: edge}")
    cart = case.project("cart", "environments: [QA, Production]\noverrides: {Production: {concourse: edge}}")
    edge = cart.elsewhere("edge", "edge")
    b = cart.commit("B")
    issue = cart.open("QA deployed.")
    case.issues.close(issue.number)
    # The second Concourse has no resource of the code: it fetches the approved commit, and not this one.
    case.code.commit("C", "cart")
    edge.look_for_approvals("QA")
    equal(cart.at("Production"), ["B"])
    (build,) = edge.deploys("Production")
    says(cart.now(issue).comments[-1]["body"], "**Deployed to", edge.link(build))
    says(cart.open("Production deployed.").body, b)


@scenario
def unchanged(case: Case) -> None:
    """set again, renamed, with another image or source, after all was approved: nothing deploys by itself"""
    cart = case.project("cart")
    cart.commit("A")
    cart.approve(cart.open("CI deployed."), "CI")
    cart.approve(cart.open("QA deployed."), "QA")
    deployed = cart.places()
    equal(deployed, {"CI": ["A"], "QA": ["A"], "Production": ["A"]})

    def look() -> None:
        for environment in ("CI", "QA"):
            cart.look_for_approvals(environment)
        equal(cart.places(), deployed)

    cart.set()
    look()
    case.lab.push(case.lab.another_resource(), "mitodl/github-issues-resource:next")
    case.say_fleet(image="mitodl/github-issues-resource", tag="next")
    cart.set()
    look()
    case.say_fleet(issues=f"bot: {case.issues.bot}")
    cart.set()
    look()
    equal(len(cart.deploys("QA")), 1)
    # Jobs and gates are called otherwise, and back again, by `old_name`.
    changed = {
        "promote-cart-ci": "deploy-cart-ci",
        "promote-cart-qa": "deploy-cart-qa",
        "gate-cart-ci-trigger": "github-issues-cart-ci-trigger",
        "gate-cart-qa-trigger": "github-issues-cart-qa-trigger",
    }
    text = cart.text
    cart.text = f"""{text}\
names: {{deploy: "promote-{{{{ project }}}}-{{{{ slug }}}}", deployed: "gate-{{{{ project }}}}-{{{{ slug }}}}"}}
old_names: {json.dumps(changed)}
"""
    cart.set()
    cart.look("gate-cart-ci-trigger")
    cart.look("gate-cart-qa-trigger")
    equal(cart.places(), deployed)
    equal(len(cart.pipeline.builds("promote-cart-qa")), 1, "the history of the renamed job")
    cart.text = f"{text}old_names: {json.dumps({old: new for new, old in changed.items()})}\n"
    cart.set()
    cart.text = text
    look()
    equal(len(cart.deploys("QA")), 1)
    # By Concourse's own renaming the history stays; a pipeline made anew asks, and is refused.
    case.lab.concourse.fly("rename-pipeline", "-o", cart.pipeline.name, "-n", "unchanged-basket")
    cart.call("unchanged-basket")
    look()
    equal(len(cart.deploys("QA")), 1)
    case.lab.concourse.fly("destroy-pipeline", "--non-interactive", "-p", cart.pipeline.name)
    cart.set()
    cart.look(cart.code)
    equal(cart.at("CI"), ["A", "A"], "the first environment takes what it sees")
    cart.look_for_approvals("CI")
    (build,) = cart.deploys("QA")
    equal(build.status, "failed")
    says(case.lab.concourse.log(build), "error[already-used]")
    equal([cart.at("QA"), cart.at("Production")], [["A"], ["A"]])


@scenario
def again(case: Case) -> None:
    """after the image changed, a person can run the builds from before again, and nothing starts by itself"""
    cart = case.project("cart")
    for version in ("A", "B"):
        cart.commit(version)
        cart.approve(cart.open("CI deployed."), "CI")
    first, last = cart.deploys("QA")
    case.lab.push(case.lab.another_resource(), "mitodl/github-issues-resource:next")
    case.say_fleet(tag="next")
    cart.set()
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["A", "B"])
    cart.pipeline.rerun(last)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["A", "B", "B"])
    # An older one takes its own version too, and the claim refuses to go back behind what was deployed.
    cart.pipeline.rerun(first)
    cart.pipeline.settle()
    # Concourse lists it beside the build that it runs again.
    (refused,) = [build for build in cart.deploys("QA") if build.name == "1.1"]
    equal(cart.pipeline.inputs(refused)[cart.code]["ref"], case.code.commits["A"])
    says(case.lab.concourse.log(refused), "error[out-of-order]")
    equal(cart.at("QA"), ["A", "B", "B"])


@scenario
def shape(case: Case) -> None:
    """an environment is taken out: what was approved for QA deploys nothing to Production, and the next issue does"""
    used, unused, late, undecided = projects = [case.project(name) for name in ("used", "unused", "late", "undecided")]
    case.code.commit("A", *(project.name for project in projects))
    look_for_code(projects)
    issues = {project.name: project.open("CI deployed.") for project in projects}
    used.approve(issues["used"], "CI")
    of_qa = used.open("QA deployed.")
    case.issues.close(issues["unused"].number)
    for project in projects:
        project.text += "environments: [CI, Production]\n"
        project.set()
        look_for_all(project)

    # One issue was closed before, one is closed now, and one is of the environment that was taken out.
    used.approve(of_qa, "CI")
    late.approve(issues["late"], "CI")
    for project in projects:
        equal(project.places(), {"CI": ["A"], "QA": ["A"] if project is used else [], "Production": []}, project.name)
        equal(project.deploys("Production"), [], project.name)

    # The next record is of this shape, and asks about Production.
    b = case.code.commit("B", *(project.name for project in projects))
    look_for_code(projects)
    for project in projects:
        look_for_all(project)
        equal(project.deploys("Production"), [], project.name)
        issue = project.open("CI deployed.")
        assert issue.number > of_qa.number, f"{project.name}: issue #{issue.number} is of the old shape"
        equal(issue.labels, ["promotion-to-production"], project.name)
        project.approve(issue, "CI")
        equal(project.at("Production"), ["B"], project.name)
        equal([project.brought(build) for build in project.deploys("Production")], [b], project.name)
        if project is undecided:
            # The first check said that it is not for Production, and the record where to decide instead.
            old = project.now(issues["undecided"])
            equal((old.state, old.state_reason), ("closed", "not_planned"))
            told = old.comments[-2]["body"]
            says(told, "**Not for `undecided/-/Production/deploy`:**", "the issue that the next deployment opens")
            says(old.comments[-1]["body"], "this issue was for `QA`", "leads to `Production`", f"Decide on #{issue.number}")
    equal([project.at("QA") for project in projects], [["A"], [], [], []])


@scenario
def renamed(case: Case) -> None:
    """an environment and a project are renamed: what was used stays used, and what is open goes on"""
    cart = case.project("cart")
    a = cart.commit("A")
    cart.approve(cart.open("CI deployed."), "CI")
    cart.approve(cart.open("QA deployed."), "QA")
    b = cart.commit("B")
    waiting = cart.open("CI deployed.")
    deployed = {"CI": ["A", "B"], "QA": ["A"], "Production": ["A"]}
    equal(cart.places(), deployed)

    # The environment gets another name. Its stack and its jobs keep theirs.
    cart.text += """\
environments: [CI, Staging, Production]
overrides: {Staging: {names: {stack: QA}, issues: {formerly: [cart/QA]}}}
"""
    cart.set()
    look_for_all(cart)
    equal(cart.places(), deployed)
    equal(deploys_of(cart), {"CI": ["succeeded"] * 2, "QA": ["succeeded"], "Production": ["succeeded"]})
    cart.approve(waiting, "CI")
    deployed["QA"].append("B")
    equal([cart.brought(build) for build in cart.deploys("QA")], [a, b])
    says(cart.now(waiting).comments[-1]["body"], "**Deployed to", cart.link(cart.deploys("QA")[-1]))
    waiting = cart.open("QA deployed.")

    # The project gets another name. The jobs of CI and Production keep their history; the job of QA is a new job to
    # Concourse, which starts it with the newest approval.
    cart.rename("basket")
    cart.text = cart.text.replace("[cart/QA]", '["cart/{{ environment }}", cart/QA]') + """\
issues: {formerly: ["cart/{{ environment }}"]}
old_names:
  deploy-basket-ci: deploy-cart-ci
  deploy-basket-production: deploy-cart-production
  github-issues-basket-qa-trigger: github-issues-cart-qa-trigger
"""
    cart.set()
    look_for_all(cart)
    equal(cart.places(), deployed)
    equal(deploys_of(cart), {"CI": ["succeeded"] * 2, "QA": ["failed"], "Production": ["succeeded"]})
    says(case.lab.concourse.log(cart.deploys("QA")[0]), "error[already-used]")

    # The next approvals deploy: of the issue that was open, and of a new issue.
    cart.approve(waiting, "QA")
    deployed["Production"].append("B")
    equal(cart.places(), deployed)
    c = cart.commit("C")
    cart.approve(cart.open("CI deployed."), "CI")
    cart.approve(cart.open("QA deployed."), "QA")
    equal(cart.places(), {place: [*came, "C"] for place, came in deployed.items()})
    equal([cart.brought(build) for build in cart.deploys("Production")], [a, b, c])
    equal(deploys_of(cart)["QA"], ["failed", "succeeded"])


def deploys_of(project: Project) -> dict[str, list[str]]:
    """How the builds ended that deploy to the usual places."""
    return {place: [build.status for build in project.deploys(place)] for place in ("CI", "QA", "Production")}


@scenario
def mitodl(case: Case) -> None:
    """a pipeline for MIT Open Learning's image goes through the story, with ours in its place"""
    case.say_fleet(issues="resource: mitodl", image="mitodl/concourse-github-issues-resource", tag="latest")
    cart = case.project("cart")
    cart.commit("A")
    ci = cart.open("CI deployed.")
    equal(ci.labels, ["promotion-to-qa"])
    cart.commit("B")
    equal(cart.open("CI deployed.").number, ci.number)
    equal(len(cart.now(ci).comments), 1)
    cart.approve(ci, "CI", reason="not_planned")
    equal(cart.at("QA"), [])
    case.issues.do("reopen", ci.number)
    cart.approve(ci, "CI")
    equal(cart.at("QA"), ["B"])
    says(cart.now(ci).title, "[CONSUMED #")
    cart.approve(cart.open("QA deployed."), "QA")
    equal(cart.places(), {"CI": ["A", "B"], "QA": ["B"], "Production": ["B"]})
    equal(cart.open("Production deployed.").labels, ["finalized-deployment"])
    for environment in ("CI", "QA"):
        cart.look_for_approvals(environment)
    equal([len(cart.deploys("QA")), len(cart.deploys("Production"))], [1, 1])


@scenario
def webhook(case: Case) -> None:
    """GitHub calls Concourse when an issue is closed: the deployment starts within seconds, not hours"""
    case.say_fleet(issues="check_every: 4h\n    webhook: ((github.webhook))")
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.issues.close(issue.number)
    equal(cart.pipeline.webhook(cart.gate("CI"), "token-of-a-stranger"), 401)
    equal(cart.pipeline.webhook(cart.gate("CI"), WEBHOOK), 201)
    until("the deployment", lambda: cart.deploys("QA"), seconds=30)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["A"])


@scenario
def outage(case: Case) -> None:
    """GitHub is down, limits, or loses an answer, while Concourse writes and looks: nothing is lost or doubled"""
    github, path = case.lab.github, case.issues.name
    cart = case.project("cart")
    github.fault(path, times=2)
    cart.commit("A")
    issue = cart.open("CI deployed.")
    # The comment is made, and the answer lost.
    github.fault(f"{path}/issues/{issue.number}/comments", times=1, method="POST", phase="after", status=502)
    b = cart.commit("B")
    equal(len(cart.now(issue).comments), 1)
    github.fault(path, times=1, status=403, headers={"retry-after": "2", "x-ratelimit-remaining": "0"})
    c = cart.commit("C")
    says(cart.now(issue).says(), b, c)
    equal(len(cart.now(issue).comments), 2)
    equal([build.status for build in cart.deploys("CI")], ["succeeded"] * 3)

    case.issues.close(issue.number)
    github.fault(path)
    equal(cart.pipeline.check(cart.gate("CI")).status, "failed")
    github.fault(path, status=403, headers={"retry-after": "3600", "x-ratelimit-remaining": "0"})
    check = cart.pipeline.check(cart.gate("CI"))
    equal(check.status, "failed")
    says(case.lab.concourse.log(check), "error[rate-limited]")
    cart.pipeline.settle()
    equal(cart.deploys("QA"), [])
    github.recover()
    cart.look_for_approvals("CI")
    equal(cart.at("QA"), ["C"])
    equal([len(case.issues.open("CI deployed.")), len(case.issues.open("QA deployed."))], [0, 1])


@alone
@scenario
def crash(case: Case) -> None:
    """the worker dies during a deployment: nothing is doubled, and starting it again deploys the same versions"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    place, environments = cart.place("QA"), case.lab.environments
    environments.stuck[place] = Event()
    case.issues.close(issue.number)
    cart.pipeline.check(cart.gate("CI"))
    until("the deployment to reach its place", lambda: environments.asked[place])
    case.lab.kill_worker()
    case.lab.start_worker()
    cart.pipeline.settle()
    environments.stuck.pop(place).set()
    (build,) = cart.deploys("QA")
    equal(build.status, "errored")
    # The artifacts of the build were on that worker, and the report needs none.
    says(cart.now(issue).comments[-1]["body"], "**Not deployed to `QA`:** Concourse could not run the job", cart.link(build))
    equal(cart.at("QA"), [])
    cart.look_for_approvals("CI")
    equal(len(cart.deploys("QA")), 1)
    cart.commit("B")
    cart.pipeline.rerun(build)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["A"])
    says(cart.now(issue).comments[-1]["body"], "**Deployed to", cart.link(cart.deploys("QA")[-1]))
    equal(len(case.issues.open("QA deployed.")), 1)


@scenario
def setting(case: Case) -> None:
    """`set` tells what changes, asks, sets, then finds nothing to do, and finds what nobody renders any more"""
    committed = Committed(case)
    cart, api = case.called("cart"), case.called("api")
    case.render()
    committed.commit("two projects")

    # Neither without a yes, nor by one that says no.
    for code, told in (case.set(), case.set(answer="n")):
        equal(code, 1)
        says(told, "setting-cart on e2e, team main:", "a new pipeline of 3 jobs", "nothing was set")
        equal([cart.pipeline.about(), api.pipeline.about()], [None, None])
    code, told = case.set(answer="y")
    says(told, "set 2 pipelines? [y/N]", "set setting-api on e2e, team main: it is paused")
    equal((code, cart.pipeline.about()["paused"]), (0, True))
    equal(case.set(), (0, "2 pipelines live as they are rendered\n"))

    # A gate gets weaker, behind the fleet's back and in the fleet; what is told first is what matters most.
    cart.text += "overrides: {QA: {gate: none}}\n"
    cart.say()
    code, told = case.set("--yes")
    equal(code, 1)
    says(told, "setting-cart.yml is out of date", "nothing was set")
    case.render()
    code, told = case.set("--yes")
    equal(code, 0)
    says(told, "setting-cart on e2e, team main:\nGATES GET WEAKER\n  job deploy-cart-qa: no longer waits for", "1 pipeline lives")
    equal(case.set(), (0, "2 pipelines live as they are rendered\n"))

    # What is not rendered any more is told, and stays.
    committed.commit("no gate")
    api.where().unlink()
    case.render()
    committed.commit("without api")
    code, told = case.set("--yes")
    equal(code, 0)
    says(told, "orphan: `setting-api` was rendered from this fleet", "fly -t e2e archive-pipeline --team main -p setting-api")
    equal(api.pipeline.about()["archived"], False)
    case.lab.concourse.fly("archive-pipeline", "--non-interactive", "--team", "main", "-p", api.pipeline.name)
    equal(case.set(), (0, "1 pipeline lives as it is rendered\n"))

    # One that was put away comes back, and runs where that is wanted.
    api.say()
    case.render()
    code, told = case.set("--yes", "--unpause")
    says(told, "setting-api on e2e, team main:\n  is archived", "and let it run")
    equal((code, api.pipeline.about()["paused"], api.pipeline.about()["archived"]), (0, False, False))

    # All kinds and gates there are: what Concourse keeps of them says the same.
    estate = case.folder / "estate"
    shutil.copytree(ROOT / "pipelines/ol-infrastructure", estate)
    fleet = (estate / "pipegen.yml").read_text()
    for target in ("pr-inf", "qa-inf", "odl-ci"):
        fleet = fleet.replace(f"target: {target}, team: infrastructure", "target: e2e, team: main")
    (estate / "pipegen.yml").write_text(fleet)
    run([case.lab.tools.pipegen, "render", "--quiet", estate])
    code, told = case.set("--yes", folder=estate)
    equal(code, 0)
    code, told = case.set(folder=estate)
    equal((code, told.split(" ", 1)[1]), (0, "pipelines live as they are rendered\n"))

    # A target that fly does not know.
    (case.fleet / "pipegen.yml").write_text((case.fleet / "pipegen.yml").read_text().replace("target: e2e", "target: nobody"))
    case.render()
    equal(case.set("--yes"), (3, "error: fly knows no target nobody: run `fly -t nobody login -c URL`\n"))


@scenario
def meta(case: Case) -> None:
    """a pipeline sets the others and itself; what is stale, missing or wrong is not set, and archives nothing"""
    committed = Committed(case)
    fleet = case.fleet / "pipegen.yml"
    fleet.write_text(f"""{fleet.read_text()}\
meta:
  pipeline: meta-pipelines
  source: {{repository: git://git.test/{case.name}/fleet, check_every: 1h}}
  image: {{repository: acme/ol-pipegen, tag: 0.1.0}}
""")
    case.code.commit("A", "cart", "api", "news")
    cart, api = case.called("cart"), case.called("api")
    case.render()
    committed.commit("two projects")
    setter = case.lab.concourse.pipeline("meta-pipelines")

    def archived() -> list[bool]:
        """Are the three put away?"""
        return [pipeline.about()["archived"] for pipeline in (setter, cart.pipeline, api.pipeline)]

    def look() -> dict[str, str]:
        """Concourse looks for commits; how each job ended last."""
        for resource in ("fleet", "fleet-meta-cart", "fleet-meta-api"):
            setter.check(resource)
        setter.settle()
        return {build.job: build.status for build in setter.builds()}

    # A person sets it once; from then on it does so itself.
    code, _ = case.set("--yes")
    equal(code, 0)
    case.lab.concourse.call("PUT", f"{setter.path}/unpause")
    equal(look(), {"self": "succeeded", "set-meta-cart": "succeeded", "set-meta-api": "succeeded"})
    parents = "select count(*) from pipelines where name like 'meta-%' and parent_job_id is not null"
    equal(case.lab.concourse.sql(parents), "3")

    # A change and a project more, in one commit.
    cart.text += "overrides: {QA: {gate: none}}\n"
    cart.say()
    news = case.called("news")
    case.render()
    committed.commit("another project")
    before = cart.pipeline.config()
    look()
    assert cart.pipeline.config() != before, "the change of cart was not set"
    until("the new pipeline", news.pipeline.about)
    equal(news.pipeline.about()["paused"], False)
    equal(case.set(), (0, "4 pipelines live as they are rendered\n"))

    # A manifest that nobody rendered, a file that is missing, a manifest that is wrong.
    lives = cart.pipeline.config()
    good = cart.text
    cart.text = good.replace("gate: none", "gate: manual")
    cart.say()
    committed.commit("stale")
    equal([look()[job] for job in ("self", "set-meta-cart")], ["failed", "failed"])
    (case.fleet / "rendered/meta-api.yml").unlink()
    committed.commit("missing")
    equal([look()[job] for job in ("self", "set-meta-api")], ["failed", "failed"])
    cart.text = "stack: ["
    cart.say()
    committed.commit("wrong")
    equal([look()[job] for job in ("self", "set-meta-cart")], ["failed", "failed"])
    api.where().unlink()
    committed.commit("gone, and not rendered")
    look()
    case.lab.concourse.collect()
    equal(archived(), [False, False, False])
    equal(cart.pipeline.config(), lives)

    # A project that is taken out, and rendered: that is what archives a pipeline, and no other.
    cart.text = good
    cart.say()
    case.render()
    committed.commit("without api")
    setter.check("fleet")
    setter.settle()
    equal(setter.builds("self")[-1].status, "succeeded")
    case.lab.concourse.collect()
    equal(archived(), [False, False, True])
