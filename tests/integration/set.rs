//! `set`: what lives is compared with what is rendered, and set. That it does so on a Concourse is for `tests/e2e`; here a
//! stand-in for `fly` shows what happens when something is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use insta::assert_snapshot;

use crate::support::{Ran, SHOP_FLEET, Work, manifest, ran};

/// It says what its files say, and notes what it was asked and given.
const STAND_IN: &str = r#"#!/bin/sh
state=$(dirname "$0")
printf '%s\n' "$*" >>"$state/asked"
verb=$2 pipeline=
for argument; do case $argument in --pipeline=*) pipeline=${argument#--pipeline=} ;; esac; done
for refusal in "$state/refuses/$1" "$state/refuses/$verb" "$state/refuses/$verb-$pipeline"; do
  if [ -e "$refusal" ]; then cat "$refusal" >&2; exit 1; fi
done
case $verb in
pipelines) cat "$state/pipelines.json" ;;
get-pipeline) cat "$state/live-$pipeline" ;;
set-pipeline) cat >"$state/set-$pipeline" ;;
esac
"#;

/// A fleet of `api` and `cart`, rendered, and a `fly` that knows these pipelines of the team.
fn shop(living: &[&str]) -> Work {
    let work = Work::new()
        .file("pipegen.yml", SHOP_FLEET)
        .file("projects/api.yml", &manifest("api"))
        .file("projects/cart.yml", &manifest("cart"))
        .file("fly/fly", STAND_IN);
    fs::set_permissions(work.path().join("fly/fly"), fs::Permissions::from_mode(0o755)).unwrap();
    work.run(&["render", "--quiet"]).fine();
    lives(&work, living);
    work
}

fn lives(work: &Work, living: &[&str]) {
    let printed: Vec<_> = living
        .iter()
        .map(|name| serde_json::json!({"id": 1, "name": name, "paused": false, "archived": false, "team_name": "shop"}))
        .collect();
    work.write("fly/pipelines.json", &serde_json::to_string(&printed).unwrap());
    for name in living.iter().filter(|name| work.exists(&format!("rendered/{name}.yml"))) {
        work.write(&format!("fly/live-{name}"), &work.read(&format!("rendered/{name}.yml")));
    }
}

fn set(work: &Work, more: &[&str]) -> Ran {
    work.run(&[&["set", "--fly", "fly/fly"], more].concat())
}

/// What fly was asked to change.
fn touched(work: &Work) -> Vec<String> {
    let asked = work.read("fly/asked");
    let reads = ["status", "pipelines", "get-pipeline"];
    asked.lines().filter(|line| !reads.contains(&line.split(' ').nth(1).unwrap())).map(str::to_owned).collect()
}

#[test]
fn what_lives_as_it_is_rendered_is_left_alone() {
    let work = shop(&["api", "cart"]);
    assert_eq!(set(&work, &["--yes"]).fine(), "2 pipelines live as they are rendered\n");
    assert_eq!(touched(&work), [""; 0]);
}

#[test]
fn without_a_terminal_nothing_is_set_unless_somebody_says_yes() {
    let work = shop(&["api"]);
    let ran = set(&work, &[]).ended(1);
    assert_snapshot!(ran.stdout, @"
    cart on main, team shop:
      a new pipeline of 2 jobs

    1 pipeline lives as it is rendered
    ");
    assert_snapshot!(ran.stderr, @"error: 1 pipeline differs, and nothing was set: `--yes` sets it without asking");
    assert_eq!(touched(&work), [""; 0]);
}

#[test]
fn new_one_is_set_and_paused() {
    let work = shop(&["api"]);
    assert_snapshot!(set(&work, &["--yes"]).fine(), @"
    cart on main, team shop:
      a new pipeline of 2 jobs

    1 pipeline lives as it is rendered
    set cart on main, team shop: it is paused  fly -t main unpause-pipeline --team shop -p cart
    ");
    assert_eq!(touched(&work), ["--target=main set-pipeline --non-interactive --pipeline=cart --config=- --team=shop"]);
    assert_eq!(work.read("fly/set-cart"), work.read("rendered/cart.yml"), "every byte that was reviewed");
    assert_snapshot!(set(&work, &["--yes", "--unpause"]).fine(), @"
    cart on main, team shop:
      a new pipeline of 2 jobs

    1 pipeline lives as it is rendered
    set cart on main, team shop, and let it run
    ");
    assert_eq!(touched(&work).last().unwrap(), "--target=main unpause-pipeline --pipeline=cart --team=shop");
}

#[test]
fn weaker_gate_is_reported_first() {
    let work = shop(&["api", "cart"]);
    let cart = work.read("fly/live-cart").replace("check_every: 15m", "check_every: 30m");
    work.write("projects/cart.yml", &format!("{}gate: none\n", manifest("cart")));
    let api = work.read("fly/live-api").replace("infra/api", "infra/other");
    work.write("fly/live-api", &api);
    work.write("fly/live-cart", &cart);
    work.run(&["render", "--quiet"]).ended(0);
    let ran = set(&work, &["--yes"]);
    assert_snapshot!(ran.stdout, @"
    cart on main, team shop:
    GATES GET WEAKER
      job deploy-cart-production: no longer waits for an approval (the issue `cart/-/QA/deployed` in example/deployments): it runs by itself after `deploy-cart-qa`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE
      gate cart/-/QA/deployed in example/deployments: promoted to `cart/-/Production/deploy`, and is gone: open issues for `cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `cart/-/Production/deploy` are void
    gone
      resource type approved-git: is gone

    api on main, team shop:
    version histories start anew
      resource shop-api: this source changes: its version history starts anew
    changed
      resource pulumi-api: `source.source_dir` changes from `shop-api/infra/other` to `shop-api/infra/api`
      resource shop-api: `source.paths` gain `infra/api` and lose `infra/other`

    set cart on main, team shop
    set api on main, team shop
    ");
    assert_eq!(touched(&work).len(), 2);
}

#[test]
fn gate_that_promotes_to_another_stage_is_reported_before_anything_is_set() {
    let work = shop(&["api", "cart"]);
    work.write("projects/cart.yml", &format!("{}environments: [QA, Staging, Production]\n", manifest("cart")));
    work.run(&["render", "--quiet"]).fine();
    let ran = set(&work, &[]).ended(1);
    let (before, _) = ran.stdout.split_once("version histories").unwrap();
    assert_snapshot!(before, @"
    cart on main, team shop:
    GATES PROMOTE TO ANOTHER STAGE
      gate cart/-/QA/deployed in example/deployments: promoted to `cart/-/Production/deploy`, and promotes to `cart/-/Staging/deploy` now: open issues for `cart/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `cart/-/Production/deploy` are void
    ");
    assert_eq!(touched(&work), [""; 0]);
}

#[test]
fn what_is_out_of_date_is_not_set() {
    let work = shop(&[]);
    work.write("projects/cart.yml", &manifest("basket"));
    fs::remove_file(work.path().join("rendered/api.yml")).unwrap();
    assert_snapshot!(set(&work, &["--yes"]).ended(1).stderr, @"
    error: rendered/api.yml is out of date
    error: rendered/cart.yml is out of date
    error: the rendered files are out of date; run `ol-pipegen render`; nothing was set
    ");
    assert!(!work.exists("fly/asked"), "nobody was asked");
    work.write("projects/cart.yml", "project: [");
    assert!(set(&work, &["--yes"]).ended(1).stderr.ends_with("nothing was set\n"));
    assert!(!work.exists("fly/asked"), "nobody was asked");
}

#[test]
fn one_that_fails_does_not_keep_the_others() {
    let work = shop(&[]);
    work.write("fly/refuses/set-pipeline-api", "error: forbidden\n");
    let ran = set(&work, &["--yes"]).ended(3);
    assert_snapshot!(ran.stdout, @"
    api on main, team shop:
      a new pipeline of 2 jobs

    cart on main, team shop:
      a new pipeline of 2 jobs

    set cart on main, team shop: it is paused  fly -t main unpause-pipeline --team shop -p cart
    ");
    assert_snapshot!(ran.stderr, @"error: api on main, team shop was not set: forbidden");
    assert_eq!(touched(&work).len(), 2);
    // What Concourse finds wrong with a pipeline is another thing than a Concourse that cannot be reached.
    work.write("fly/refuses/set-pipeline-api", "error: invalid pipeline config:\ninvalid jobs\n");
    set(&work, &["--yes"]).ended(1);
}

#[test]
fn reasons_of_fly_say_what_to_do() {
    let work = shop(&["api", "cart"]);
    let mut printed = String::new();
    for (verb, mentions) in [
        ("status", "logged out\n"),
        ("status", "error: unknown target: main\n"),
        ("pipelines", "fly version (6.0.0) is out of sync with the target (8.2.5). to sync up, run the following:\n"),
        ("pipelines", "could not reach the Concourse server called main:\n\n    dial tcp: refused\n"),
    ] {
        let refusal = format!("fly/refuses/{verb}");
        work.write(&refusal, mentions);
        let ran = set(&work, &["--yes"]).ended(3);
        assert_eq!(ran.stdout, "");
        printed += &ran.stderr;
        fs::remove_file(work.path().join(refusal)).unwrap();
    }
    assert_snapshot!(printed, @"
    error: main: not logged in; run `fly -t main login`
    error: fly knows no target main: run `fly -t main login -c URL`
    error: main: fly is too old, or too new; run `fly -t main sync`
    error: main: could not reach the Concourse server called main: dial tcp: refused
    ");
    assert_eq!(touched(&work), [""; 0]);
}

#[test]
fn one_that_cannot_be_read_is_left_alone() {
    let work = shop(&["api", "cart"]);
    work.write("fly/refuses/get-pipeline-api", "error: pipeline not found\n");
    work.write("fly/live-cart", r#"{"jobs": [{"name": "a", "plan": [{"run": "x", "type": "y"}]}]}"#);
    let ran = set(&work, &["--yes"]).ended(3);
    assert_snapshot!(ran.stderr, @"
    error: api on main, team shop: pipeline not found
    error: cart on main, team shop: what lives there cannot be compared, and is left alone: a step needs one of `get`, `put`, `task`, `set_pipeline`, `load_var`, `try`, `do` and `in_parallel`
    ");
    assert_eq!(touched(&work), [""; 0]);
}

#[test]
fn place_has_to_be_known() {
    let work = shop(&[]);
    work.write("pipegen.yml", &SHOP_FLEET.replace("target: main, ", ""));
    work.run(&["render", "--quiet"]).fine();
    assert_snapshot!(set(&work, &["--yes"]).ended(1).stderr, @"
    error: the target of `api` is not known: `concourses.main` in pipegen.yml has no `target`
    error: the target of `cart` is not known: `concourses.main` in pipegen.yml has no `target`
    error: a `target` is what `fly targets` lists; nothing was set
    ");
    let work = Work::copy_of("tests/fixtures/alone");
    work.run(&["render", "--quiet", "site.yml"]).ended(0);
    assert_snapshot!(work.run(&["set", "site.yml"]).ended(1).stderr, @"
    error: the target of `site` is not known: site.yml has no `concourses`
    error: a `target` is what `fly targets` lists; nothing was set
    ");
}

#[test]
fn fly_has_to_be_there() {
    let work = shop(&[]);
    let ran = work.run(&["set", "--fly", "./no-fly", "--yes"]).ended(3);
    assert_eq!(ran.stderr, "error: cannot run ./no-fly: no such file or folder\n");
}

#[test]
fn instances_are_distinguished() {
    let work = shop(&[]);
    for region in ["eu", "us"] {
        let manifest = manifest(region).replacen(
            "project",
            &format!("pipeline: db\ninstance_vars: {{region: {region}}}\nproject"),
            1,
        );
        work.write(&format!("projects/{region}.yml"), &manifest);
    }
    work.run(&["render", "--quiet"]).fine();
    let (eu, us) = ("db,region=eu.yml", "db,region=us.yml");
    work.write(
        "fly/pipelines.json",
        r#"[{"name": "db", "instance_vars": {"region": "eu"}, "archived": false, "team_name": "shop"},
            {"name": "db", "archived": true, "team_name": "shop"}]"#,
    );
    work.write("fly/refuses/get-pipeline-db", "error: that is another one\n");
    let live = work.read(&format!("rendered/{eu}"));
    fs::create_dir(work.path().join("fly/live-db")).unwrap();
    work.write("fly/live-db/region:\"eu\"", &live);
    assert_snapshot!(set(&work, &["--yes", "projects/eu.yml", "projects/us.yml"]).fine(), @r#"
    db/region:"us" on main, team shop:
      a new pipeline of 2 jobs

    1 pipeline lives as it is rendered
    set db/region:"us" on main, team shop: it is paused  fly -t main unpause-pipeline --team shop -p 'db/region:"us"'
    "#);
    assert_eq!(
        touched(&work),
        ["--target=main set-pipeline --non-interactive --pipeline=db --config=- --instance-var=region=us --team=shop"]
    );
    assert_eq!(work.read("fly/set-db"), work.read(&format!("rendered/{us}")));
}

#[test]
fn orphan_is_reported_and_left_alone() {
    let work = shop(&["api", "cart", "handwritten"]);
    let without_commit = set(&work, &[]).fine();
    assert_eq!(without_commit, "2 pipelines live as they are rendered\n");
    work.git(&["init", "--quiet"]);
    work.git(&["add", "pipegen.yml", "projects", "rendered"]);
    work.git(&["commit", "--quiet", "-m", "two"]);
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    work.run(&["render", "--quiet"]).fine();
    work.git(&["commit", "--quiet", "-am", "one"]);
    let printed = set(&work, &[]).fine();
    let commit = printed.split("until ").nth(1).unwrap()[..10].to_owned();
    assert_snapshot!(printed.replace(&commit, "COMMIT"), @"
    1 pipeline lives as it is rendered
    orphan: `cart` was rendered from this fleet until COMMIT; it is left alone, and this archives it:
      fly -t main archive-pipeline --team shop -p cart
    ");
    // One that somebody changed meanwhile is told as such; and what another team's fleet rendered, is none of this one's.
    work.write("fly/live-cart", &work.read("fly/live-cart").replace("15m", "1h"));
    assert!(set(&work, &[]).fine().contains(", and was changed since; "));
    work.write("pipegen.yml", &SHOP_FLEET.replace("team: shop", "team: other"));
    work.run(&["render", "--quiet"]).fine();
    work.write("fly/pipelines.json", &work.read("fly/pipelines.json").replace("shop", "other"));
    assert!(!set(&work, &[]).stdout.contains("orphan"));
    assert_eq!(touched(&work), [""; 0]);
}

/// A stranger's repository may name commands in its configuration. The commands of git that would run them are run
/// without the program first, so that the test would see them.
#[test]
fn no_command_that_a_repository_configures_is_run() {
    let work = shop(&["api", "cart"]);
    let script = work.path().join("command");
    work.write("command", "#!/bin/sh\necho \"$0 $*\" >>\"$(dirname \"$0\")/marker\"\nexit 1\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.to_str().unwrap();
    let pipeline = work.read("rendered/api.yml");
    work.write("lost.yml", &format!("{pipeline}# lost\n"));
    work.write(".gitattributes", "* diff=stranger filter=stranger\n");
    work.git(&["init", "--quiet"]);
    work.git(&["add", ".gitattributes", "pipegen.yml", "projects", "rendered", "lost.yml"]);
    work.git(&["commit", "--quiet", "-m", "two"]);
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    work.run(&["render", "--quiet"]).fine();
    work.git(&["commit", "--quiet", "-am", "one"]);

    // `log` verifies the signature of a signed commit with `gpg.program`.
    let in_folder = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(words).current_dir(work.path());
        command
    };
    let commit = ran(&mut in_folder(&["cat-file", "commit", "HEAD"]), "").fine();
    let signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n aaaa\n -----END PGP SIGNATURE-----\n\n";
    let signed = commit.replacen("\n\n", &format!("\n{signature}"), 1);
    let signed = ran(&mut in_folder(&["hash-object", "-t", "commit", "-w", "--stdin"]), &signed).fine();
    work.git(&["update-ref", "HEAD", signed.trim()]);

    // A partial clone fetches the content that it does not have.
    let lost = ran(&mut in_folder(&["rev-parse", "HEAD:lost.yml"]), "").fine();
    let (folder, name) = lost.trim().split_at(2);
    fs::remove_file(work.path().join(format!(".git/objects/{folder}/{name}"))).unwrap();

    for (name, value) in [
        ("core.fsmonitor", script),
        ("core.hooksPath", work.path().to_str().unwrap()),
        ("core.pager", script),
        ("core.sshCommand", script),
        ("core.askPass", script),
        ("credential.helper", script),
        ("diff.external", script),
        ("diff.stranger.command", script),
        ("diff.stranger.textconv", script),
        ("filter.stranger.smudge", script),
        ("filter.stranger.clean", script),
        ("gpg.program", script),
        ("log.showSignature", "true"),
        ("pager.log", script),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
    ] {
        work.git(&["config", name, value]);
    }
    let log = ["log", "--format=%H", "--diff-filter=D", "--name-only"];
    for remote in ["ssh://stranger.invalid/shop".to_owned(), format!("ext::{script} %S")] {
        work.git(&["config", "remote.origin.url", &remote]);
        for would_run in [&["status"][..], &log, &["cat-file", "blob", "HEAD:lost.yml"]] {
            let _ = ran(&mut in_folder(would_run), "");
            assert!(work.exists("marker"), "{would_run:?} runs a command of the repository");
            fs::remove_file(work.path().join("marker")).unwrap();
        }

        assert!(set(&work, &[]).fine().contains("orphan: `cart`"));
        assert!(work.run(&["diff", "HEAD~1..HEAD", "rendered"]).ended(1).stdout.contains("cart"));
        for command in ["graph", "import"] {
            let done = work.run(&[command, "HEAD:rendered/api.yml"]);
            assert_ne!(done.code, 2, "{}", done.stderr);
            let failed = work.run(&[command, "HEAD:lost.yml"]).ended(2);
            let (message, remedy) =
                ("this partial clone does not have the content of", "fetch it with `git fetch --refetch --no-filter`");
            assert!(failed.stderr.contains(message) && failed.stderr.contains(remedy), "{}", failed.stderr);
        }
        assert!(!work.exists("marker"), "{}", work.read("marker"));
    }
}
