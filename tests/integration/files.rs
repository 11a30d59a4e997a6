//! What is on the disk already: what `render` overwrites and what it leaves alone, what it cannot read, and where two
//! pipelines would be one file.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::support::{SHOP_FLEET as FLEET, Work, manifest};

/// A manifest that needs no fleet.
fn alone(project: &str) -> String {
    let defaults = FLEET.split_once("defaults:\n").unwrap().1.replace("\n  ", "\n");
    manifest(project) + defaults.trim_start()
}

fn fleet() -> Work {
    Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/api.yml", &manifest("shop-api"))
        .file("projects/cart.yml", &manifest("shop-cart"))
}

#[test]
fn manifests_are_not_overwritten() {
    let work = fleet();
    let ran = work.run(&["render", "--out", "projects"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error: projects/api.yml was not made by ol-pipegen: move or remove it, or set another `output`
    error: projects/cart.yml was not made by ol-pipegen: move or remove it, or set another `output`
    error: 2 files are in the way; nothing was written
    ");
    assert_eq!(ran.stdout, "");
    assert_eq!(work.read("projects/api.yml"), manifest("shop-api"));
    assert_eq!(work.read("projects/cart.yml"), manifest("shop-cart"));
}

#[test]
fn output_is_not_where_sources_are() {
    let work = fleet().file("kinds/stacks/x.txt", "");
    symlink("projects", work.path().join("link")).unwrap();
    work.write("pipegen.yml", &format!("{FLEET}output: rendered/../projects\n"));
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @"
    error[outside-output]: the output folder `rendered/../projects` is where manifests are read from
     --> pipegen.yml:7:9
      |
    7 | output: rendered/../projects
      |         ^^^^^^^^^^^^^^^^^^^^
      |
      = help: set `output` to a folder of its own, such as `rendered`; links are followed

    error: 1 error in 1 file; nothing was written
    ");
    for (more, what) in [
        ("output: projects", "manifests"),
        ("output: projects/", "manifests"),
        ("output: ./projects/.", "manifests"),
        ("output: link", "manifests"),
        ("output: Projects", "manifests"),
        ("projects: [link/*.yml]\noutput: projects", "manifests"),
        ("projects: [\"*/*.yml\"]\noutput: projects", "manifests"),
        ("projects: [\"*/*.yml\"]\noutput: rendered", "manifests"),
        ("projects: [\"*.yml\"]\noutput: .", "manifests"),
        ("projects: [\"**/*.yml\"]", "manifests"),
        ("output: kinds", "kinds"),
        ("output: kinds/stacks/x", "kinds"),
    ] {
        work.write("pipegen.yml", &format!("{FLEET}{more}\n"));
        let stderr = work.run(&["render"]).ended(1).stderr;
        let message = format!("is where {what} are read from");
        assert!(stderr.contains("[outside-output]") && stderr.contains(&message), "{more}: {stderr}");
    }
    for more in ["output: projects/rendered", "output: .", "projects: [projects/cart.yml]\noutput: out"] {
        work.write("pipegen.yml", &format!("{FLEET}{more}\n"));
        let ran = work.run(&["render", "--diff"]);
        assert!(!ran.stderr.contains("[outside-output]"), "{more}: {}", ran.stderr);
    }
}

#[test]
fn fleet_is_not_overwritten() {
    let work = fleet().file("projects/cart.yml", &(manifest("shop-cart") + "pipeline: pipegen\n"));
    assert_snapshot!(work.run(&["render", "--out", "."]).ended(1).stderr, @"
    error: ./pipegen.yml was not made by ol-pipegen: move or remove it, or set another `output`
    error: 1 file is in the way; nothing was written
    ");
    assert_eq!(work.read("pipegen.yml"), FLEET);
    assert!(!work.exists("api.yml"));
}

#[test]
fn what_was_written_by_hand_stays_and_nothing_else_is_written() {
    let work = fleet().file("rendered/cart.yml", "jobs: []\n");
    for (mode, follows) in [("--quiet", "written"), ("--check", "compared"), ("--diff", "compared")] {
        let ran = work.run(&["render", mode]).ended(1);
        assert_eq!(ran.stdout, "");
        assert_eq!(
            ran.stderr,
            format!(
                "error: rendered/cart.yml was not made by ol-pipegen: move or remove it, or set another `output`\n\
                 error: 1 file is in the way; nothing was {follows}\n"
            )
        );
    }
    assert_eq!(work.list("rendered"), ["cart.yml"]);
    assert_eq!(work.read("rendered/cart.yml"), "jobs: []\n");
    fs::remove_file(work.path().join("rendered/cart.yml")).unwrap();
    work.run(&["render", "--quiet"]).fine();
    work.write("rendered/cart.yml", &(work.read("rendered/cart.yml").replace('\n', "\r\n")));
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn links_and_folders_in_the_way_stay() {
    let work = fleet();
    work.run(&["render", "--quiet", "--out", "elsewhere"]).fine();
    fs::create_dir_all(work.path().join("rendered/cart.yml")).unwrap();
    symlink("../elsewhere/api.yml", work.path().join("rendered/api.yml")).unwrap();
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @"
    error: rendered/api.yml is a link: move or remove it, or set another `output`
    error: rendered/cart.yml is not a file: move or remove it, or set another `output`
    error: 2 files are in the way; nothing was written
    ");
    assert!(work.path().join("rendered/api.yml").is_symlink());
}

/// What nobody may see.
const OUTSIDE: &str = "db_admin: hunter2-of-the-machine\n";

/// A repository `shop` beside a folder that is not for it.
fn beside_secrets() -> Work {
    Work::new()
        .file("elsewhere/creds.yml", OUTSIDE)
        .file("elsewhere/stacks/own.yml", OUTSIDE)
        .file("shop/.git/config", OUTSIDE)
        .file("shop/.git/refs/cart.yml", OUTSIDE)
        .file("shop/pipegen.yml", FLEET)
        .file("shop/projects/cart.yml", &manifest("shop-cart"))
}

#[test]
fn fleet_reads_only_in_its_repository() {
    let work = beside_secrets();
    let folder = work.path().display().to_string();
    symlink("../elsewhere", work.path().join("shop/out")).unwrap();
    symlink("projects", work.path().join("shop/in")).unwrap();
    symlink("..", work.path().join("shop/projects/up")).unwrap();
    fs::create_dir_all(work.path().join("shop/linked/stacks")).unwrap();
    symlink("../../../elsewhere/stacks/own.yml", work.path().join("shop/linked/stacks/own.yml")).unwrap();
    fs::create_dir(work.path().join("shop/half")).unwrap();
    symlink("../../elsewhere/stacks", work.path().join("shop/half/stacks")).unwrap();
    fs::create_dir(work.path().join("shop/files")).unwrap();
    symlink("../../elsewhere/creds.yml", work.path().join("shop/files/a.yml")).unwrap();
    symlink("/proc/self/environ", work.path().join("shop/files/b.yml")).unwrap();
    for more in [
        "projects: [/proc/self/environ]".to_owned(),
        format!("projects: [{folder}/elsewhere/*.yml]"),
        format!("projects: [projects/*.yml, {folder}/elsewhere/*.yml]"),
        "projects: [../elsewhere/*.yml]".to_owned(),
        "projects: [projects/../../elsewhere/*.yml]".to_owned(),
        "projects: [out/*.yml]".to_owned(),
        "projects: [\"o*/*.yml\"]".to_owned(),
        "projects: [\"out/**/*.yml\"]".to_owned(),
        "projects: [projects/up/../elsewhere/*.yml]".to_owned(),
        "projects: [files/a.yml]".to_owned(),
        "projects: [files/b.yml]".to_owned(),
        "projects: [\"files/*\"]".to_owned(),
        "projects: [.git/config]".to_owned(),
        "projects: [\"in/up/.git/*\"]".to_owned(),
        "projects: [\"**/.git/config\"]".to_owned(),
        "kinds: /etc".to_owned(),
        format!("kinds: {folder}/elsewhere"),
        "kinds: ../elsewhere".to_owned(),
        "kinds: out".to_owned(),
        "kinds: linked".to_owned(),
        "kinds: half".to_owned(),
    ] {
        work.write("shop/pipegen.yml", &format!("{FLEET}{more}\n"));
        for command in
            [&["render", "shop"][..], &["render", "--check", "shop"], &["validate", "--format", "json", "shop"]]
        {
            let ran = work.run(command).ended(1);
            let all = ran.stdout.clone() + &ran.stderr;
            assert!(all.contains("outside-input"), "{more}: {all}");
            assert!(!all.contains("hunter2") && !all.contains("PATH="), "{more}: {all}");
        }
        // Who renders one manifest looks at the others of its fleet.
        let ran = work.run(&["validate", "shop/projects/cart.yml"]);
        assert!(!(ran.stdout + &ran.stderr).contains("hunter2"), "{more}");
    }
    for more in [
        "",
        "projects: [\"in/*.yml\"]",
        "projects: [\"**/cart.yml\"]",
        "projects: [\"p*/*.yml\", ./projects/cart.yml]",
        "projects: [\"**/projects/**/*.yml\"]",
        "kinds: projects",
    ] {
        work.write("shop/pipegen.yml", &format!("{FLEET}{more}\n"));
        let ran = work.run(&["validate", "shop"]).ended(0);
        assert_eq!(ran.stderr, "", "{more}");
    }
}

#[test]
fn fleet_outside_of_a_repository_reads_only_in_its_folder() {
    let work = beside_secrets();
    fs::remove_dir_all(work.path().join("shop/.git")).unwrap();
    symlink("../elsewhere", work.path().join("shop/kinds")).unwrap();
    assert_snapshot!(work.run(&["render", "shop"]).ended(1).stderr, @"
    error[outside-input]: kinds are read from `shop/kinds/stacks`, which is outside of the fleet's folder
     --> shop/pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = help: replace the link by files in the fleet's folder

    error: 1 error in 1 file; nothing was written
    ");
    fs::remove_file(work.path().join("shop/kinds")).unwrap();
    symlink("../../elsewhere/creds.yml", work.path().join("shop/projects/creds.yml")).unwrap();
    assert_snapshot!(work.run(&["render", "shop"]).ended(1).stderr, @"
    error[outside-input]: manifests are read from `shop/projects/creds.yml`, which is outside of the fleet's folder
     --> shop/pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = help: replace the link by files in the fleet's folder

    error: 1 error in 1 file; nothing was written
    ");
    work.write("shop/pipegen.yml", &format!("{FLEET}projects: [../elsewhere/*.yml]\n"));
    assert_snapshot!(work.run(&["render", "shop"]).ended(1).stderr, @"
    error[outside-input]: `projects` reads below the folder of the fleet, and `../elsewhere/*.yml` leads out of it
     --> shop/pipegen.yml:7:12
      |
    7 | projects: [../elsewhere/*.yml]
      |            ^^^^^^^^^^^^^^^^^^
      |
      = help: write a path without `..` from the folder of the fleet, such as `projects/*.yml`

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn link_that_leads_out_of_the_repository_is_not_read() {
    let work = beside_secrets();
    fs::remove_file(work.path().join("shop/projects/cart.yml")).unwrap();
    symlink("../../elsewhere/creds.yml", work.path().join("shop/projects/cart.yml")).unwrap();
    symlink("../elsewhere/creds.yml", work.path().join("shop/pipeline.yml")).unwrap();
    for path in ["shop/projects/cart.yml", "shop/pipeline.yml"] {
        for command in ["render", "validate", "show", "graph", "verify", "import"] {
            let ran = work.run(&[command, path]);
            assert!(ran.code != 0 && !(ran.stdout + &ran.stderr).contains("hunter2"), "{command} {path}");
        }
    }
    assert_snapshot!(work.run(&["validate", "shop/pipeline.yml"]).ended(3).stderr, @"error: cannot read shop/pipeline.yml: the link leads out of the repository");
    // A fleet that is a link.
    fs::remove_file(work.path().join("shop/pipegen.yml")).unwrap();
    symlink("../elsewhere/creds.yml", work.path().join("shop/pipegen.yml")).unwrap();
    work.write("shop/projects/api.yml", &manifest("shop-api"));
    let ran = work.run(&["validate", "shop/projects/api.yml"]).ended(3);
    assert!(!(ran.stdout + &ran.stderr).contains("hunter2"));
}

#[test]
fn fleet_writes_only_into_its_repository() {
    let shop = |work: &Work, output: &str| {
        work.write("shop/pipegen.yml", &format!("{FLEET}{output}"));
        work.write("shop/projects/cart.yml", &manifest("shop-cart"));
    };
    let work = Work::new();
    fs::create_dir(work.path().join("elsewhere")).unwrap();
    fs::create_dir(work.path().join("shop")).unwrap();
    symlink("../elsewhere", work.path().join("shop/link")).unwrap();
    let absolute = format!("output: {}\n", work.path().join("elsewhere").display());
    let outside =
        ["output: ../elsewhere\n", "output: new/../../elsewhere\n", "output: link\n", "output: link/new\n", &absolute];
    let refused = |output: &str| {
        shop(&work, output);
        for command in [&["render", "shop"][..], &["render", "shop", "--check"], &["validate", "shop"]] {
            let ran = work.run(command).ended(1);
            assert!(ran.stderr.starts_with("error[outside-output]: the output folder `"), "{output}: {}", ran.stderr);
        }
        assert_eq!(work.list("elsewhere"), [""; 0], "{output}");
        assert!(!work.exists("shop/rendered"), "{output}");
    };
    // Without a repository, the fleet's folder is the limit.
    for output in outside {
        refused(output);
    }
    shop(&work, outside[0]);
    assert_snapshot!(work.run(&["render", "shop"]).stderr, @"
    error[outside-output]: the output folder `../elsewhere` is outside of the fleet's folder
     --> shop/pipegen.yml:7:9
      |
    7 | output: ../elsewhere
      |         ^^^^^^^^^^^^
      |
      = help: set `output` to a folder in the fleet's folder, such as `rendered`; links are followed

    error: 1 error in 1 file; nothing was written
    ");
    // A repository is the limit, wherever in it the fleet is.
    work.write("shop/.git/HEAD", "");
    for output in outside.into_iter().chain(["output: .git/hooks\n", "output: .GIT\n"]) {
        refused(output);
    }
    assert_snapshot!(work.run(&["render", "shop"]).stderr, @"
    error[outside-output]: the output folder `.GIT` is in the folder of git
     --> shop/pipegen.yml:7:9
      |
    7 | output: .GIT
      |         ^^^^
      |
      = help: set `output` to a folder in the repository, such as `rendered`; links are followed

    error: 1 error in 1 file; nothing was written
    ");
    // The folder of the default may be a link, too.
    symlink("../elsewhere", work.path().join("shop/rendered")).unwrap();
    shop(&work, "");
    let ran = work.run(&["render", "shop"]).ended(1);
    assert!(ran.stderr.contains("`rendered` is outside of the repository"), "{}", ran.stderr);
    assert_eq!(work.list("elsewhere"), [""; 0]);

    fs::remove_dir_all(work.path().join("shop/.git")).unwrap();
    work.write(".git/HEAD", "");
    for output in outside {
        shop(&work, output);
        work.run(&["render", "shop", "--quiet"]).fine();
        assert!(!work.list("elsewhere").is_empty(), "{output}");
        fs::remove_dir_all(work.path().join("elsewhere")).unwrap();
        fs::create_dir(work.path().join("elsewhere")).unwrap();
    }
    // The user may choose every folder.
    let free = Work::new();
    shop(&work, "");
    let chosen = free.path().join("chosen");
    fs::remove_file(work.path().join("shop/rendered")).unwrap();
    work.run(&["render", "shop", "--quiet", "--out", chosen.to_str().unwrap()]).fine();
    assert_eq!(free.list("chosen"), ["cart.yml"]);
}

#[test]
fn fleets_that_share_a_folder_do_not_share_a_file() {
    let work = Work::new().file(".git/HEAD", "");
    for name in ["a", "b"] {
        work.write(&format!("{name}/pipegen.yml"), &format!("{FLEET}output: ../rendered\n"));
        work.write(&format!("{name}/projects/cart.yml"), &manifest("shop-cart"));
    }
    for mode in [&["render"][..], &["render", "--check"], &["render", "--stdout"]] {
        let ran = work.run(mode).ended(1);
        assert_eq!(ran.stdout, "");
        assert!(
            ran.stderr.starts_with("error[duplicate-pipeline]: two pipelines would be written to"),
            "{}",
            ran.stderr
        );
    }
    assert_snapshot!(work.run(&["render"]).stderr, @"
    error[duplicate-pipeline]: two pipelines would be written to `b/../rendered/cart.yml`
     --> b/projects/cart.yml:1:10
      |
    1 | project: shop-cart
      |          ^^^^^^^^^
      |
     ::: a/projects/cart.yml:1:10
      |
    1 | project: shop-cart
      |          --------- the other is made from this
      |
      = help: give one of them another `pipeline`, or its fleet another `output`

    error: 1 error in 1 file; nothing was written
    ");
    assert!(!work.exists("rendered"));

    // Nor does the second overwrite what the first wrote.
    work.run(&["render", "a", "--quiet"]).fine();
    let of_a = work.read("rendered/cart.yml");
    assert_snapshot!(work.run(&["render", "b"]).ended(1).stderr, @"
    error: b/../rendered/cart.yml was made from ../a/projects/cart.yml of the fleet ../a/pipegen.yml, which is still there: render that too, remove the file, or give one of them another `pipeline` or `output`
    error: 1 file is in the way; nothing was written
    ");
    assert_eq!(work.read("rendered/cart.yml"), of_a);

    // A fleet that is gone has no say.
    fs::remove_dir_all(work.path().join("a")).unwrap();
    work.run(&["render", "--quiet"]).fine();
    assert!(work.read("rendered/cart.yml").contains("of the fleet ../b/pipegen.yml"));
}

#[test]
fn manifests_without_a_fleet_do_not_share_a_file() {
    let work = Work::new()
        .file("x.yml", &(alone("shop-x") + "pipeline: p\n"))
        .file("y.yml", &(alone("shop-y") + "pipeline: p\n"));
    assert_snapshot!(work.run(&["render", "x.yml", "y.yml"]).ended(1).stderr, @"
    error[duplicate-pipeline]: two pipelines would be written to `rendered/p.yml`
     --> y.yml:7:11
      |
    7 | pipeline: p
      |           ^
      |
     ::: x.yml:7:11
      |
    7 | pipeline: p
      |           - the other is made from this
      |
      = help: give one of them another `pipeline`, or its fleet another `output`

    error: 1 error in 1 file; nothing was written
    ");
    assert!(!work.exists("rendered"));
    work.run(&["render", "x.yml", "--quiet"]).fine();
    assert_snapshot!(work.run(&["render", "y.yml"]).ended(1).stderr, @"
    error: rendered/p.yml was made from ../x.yml, which is still there: render that too, remove the file, or give one of them another `pipeline` or `output`
    error: 1 file is in the way; nothing was written
    ");
    // It is a rename once the other is gone.
    fs::remove_file(work.path().join("x.yml")).unwrap();
    work.run(&["render", "y.yml", "--quiet"]).fine();
}

#[test]
fn pipelines_may_change_places_within_what_is_rendered() {
    let work = fleet();
    work.run(&["render", "--quiet"]).fine();
    work.write("projects/api.yml", &(manifest("shop-api") + "pipeline: cart\n"));
    work.write("projects/cart.yml", &(manifest("shop-cart") + "pipeline: api\n"));
    let ran = work.run(&["render", "projects/api.yml"]).ended(1);
    assert!(
        ran.stderr.contains("made from ../projects/cart.yml of the fleet ../pipegen.yml, which is"),
        "{}",
        ran.stderr
    );
    work.run(&["render", "--quiet"]).fine();
    assert!(work.read("rendered/cart.yml").starts_with("# Made by ol-pipegen 0.1.0 from ../projects/api.yml"));

    // From one fleet to another.
    let work = Work::new()
        .file(".git/HEAD", "")
        .file("a/pipegen.yml", &format!("{FLEET}output: ../rendered\n"))
        .file("b/pipegen.yml", &format!("{FLEET}output: ../rendered\n"))
        .file("a/projects/cart.yml", &manifest("shop-cart"))
        .file("a/projects/api.yml", &manifest("shop-api"))
        .file("b/projects/web.yml", &manifest("shop-web"));
    work.run(&["render", "--quiet"]).fine();
    fs::rename(work.path().join("a/projects/cart.yml"), work.path().join("b/projects/cart.yml")).unwrap();
    assert_snapshot!(work.run(&["render"]).fine(), @"
    wrote b/../rendered/cart.yml (2 jobs)  fly -t main set-pipeline --team shop -p cart -c b/../rendered/cart.yml
    3 pipelines: 1 written, 2 unchanged, 0 removed
    ");
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml", "web.yml"]);
}

#[test]
fn manifest_that_cannot_be_read_is_not_taken_for_one_that_is_gone() {
    let work = fleet();
    work.run(&["render", "--quiet"]).fine();
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    symlink("nowhere.yml", work.path().join("projects/cart.yml")).unwrap();
    assert_snapshot!(work.run(&["render"]).ended(3).stderr, @"error: cannot read projects/cart.yml: no such file or folder");
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(work.path().join("projects/cart.yml")).unwrap();
    assert_snapshot!(work.run(&["render"]).ended(3).stderr, @"error: cannot read projects/cart.yml: neither a file nor a folder");
    drop(socket);
    assert_eq!(work.list("rendered"), ["api.yml", "cart.yml"]);
}

#[test]
fn rendering_what_the_fleet_does_not_list_is_warned_of() {
    let work = fleet().file("other/b.yml", &manifest("shop-b"));
    let ran = work.run(&["render", "other/b.yml"]).ended(0);
    assert_snapshot!(ran.stderr, @"
    warning[unlisted-manifest]: no glob of this fleet's `projects` matches `other/b.yml`
     --> pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = note: rendering the whole fleet removes the pipeline again
      = help: add it to `projects`, or move it to where a glob finds it

    warning: 1 warning in 1 file
    ");
    assert!(work.exists("rendered/b.yml"));
    // By whatever way it is told, what is listed is listed.
    symlink(".", work.path().join("link")).unwrap();
    for path in ["projects/api.yml", "./projects/../projects/api.yml", "link/projects/api.yml"] {
        assert_eq!(work.run(&["render", "--stdout", path]).ended(0).stderr, "", "{path}");
    }
}

#[test]
fn no_name_acts_on_the_terminal_or_ends_the_banner() {
    let work = fleet()
        .file("projects/web.yml", &manifest("shop-web"))
        .file("projects/x\njobs: []\u{1b}[2J\n.yml", &(manifest("shop-x") + "pipeline: x\n"));
    let printed = work.run(&["render", "--out", "out\u{1b}[2J"]).fine();
    assert!(!printed.contains('\u{1b}'), "{printed:?}");
    assert!(printed.contains("wrote out\\u{1b}[2J/x.yml"), "{printed}");
    let text = work.read("out\u{1b}[2J/x.yml");
    assert!(
        text.starts_with("# Made by ol-pipegen 0.1.0 from ../projects/x\\u{a}jobs: []\\u{1b}[2J\\u{a}.yml of"),
        "{text}"
    );
    assert_eq!(work.run(&["render", "--out", "out\u{1b}[2J"]).fine().lines().count(), 1, "it is the same");
    work.write("projects/x\njobs: []\u{1b}[2J\n.yml", "x: 1\n");
    let ran = work.run(&["render", "nowhere\u{1b}[2J"]).ended(3);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    assert!(!work.run(&["render"]).ended(1).stderr.contains('\u{1b}'));
}
