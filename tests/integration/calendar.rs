//! Windows of a manifest and freezes of a fleet: rendered where they hold, shown, and refused where they say nothing.

use insta::assert_snapshot;

use crate::support::Work;
use crate::words::{report, section};

const FREEZES: &str = "\
rules: {unmatched-policy: allow, loose-approval: allow}
freezes:
- {from: 2026-12-24, to: 2027-01-02, zone: America/New_York, why: end of the year, environments: [production]}
- {from: 2026-11-26T18:00, to: 2026-11-27T06:00, zone: UTC, why: holiday, projects: [shop-*]}
";

fn work(freezes: &str, manifest: &str) -> Work {
    let fleet = crate::words::FLEET.replace("environments: [CI, QA]", "environments: [CI, Production]");
    Work::new().file("pipegen.yml", &(fleet + freezes)).file("projects/shop.yml", manifest)
}

const SHOP: &str = "\
project: shop
stack: {pulumi: {path: infra}}
approval:
  windows:
  - {days: [mon, tue, wed, thu], from: \"09:00\", to: \"16:00\", zone: America/New_York}
  - {days: [fri], from: \"09:00\", to: \"12:00\", zone: America/New_York}
";

#[test]
fn windows_and_freezes_are_those_of_the_gate() {
    let work = work(FREEZES, SHOP);
    work.run(&["render", "--quiet"]).fine();
    let yaml = work.read("rendered/shop.yml");
    let resources = section(&yaml, "resources");
    let trigger =
        resources.lines().skip_while(|line| !line.ends_with("-trigger") && !line.contains("name: shop-shop-approved"));
    let policy: Vec<&str> = trigger
        .skip_while(|line| line.trim() != "windows:")
        .take_while(|line| !line.trim().starts_with("git:"))
        .collect();
    assert_snapshot!(policy.join("\n"), @r#"
    windows:
    - days:
      - mon
      - tue
      - wed
      - thu
      from: "09:00"
      to: "16:00"
      zone: America/New_York
    - days:
      - fri
      from: "09:00"
      to: "12:00"
      zone: America/New_York
    freezes:
    - from: "2026-12-24"
      to: "2027-01-02"
      zone: America/New_York
      why: end of the year
    "#);
}

#[test]
fn explain_says_when_deployments_start() {
    let text = work(FREEZES, SHOP).run(&["explain", "projects/shop.yml"]).ended(0).stdout;
    let line = text.lines().find(|line| line.contains("Deployments start only")).unwrap_or_default();
    let at = line.find("Deployments start only").unwrap();
    assert_snapshot!(&line[at..], @r"Deployments start only Mon, Tue, Wed, Thu 09:00 to 16:00 in America/New\_York, or Fri 09:00 to 12:00 in America/New\_York. None starts from 2026-12-24 00:00 to 2027-01-02 00:00 in America/New\_York (end of the year). Concourse looks for it every 15m. Then `deploy-shop-production` deploys.");
}

#[test]
fn times_that_say_nothing_are_refused() {
    for (windows, message) in [
        ("[{from: \"9:00\", to: \"16:00\", zone: UTC}]", "`9:00` is not a time of the day, such as \"09:00\""),
        ("[{from: \"09:00\", to: \"25:00\", zone: UTC}]", "`25:00` is not a time of the day, such as \"09:00\""),
        (
            "[{from: \"09:00\", to: \"16:00\", zone: New York}]",
            "`New York` is not a time zone, such as America/New_York",
        ),
        ("[{from: \"09:00\", to: \"16:00\", zone: America/Boston}]", "there is no time zone `America/Boston`"),
        ("[{from: \"09:00\", to: \"16:00\"}]", "`zone` is missing"),
        ("[{from: \"09:00\", to: \"16:00\", zone: UTC, days: [monday]}]", "monday"),
    ] {
        let told =
            report(&format!("project: shop\nstack: {{pulumi: {{path: infra}}}}\napproval: {{windows: {windows}}}\n"));
        assert!(told.contains(message) && told.matches("error[").count() == 1, "{windows}: {told}");
    }
    let told =
        work("freezes: [{from: 2026-12-24, to: 2026-12-24, zone: UTC, why: x}]\n", SHOP).run(&["render"]).ended(1);
    assert_snapshot!(told.stderr, @"
    error[wrong-type]: the freeze ends before it begins
     --> pipegen.yml:7:34
      |
    7 | freezes: [{from: 2026-12-24, to: 2026-12-24, zone: UTC, why: x}]
      |                                  ^^^^^^^^^^
      |
      = help: write in `to` the first moment after the freeze

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn fewer_freezes_and_more_windows_are_weaker() {
    let work = work(FREEZES, SHOP);
    work.run(&["render", "--quiet"]).fine();
    work.write("before.yml", &work.read("rendered/shop.yml"));
    for (freezes, manifest, weaker) in [
        ("", SHOP.to_owned(), true),
        (FREEZES, SHOP.replace("16:00", "17:00"), true),
        (FREEZES, SHOP.split("approval").next().unwrap_or_default().to_owned(), true),
        (FREEZES, SHOP.lines().filter(|line| !line.contains("fri")).map(|line| format!("{line}\n")).collect(), false),
    ] {
        let fleet = crate::words::FLEET.replace("environments: [CI, QA]", "environments: [CI, Production]");
        work.write("pipegen.yml", &(fleet + freezes));
        work.write("projects/shop.yml", &manifest);
        work.run(&["render", "--quiet"]).fine();
        let diff = work.run(&["diff", "before.yml", "rendered/shop.yml", "--fail-on", "weaker"]);
        assert_eq!(diff.stdout.contains("WEAKER"), weaker, "{manifest}: {}", diff.stdout);
    }
}

#[test]
fn freeze_holds_what_is_deployed_under_another_name() {
    let live = |more: &str| {
        format!(
            "project: shop\nstack: {{pulumi: {{path: infra}}}}\nenvironments: [CI, Live]\noverrides: {{Live: {{{more}}}}}\n"
        )
    };
    // By the name of its stack.
    for stack in ["Production", "prod", "applications.shop.Production"] {
        let work = work(FREEZES, &live(&format!("names: {{stack: {stack}}}")));
        work.run(&["render", "--quiet"]).ended(0);
        assert!(work.read("rendered/shop.yml").contains("why: end of the year"), "{stack}");
    }
    // By what the kind says that it deploys: that is known too late to wait in it.
    let helm = "project: shop\nenvironments: [CI, Live]\n\
                stack: {helm: {chart: ./chart, release: shop, namespace: ci, kubeconfig: ((kube.config))}}\n\
                overrides: {Live: {stack: {helm: {namespace: production}}}}\n";
    assert_snapshot!(work(FREEZES, helm).run(&["render"]).ended(1).stderr, @"
    error[below-policy]: `shop` Live deploys what the freeze is for under another name, so its approvals would not wait
     --> projects/shop.yml:1:10
      |
    1 | project: shop
      |          ^^^^
      |
     ::: pipegen.yml:9:3
      |
    9 | - {from: 2026-12-24, to: 2027-01-02, zone: America/New_York, why: end of the year, environments: [production]}
      |   ------------------------------------------------------------------------------------------------------------ the freeze
      |
      = help: name the environment or the stack after what is deployed, or write their names into the freeze

    error: 1 error in 1 file; nothing was written
    ");
    // A resource type that knows no freezes.
    let mitodl = "project: shop\nstack: {pulumi: {path: infra}}\nissues: {resource: mitodl}\n";
    assert_snapshot!(work(FREEZES, mitodl).run(&["render"]).ended(1).stderr, @"
    error[below-policy]: `shop` Production has issues of a resource type that knows no freezes, so its approvals would not wait
     --> projects/shop.yml:3:20
      |
    3 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
     ::: pipegen.yml:9:3
      |
    9 | - {from: 2026-12-24, to: 2027-01-02, zone: America/New_York, why: end of the year, environments: [production]}
      |   ------------------------------------------------------------------------------------------------------------ the freeze
      |
      = help: write `resource: github-issues`, or name in the freeze the stages that it is for

    error: 1 error in 1 file; nothing was written
    ");
    // What nobody approves, no freeze holds.
    let none = format!("{mitodl}overrides: {{Production: {{gate: none}}}}\n");
    assert!(!work(FREEZES, &none).run(&["render"]).stderr.contains("below-policy"));
}

#[test]
fn policy_and_freeze_for_no_stage_are_reported() {
    let entries = "\
freezes:
- {from: 2026-12-24, to: 2027-01-02, zone: UTC, why: x, environments: [Prodution]}
- {from: 2026-12-24, to: 2027-01-02, zone: UTC, why: x, projects: [cart-*]}
- {from: 2026-12-24, to: 2027-01-02, zone: UTC, why: x}
policy:
- {environments: [Prod], gate: issue}
- {targets: [nothing], gate: issue}
";
    let work = work(entries, SHOP);
    assert_snapshot!(work.run(&["render"]).ended(0).stderr, @"
    warning[unmatched-policy]: no stage of the fleet matches `environments`
     --> pipegen.yml:8:3
      |
    8 | - {from: 2026-12-24, to: 2027-01-02, zone: UTC, why: x, environments: [Prodution]}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this freeze has no effect
      |
      = help: correct the names; if the stages come later, allow the rule with that reason
    warning[unmatched-policy]: no stage of the fleet matches `projects`
     --> pipegen.yml:9:3
      |
    9 | - {from: 2026-12-24, to: 2027-01-02, zone: UTC, why: x, projects: [cart-*]}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this freeze has no effect
      |
      = help: correct the names; if the stages come later, allow the rule with that reason
    warning[unmatched-policy]: no stage of the fleet matches `targets`
      --> pipegen.yml:13:3
       |
    13 | - {targets: [nothing], gate: issue}
       |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this policy has no effect
       |
       = help: correct the names; if the stages come later, allow the rule with that reason

    warning: 3 warnings in 1 file
    ");
    // One manifest alone cannot tell.
    assert_snapshot!(work.run(&["render", "projects/shop.yml"]).ended(0).stderr, @"");
}
