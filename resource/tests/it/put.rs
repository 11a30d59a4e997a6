//! Conformance cases 28 to 38.

use crate::support::*;

#[test]
fn first_build_opens_the_issue() {
    let lab = Lab::new();
    let run = lab.record(1);
    run.succeeds();
    println!("{}\n{:#?}", run.stderr, run.requests.iter().map(|r| (&r.operation, r.status)).collect::<Vec<_>>());
    let issues = lab.issues();
    assert_eq!(issues.len(), 1);
    println!("{}", issues[0].body);
    let run = lab.record(2);
    run.succeeds();
    println!("{:#?}", run.requests.iter().map(|r| (&r.operation, r.status)).collect::<Vec<_>>());
    println!("{}", lab.issues()[0].comments[0].body);
    lab.close(1, "alice");
    let run = lab.claim(1, &build(7));
    run.succeeds();
    println!("{:#?}", run.requests.iter().map(|r| (&r.operation, r.status)).collect::<Vec<_>>());
    println!("{}", lab.issues()[0].body);
    println!("{}", lab.issues()[0].comments[1].body);
}
