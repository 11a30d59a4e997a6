//! The other verbs: `init`, `show`, `schema`, `kind`, `completions`, and the help of all.

use insta::assert_snapshot;

use crate::support::{NO_CACHE, Work};

#[test]
#[expect(clippy::too_many_lines, reason = "the help texts are what is tested")]
fn help_of_every_verb() {
    let work = Work::new();
    let help = |arguments: &[&str]| work.run(arguments).fine();
    assert_snapshot!(help(&["--help"]), @"
    Generates Concourse pipelines whose promotions are approved by closing GitHub issues.

    A fleet (`pipegen.yml`) contains the settings that its projects share. A manifest
    (`projects/NAME.yml`) names what one project deploys, its environments, and the gate before each of
    them.

    Exit codes: 0 success, 1 problems or differences found, 2 wrong usage, 3 could not run. `render
    --check` ends with 4 if rendered files are out of date, `verify` with 5 if a search stopped before
    its end.

    Usage: ol-pipegen [OPTIONS] <COMMAND>

    Commands:
      render       Render manifests to Concourse pipelines
      set          Show what would change on Concourse, ask, then set the pipelines with `fly`
      validate     Check manifests, fleets, kinds and Concourse pipelines. Writes nothing
      verify       Search pipelines for a way to deploy what nobody approved, up to a bound
      simulate     Play a scenario against pipelines: show what is deployed where, and why
      init         Create a fleet, a first manifest, and the schemas with which editors check them
      show         Show the settings of a project with all defaults, and where each value comes from
      graph        Draw which job starts which, with all gates, as text, Mermaid, DOT or SVG
      explain      Write a page for developers: when is my code on an environment, and how do I get it
                   there?
      diff         Show what changes between two pipelines: gates, version histories, jobs and scripts
      import       Convert a Concourse pipeline to a manifest, and list what could not be converted
      budget       Count the hourly GitHub requests of fleets, and compare them with GitHub's limits
      schema       Print the JSON Schema of a manifest, fleet, kind, pipeline, report or scenario
      kind         List the kinds of stacks and builds, or print one as a start for your own
      rule         List all rules, or print the page of one rule
      completions  Print the completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    ");
    assert_snapshot!(help(&["render", "--help"]), @"
    Render manifests to Concourse pipelines

    Usage: ol-pipegen render [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Fleets (`pipegen.yml`), manifests, or folders that contain fleets [default: current
                 directory]

    Options:
          --color <WHEN>  Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help          Print help

    Output:
          --check      Write nothing. Exit with 4 and show a diff if a committed file is stale, missing
                       or left over
          --diff       Write nothing. Show a diff against the committed files, and exit with 0
          --stdout     Write nothing. Print the pipelines as YAML documents
          --out <DIR>  Write into this folder instead of the fleet's own
      -q, --quiet      Do not list the files that were written
          --no-cache   Do not use the up-to-date cache

    Input:
          --source-root <DIR>  Directory with the source code, to find stages (`discover`) and to check
                               paths, stack files and imports

    Report:
          --format <FORMAT>  Format of the report: plain, json, sarif (code scanning) or github
                             (annotations of a workflow) [default: plain]
          --deny <RULE>      Treat this rule as an error; `warnings` stands for all rules that warn
          --warn <RULE>      Treat this rule as a warning
          --allow <RULE>     Do not report this rule
    ");
    assert_snapshot!(help(&["validate", "--help"]), @"
    Check manifests, fleets, kinds and Concourse pipelines. Writes nothing

    Usage: ol-pipegen validate [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifests, fleets, kinds and pipelines, recognized by their content, or folders that
                 contain fleets; `-` is standard input [default: current directory]

    Options:
          --color <WHEN>  Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help          Print help

    Pipelines:
          --concourse <VERSION>    Concourse version to validate against: 7.14, 8.0, 8.1, 8.2 or 8.3
                                   [default: newest; for rendered pipelines the `version` in the fleet]
      -s, --strict                 Report as errors what `fly validate-pipeline --strict` refuses:
                                   invalid identifiers, unknown keys, deprecated keys. Other warnings
                                   stay warnings
      -v, --var <NAME=TEXT>        Set a pipeline variable to a text, like `fly -v`; NAME may be a path
                                   such as `image.tag`
      -y, --yaml-var <NAME=YAML>   Set a pipeline variable to a YAML value, like `fly -y`
      -l, --load-vars-from <FILE>  Read pipeline variables from a file, like `fly -l`. Flags override
                                   files, and later files override earlier ones
          --team <NAME>            Team of the pipelines. Only the team `main` can set pipelines of
                                   other teams
          --target <JOB=ENV>       Environment of a job, such as `ship=QA` [default: by its name]
          --as-pipeline            Treat every file as a Concourse pipeline

    Report:
      -q, --quiet            Print nothing if there are no problems
          --summary          Count the reports of each rule, instead of printing them
          --format <FORMAT>  Format of the report: plain, json, sarif (code scanning) or github
                             (annotations of a workflow) [default: plain]
          --deny <RULE>      Treat this rule as an error; `warnings` stands for all rules that warn
          --warn <RULE>      Treat this rule as a warning
          --allow <RULE>     Do not report this rule

    Input:
          --stdin-filename <FILE>  File name to use for standard input, in reports and to find the fleet
          --source-root <DIR>      Directory with the source code, to check paths and find stages
    ");
    assert_snapshot!(help(&["set", "--help"]), @"
    Show what would change on Concourse, ask, then set the pipelines with `fly`.

    The command compares each rendered file with the pipeline on its Concourse. It shows the changes,
    weaker gates first, and sets nothing until you confirm. It refuses to set anything while a rendered
    file is out of date. A pipeline that this fleet rendered before, according to git, and no longer
    renders is listed and left as it is.

    Exit codes: 0 all pipelines are up to date, 1 some differ, 2 wrong usage, 3 one could not be read or
    set.

    Usage: ol-pipegen set [OPTIONS] [PATH]...

    Arguments:
      [PATH]...
              Fleets (`pipegen.yml`), manifests, or folders that contain fleets [default: current
              directory]

    Options:
      -y, --yes
              Set the pipelines without asking. Required where there is no terminal

          --unpause
              Unpause new pipelines [default: new pipelines are paused]

          --fly <FILE>
              Path of the `fly` binary
              
              [default: fly]

          --source-root <DIR>
              Directory with the source code

          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(help(&["init", "--help"]), @"
    Create a fleet, a first manifest, and the schemas with which editors check them

    Usage: ol-pipegen init [OPTIONS] [DIR]

    Arguments:
      [DIR]  Folder for the new files [default: current directory]

    Options:
          --color <WHEN>  Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help          Print help
    ");
    assert_snapshot!(help(&["show", "--help"]), @"
    Show the settings of a project with all defaults, and where each value comes from

    Usage: ol-pipegen show [OPTIONS] <MANIFEST> [STAGE]

    Arguments:
      <MANIFEST>  Manifest
      [STAGE]     Show only this stage: `ENVIRONMENT` or `GROUP.ENVIRONMENT`

    Options:
          --source-root <DIR>  Directory with the source code
          --color <WHEN>       Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help               Print help
    ");
    assert_snapshot!(help(&["budget", "--help"]), @"
    Count the hourly GitHub requests of fleets, and compare them with GitHub's limits

    Usage: ol-pipegen budget [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Fleets (`pipegen.yml`), manifests, or folders that contain fleets. All are counted
                 together, because GitHub limits accounts [default: current directory]

    Options:
      -f, --format <FORMAT>    Format of the output: text or json [default: text]
          --limit <REQUESTS>   Hourly request limit of each account, such as 15000 for an App in GitHub
                               Enterprise Cloud [default: the lowest limit that GitHub documents]
          --source-root <DIR>  Directory with the source code
          --color <WHEN>       Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help               Print help
    ");
    assert_snapshot!(help(&["graph", "--help"]), @"
    Draw which job starts which, with all gates, as text, Mermaid, DOT or SVG

    Usage: ol-pipegen graph [OPTIONS] <PATH>

    Arguments:
      <PATH>  A manifest, or a Concourse pipeline: a file, `-` for standard input, or REVISION:PATH in
              git

    Options:
      -f, --format <FORMAT>    Format of the graph: text, mermaid (GitHub Markdown), dot (graphviz) or
                               svg [default: text]
          --only-triggers      Show only what starts something: leave out resources that a job takes
                               without being started by them
          --source-root <DIR>  Directory with the source code
          --color <WHEN>       Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help               Print help
    ");
    assert_snapshot!(help(&["explain", "--help"]), @"
    Write a page for developers: when is my code on an environment, and how do I get it there?

    Usage: ol-pipegen explain [OPTIONS] <MANIFEST>

    Arguments:
      <MANIFEST>  Manifest

    Options:
          --source-root <DIR>  Directory with the source code
          --color <WHEN>       Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help               Print help
    ");
    assert_snapshot!(help(&["import", "--help"]), @"
    Convert a Concourse pipeline to a manifest, and list what could not be converted.

    The command renders the new manifest and compares the result with the pipeline. It explains each
    difference, or reports it as not converted and exits with 1. It replaces secrets in plain text with
    names of credentials.

    Usage: ol-pipegen import [OPTIONS] <PIPELINE>...

    Arguments:
      <PIPELINE>...
              Pipelines: files as `fly get-pipeline` prints them, `-` for standard input, or
              REVISION:PATH in git. The name of the file is the name of the pipeline

    Options:
      -o, --out <PATH>
              Write the manifest to this path instead of printing it: a file that ends in `.yml` or
              `.yaml`, or a folder, which is made if it is missing. New kinds are written to the folder
              of kinds

          --fleet <FLEET>
              Fleet of the new manifest. Settings equal to the fleet's defaults are omitted [default:
              the nearest fleet above `--out`, or above the current directory]

          --pipeline <NAME>
              Name of the pipeline [default: name of the file]

          --force
              Overwrite existing files

          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(help(&["diff", "--help"]), @"
    Show what changes between two pipelines: gates, version histories, jobs and scripts.

    A pipeline is a file, `-` for standard input, or REVISION:PATH in git. A different order is not a
    difference.

    Exit codes: 0 no differences, 1 differences (with `--fail-on weaker`: of gates), 2 wrong usage, 3
    could not run.

    Usage: ol-pipegen diff [OPTIONS] <OLD> [NEW]

    Arguments:
      <OLD>
              A pipeline, or two revisions: OLD..NEW, or OLD...NEW to compare NEW with the merge base

      [NEW]
              The other pipeline. With two revisions: the folder or file to compare [default: current
              directory]

    Options:
      -f, --format <FORMAT>
              Format of the output: text, json, or markdown for a pull request
              
              [default: text]

          --fail-on <DIFFERENCES>
              Differences that exit with 1: any, or weaker for gates that get weaker or promote to
              another stage
              
              [default: any]

          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(help(&["schema", "--help"]), @"
    Print the JSON Schema of a manifest, fleet, kind, pipeline, report or scenario

    Usage: ol-pipegen schema [OPTIONS] <FILE>

    Arguments:
      <FILE>
              File to print the schema of

              Possible values:
              - project:  A manifest, `projects/NAME.yml`
              - fleet:    A fleet, `pipegen.yml`
              - kind:     A kind, `kinds/stacks/KIND.yml` or `kinds/builds/KIND.yml`
              - pipeline: A Concourse pipeline
              - report:   A report in the format of `--format json`
              - scenario: A scenario for `simulate`

    Options:
          --fleet <FLEET>
              Fleet whose own kinds are included [default: the fleet in the current directory, or above
              it]

          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(help(&["kind", "--help"]), @"
    List the kinds of stacks and builds, or print one as a start for your own

    Usage: ol-pipegen kind [OPTIONS] <COMMAND>

    Commands:
      list  List the kinds
      show  Print a built-in kind, or a kind of the fleet
      help  Print this message or the help of the given subcommand(s)

    Options:
          --color <WHEN>  Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help          Print help
    ");
    assert_snapshot!(help(&["kind", "show", "--help"]), @"
    Print a built-in kind, or a kind of the fleet

    Usage: ol-pipegen kind show [OPTIONS] <NAME>

    Arguments:
      <NAME>
              Name of the kind

    Options:
          --family <FAMILY>
              Family of the kind, if a stack kind and a build kind have the same name

              Possible values:
              - stack: Deploys stages
              - build: Makes inputs

          --fleet <FLEET>
              Fleet whose own kinds are included [default: the fleet in the current directory, or above
              it]

          --color <WHEN>
              Use colour: on a terminal (`auto`), `always` or `never`
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')
    ");
    assert_snapshot!(help(&["completions", "--help"]), @"
    Print the completion script for a shell

    Usage: ol-pipegen completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  Shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
          --color <WHEN>  Use colour: on a terminal (`auto`), `always` or `never` [default: auto]
      -h, --help          Print help
    ");
}

#[test]
fn init_writes_a_fleet_that_renders() {
    let work = Work::new();
    assert_snapshot!(work.run(&["init"]).fine(), @"
    wrote schemas/fleet.v1.json
    wrote schemas/project.v1.json
    wrote schemas/kind.v1.json
    wrote projects/cart.yml
    wrote pipegen.yml

    Next: in pipegen.yml, write the repositories of your code and of your issues. Then run `ol-pipegen render`.
    ");
    assert_snapshot!(work.run(&["render"]).fine(), @"
    wrote rendered/cart.yml (3 jobs)  fly -t main set-pipeline --team main -p cart -c rendered/cart.yml
    1 pipeline: 1 written, 0 unchanged, 0 removed
    ");
    assert_eq!(work.run(&["render", "--check"]).fine(), "1 pipeline up to date\n");
    // What is there is never written over.
    assert_snapshot!(work.run(&["init"]).ended(2).stderr, @"error: pipegen.yml is there already: this folder has its fleet; write a manifest for it, such as projects/cart.yml");
    let other = Work::new().file("new/projects/cart.yml", "mine\n");
    assert_snapshot!(other.run(&["init", "new"]).fine(), @"
    wrote new/schemas/fleet.v1.json
    wrote new/schemas/project.v1.json
    wrote new/schemas/kind.v1.json
    kept new/projects/cart.yml
    wrote new/pipegen.yml

    Next: in new/pipegen.yml, write the repositories of your code and of your issues. Then run `ol-pipegen render new`.
    ");
    assert_eq!(other.read("new/projects/cart.yml"), "mine\n");
}

#[test]
fn show_says_where_each_value_comes_from() {
    let work = Work::new()
        .file(
            "pipegen.yml",
            "version: 1\ndefaults:\n  environments: [CI, Production]\n  source: {repository: https://github.com/example/shop}\n  \
             issues: {repository: example/deployments, auth: {token: ((github.token))}}\n  env: {AWS_REGION: us-east-1, OLD: x}\n",
        )
        .file(
            "projects/cart.yml",
            "project: shop-cart\nvalues: {size: large}\nstack:\n  pulumi: {path: infra/cart}\nenv: {SIZE: \"{{ values.size }}\", OLD: ~}\n\
             overrides:\n  Production: {gate: preview, values: {size: huge}, approval: {soak: 24h}}\n",
        );
    assert_snapshot!(work.run(&["show", "projects/cart.yml", "Production"]).fine(), @r#"
    # `shop-cart` Production
    project: shop-cart
    pipeline: cart
    record: open                                                             # by its place in the chain
    source:
      branch: main                                                           # built in: defaults.yml
      paths: []                                                              # built in: defaults.yml
      common_paths: []                                                       # built in: defaults.yml
      trigger: true                                                          # built in: defaults.yml
      check_every: 1m                                                        # built in: defaults.yml
      repository: "https://github.com/example/shop"                          # pipegen.yml:4
    approval:
      approve: exact                                                         # built in: defaults.yml
      code: fetch                                                            # built in: defaults.yml
      on_existing: comment                                                   # built in: defaults.yml
      unchanged: pass                                                        # built in: defaults.yml
      checkout_image:
        repository: alpine/git                                               # built in: defaults.yml
        tag: v2.49.1                                                         # built in: defaults.yml
      soak: 24h                                                              # projects/cart.yml:7
    issues:
      api: "https://api.github.com"                                          # built in: defaults.yml
      labels: []                                                             # built in: defaults.yml
      assignees: []                                                          # built in: defaults.yml
      body_files: []                                                         # built in: defaults.yml
      check_every: 15m                                                       # built in: defaults.yml
      resource: github-issues                                                # built in: defaults.yml
      repository: example/deployments                                        # pipegen.yml:5
      auth:
        token: "((github.token))"                                            # pipegen.yml:5
    names:
      stack: Production                                                      # built in: defaults.yml
      code: shop-cart                                                        # built in: defaults.yml
      deploy: deploy-shop-cart-production                                    # built in: defaults.yml
      preview: preview-shop-cart-production                                  # built in: defaults.yml
      build: "build-{{ input }}"                                             # built in: defaults.yml
      check: "check-{{ input }}"                                             # built in: defaults.yml
      serial_group: shop-cart-production                                     # built in: defaults.yml
      deployed: github-issues-shop-cart-production                           # built in: defaults.yml
      ready: gh-shop-cart-production-gate                                    # built in: defaults.yml
      alert: slack-alert-shop-cart                                           # built in: defaults.yml
      deployed_title: "[bot] Pulumi shop-cart Production deployed."          # built in: defaults.yml
      ready_title: "[bot] Pulumi shop-cart Production ready to deploy."      # built in: defaults.yml
      promotion_label: promotion-to-production                               # built in: defaults.yml
      deployed_label: deployed                                               # built in: defaults.yml
      final_label: finalized-deployment                                      # built in: defaults.yml
    env:
      AWS_REGION: us-east-1                                                  # pipegen.yml:6
      SIZE: huge                                                             # projects/cart.yml:5
    values:
      size: huge                                                             # projects/cart.yml:7
    stack:
      pulumi:
        path: infra/cart                                                     # projects/cart.yml:4
        refresh: true                                                        # built in: stacks/pulumi.yml
    gate: preview                                                            # projects/cart.yml:7
    "#);
    let both = work.run(&["show", "projects/cart.yml"]).fine();
    assert_eq!(
        both.lines().filter(|line| line.starts_with("# ")).collect::<Vec<_>>(),
        ["# `shop-cart` CI", "# `shop-cart` Production"]
    );
    assert_snapshot!(work.run(&["show", "projects/cart.yml", "Prodution"]).ended(2).stderr, @"error: there is no stage `Prodution`; did you mean `Production`?");
    assert_snapshot!(work.run(&["show", "pipegen.yml"]).ended(2).stderr, @"error: pipegen.yml is a fleet: name one of its manifests");
}

#[test]
fn kinds_are_listed_and_shown() {
    let work = Work::new();
    assert_snapshot!(work.run(&["kind", "list"]).fine(), @"
    stack kind  helm          upgrades one release of a Helm chart
    stack kind  opentofu      plans and applies one workspace of OpenTofu or Terraform
    stack kind  pulumi        deploys one Pulumi stack with MIT Open Learning's provisioner resource
    stack kind  script        runs shell text of the manifest, in an image, at the root of the code
    build kind  image         builds a container image with Concourse's oci-build-task and pushes it
    build kind  packer        validates and builds machine images with Packer, and puts what they are called
    ");
    assert!(work.run(&["kind", "show", "pulumi"]).fine().starts_with("version: 1\ntitle: Pulumi\n"));
    assert_snapshot!(work.run(&["kind", "show", "plumi"]).ended(2).stderr, @"error: there is no kind `plumi`; did you mean `pulumi`?");
    let own = Work::new()
        .file("pipegen.yml", "version: 1\n")
        .file(
            "kinds/stacks/pulumi.yml",
            &work.run(&["kind", "show", "pulumi"]).fine().replace("about: deploys", "about: really deploys"),
        )
        .file("kinds/builds/own.yml", "version: 1\nabout: builds something\nsteps: [{put: \"{{ input }}\"}]\n");
    assert_snapshot!(own.run(&["kind", "list"]).fine(), @"
    stack kind  pulumi        really deploys one Pulumi stack with MIT Open Learning's provisioner resource  (of this fleet)
    stack kind  helm          upgrades one release of a Helm chart
    stack kind  opentofu      plans and applies one workspace of OpenTofu or Terraform
    stack kind  script        runs shell text of the manifest, in an image, at the root of the code
    build kind  own           builds something  (of this fleet)
    build kind  image         builds a container image with Concourse's oci-build-task and pushes it
    build kind  packer        validates and builds machine images with Packer, and puts what they are called
    ");
}

#[test]
fn completions_for_each_shell() {
    let work = Work::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(work.run(&["completions", shell]).fine().contains("source-root"), "{shell}");
    }
}

/// How the program ends when nobody reads what it prints, and what it says of that.
fn run_without_a_reader(work: &Work, arguments: &[&str]) -> (Option<i32>, String) {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("ol-pipegen"))
        .args(arguments)
        .current_dir(work.path())
        .envs([NO_CACHE])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn reader_that_has_seen_enough_is_no_failure() {
    let work = Work::copy_of("pipelines/ol-infrastructure");
    assert_eq!(run_without_a_reader(&work, &["render", "--stdout"]), (Some(0), String::new()));
}

#[test]
fn reader_that_has_seen_enough_changes_nothing_of_what_is_done() {
    let work = Work::copy_of("pipelines/ol-infrastructure");
    let count = work.list("rendered").len();
    std::fs::remove_dir_all(work.path().join("rendered")).unwrap();
    let stale = format!("error: out of date: {count} files; run `ol-pipegen render`\n");
    assert_eq!(run_without_a_reader(&work, &["render", "--check"]), (Some(4), stale));
    assert_eq!(run_without_a_reader(&work, &["render"]), (Some(0), String::new()));
    assert_eq!(work.list("rendered").len(), count);
    assert_eq!(run_without_a_reader(&work, &["render", "--check"]), (Some(0), String::new()));
}
