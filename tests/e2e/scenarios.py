"""What must be seen to happen. Each scenario is told by its first line; `run --list` shows them."""

from .case import Case, equal, says, scenario


@scenario
def story(case: Case) -> None:
    """commit, deploy, issue, comments, close, next deploy, to the end of the chain"""
    cart = case.project("cart")
    a = cart.commit("A")
    equal(cart.at("CI"), ["A"])
    ci = cart.open("CI deployed.")
    equal(ci.labels, ["promotion-to-qa"])
    says(ci.body, a, cart.link(cart.deploys("CI")[0]), "deployed to `QA`", "cart is at version A in CI.")
    equal(ci.comments, [])

    b = cart.commit("B")
    equal(cart.at("CI"), ["A", "B"])
    equal(cart.open("CI deployed.").number, ci.number)
    (comment,) = cart.now(ci).comments
    says(comment["body"], b, cart.link(cart.deploys("CI")[1]), "cart: version B")
    equal(cart.deploys("QA"), [], "deployments before somebody approved")

    cart.approve(ci, "CI")
    equal(cart.at("QA"), ["B"])
    (deployed,) = cart.deploys("QA")
    equal(deployed.status, "succeeded")
    says(cart.now(ci).comments[-1]["body"], "**Done**", "QA", cart.link(deployed))
    qa = cart.open("QA deployed.")
    equal(qa.labels, ["promotion-to-production"])
    says(qa.body, b, cart.link(deployed))

    cart.approve(qa, "QA")
    equal(cart.at("Production"), ["B"])
    says(cart.now(qa).comments[-1]["body"], "**Done**", "Production", cart.link(cart.deploys("Production")[0]))
    record = cart.open("Production deployed.")
    equal(record.labels, ["finalized-deployment"])
    says(record.body, b)

    # And nothing else: the story is over.
    equal((len(cart.deploys("CI")), len(cart.deploys("QA")), len(cart.deploys("Production"))), (2, 1, 1))
    equal([issue.number for issue in case.issues.open()], [record.number])


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
    equal(cart.pipeline.inputs(build)[cart.code], {"ref": c}, "what Concourse gave the build")
    equal(cart.at("QA"), ["B"])
    says(cart.open("QA deployed.").body, b)
    # C waits in an issue of its own.
    says(cart.open("CI deployed.").body, c)


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
    says(cart.now(issue).comments[-1]["body"], "mallory", "may not")
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
    says(org.now(issue).comments[-1]["body"], "**Done**", org.link(org.deploys("default")[0]))
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
def failing(case: Case) -> None:
    """a deployment that fails is told on the closed issue; running the build again deploys the same versions"""
    cart = case.project("cart")
    cart.commit("A")
    issue = cart.open("CI deployed.")
    case.lab.environments.broken.add(cart.place("QA"))
    cart.approve(issue, "CI")
    (build,) = cart.deploys("QA")
    equal(build.status, "failed")
    says(cart.now(issue).comments[-1]["body"], "**Failed**", cart.link(build))
    cart.commit("B")
    case.lab.environments.broken.clear()
    cart.pipeline.rerun(build)
    cart.pipeline.settle()
    equal(cart.at("QA"), ["A"])
    again = cart.deploys("QA")[-1]
    equal(again.status, "succeeded")
    says(cart.now(issue).comments[-1]["body"], "**Done**", cart.link(again))
