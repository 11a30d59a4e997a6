//! What the fleet's `policy` asks for, and the ways that a manifest could try to have less.

use insta::assert_snapshot;

use crate::support::{Ran, Work};

const POLICY: &str = "\
- environments: [Production]
  closers: {teams: [example/sre], users: [octocat]}
  soak: 24h
  expires: 14d
  reject_labels: [wontfix]
  issues: {repository: example/deployments, bot: 7, signing_key: ((github.signing_key)), resource: github-issues}
";

/// What the fleet's own defaults say, so that a manifest that says nothing is not below the policy.
const DEFAULTS: &str =
    "{Production: {approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 14d, reject_labels: [wontfix]}}}";

fn fleet(policy: &str, overrides: &str) -> String {
    format!(
        "version: 1\nconcourses: {{main: {{target: main}}}}\ndefaults:\n  environments: [CI, QA, Production]\n  \
         source: {{repository: https://github.com/example/shop}}\n  issues: {{repository: example/deployments, bot: 7, \
         signing_key: ((github.signing_key)), auth: {{token: ((github.token))}}}}\n  \
         overrides: {overrides}\npolicy:\n{policy}"
    )
}

#[track_caller]
fn ran(policy: &str, manifest: &str) -> Ran {
    under(DEFAULTS, policy, manifest)
}

#[track_caller]
fn under(overrides: &str, policy: &str, manifest: &str) -> Ran {
    let work = Work::new().file("pipegen.yml", &fleet(policy, overrides)).file("projects/shop.yml", manifest);
    work.run(&["render"])
}

/// The first line of each report.
fn found(policy: &str, manifest: &str) -> Vec<String> {
    titles(&ran(policy, manifest))
}

fn titles(ran: &Ran) -> Vec<String> {
    let titles = &ran.stderr;
    let titles = titles.lines().filter(|line| line.starts_with("error[") || line.starts_with("warning["));
    titles.map(str::to_owned).collect()
}

const SHOP: &str = "project: shop\nstack: {pulumi: {path: infra}}\n";

#[test]
fn stage_that_has_what_the_policy_asks_for_is_rendered() {
    ran(POLICY, SHOP).fine();
    // More is fine as well.
    ran(
        POLICY,
        &format!("{SHOP}overrides: {{Production: {{gate: preview, approval: {{closers: {{users: [octocat], teams: []}}, soak: 2d, expires: 7d, reject_labels: [late, WontFix]}}}}}}\n"),
    )
    .fine();
}

#[test]
fn report_shows_both_lines() {
    assert_snapshot!(ran(POLICY, &format!("{SHOP}overrides: {{Production: {{gate: none}}}}\n")).ended(1).stderr, @"
    error[below-policy]: `shop` Production deploys without an approval, and the policy of the fleet does not allow that
     --> projects/shop.yml:3:32
      |
    3 | overrides: {Production: {gate: none}}
      |                                ^^^^
      |
     ::: pipegen.yml:9:3
      |
    9 | - environments: [Production]
      |   -------------------------- the policy
      |
      = help: write `gate: issue` or `gate: preview`

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn manifest_that_takes_something_away_is_refused() {
    for (settings, message) in [
        ("gate: none", "deploys without an approval"),
        ("gate: manual", "deploys without an approval"),
        ("approval: {closers: {users: [me], teams: []}}", "can be approved by `me`"),
        ("approval: {closers: {users: [me]}}", "can be approved by `me`"),
        ("approval: {closers: {roles: [admin]}}", "can be approved by the role `admin`"),
        ("approval: {closers: {apps: [bot]}}", "can be approved by the App `bot`"),
        ("approval: {soak: 23h}", "has less than `soak: 24h`"),
        ("approval: {expires: 15d}", "keeps approvals for longer than 14d"),
        ("approval: {reject_labels: []}", "can be approved with the label `wontfix`"),
        ("approval: {allow_commit_close: true}", "can be approved by a commit that names the issue"),
        ("approval: {approve: latest}", "deploys the newest versions, and not those that were approved"),
        ("issues: {repository: me/mine}", "has its issues in another repository"),
        ("issues: {api: https://ghe.example.com/api/v3}", "has its issues in another repository"),
        ("issues: {bot: 8}", "has issues of another account"),
        ("issues: {signing_key: ((mine.key))}", "has issues that another key signs, or none"),
    ] {
        let found = found(POLICY, &format!("{SHOP}overrides: {{Production: {{{settings}}}}}\n"));
        let wanted = format!(
            "error[below-policy]: `shop` Production {message}, and the policy of the fleet does not allow that"
        );
        assert!(found.contains(&wanted), "{settings}: {found:#?}");
    }
}

#[test]
fn image_that_checks_versions_is_the_fleets_to_choose() {
    let with = |image: &str| format!("{SHOP}overrides: {{QA: {{approval: {{checkout_image: {image}}}}}}}\n");
    let wanted = "error[below-policy]: `shop` QA checks approved versions in `evil.example/mallory/git`, an image of another \
                  publisher than `alpine/git`";
    let found = ran(POLICY, &with("{repository: evil.example/mallory/git, tag: latest}")).ended(1).stderr;
    assert!(found.contains(wanted) && found.contains("projects/shop.yml:3:58"), "{found}");
    for field in ["registry_mirror: {host: evil.example}", "insecure: true", "ca_certs: [x]"] {
        let found = ran(POLICY, &with(&format!("{{{field}}}"))).ended(1).stderr;
        assert!(found.contains("of the image in which approved versions are checked"), "{field}: {found}");
    }
    ran(POLICY, &with("{repository: alpine/git, tag: v2.50.0}")).fine();
    let free = fleet("", DEFAULTS).replace("policy:\n", "");
    let manifest = with("{repository: mallory/git, tag: v1}");
    Work::new().file("pipegen.yml", &free).file("projects/shop.yml", &manifest).run(&["render"]).fine();
    // The fleet may choose another one, for all stages or for some.
    let of_fleet =
        DEFAULTS.replacen("{approval: {", "{approval: {checkout_image: {repository: example/git, tag: v1}, ", 1);
    under(&of_fleet, POLICY, SHOP).fine();
}

#[test]
fn stage_of_another_name_that_deploys_the_same_is_meant() {
    let wanted = "deploys without an approval, and the policy of the fleet does not allow that";
    for manifest in [
        // Another environment, and the stack of the one that is meant.
        "project: shop\nenvironments: [CI, Live]\nstack: {pulumi: {path: infra}}\noverrides: {Live: {gate: none, names: {stack: Production}}}\n",
        // Another case.
        "project: shop\nenvironments: [CI, PRODUCTION]\nstack: {pulumi: {path: infra}}\noverrides: {PRODUCTION: {gate: none}}\n",
        // What the kind deploys.
        "project: shop\nenvironments: [CI, Live]\nstack: {helm: {chart: ./chart, release: shop, namespace: ci, kubeconfig: ((kube.config))}}\n\
         overrides: {Live: {gate: none, stack: {helm: {namespace: production}}}}\n",
        // The only environment.
        "project: shop\nenvironments: [live]\ngate: none\nstack: {pulumi: {path: infra}}\nnames: {stack: production}\n",
        // One of several groups.
        "project: shop\ngroups: [eu, us]\nstack: {pulumi: {path: infra}}\noverrides: {us.Production: {gate: none}}\n",
    ] {
        let found = titles(&under("{}", POLICY, manifest));
        assert!(found.iter().any(|title| title.ends_with(wanted)), "{manifest}: {found:#?}");
    }
    // Nor does a word that all stages have, unless it is the whole name.
    let ways = |ci: &str, live: &str| {
        format!(
            "project: shop\nenvironments: [CI, Live]\nstack: {{pulumi: {{path: infra}}}}\noverrides:\n  \
             CI: {{names: {{stack: {ci}}}}}\n  Live: {{gate: none, names: {{stack: {live}}}}}\n"
        )
    };
    for (ci, live) in [
        ("production-ci", "Production"),
        ("production-ci", "production-live"),
        ("ci", "shopProduction"),
        ("ci", "Production2"),
        ("ci", "applications.shop.prod"),
    ] {
        let found = titles(&under("{}", "- {environments: [production], gate: issue}\n", &ways(ci, live)));
        assert_eq!(found, [format!("error[below-policy]: `shop` Live {wanted}")], "{ci} {live}");
    }
    // Another environment stands there as well, or the path of all stages has the word.
    let policy = "- {environments: [production], gate: issue}\n";
    let live = "overrides: {Live: {names: {stack: live}}}";
    for manifest in [
        "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: production/infra}}\n".to_owned(),
        "project: production-tools\nenvironments: [CI, QA]\nstack: {pulumi: {path: infra}}\n".to_owned(),
        "project: shop\nenvironments: [pre-production]\nstack: {pulumi: {path: infra}}\n".to_owned(),
        format!(
            "project: shop\nenvironments: [CI, Live, Production]\nstack: {{pulumi: {{path: production/infra}}}}\n{live}\n"
        ),
    ] {
        let ran = under("{}", policy, &manifest);
        assert!(!ran.stderr.contains("below-policy"), "{manifest}: {}", ran.stderr);
    }
}

#[test]
fn targets_are_compared_in_their_plain_spelling() {
    let policy = "- {targets: ['* Production of github.com/example/shop/infra/cart'], gate: issue}\n";
    for path in ["infra/cart", "./infra/cart", "infra//cart", "infra/cart/", "infra/./cart"] {
        let manifest =
            format!("project: shop\nstack: {{pulumi: {{path: {path}}}}}\noverrides: {{Production: {{gate: none}}}}\n");
        let found = titles(&under("{}", policy, &manifest));
        assert!(found.iter().any(|title| title.contains("below-policy")), "{path}: {found:#?}");
    }
    let policy = "- {targets: ['*((kube.prod))'], gate: issue}\n";
    let manifest = "project: shop\nenvironments: [CI, Live]\n\
                    stack: {helm: {chart: ./chart, release: shop, namespace: '{{ stack | lower }}', kubeconfig: '((kube.\"prod\"))'}}\n\
                    overrides: {Live: {gate: none}}\n";
    let found = titles(&under("{}", policy, manifest));
    assert!(found.iter().any(|title| title.contains("below-policy")), "{found:#?}");
}

#[test]
fn policy_is_for_the_projects_and_targets_that_it_names() {
    let none = format!("{SHOP}overrides: {{Production: {{gate: none}}}}\n");
    for (policy, count) in [
        ("- {environments: [Production], projects: [other-*], gate: issue}\n", 0),
        ("- {environments: [Production], projects: [sh?p], gate: issue}\n", 1),
        ("- {targets: ['* Production *'], gate: issue}\n", 1),
        ("- {targets: ['* Staging *'], gate: issue}\n", 0),
        ("- {projects: [shop], gate: issue}\n", 2),
        ("- {gate: preview}\n", 3),
    ] {
        let found = found(policy, &none);
        assert_eq!(found.iter().filter(|title| title.contains("below-policy")).count(), count, "{policy}: {found:#?}");
    }
    let nothing = found("- {environments: [Production]}\n", SHOP);
    assert_eq!(nothing, ["error[no-effect]: the policy asks for nothing"]);
    assert_snapshot!(ran("- {gate: issue, projects: ['sh[op']}\n", SHOP).ended(1).stderr, @"
    error[wrong-type]: `sh[op` is not a pattern: invalid range pattern
     --> pipegen.yml:9:28
      |
    9 | - {gate: issue, projects: ['sh[op']}
      |                            ^^^^^^^
      |
      = help: write a name, or a glob such as `shop-*`

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn policy_cannot_be_allowed_away() {
    let none =
        format!("{SHOP}overrides: {{Production: {{gate: none}}}} # ol-pipegen: allow below-policy because I may\n");
    assert!(found(POLICY, &none).iter().any(|title| title.contains("below-policy")));
    let none = format!("{SHOP}rules: {{below-policy: allow}}\noverrides: {{Production: {{gate: none}}}}\n");
    assert!(ran(POLICY, &none).code == 1);
}

#[test]
fn credentials_of_the_fleet_are_those_of_its_variable_sources() {
    let source = |prefix: &str| {
        format!("{{name: v, type: vault, config: {{url: https://vault.example.com, path_prefix: {prefix}}}}}")
    };
    let fleet = |policy: &str| {
        fleet(policy, "{}")
            .replace("  overrides:", &format!("  extra: {{var_sources: [{}]}}\n  overrides:", source("/a")))
    };
    let ran = |policy: &str, name: &str| {
        let own = source("/b").replace("name: v", &format!("name: {name}"));
        let work = Work::new().file("pipegen.yml", &fleet(policy));
        work.file("projects/shop.yml", &format!("{SHOP}extra: {{var_sources: [{own}]}}\n")).run(&["render"])
    };
    let policy = "- {gate: issue}\n";
    let (same, other) = (ran(policy, "v"), ran(policy, "w"));
    assert!(same.stderr.contains("error[below-policy]: `v` is a variable source of the fleet"), "{}", same.stderr);
    assert!(!other.stderr.contains("is a variable source of the fleet"), "{}", other.stderr);
}
