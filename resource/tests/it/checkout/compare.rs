//! What is compared with its pin.

use super::*;

fn image(pin: &str, fetched: Option<&str>) -> Build {
    let mut build = Build::new();
    build.set("CHECKOUT", "");
    build.set("COMPARE", "img=digest");
    build.pins.insert("img".to_owned(), pin.to_owned());
    let folder = build.path().join("build/img");
    fs::create_dir(&folder).unwrap();
    if let Some(fetched) = fetched {
        fs::write(folder.join("digest"), fetched).unwrap();
    }
    build
}

#[test]
fn approved_version_passes_with_and_without_a_last_newline() {
    for fetched in ["sha256:aa", "sha256:aa\n"] {
        let build = image("sha256:aa", Some(fetched));
        for shell in shells() {
            let ran = build.run(shell);
            assert_eq!((ran.code, ran.text.as_str()), (Some(0), "img: the approved version sha256:aa\n"));
        }
    }
}

#[test]
fn another_version_is_refused_with_both() {
    image("sha256:aa", Some("sha256:ab\n")).refuses(&["img: sha256:aa was approved, and this build fetched sha256:ab"]);
    image("sha256:aa", Some("sha256:aa x\n")).refuses(&["img: "]);
    image("*", Some("sha256:aa\n")).refuses(&["img: * was approved"]);
}

#[test]
fn version_that_is_missing_is_refused() {
    image("sha256:aa", None).refuses(&["img: the file digest is not there"]);
    let mut build = image("sha256:aa", Some("sha256:aa\n"));
    build.pins.clear();
    build.refuses(&["the approval names no version of img"]);
}

#[test]
fn script_that_is_given_nothing_to_check_is_refused() {
    for empty in ["", " \n"] {
        let mut build = image("sha256:aa", Some("sha256:aa\n"));
        build.set("COMPARE", empty);
        build.refuses(&["none of CHECKOUT, COMPARE and CONTENT is set, so no version would be checked"]);
    }
}
