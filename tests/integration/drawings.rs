//! `graph`: what is drawn, and that no name of the input leaves its place in it.

use insta::assert_snapshot;

use crate::support::{SHOP_FLEET, Work, manifest};

/// Two chains, an input that is built, and gates of all sorts.
const SEARCH: &str = "\
project: shop-search
groups: [eu, us]
environments: [CI, QA, Production]
stack:
  pulumi: {path: infra/search}
inputs:
  search-image:
    image: {repository: shop/search, region: us-east-1}
    env: {SEARCH_IMAGE_DIGEST: digest}
    build: {from: {search: {git: {repository: https://github.com/example/search}}}, with: {image: {}}}
overrides:
  QA: {approval: {closers: {teams: [example/sre]}, soak: 90m}}
  eu.Production: {gate: preview}
  us.Production: {gate: manual}
";

fn shop() -> Work {
    Work::new()
        .file("pipegen.yml", SHOP_FLEET)
        .file("projects/cart.yml", &manifest("shop-cart"))
        .file("projects/search.yml", SEARCH)
}

#[test]
fn chain_as_text() {
    let work = shop();
    assert_snapshot!(work.run(&["graph", "projects/cart.yml"]).fine(), @"
    ● shop-cart
    │ git · https://github.com/example/shop · main · infra/shop-cart
    │ starts
    ■ deploy-shop-cart-qa
    │ opens
    ◆ “[bot] Pulumi shop-cart QA deployed.”
    │ example/deployments
    │ closing it starts
    ■ deploy-shop-cart-production
    │ opens
    ◇ “[bot] Pulumi shop-cart Production deployed.”
      example/deployments

    ● source   ■ job   ◆ issue, which somebody closes   ◇ issue, for the record
    ");
    assert_snapshot!(work.run(&["graph", "projects/search.yml"]).fine(), @"
    ● search
    │ git · https://github.com/example/search · main
    │ starts
    ■ build-search-image
    │
    ├─■ deploy-shop-search-eu.ci
    │ │ also started by shop-search
    │ │ opens
    │ ◆ “[bot] Pulumi shop-search eu.CI deployed.”
    │ │ example/deployments · by team example/sre · in place for 90m
    │ │ closing it starts
    │ ■ deploy-shop-search-eu.qa
    │ │
    │ ├─◇ “[bot] Pulumi shop-search eu.QA deployed.”
    │ │   example/deployments
    │ │
    │ └─■ preview-shop-search-eu.production
    │   │ opens
    │   ◆ “[bot] Pulumi shop-search eu.Production ready to deploy.”
    │   │ example/deployments
    │   │ closing it starts
    │   ■ deploy-shop-search-eu.production
    │   │ opens
    │   ◇ “[bot] Pulumi shop-search eu.Production deployed.”
    │     example/deployments
    │     also opened by preview-shop-search-eu.production
    │
    └─■ deploy-shop-search-us.ci
      │ also started by shop-search
      │ opens
      ◆ “[bot] Pulumi shop-search us.CI deployed.”
      │ example/deployments · by team example/sre · in place for 90m
      │ closing it starts
      ■ deploy-shop-search-us.qa
      │ versions go to
      ■ deploy-shop-search-us.production
      │ started by hand
      │ opens
      ◇ “[bot] Pulumi shop-search us.Production deployed.”
        example/deployments

    ● shop-search
      git · https://github.com/example/shop · main · infra/search
      starts deploy-shop-search-eu.ci, deploy-shop-search-us.ci

    ● source   ■ job   ◆ issue, which somebody closes   ◇ issue, for the record
    ");
}

#[test]
fn chain_as_mermaid_and_dot() {
    let work = shop();
    assert_snapshot!(work.run(&["graph", "projects/cart.yml", "--format", "mermaid"]).fine(), @r#"
    flowchart LR
      n0(["shop-cart"]):::source
      n1["deploy-shop-cart-qa"]:::job
      n2{{"[bot] Pulumi shop-cart QA deployed."}}:::gate
      n3["deploy-shop-cart-production"]:::job
      n4[/"[bot] Pulumi shop-cart Production deployed."/]:::record
      n0 --> n1
      n1 --> n2
      n2 ==>|close| n3
      n3 --> n4
      classDef source fill:#ddf4ff,stroke:#0969da,color:#0a3069
      classDef job fill:#f6f8fa,stroke:#57606a,color:#24292f
      classDef gate fill:#fff8c5,stroke:#9a6700,color:#4d2d00
      classDef record fill:#ffffff,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3
    "#);
    assert_snapshot!(work.run(&["graph", "projects/cart.yml", "--format", "dot"]).fine(), @r##"
    digraph pipeline {
      rankdir=LR
      node [fontname="sans-serif" fontsize=11 shape=box style=filled]
      edge [fontname="sans-serif" fontsize=9]
      n0 [label="shop-cart" shape=ellipse fillcolor="#ddf4ff" color="#0969da"]
      n1 [label="deploy-shop-cart-qa" fillcolor="#f6f8fa" color="#57606a"]
      n2 [label="[bot] Pulumi shop-cart QA deployed." shape=hexagon fillcolor="#fff8c5" color="#9a6700"]
      n3 [label="deploy-shop-cart-production" fillcolor="#f6f8fa" color="#57606a"]
      n4 [label="[bot] Pulumi shop-cart Production deployed." style=dashed color="#8c959f"]
      n0 -> n1
      n1 -> n2
      n2 -> n3 [penwidth=2 label="close"]
      n3 -> n4
    }
    "##);
}

#[test]
fn chain_as_svg() {
    let work = shop();
    let svg = work.run(&["graph", "projects/cart.yml", "--format", "svg"]).fine();
    let (_, drawing) = svg.split_once("</defs>").unwrap();
    assert_snapshot!(drawing, @r#"

    <rect class="page" width="100%" height="100%"/>
    <g transform="translate(24 24)">
    <path class="edge" d="M112.6 60.0L112.6 92.0" marker-end="url(#arrow)"><title>shop-cart starts deploy-shop-cart-qa</title></path>
    <path class="edge" d="M112.6 126.0L112.6 158.0" marker-end="url(#arrow)"><title>deploy-shop-cart-qa opens [bot] Pulumi shop-cart QA deployed.</title></path>
    <path class="edge approves" d="M112.6 221.0L112.6 253.0" marker-end="url(#approves-arrow)"><title>[bot] Pulumi shop-cart QA deployed. closing it starts deploy-shop-cart-production</title></path>
    <path class="edge" d="M112.6 287.0L112.6 319.0" marker-end="url(#arrow)"><title>deploy-shop-cart-production opens [bot] Pulumi shop-cart Production deployed.</title></path>
    <g><title>shop-cart
    git
    https://github.com/example/shop
    main
    infra/shop-cart</title><rect class="source" x="0.0" y="0.0" width="225.3" height="60.0" rx="18"/>
    <text x="112.6" y="20.0" text-anchor="middle">shop-cart</text>
    <text class="note" x="112.6" y="34.0" text-anchor="middle">git · https://github.com/example/</text>
    <text class="note" x="112.6" y="47.0" text-anchor="middle">shop · main · infra/shop-cart</text>
    </g>
    <g><title>deploy-shop-cart-qa</title><rect class="job" x="30.3" y="92.0" width="164.6" height="34.0" rx="3"/>
    <text x="112.6" y="112.0" text-anchor="middle">deploy-shop-cart-qa</text>
    </g>
    <g><title>[bot] Pulumi shop-cart QA deployed.
    example/deployments</title><rect class="gate" x="8.1" y="158.0" width="209.0" height="63.0" rx="8"/>
    <text x="112.6" y="178.0" text-anchor="middle">[bot] Pulumi shop-cart QA</text>
    <text x="112.6" y="194.0" text-anchor="middle">deployed.</text>
    <text class="note" x="112.6" y="208.0" text-anchor="middle">example/deployments</text>
    </g>
    <g><title>deploy-shop-cart-production</title><rect class="job" x="0.7" y="253.0" width="223.8" height="34.0" rx="3"/>
    <text x="112.6" y="273.0" text-anchor="middle">deploy-shop-cart-production</text>
    </g>
    <g><title>[bot] Pulumi shop-cart Production deployed.
    example/deployments</title><rect class="record" x="19.2" y="319.0" width="186.8" height="63.0" rx="8"/>
    <text x="112.6" y="339.0" text-anchor="middle">[bot] Pulumi shop-cart</text>
    <text x="112.6" y="355.0" text-anchor="middle">Production deployed.</text>
    <text class="note" x="112.6" y="369.0" text-anchor="middle">example/deployments</text>
    </g>
    <rect class="source" x="0.0" y="405.0" width="16" height="11" rx="5.5"/><text class="note" x="22.0" y="414.0">source</text>
    <rect class="job" x="82.6" y="405.0" width="16" height="11" rx="3"/><text class="note" x="104.6" y="414.0">job</text>
    <rect class="gate" x="146.9" y="405.0" width="16" height="11" rx="8"/><text class="note" x="168.9" y="414.0">issue, which somebody closes</text>
    <rect class="record" x="363.7" y="405.0" width="16" height="11" rx="8"/><text class="note" x="385.7" y="414.0">issue, for the record</text>
    </g>
    </svg>
    "#);
}

#[test]
fn several_concourses_have_a_frame_each() {
    let fleet = SHOP_FLEET.replace("team: shop}}", "team: shop}, edge: {target: edge, team: shop}}");
    let work = Work::new().file("pipegen.yml", &fleet).file(
        "projects/cdn.yml",
        &(manifest("shop-cdn") + "overrides: {Production: {concourse: edge, gate: preview}}\n"),
    );
    assert_snapshot!(work.run(&["graph", "projects/cdn.yml"]).fine(), @"
    ● shop-cdn
    │ git · https://github.com/example/shop · main · infra/shop-cdn
    │ starts
    ■ deploy-shop-cdn-qa
    │ in cdn on main
    │ opens
    ◆ “[bot] Pulumi shop-cdn QA deployed.”
    │ example/deployments
    │ closing it starts
    ■ preview-shop-cdn-production
    │ in cdn-edge on edge
    │ opens
    ◆ “[bot] Pulumi shop-cdn Production ready to deploy.”
    │ example/deployments
    │ closing it starts
    ■ deploy-shop-cdn-production
    │ in cdn-edge on edge
    │ opens
    ◇ “[bot] Pulumi shop-cdn Production deployed.”
      example/deployments
      also opened by preview-shop-cdn-production

    ● source   ■ job   ◆ issue, which somebody closes   ◇ issue, for the record
    ");
    let mermaid = work.run(&["graph", "projects/cdn.yml", "--format", "mermaid"]).fine();
    let frames: Vec<&str> = mermaid.lines().filter(|line| line.contains("subgraph")).collect();
    assert_eq!(frames, ["  subgraph p0[\"cdn on main\"]", "  subgraph p1[\"cdn-edge on edge\"]"]);
}

#[test]
fn any_pipeline_is_drawn() {
    let pipeline = "\
resources:
- {name: code, type: git, source: {uri: 'https://bot:hunter2@example.com/code', branch: main}}
- {name: version, type: semver, source: {bucket: versions}}
- {name: image, type: registry-image, source: {repository: example/app}}
jobs:
- name: unit
  plan: [{get: code, trigger: true}]
- name: build
  plan:
  - in_parallel: [{get: code, passed: [unit], trigger: true}, {get: version}]
  - {put: image}
  - {put: version, params: {bump: patch}}
- name: smoke
  plan: [{get: image, trigger: true}, {get: code, passed: [build]}]
- name: ship
  plan: [{get: image, passed: [smoke]}]
";
    let work = Work::new().file("ci.yml", pipeline);
    assert_snapshot!(work.run(&["graph", "ci.yml"]).fine(), @"
    ● code
    │ git · https://example.com/code · main
    │ starts
    ■ unit
    │ starts
    ■ build
    │ takes version
    │ makes
    ● image
    │ registry-image · example/app
    │ starts
    ■ smoke
    │ takes what build had
    │ versions go to
    ■ ship
      started by hand

    ● version
      semver · versions
      versions go to build
      made by build

    ● source   ■ job
    ");
}

#[test]
fn what_starts_nothing_is_explained_where_there_is_some() {
    let work = shop();
    let drawn = |manifest: &str| work.run(&["graph", manifest, "--format", "svg"]).fine();
    assert!(drawn("projects/search.yml").contains(">is taken, and starts nothing</text>"));
    assert!(!drawn("projects/cart.yml").contains("starts nothing"));
}

#[test]
fn hostile_titles_stay_texts() {
    let hostile = "names: {deployed_title: '\"]; end </text><script>`#quot;\\\\ {{ environment }}'}\n";
    let work =
        Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &(manifest("shop-cart") + hostile));
    let draw = |format| work.run(&["graph", "projects/cart.yml", "--format", format]).fine();
    let line = |drawing: &str, start: &str| {
        drawing.lines().find(|line| line.trim_start().starts_with(start)).unwrap().trim().to_owned()
    };
    assert_snapshot!(line(&draw("mermaid"), "n2{{"), @r##"n2{{"#34;]#59; end #60;/text#62;#60;script#62;#96;#35;quot#59;#92;#92; QA"}}:::gate"##);
    assert_snapshot!(line(&draw("dot"), "n2 ["), @r##"n2 [label="\"]; end </text><script>`#quot;\\\\ QA" shape=hexagon fillcolor="#fff8c5" color="#9a6700"]"##);
    assert!(!draw("svg").contains("<script"));
}

#[test]
fn what_cannot_be_drawn_is_reported() {
    let work = shop().file("projects/bad.yml", "project: shop-bad\n");
    let ran = work.run(&["graph", "pipegen.yml"]).ended(2);
    assert_eq!(ran.stderr, "error: pipegen.yml is a fleet: name one of its manifests\n");
    let ran = work.run(&["graph", "projects/none.yml"]).ended(3);
    assert_eq!(
        ran.stderr,
        "error: cannot read projects/none.yml: no such file; name a manifest, such as projects/cart.yml\n"
    );
    let ran = work.run(&["graph", "projects/bad.yml"]).ended(1);
    assert!(ran.stderr.ends_with("nothing was drawn\n"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}
