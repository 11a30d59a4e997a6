//! `explain`: the page for developers, and that its links are right.

use insta::assert_snapshot;

use crate::support::{SHOP_FLEET, Work, manifest};

#[test]
fn chain_with_issues() {
    let work = Work::new()
        .file("pipegen.yml", &SHOP_FLEET.replace("team: shop}", "team: shop, url: 'https://ci.example.com/'}"))
        .file(
            "projects/cart.yml",
            &(manifest("shop-cart")
                + "overrides:\n  Production:\n    gate: preview\n    approval: {closers: {teams: [example/sre], users: \
                   [ann]}, soak: 24h, expires: 7d, reject_labels: [hold]}\n"),
        );
    assert_snapshot!(work.run(&["explain", "projects/cart.yml"]).fine(), @r"
    # How does my code get to Production?

    This page is about **shop-cart**. Its code is the branch `main` of <https://github.com/example/shop>, as far as a commit changes `infra/shop-cart`.

    A service called Concourse deploys it; this page is all that you need to know of Concourse.

    ## How can I tell when my code is there?

    | on | when |
    | --- | --- |
    | **QA** | an issue [“\[bot\] Pulumi shop-cart QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20QA%20deployed.%22) names your commit |
    | **Production** | an issue [“\[bot\] Pulumi shop-cart Production deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20Production%20deployed.%22) names your commit |

    Look for the first seven characters of your commit (`git rev-parse --short=7 HEAD`), or of a later one of the same branch, which contains yours. While an issue is open every later build is a comment on it.

    ## How do I get it there?

    1. **QA**: merge it to `main`. [`deploy-shop-cart-qa`](https://ci.example.com/teams/shop/pipelines/cart/jobs/deploy-shop-cart-qa) deploys it by itself. Concourse looks for it every 1m.
    2. **Production**: [`preview-shop-cart-production`](https://ci.example.com/teams/shop/pipelines/cart/jobs/preview-shop-cart-production) shows what a deployment would change, and writes it into an issue: open the issue [“\[bot\] Pulumi shop-cart Production ready to deploy.”](https://github.com/example/deployments/issues?q=is%3Aissue%20is%3Aopen%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20Production%20ready%20to%20deploy.%22), look at what it lists, and close it. Only the team example/sre or @ann can approve. The deployment starts 1d after the version was previewed, unless a newer one came. An approval that was not used is void after 7d. The label `hold` rejects it. Concourse looks for it every 15m. Then [`deploy-shop-cart-production`](https://ci.example.com/teams/shop/pipelines/cart/jobs/deploy-shop-cart-production) deploys. When the preview finds nothing to change, the issue of the deployment says so, and nothing is deployed.

    Close an issue with the button **Close as completed**. **Close as not planned** rejects it: nothing is deployed. Reopening an issue takes the approval back, until the deployment starts.

    What is deployed is exactly what the issue named when it was closed, or nothing. What is merged afterwards waits for the next issue.

    ## A deployment failed

    On **Production** the issue that was closed says so, with a link to the log. When the cause was outside of the code, open the job by that link and press **+**: the same versions are deployed again.

    On **QA** the job is red in Concourse, and its newest build has the log. When the cause was outside of the code, press **+** there.

    When it was the code, fix it and merge: the fixed code goes the whole way again.

    ## How do I go back?

    The sure way is to revert the commit and merge: what came before goes the whole way again. The fast way deploys again what an older issue names:

    - **Production**: find the issue of the last good version among [“\[bot\] Pulumi shop-cart Production ready to deploy.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20Production%20ready%20to%20deploy.%22), and reopen it. Then somebody who can approve sets the label `rollback`, says why in a comment after that, and closes the issue again as completed.

    ## Where it runs

    | on | job | pipeline |
    | --- | --- | --- |
    | **QA** | [`deploy-shop-cart-qa`](https://ci.example.com/teams/shop/pipelines/cart/jobs/deploy-shop-cart-qa) | [`cart`](https://ci.example.com/teams/shop/pipelines/cart) on main of the team shop |
    | **Production** | [`deploy-shop-cart-production`](https://ci.example.com/teams/shop/pipelines/cart/jobs/deploy-shop-cart-production) | [`cart`](https://ci.example.com/teams/shop/pipelines/cart) on main of the team shop |
    ");
}

#[test]
fn groups_by_hand_and_by_itself() {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file(
        "projects/db.yml",
        &(manifest("shop-db")
            + "groups: [eu, us]\nenvironments: [CI, QA, Production]\noverrides:\n  QA: {gate: none}\n  us.Production: \
               {gate: manual}\n"),
    );
    assert_snapshot!(work.run(&["explain", "projects/db.yml"]).fine(), @r"
    # How does my code get to us.Production?

    This page is about **shop-db**. Its code is the branch `main` of <https://github.com/example/shop>, as far as a commit changes `infra/shop-db`.

    A service called Concourse deploys it; this page is all that you need to know of Concourse.

    ## How can I tell when my code is there?

    | on | when |
    | --- | --- |
    | **eu.CI** | the newest green build of `deploy-shop-db-eu.ci` has your commit |
    | **eu.QA** | an issue [“\[bot\] Pulumi shop-db eu.QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20eu.QA%20deployed.%22) names your commit |
    | **eu.Production** | an issue [“\[bot\] Pulumi shop-db eu.Production deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20eu.Production%20deployed.%22) names your commit |
    | **us.CI** | the newest green build of `deploy-shop-db-us.ci` has your commit |
    | **us.QA** | the newest green build of `deploy-shop-db-us.qa` has your commit |
    | **us.Production** | an issue [“\[bot\] Pulumi shop-db us.Production deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20us.Production%20deployed.%22) names your commit |

    Look for the first seven characters of your commit (`git rev-parse --short=7 HEAD`), or of a later one of the same branch, which contains yours. While an issue is open every later build is a comment on it.

    ## How do I get it there?

    1. **eu.CI**: merge it to `main`. `deploy-shop-db-eu.ci` deploys it by itself. Concourse looks for it every 1m.
    2. **eu.QA**: nothing to do: `deploy-shop-db-eu.qa` deploys by itself what the environment before it runs.
    3. **eu.Production**: open the issue [“\[bot\] Pulumi shop-db eu.QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20is%3Aopen%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20eu.QA%20deployed.%22), look at what it lists, and close it. Anyone with triage access to [example/deployments](https://github.com/example/deployments) can approve. Concourse looks for it every 15m. Then `deploy-shop-db-eu.production` deploys.
    4. **us.CI**: merge it to `main`. `deploy-shop-db-us.ci` deploys it by itself. Concourse looks for it every 1m.
    5. **us.QA**: nothing to do: `deploy-shop-db-us.qa` deploys by itself what the environment before it runs.
    6. **us.Production**: open `deploy-shop-db-us.production` and press **+**.

    Close an issue with the button **Close as completed**. **Close as not planned** rejects it: nothing is deployed. Reopening an issue takes the approval back, until the deployment starts.

    What is deployed is exactly what the issue named when it was closed, or nothing. What is merged afterwards waits for the next issue.

    ## A deployment failed

    On **eu.Production** the issue that was closed says so, with a link to the log. When the cause was outside of the code, open the job by that link and press **+**: the same versions are deployed again.

    On **eu.CI**, **eu.QA**, **us.CI**, **us.QA**, **us.Production** the job is red in Concourse, and its newest build has the log. When the cause was outside of the code, press **+** there.

    When it was the code, fix it and merge: the fixed code goes the whole way again.

    ## How do I go back?

    The sure way is to revert the commit and merge: what came before goes the whole way again. The fast way deploys again what an older issue names:

    - **eu.Production**: find the issue of the last good version among [“\[bot\] Pulumi shop-db eu.QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20eu.QA%20deployed.%22), and reopen it. Then somebody who can approve sets the label `rollback`, says why in a comment after that, and closes the issue again as completed.

    ## Where it runs

    | on | job | pipeline |
    | --- | --- | --- |
    | **eu.CI** | `deploy-shop-db-eu.ci` | `db` on main of the team shop |
    | **eu.QA** | `deploy-shop-db-eu.qa` | `db` on main of the team shop |
    | **eu.Production** | `deploy-shop-db-eu.production` | `db` on main of the team shop |
    | **us.CI** | `deploy-shop-db-us.ci` | `db` on main of the team shop |
    | **us.QA** | `deploy-shop-db-us.qa` | `db` on main of the team shop |
    | **us.Production** | `deploy-shop-db-us.production` | `db` on main of the team shop |
    ");
}

#[test]
fn several_projects_have_one_page() {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file(
        "projects/shop.yml",
        "projects:\n  shop-db: {stack: {pulumi: {path: infra/db}}}\n  shop-web: {needs: [shop-db], stack: {pulumi: {path: infra/web}}}\n",
    );
    let page = work.run(&["explain", "projects/shop.yml"]).fine();
    let (page, _) = page.split_once("Close an issue").unwrap();
    assert_snapshot!(page, @r"
    # How does my code get to shop-web Production?

    This page is about what is deployed together:

    - **shop-db**: its code is the branch `main` of <https://github.com/example/shop>, as far as a commit changes `infra/db`
    - **shop-web**: its code is the branch `main` of <https://github.com/example/shop>, as far as a commit changes `infra/web`

    A service called Concourse deploys it; this page is all that you need to know of Concourse.

    ## How can I tell when my code is there?

    | on | when |
    | --- | --- |
    | **shop-db QA** | an issue [“\[bot\] Pulumi shop-db QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20QA%20deployed.%22) names your commit |
    | **shop-db Production** | an issue [“\[bot\] Pulumi shop-db Production deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20Production%20deployed.%22) names your commit |
    | **shop-web QA** | an issue [“\[bot\] Pulumi shop-web QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-web%20QA%20deployed.%22) names your commit |
    | **shop-web Production** | an issue [“\[bot\] Pulumi shop-web Production deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-web%20Production%20deployed.%22) names your commit |

    Look for the first seven characters of your commit (`git rev-parse --short=7 HEAD`), or of a later one of the same branch, which contains yours. While an issue is open every later build is a comment on it.

    ## How do I get it there?

    1. **shop-db QA**: merge it to `main`. `deploy-shop-db-qa` deploys it by itself. Concourse looks for it every 1m.
    2. **shop-db Production**: open the issue [“\[bot\] Pulumi shop-db QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20is%3Aopen%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-db%20QA%20deployed.%22), look at what it lists, and close it. Anyone with triage access to [example/deployments](https://github.com/example/deployments) can approve. Concourse looks for it every 15m. Then `deploy-shop-db-production` deploys.
    3. **shop-web QA**: merge it to `main`. `deploy-shop-web-qa` deploys it by itself. Concourse looks for it every 1m. It waits for a deployment by `deploy-shop-db-qa`, and each starts it as well.
    4. **shop-web Production**: open the issue [“\[bot\] Pulumi shop-web QA deployed.”](https://github.com/example/deployments/issues?q=is%3Aissue%20is%3Aopen%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-web%20QA%20deployed.%22), look at what it lists, and close it. Anyone with triage access to [example/deployments](https://github.com/example/deployments) can approve. Concourse looks for it every 15m. Then `deploy-shop-web-production` deploys. It waits until `deploy-shop-db-production` has deployed once.
    ");
}

#[test]
fn whatever_is_newest_is_warned_of() {
    let fleet = SHOP_FLEET.replace(
        "repository: example/deployments,",
        "repository: example/deployments, resource: mitodl, api: https://github.example.com/api/v3, webhook: ((hook)),",
    );
    let work = Work::new().file("pipegen.yml", &fleet).file("projects/cart.yml", &manifest("shop-cart"));
    let ran = work.run(&["explain", "projects/cart.yml"]).ended(0);
    assert_snapshot!(ran.stdout, @r"
    # How does my code get to Production?

    This page is about **shop-cart**. Its code is the branch `main` of <https://github.com/example/shop>, as far as a commit changes `infra/shop-cart`.

    A service called Concourse deploys it; this page is all that you need to know of Concourse.

    ## How can I tell when my code is there?

    | on | when |
    | --- | --- |
    | **QA** | a build to which an issue [“\[bot\] Pulumi shop-cart QA deployed.”](https://github.example.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20QA%20deployed.%22) links has your commit |
    | **Production** | a build to which an issue [“\[bot\] Pulumi shop-cart Production deployed.”](https://github.example.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20Production%20deployed.%22) links has your commit |

    Look for the first seven characters of your commit (`git rev-parse --short=7 HEAD`), or of a later one of the same branch, which contains yours. While an issue is open every later build is a comment on it.

    ## How do I get it there?

    1. **QA**: merge it to `main`. `deploy-shop-cart-qa` deploys it by itself. Concourse looks for it every 1m.
    2. **Production**: open the issue [“\[bot\] Pulumi shop-cart QA deployed.”](https://github.example.com/example/deployments/issues?q=is%3Aissue%20is%3Aopen%20in%3Atitle%20%22%5Bbot%5D%20Pulumi%20shop-cart%20QA%20deployed.%22), look at what it lists, and close it. Anyone who can close an issue of [example/deployments](https://github.example.com/example/deployments) can approve. Then `deploy-shop-cart-production` deploys.

    Closing an issue starts the deployment, whatever the reason of the closing is. Leave the issue open as long as you are not sure.

    **Careful**: on **Production** whatever is newest by then is deployed, even if the issue does not show it yet.

    ## A deployment failed

    On **QA**, **Production** the job is red in Concourse, and its newest build has the log. When the cause was outside of the code, press **+** there.

    When it was the code, fix it and merge: the fixed code goes the whole way again.

    ## How do I go back?

    Revert the commit and merge: what came before goes the whole way again.

    ## Where it runs

    | on | job | pipeline |
    | --- | --- | --- |
    | **QA** | `deploy-shop-cart-qa` | `cart` on main of the team shop |
    | **Production** | `deploy-shop-cart-production` | `cart` on main of the team shop |
    ");
}

#[test]
fn hostile_titles_stay_texts() {
    let hostile = "names: {deployed_title: '](javascript:x) <b> \" | `a` {{ environment }}'}\n";
    let work =
        Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &(manifest("shop-cart") + hostile));
    let page = work.run(&["explain", "projects/cart.yml"]).fine();
    let line = page.lines().find(|line| line.starts_with("| **QA**")).unwrap();
    assert_snapshot!(line, @r#"| **QA** | an issue [“\]\(javascript:x\) \<b\> " \| \`a\` QA”](https://github.com/example/deployments/issues?q=is%3Aissue%20in%3Atitle%20%22%5D%28javascript%3Ax%29%20%3Cb%3E%20%20%20%7C%20%60a%60%20QA%22) names your commit |"#);
}

#[test]
fn input_of_the_first_stage_and_code_that_is_hostile() {
    let more = "source: {branch: 'a`](x)b'}\ninputs:\n  cart-image:\n    image: {repository: shop/cart, region: us-east-1}\n    \
                build: {from: {cart: {git: {repository: https://github.com/example/cart}}}, with: {image: {}}}\n";
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &(manifest("shop-cart") + more));
    let page = work.run(&["explain", "projects/cart.yml"]).fine();
    let line = page.lines().find(|line| line.starts_with("1. **QA**")).unwrap();
    assert_eq!(
        line,
        "1. **QA**: merge it to `` a`](x)b ``. `deploy-shop-cart-qa` deploys it by itself. It also deploys each new \
         version of `cart-image`. Concourse looks for it every 1m."
    );
    let with: Vec<&str> = page.lines().skip_while(|line| *line != "It is deployed with:").take(3).collect();
    assert_eq!(
        with.last(),
        Some(
            &"- `cart-image` (job `build-cart-image`): built from the branch `main` of <https://github.com/example/cart>"
        )
    );
    assert!(page.contains("The issues name commits of the code alone."), "{page}");
}

#[test]
fn addresses_are_those_of_the_web() {
    let fleet = SHOP_FLEET.replace("team: shop}", "team: shop, url: 'javascript:x'}");
    let work = Work::new().file("pipegen.yml", &fleet).file("projects/cart.yml", &manifest("shop-cart"));
    assert_snapshot!(work.run(&["explain", "projects/cart.yml"]).ended(1).stderr, @"
    error[wrong-type]: `javascript:x` is not an address that begins with http:// or https://
     --> pipegen.yml:2:52
      |
    2 | concourses: {main: {target: main, team: shop, url: 'javascript:x'}}
      |                                                    ^^^^^^^^^^^^^^

    error: 1 error in 1 file; nothing was explained
    ");
}

#[test]
fn image_that_is_made_elsewhere() {
    let more = "inputs:\n  cart-image:\n    image: {repository: shop/cart, region: us-east-1}\n  own-image:\n    image: \
                {repository: shop/own, region: us-east-1}\n    build: {with: {image: {}}}\n";
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &(manifest("shop-cart") + more));
    let page = work.run(&["explain", "projects/cart.yml"]).fine();
    let lines =
        |from: &str| page.lines().skip_while(|line| !line.starts_with(from)).take(4).collect::<Vec<_>>().join("\n");
    assert_snapshot!(lines("It is deployed with:"), @"
    It is deployed with:

    - `cart-image`: the image `shop/cart`, which is made elsewhere
    - `own-image` (job `build-own-image`): built from the code
    ");
    assert!(!page.contains("The issues name commits of the code alone."), "{page}");
    assert!(page.contains("look for the version that has your commit"), "{page}");
}

#[test]
fn path_that_is_no_manifest_is_an_error_that_helps() {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &manifest("shop-cart"));
    work.run(&["render", "--quiet"]).fine();
    let explain = |path: &str| work.run(&["explain", path]).ended(2).stderr;
    let gone = |path: &str| work.run(&["explain", path]).ended(3).stderr;
    assert_snapshot!(gone("nosuch.yml"), @"error: cannot read nosuch.yml: no such file; name a manifest, such as projects/cart.yml");
    assert_snapshot!(gone("projects/card.yml"), @"error: cannot read projects/card.yml: no such file; did you mean projects/cart.yml?");
    assert_snapshot!(explain("projects"), @"error: projects is a folder: name one manifest, such as projects/cart.yml");
    assert_snapshot!(explain("rendered/cart.yml"), @"error: rendered/cart.yml is a pipeline: name its manifest");
    assert_snapshot!(explain("pipegen.yml"), @"error: pipegen.yml is a fleet: name one of its manifests");
}
