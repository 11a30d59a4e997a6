//! A fleet of thousands: what is shown to who waits at a terminal, and what is left when they have enough of it.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::{NO_CACHE, SHOP_FLEET, Work, manifest};

const COLUMNS: u16 = 60;

/// What takes a bar away.
const CLEARED: &str = "\r\u{1b}[K";

/// A fleet of so many projects, numbered.
fn fleet(projects: usize) -> Work {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET);
    for index in 0..projects {
        work.write(&format!("projects/p{index:05}.yml"), &manifest(&format!("shop-p{index:05}")));
    }
    work
}

/// The program in a folder, with nothing of the machine's own around it.
fn program(work: &Work, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("ol-pipegen").unwrap();
    command
        .args(arguments)
        .current_dir(work.path())
        .env_remove("CI")
        .envs([NO_CACHE])
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

/// Two ends of a terminal: the one that is looked at, and the one that is written to.
pub(crate) fn terminal() -> (fs::File, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (master.into(), slave.into())
}

/// What a terminal on standard error is sent.
fn seen(mut command: Command) -> String {
    let (mut master, slave) = terminal();
    let mut child = command.stdout(Stdio::null()).stderr(slave).spawn().unwrap();
    // It holds an end of the terminal as well.
    drop(command);
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // Linux reports the end as an error.
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
    }
    child.wait().unwrap();
    String::from_utf8(seen).unwrap()
}

/// Does what is asked with ever larger fleets, until it takes long enough to be seen.
fn with_fleets<T>(mut ask: impl FnMut(&Work, usize) -> Option<T>) -> T {
    let sizes = [250, 1_000, 4_000, 16_000, 64_000];
    sizes.into_iter().find_map(|projects| ask(&fleet(projects), projects)).expect("a fleet that takes a while")
}

#[test]
fn bar_shows_on_a_terminal_and_is_gone_before_anything_is_reported() {
    with_fleets(|work, projects| {
        work.write("projects/wrong.yml", "project: shop-wrong\nstack: {pulumi: {path: infra/wrong}}\nnonsense: 1\n");
        let seen = seen(program(work, &["render", "--color=never"]));
        let (bars, report) = seen.rsplit_once(CLEARED)?;
        for bar in bars.split(['\r', '\n']).filter(|bar| !bar.is_empty()) {
            let bar = bar.trim_end_matches("\u{1b}[K");
            assert!(bar.len() < usize::from(COLUMNS), "{bar:?} in {COLUMNS} columns");
            assert!(
                bar.is_empty() || bar.starts_with("rendering [") && bar.ends_with(&format!("/{}", projects + 1)),
                "{bar:?}"
            );
        }
        assert!(bars.contains("rendering ["), "{bars:?}");
        assert!(report.starts_with("error[unknown-field]: unknown field `nonsense`"), "{report}");
        // The same fleet, where nobody waits.
        for (arguments, variable, value) in [
            (&["render", "--check", "--quiet"], "TERM", "xterm"),
            (&["render", "--check", "--color=never"], "TERM", "dumb"),
            (&["render", "--check", "--color=never"], "CI", "true"),
        ] {
            let mut command = program(work, arguments);
            command.env(variable, value);
            assert!(!self::seen(command).contains("rendering"), "{arguments:?} with {variable}={value}");
        }
        let ran = work.run(&["validate"]).ended(1);
        assert!(!ran.stderr.contains(['\r', '\u{1b}']), "{}", ran.stderr);
        Some(())
    });
}

#[test]
fn nothing_half_written_stays_when_it_is_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        with_fleets(|work, projects| {
            let mut child = program(work, &["render", "--quiet"]).spawn().unwrap();
            wait_for_writing(work, &mut child);
            let pid = Pid::from_child(&child);
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
            let status = child.wait().unwrap();
            let left = work.list(".");
            assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
            let written = work.list("rendered").len();
            if status.success() {
                assert_eq!(written, projects);
                return None;
            }
            assert_eq!((status.signal(), written), (Some(signal.as_raw()), 0));
            // What was there is whole, too.
            work.run(&["render", "--quiet"]).fine();
            Some(())
        });
    }
}

#[test]
fn next_run_removes_what_a_killed_run_left() {
    with_fleets(|work, projects| {
        let mut child = program(work, &["render", "--quiet"]).spawn().unwrap();
        wait_for_writing(work, &mut child);
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        let status = child.wait().unwrap();
        if status.success() {
            return None;
        }
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
        let temporary = || work.list(".").into_iter().filter(|name| name.starts_with(".ol-pipegen-")).count();
        assert_eq!(temporary(), 1);
        work.run(&["render", "--quiet"]).fine();
        assert_eq!((temporary(), work.list("rendered").len()), (0, projects));
        Some(())
    });
}

/// Waits until files are being written, or all is done.
fn wait_for_writing(work: &Work, child: &mut Child) {
    while child.try_wait().unwrap().is_none() && !work.list(".").iter().any(|name| name.starts_with(".ol-pipegen-")) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn project_that_fails_hides_no_errors_of_others() {
    let work = fleet(60);
    for index in [3, 31, 58] {
        work.write(&format!("projects/p{index:05}.yml"), &format!("project: shop-{index}\nstack: {{nomad: {{}}}}\n"));
    }
    work.write("projects/p00040.yml", "project: [\n");
    let ran = work.run(&["render"]).ended(1);
    let found: Vec<&str> = ran.stderr.lines().filter_map(|line| line.trim().strip_prefix("--> ")).collect();
    let expected =
        ["projects/p00003.yml:2:9", "projects/p00031.yml:2:9", "projects/p00040.yml:1:10", "projects/p00058.yml:2:9"];
    assert_eq!(found, expected, "{}", ran.stderr);
    assert!(!work.exists("rendered"));
}
