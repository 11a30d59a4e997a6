//! `render`: what it writes, compares and prints, and what it leaves alone.

use std::fs;

use insta::assert_snapshot;

use crate::support::{SHOP_FLEET as FLEET, Work, manifest};

fn fleet() -> Work {
    Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/cart.yml", &manifest("shop-cart"))
        .file("projects/api.yml", &manifest("shop-api"))
}

#[test]
fn writes_and_says_what_it_wrote() {
    let work = fleet();
    assert_snapshot!(work.run(&["render"]).fine(), @"
    wrote rendered/api.yml (2 jobs)  fly -t main set-pipeline --team shop -p api -c rendered/api.yml
    wrote rendered/cart.yml (2 jobs)  fly -t main set-pipeline --team shop -p cart -c rendered/cart.yml
    2 pipelines: 2 written, 0 unchanged, 0 removed
    ");
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"]);
    assert_snapshot!(work.run(&["render"]).fine(), @"2 pipelines: 0 written, 2 unchanged, 0 removed");
    assert_snapshot!(work.read("rendered/api.yml").lines().take(3).collect::<Vec<_>>().join("\n"), @"
    # Made by ol-pipegen 0.1.0 from ../projects/api.yml of the fleet ../pipegen.yml
    # Do not edit: change the manifest, and run `ol-pipegen render`.
    # fly -t main set-pipeline --team shop -p api -c api.yml
    ");
}

#[test]
fn unchanged_files_are_untouched() {
    let work = fleet();
    work.run(&["render"]).fine();
    let modified = |name: &str| fs::metadata(work.path().join("rendered").join(name)).unwrap().modified().unwrap();
    let (api, cart) = (modified("api.yml"), modified("cart.yml"));
    std::thread::sleep(std::time::Duration::from_millis(20));
    work.write("projects/api.yml", &(manifest("shop-api") + "timeout: 1h\n"));
    assert_snapshot!(work.run(&["render"]).fine(), @"
    wrote rendered/api.yml (2 jobs)  fly -t main set-pipeline --team shop -p api -c rendered/api.yml
    2 pipelines: 1 written, 1 unchanged, 0 removed
    ");
    assert_eq!(modified("cart.yml"), cart);
    assert_ne!(modified("api.yml"), api);
    // Nothing is left of the way they were written.
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"]);
}

#[test]
fn check_fails_on_what_is_stale_missing_or_left_over() {
    let work = fleet();
    work.run(&["render"]).fine();
    assert_eq!(work.run(&["render", "--check"]).fine(), "2 pipelines up to date\n");
    fs::rename(work.path().join("projects/cart.yml"), work.path().join("projects/basket.yml")).unwrap();
    work.write("projects/api.yml", &(manifest("shop-api") + "timeout: 1h\n"));
    let ran = work.run(&["render", "--check"]).ended(4);
    assert_eq!(ran.stderr, "error: out of date: 3 files; run `ol-pipegen render`\n");
    let heads: Vec<&str> =
        ran.stdout.lines().filter(|line| line.starts_with("---") || line.starts_with("+++")).collect();
    assert_snapshot!(heads.join("\n"), @"
    --- rendered/api.yml
    +++ rendered/api.yml (rendered)
    ");
    // A file that is missing or left over is one line.
    assert_eq!(
        ran.stdout.lines().filter(|line| line.contains("basket") || line.contains("cart")).collect::<Vec<_>>(),
        ["rendered/basket.yml is missing", "rendered/cart.yml is left over: nothing renders it"]
    );
    assert_snapshot!(ran.stdout.lines().take(16).collect::<Vec<_>>().join("\n"), @"
    --- rendered/api.yml
    +++ rendered/api.yml (rendered)
    @@ -84,6 +84,7 @@
         get_params:
           summary_file: deploy_summary.md
           read_outputs: false
    +    timeout: 1h
       on_success:
         put: github-issues-shop-api-qa-post
         inputs: detect
    @@ -121,6 +122,7 @@
         get_params:
           summary_file: deploy_summary.md
           read_outputs: false
    +    timeout: 1h
       on_success:
    ");
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"], "--check writes nothing");
    // A diff shows a new file whole.
    let diff = work.run(&["render", "--diff"]).fine();
    assert!(diff.contains("--- /dev/null\n+++ rendered/basket.yml (rendered)\n@@ -0,0 +1,"), "{diff}");
}

#[test]
fn left_over_files_go_and_strangers_stay() {
    let work = fleet();
    work.run(&["render"]).fine();
    work.write("rendered/hand-written.yml", "jobs: []\n");
    let other =
        work.read("rendered/cart.yml").replace("of the fleet ../pipegen.yml", "of the fleet ../../other/pipegen.yml");
    work.write("rendered/other.yml", &other);
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    assert_snapshot!(work.run(&["render"]).fine(), @"
    removed rendered/cart.yml: nothing renders it any more
    1 pipeline: 0 written, 1 unchanged, 1 removed
    ");
    assert_eq!(work.list("rendered"), ["api.yml", "hand-written.yml", "other.yml"]);
}

#[test]
fn nothing_is_written_or_removed_when_a_project_is_wrong() {
    let work = fleet();
    work.run(&["render"]).fine();
    let before = work.read("rendered/api.yml");
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    work.write("projects/api.yml", &(manifest("shop-api") + "timeout: 1h\n"));
    work.write("projects/wrong.yml", "project: shop-wrong\n");
    let ran = work.run(&["render"]).ended(1);
    assert!(ran.stderr.ends_with("error: 1 error in 1 file; nothing was written\n"), "{}", ran.stderr);
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"]);
    assert_eq!(work.read("rendered/api.yml"), before);
}

#[test]
fn one_manifest_leaves_the_others_alone() {
    let work = fleet();
    work.run(&["render"]).fine();
    fs::remove_file(work.path().join("projects/api.yml")).unwrap();
    work.write("projects/cart.yml", &(manifest("shop-cart") + "timeout: 1h\n"));
    work.run(&["render", "projects/cart.yml"]).fine();
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"], "who renders one project knows nothing of orphans");
    assert!(work.read("rendered/cart.yml").contains("timeout: 1h"));
}

#[test]
fn every_fleet_below_a_folder() {
    let work = Work::new();
    for fleet in ["a", "deep/b", "target/c", ".hidden/d"] {
        work.write(&format!("{fleet}/pipegen.yml"), FLEET);
        work.write(&format!("{fleet}/projects/cart.yml"), &manifest("shop-cart"));
    }
    let ran = work.run(&["render", "--quiet"]).ended(0);
    assert!(ran.stderr.contains("warning[duplicate-pipeline]: two fleets set the pipeline `cart`"), "{}", ran.stderr);
    assert!(work.exists("a/rendered/cart.yml") && work.exists("deep/b/rendered/cart.yml"));
    assert!(!work.exists("target/c/rendered") && !work.exists(".hidden/d/rendered"));
    // A fleet's paths are told from the fleet, wherever the run began.
    assert_eq!(work.read("a/rendered/cart.yml"), work.read("deep/b/rendered/cart.yml"));
    let ran = work.run(&["render", "--out", "elsewhere"]).ended(2);
    assert_snapshot!(ran.stderr, @"error: --out takes one fleet, and there are 2: name the one that is meant");
}

#[test]
fn output_goes_where_it_is_sent() {
    let work = fleet();
    work.run(&["render", "--out", "elsewhere", "--quiet"]).fine();
    assert_eq!(work.list("elsewhere"), ["api.yml", "cart.yml"]);
    assert!(!work.exists("rendered"));
    work.write("pipegen.yml", &format!("{FLEET}output: out/pipelines\n"));
    work.run(&["render", "--quiet"]).fine();
    assert_eq!(work.list("out/pipelines"), ["api.yml", "cart.yml"]);
}

#[test]
fn pipelines_on_standard_output_are_documents() {
    let work = fleet();
    let printed = work.run(&["render", "--stdout"]).fine();
    assert!(!work.exists("rendered"));
    work.run(&["render", "--quiet"]).fine();
    assert_eq!(printed, work.read("rendered/api.yml") + "---\n" + &work.read("rendered/cart.yml"));
}

#[test]
fn same_input_gives_the_same_bytes_wherever_it_is_read() {
    let work = fleet();
    let twice = [work.run(&["render", "--stdout"]).fine(), work.run(&["render", "--stdout"]).fine()];
    assert_eq!(twice[0], twice[1]);
    // The order in which files came to the disk, and in which they are named, says nothing.
    let other = Work::new()
        .file("projects/api.yml", &manifest("shop-api"))
        .file("projects/cart.yml", &manifest("shop-cart"))
        .file("pipegen.yml", FLEET);
    assert_eq!(other.run(&["render", "--stdout"]).fine(), twice[0]);
    other.write("pipegen.yml", &format!("{FLEET}projects: [projects/c*.yml, projects/*.yml]\n"));
    assert_eq!(other.run(&["render", "--stdout"]).fine(), twice[0]);
    // Told from another folder, and by an absolute path.
    let above = Work::new();
    let absolute = other.path().to_str().unwrap().to_owned();
    assert_eq!(above.run(&["render", "--stdout", &absolute]).fine(), twice[0]);
}

#[test]
fn many_manifests_come_out_in_order() {
    let work = Work::new().file("pipegen.yml", FLEET);
    for index in 0..100 {
        work.write(&format!("projects/p{index:03}.yml"), &manifest(&format!("shop-p{index:03}")));
    }
    let printed = work.run(&["render"]).fine();
    let names: Vec<&str> =
        printed.lines().filter_map(|line| line.strip_prefix("wrote rendered/")).map(|line| &line[..4]).collect();
    assert_eq!(names.len(), 100);
    assert!(names.is_sorted());
}

#[test]
fn what_is_not_there_is_reported() {
    let work = Work::new();
    assert_snapshot!(work.run(&["render"]).ended(2).stderr, @"error: no fleet (pipegen.yml) in this folder or below it; `ol-pipegen init` writes a first one");
    assert_snapshot!(work.run(&["render", "nowhere.yml"]).ended(3).stderr, @"error: cannot read nowhere.yml: no such file or folder");
    assert_snapshot!(work.run(&["render", "--chekc"]).ended(2).stderr, @"
    error: unexpected argument '--chekc' found

      tip: a similar argument exists: '--check'

    Usage: ol-pipegen render --check [PATH]...

    For more information, try '--help'.
    ");
    let work = fleet();
    fs::write(work.path().join("rendered"), "a file, where the folder should be").unwrap();
    assert_snapshot!(work.run(&["render"]).ended(3).stderr, @"error: cannot make the folder rendered: file exists");
}

#[test]
fn manifest_finds_its_fleet_above_it() {
    let work = Work::new()
        .file("fleet/pipegen.yml", &format!("{FLEET}projects: [apps/*/pipeline.yml]\n"))
        .file("fleet/apps/cart/pipeline.yml", &(manifest("shop-cart") + "pipeline: cart\n"));
    work.run(&["render", "fleet/apps/cart/pipeline.yml", "--quiet"]).fine();
    assert_eq!(work.list("fleet/rendered"), ["cart.yml"]);
}

#[test]
fn colour_is_for_those_who_want_it() {
    let work = fleet().file("projects/wrong.yml", "project: shop-wrong\n");
    assert!(!work.run(&["render"]).stderr.contains('\u{1b}'), "not a terminal");
    assert!(work.run(&["render", "--color", "always"]).stderr.contains('\u{1b}'));
    fs::remove_file(work.path().join("projects/wrong.yml")).unwrap();
    assert!(work.run(&["render", "--diff", "--color", "always"]).stdout.contains("\u{1b}[32m+"));
}
