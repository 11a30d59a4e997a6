//! A run that found all up to date is remembered: `render --check` answers from that, and only while nothing has changed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::support::{Ran, SHOP_FLEET, Work, manifest, ran};

/// A fleet with a kind of its own, manifests at several depths, links among them, and a file of somebody else's among those
/// that it is rendered to; and a cache.
struct Fleet {
    work: Work,
    cache: TempDir,
}

const CHECK: [&str; 2] = ["render", "--check"];

/// What a run prints that renders.
const RENDERED: &str = "3 pipelines up to date\n";

/// What a run prints that remembers, once its memory has been changed.
const REMEMBERED: &str = "7 pipelines up to date\n";

impl Fleet {
    fn new() -> Self {
        let globs = "projects: [projects/*.yml, 'teams/*/projects/**/*.yml']\n";
        let own = "project: shop-own\nstack:\n  own: {image: alpine, deploy: ./deploy.sh}\n";
        let work = Work::new()
            .file("pipegen.yml", &format!("{SHOP_FLEET}{globs}"))
            .file("projects/cart.yml", &manifest("shop-cart"))
            .file("projects/readme.txt", "not read")
            .file("elsewhere/linked.yml", own)
            .file("teams/a/projects/deep/api.yml", &manifest("shop-api"))
            .file("teams/b/notes.txt", "not read");
        symlink("../elsewhere/linked.yml", work.path().join("projects/linked.yml")).unwrap();
        let kind = work.run(&["kind", "show", "script"]).fine();
        work.write("kinds/stacks/own.yml", &kind);
        symlink("../later", work.path().join("teams/later")).unwrap();
        work.write("rendered/foreign.yml", "# Somebody's.\n");
        work.run(&["render", "--quiet"]).fine();
        Self { work, cache: TempDir::new().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.work.command(arguments);
        command.env("XDG_CACHE_HOME", self.cache.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments), "")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    /// What is remembered, if anything.
    fn record(&self) -> Option<PathBuf> {
        let folder = fs::read_dir(self.cache.path().join("ol-pipegen")).ok()?;
        let files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() < 2, "{files:?}");
        files.into_iter().next()
    }

    /// Runs once, and changes what is remembered of it: from here on it shows who remembers and who renders.
    fn remember(&self) {
        self.remember_of(&CHECK);
    }

    fn remember_of(&self, check: &[&str]) {
        assert_eq!(self.run(check).fine(), RENDERED);
        let record = self.record().expect("it is remembered");
        let text = fs::read_to_string(&record).unwrap();
        assert_eq!(text.matches("\u{0}3\u{0}").count(), 1);
        fs::write(record, text.replace("\u{0}3\u{0}", "\u{0}7\u{0}")).unwrap();
    }

    /// All files and folders, itself among them.
    fn tree(&self) -> Vec<PathBuf> {
        let mut found = vec![self.work.path().to_owned()];
        let mut index = 0;
        while let Some(path) = found.get(index).cloned() {
            if path.is_dir() {
                found.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            }
            index += 1;
        }
        found
    }
}

/// What is as new as the run that looks at it is not remembered.
fn age() {
    thread::sleep(Duration::from_millis(3100));
}

/// Changes something of each of many equal fleets, and gives those that did not see it.
fn unseen<T>(check: &[&str], changes: &[T], change: impl Fn(&T, &Fleet)) -> Vec<usize> {
    let fleets: Vec<Fleet> = changes.iter().map(|_| Fleet::new()).collect();
    age();
    let mut unseen = Vec::new();
    for (index, (fleet, what)) in fleets.iter().zip(changes).enumerate() {
        fleet.remember_of(check);
        assert_eq!(fleet.run(check).fine(), REMEMBERED, "{index}");
        change(what, fleet);
        if fleet.run(check).stdout == REMEMBERED {
            unseen.push(index);
        }
    }
    unseen
}

#[test]
fn unchanged_fleet_is_remembered_outside_of_its_repository_for_its_user_alone() {
    let fleet = Fleet::new();
    age();
    let before = fleet.tree();
    assert_eq!(fleet.run(&CHECK).fine(), RENDERED);
    assert_eq!(fleet.tree(), before);
    let record = fleet.record().unwrap();
    assert_eq!(fs::metadata(&record).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(record.parent().unwrap()).unwrap().mode() & 0o777, 0o700);

    // However it is asked, the answer is what it is without memory.
    for how in [&[][..], &["--quiet"], &["--format", "json"], &["--format", "sarif"], &["--format", "github"]] {
        let again = fleet.run(&[&CHECK, how].concat()).fine();
        assert_eq!(again, fleet.run(&[&CHECK, how, &["--no-cache"]].concat()).fine(), "{how:?}");
    }
    fleet.remember();
    assert_eq!(fleet.run(&CHECK).fine(), REMEMBERED);
    assert_eq!(fleet.run(&["render", "--check", "--no-cache"]).fine(), RENDERED);
    assert_eq!(fleet.run(&["render"]).fine(), "3 pipelines: 0 written, 3 unchanged, 0 removed\n");
}

#[test]
fn render_with_nothing_to_write_is_remembered() {
    let fleet = Fleet::new();
    age();
    fleet.run(&["render"]).fine();
    let record = fleet.record().unwrap();
    let text = fs::read_to_string(&record).unwrap();
    fs::write(record, text.replace("\u{0}3\u{0}", "\u{0}7\u{0}")).unwrap();
    assert_eq!(fleet.run(&CHECK).fine(), REMEMBERED);
}

#[test]
fn each_change_is_seen() {
    type Change = (&'static str, fn(&Fleet));
    let changes: [Change; 21] = [
        ("a byte of a rendered file, and its time put back", |fleet| {
            let path = fleet.path("rendered/cart.yml");
            let (text, before) = (fs::read_to_string(&path).unwrap(), fs::metadata(&path).unwrap());
            let tampered = text.replacen("trigger: true", "trigger: tRue", 1);
            assert_ne!(tampered, text);
            fs::write(&path, tampered).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
            let after = fs::metadata(&path).unwrap();
            let known = |metadata: &fs::Metadata| (metadata.ino(), metadata.size(), metadata.modified().unwrap());
            assert_eq!(known(&before), known(&after));
        }),
        ("a rendered file removed", |fleet| fs::remove_file(fleet.path("rendered/cart.yml")).unwrap()),
        ("a rendered file that is a link", |fleet| {
            fs::rename(fleet.path("rendered/cart.yml"), fleet.path("rendered/other")).unwrap();
            symlink("other", fleet.path("rendered/cart.yml")).unwrap();
        }),
        ("a rendered file that nothing renders", |fleet| {
            let text = fleet.work.read("rendered/cart.yml").replace("cart", "gone");
            fleet.work.write("rendered/gone.yml", &text);
        }),
        ("a file that becomes one that nothing renders", |fleet| {
            let text = fleet.work.read("rendered/cart.yml").replace("cart", "foreign");
            fleet.work.write("rendered/foreign.yml", &text);
        }),
        ("a manifest edited", |fleet| fleet.work.write("projects/cart.yml", &manifest("shop-tram"))),
        ("a manifest added", |fleet| fleet.work.write("projects/new.yml", &manifest("shop-new"))),
        ("a manifest deep down", |fleet| fleet.work.write("teams/a/projects/x/new.yml", &manifest("shop-new"))),
        ("a manifest of a team that had none", |fleet| {
            fleet.work.write("teams/b/projects/new.yml", &manifest("shop-new"));
        }),
        ("a manifest of a new team", |fleet| fleet.work.write("teams/c/projects/new.yml", &manifest("shop-new"))),
        ("a manifest removed", |fleet| fs::remove_file(fleet.path("projects/cart.yml")).unwrap()),
        ("a manifest renamed", |fleet| {
            fs::rename(fleet.path("projects/cart.yml"), fleet.path("projects/trolley.yml")).unwrap();
        }),
        ("a manifest that only its name keeps from being one", |fleet| {
            fleet.work.write("projects/new.yaml", &manifest("shop-new"));
        }),
        ("what a link leads to", |fleet| fleet.work.write("elsewhere/linked.yml", &manifest("shop-linked"))),
        ("what a link led nowhere to", |fleet| fleet.work.write("later/projects/new.yml", &manifest("shop-new"))),
        ("a kind edited", |fleet| {
            let text = fleet.work.read("kinds/stacks/own.yml") + "# other\n";
            fleet.work.write("kinds/stacks/own.yml", &text);
        }),
        ("a kind added", |fleet| {
            let text = fleet.work.read("kinds/stacks/own.yml");
            fleet.work.write("kinds/stacks/pulumi.yml", &text);
        }),
        ("the first kind of a family", |fleet| {
            let kind = fleet.work.run(&["kind", "show", "image"]).fine();
            fleet.work.write("kinds/builds/image.yml", &kind);
        }),
        ("the fleet edited", |fleet| {
            let text = fleet.work.read("pipegen.yml").replace("QA", "Rc");
            fleet.work.write("pipegen.yml", &text);
        }),
        ("another fleet below", |fleet| fleet.work.write("elsewhere/deep/pipegen.yml", SHOP_FLEET)),
        ("another folder in its place", |fleet| {
            fs::rename(fleet.path("projects"), fleet.path("before")).unwrap();
            fs::create_dir(fleet.path("projects")).unwrap();
        }),
    ];
    let names = |unseen: Vec<usize>| unseen.iter().map(|index| changes[*index].0).collect::<Vec<_>>();
    assert_eq!(names(unseen(&CHECK, &changes, |(_, change), fleet| change(fleet))), [""; 0]);
    // Where no fleets are looked for, fewer folders are, and another fleet is none of this one's.
    let named = ["render", "--check", "pipegen.yml"];
    assert_eq!(names(unseen(&named, &changes, |(_, change), fleet| change(fleet))), ["another fleet below"]);
}

#[test]
fn way_from_a_rendered_file_to_its_manifest_counts() {
    let fleet = Fleet::new();
    let fleet_file = fleet.work.read("pipegen.yml");
    fleet.work.write("pipegen.yml", &format!("{fleet_file}output: teams/../out/rendered\n"));
    // Where no fleet is looked for, and nothing that is looked at tells that a link leads elsewhere.
    fs::create_dir_all(fleet.path(".store/deep")).unwrap();
    fs::create_dir(fleet.path(".store/x")).unwrap();
    symlink("x", fleet.path(".store/link")).unwrap();
    symlink(".store/link", fleet.path("out")).unwrap();
    fleet.run(&["render", "--quiet"]).fine();
    age();
    fleet.remember();
    assert_eq!(fleet.run(&CHECK).fine(), REMEMBERED);
    fs::rename(fleet.path(".store/x"), fleet.path(".store/deep/x")).unwrap();
    fs::remove_file(fleet.path(".store/link")).unwrap();
    symlink("deep/x", fleet.path(".store/link")).unwrap();
    assert_eq!(fleet.run(&CHECK).ended(4).stderr, "error: out of date: 3 files; run `ol-pipegen render`\n");
}

#[test]
fn each_file_and_folder_counts_but_those_that_nobody_reads() {
    let fleet = Fleet::new();
    let places: Vec<PathBuf> = fleet
        .tree()
        .iter()
        .filter(|path| path.exists())
        .map(|path| path.strip_prefix(fleet.work.path()).unwrap().to_owned())
        .collect();
    assert!(places.len() > 15, "{places:?}");
    let unseen = unseen(&CHECK, &places, |place, fleet| {
        let path = fleet.work.path().join(place);
        if path.is_dir() {
            fs::write(path.join("new"), "").unwrap();
        } else {
            fs::File::options().append(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    });
    let unseen: BTreeSet<&Path> = unseen.iter().map(|index| places[*index].as_path()).collect();
    assert_eq!(unseen, BTreeSet::from(["projects/readme.txt", "teams/b/notes.txt"].map(Path::new)));
}

#[test]
fn what_a_run_looks_at_is_what_is_remembered() {
    let fleet = Fleet::new();
    age();
    let log = fleet.cache.path().join("log");
    let program = fleet.command(&CHECK);
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o"])
        .arg(&log)
        .arg(program.get_program())
        .args(CHECK);
    traced.current_dir(fleet.work.path()).env("XDG_CACHE_HOME", fleet.cache.path());
    if traced.output().is_ok_and(|output| output.status.success()) {
        let text = fs::read_to_string(fleet.record().unwrap()).unwrap();
        let texts: Vec<&str> = text.split('\0').collect();
        let known: BTreeSet<&Path> = texts[3..].chunks_exact(2).map(|pair| Path::new(pair[0])).collect();
        let log = fs::read_to_string(log).unwrap();
        let mut looked = 0;
        for line in log.lines() {
            // What is read or listed is opened; of all else no more is seen than what its name leads to.
            let is_opened = line.contains("open") && !line.contains(" = -1 ");
            let Some(path) = line.split('"').nth(1).map(|path| path.trim_start_matches("./")) else { continue };
            let path = Path::new(path).strip_prefix(fleet.work.path()).unwrap_or(Path::new(path));
            if path.is_absolute() || line.contains("execve") {
                continue;
            }
            looked += 1;
            let path = if path == Path::new("") { Path::new(".") } else { path };
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            assert!(known.contains(path) || (!is_opened && known.contains(folder)), "{line}\n{known:#?}");
        }
        assert!(looked > 20, "{log}");
    } else {
        assert!(Command::new("strace").arg("--version").output().is_err(), "strace is there, and does not trace");
    }
}

#[test]
fn who_is_asked_otherwise_or_is_another_program_does_not_remember() {
    let fleet = Fleet::new();
    let program = fleet.cache.path().join("program");
    fs::copy(fleet.command(&[]).get_program(), &program).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(fleet.work.path()).env("XDG_CACHE_HOME", fleet.cache.path());
        ran(&mut command, "").fine()
    };
    age();
    fleet.remember();
    assert_eq!(run(&CHECK), RENDERED, "another path");
    // It has taken the place of the first one.
    assert_eq!(fleet.run(&CHECK).fine(), RENDERED);
    fleet.remember();
    assert_eq!(fleet.run(&["render", "--check", "--deny", "warnings"]).fine(), RENDERED);
    fleet.remember();
    assert_eq!(fleet.run(&["render", "--check", "--allow", "unused-value"]).fine(), RENDERED);
    fleet.remember();
    assert_eq!(fleet.run(&CHECK).fine(), REMEMBERED);
    assert_eq!(fleet.run(&["render", "--check", "--source-root", "."]).code, 1, "it looks for the code");
    assert_eq!(fleet.run(&["render", "--check", "projects/cart.yml"]).fine(), "1 pipeline up to date\n");
    assert_eq!(fleet.run(&["render", "--check", "--out", "elsewhere"]).code, 1);
    let elsewhere = fleet.path("teams");
    let mut command = fleet.command(&["render", "--check", ".."]);
    assert_eq!(ran(command.current_dir(elsewhere), "").code, 0);
}

#[test]
fn replaced_program_does_not_remember() {
    let fleet = Fleet::new();
    let program = fleet.cache.path().join("program");
    fs::copy(fleet.command(&[]).get_program(), &program).unwrap();
    let run = || {
        let mut command = Command::new(&program);
        command.args(CHECK).current_dir(fleet.work.path()).env("XDG_CACHE_HOME", fleet.cache.path());
        ran(&mut command, "").fine()
    };
    age();
    assert_eq!(run(), RENDERED);
    let record = fleet.record().unwrap();
    let text = fs::read_to_string(&record).unwrap();
    fs::write(record, text.replace("\u{0}3\u{0}", "\u{0}7\u{0}")).unwrap();
    assert_eq!(run(), REMEMBERED);
    // The same version, built anew.
    fs::copy(fleet.command(&[]).get_program(), &program).unwrap();
    age();
    assert_eq!(run(), RENDERED);
}

#[test]
fn what_is_as_new_as_the_run_is_not_remembered() {
    let fleet = Fleet::new();
    age();
    let path = "rendered/cart.yml";
    let text = fleet.work.read(path);
    fleet.work.write(path, &text);
    assert_eq!(fleet.run(&CHECK).fine(), RENDERED);
    assert_eq!(fleet.record(), None);
    // In the same moment, and as long.
    fleet.work.write(path, &text.replacen("trigger: true", "trigger: tRue", 1));
    assert_eq!(fleet.run(&CHECK).ended(4).stderr, "error: out of date: 1 file; run `ol-pipegen render`\n");
}

#[test]
fn what_is_to_be_reported_is_reported_each_time() {
    let fleet = Fleet::new();
    fleet.work.write("projects/new.yaml", &manifest("shop-new"));
    age();
    let first = fleet.run(&CHECK).ended(0);
    assert!(first.stderr.contains("warning[unlisted-manifest]"), "{}", first.stderr);
    assert_eq!(fleet.record(), None);
    assert_eq!(fleet.run(&CHECK).ended(0).stderr, first.stderr);
    // Who is not told of it, and is told nothing else, may be answered from memory: those alone.
    let allowed = ["render", "--check", "--allow", "unlisted-manifest"];
    assert_eq!(fleet.run(&allowed).fine(), RENDERED);
    assert!(fleet.record().is_some());
    assert_eq!(fleet.run(&CHECK).ended(0).stderr, first.stderr);

    fs::remove_file(fleet.record().unwrap()).unwrap();
    fs::remove_file(fleet.path("projects/new.yaml")).unwrap();
    fs::remove_file(fleet.path("rendered/cart.yml")).unwrap();
    age();
    fleet.run(&CHECK).ended(4);
    assert_eq!(fleet.record(), None);
    fleet.run(&CHECK).ended(4);
}

#[test]
fn memory_that_others_could_have_written_or_that_is_broken_is_none() {
    let fleet = Fleet::new();
    age();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let folder = fleet.cache.path().join("ol-pipegen");
    let spoilt = |what: &str, spoil: &dyn Fn(&Path)| {
        let _ = fs::remove_dir_all(&folder);
        fleet.remember();
        assert_eq!(fleet.run(&CHECK).fine(), REMEMBERED, "before: {what}");
        spoil(&fleet.record().unwrap());
        assert_eq!(fleet.run(&CHECK).fine(), RENDERED, "{what}");
    };
    spoilt("a file that others may write", &|file| mode(file, 0o602));
    spoilt("a file that the group may write", &|file| mode(file, 0o620));
    spoilt("a folder that others may write", &|_| mode(&folder, 0o707));
    spoilt("a link", &|file| {
        let other = fleet.cache.path().join("other");
        fs::rename(file, &other).unwrap();
        symlink(&other, file).unwrap();
    });
    spoilt("another format", &|file| {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, text.replacen("unchanged 1", "unchanged 2", 1)).unwrap();
    });
    spoilt("no text", &|file| fs::write(file, b"\xff\0\xfe").unwrap());
    spoilt("nothing", &|file| fs::write(file, "").unwrap());
    let whole = {
        let _ = fs::remove_dir_all(&folder);
        fleet.remember();
        fs::read(fleet.record().unwrap()).unwrap()
    };
    for end in [whole.len() - 1, whole.len() - 4, whole.len() / 2, 200] {
        spoilt("cut off", &|file| fs::write(file, &whole[..end]).unwrap());
    }
    // Who is not root cannot give a file away, and is not given one.
    if fs::metadata(fleet.cache.path()).unwrap().uid() == 0 {
        spoilt("somebody else's file", &|file| chown(file, Some(65534), None).unwrap());
        spoilt("somebody else's folder", &|_| chown(&folder, Some(65534), None).unwrap());
    }
}

#[test]
fn cache_in_a_repository_is_not_used() {
    let fleet = Fleet::new();
    fs::create_dir(fleet.path(".git")).unwrap();
    age();
    for (arguments, cache) in [(&CHECK[..], ".cache"), (&["render", "--check", "pipegen.yml"], ".cache")] {
        let mut command = fleet.command(arguments);
        assert_eq!(ran(command.env("XDG_CACHE_HOME", fleet.path(cache)), "").fine(), RENDERED);
        assert!(!fleet.work.exists(cache));
    }
    let mut command = fleet.command(&CHECK);
    command.env_remove("XDG_CACHE_HOME").env_remove("HOME");
    assert_eq!(ran(&mut command, "").fine(), RENDERED);
    let mut command = fleet.command(&CHECK);
    command.env("XDG_CACHE_HOME", "relative").env("HOME", fleet.cache.path());
    assert_eq!(ran(&mut command, "").fine(), RENDERED);
    assert!(!fleet.work.exists("relative") && fleet.cache.path().join(".cache/ol-pipegen").is_dir());
}
