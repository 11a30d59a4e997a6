//! The rendered pipelines of this repository are what the program renders, byte for byte.

use std::process::Command;

use crate::support::{NO_CACHE, root};

#[test]
fn rendered_pipelines_are_up_to_date() {
    let render = |arguments: &[&str]| {
        let output = Command::new(assert_cmd::cargo::cargo_bin("ol-pipegen"))
            .arg("render")
            .args(arguments)
            .arg("pipelines")
            .current_dir(root())
            .envs([NO_CACHE])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
        render(&["--quiet"]);
    }
    let (code, stdout, stderr) = render(&["--check"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}\nor: OL_PIPEGEN_BLESS=1 cargo test --test integration");
}
