//! Texts that GitHub, git, a registry or a shell reads, and that are malformed there.

use insta::assert_snapshot;

use super::{FLEET, of, report};
use crate::support::{Work, manifest};

/// The errors and the help of a manifest, without the places.
fn errors(more: &str) -> Vec<String> {
    of_fleet(FLEET, more)
}

fn of_fleet(fleet: &str, more: &str) -> Vec<String> {
    let work = Work::new().file("pipegen.yml", fleet).file("projects/a.yml", &(manifest("shop") + more));
    let ran = work.run(&["render", "--quiet"]);
    let lines = ran.stderr.lines().map(str::trim);
    lines.filter(|line| line.starts_with("error[") || line.starts_with("= help: ")).map(str::to_owned).collect()
}

#[track_caller]
fn refused(more: &str, message: &str, help: &str) {
    assert_eq!(errors(more), [format!("error[wrong-type]: {message}"), format!("= help: {help}")], "{more}");
}

#[track_caller]
fn fine(more: &str) {
    assert_eq!(errors(more), [""; 0], "{more}");
}

#[test]
fn closers_that_name_nobody_are_refused() {
    let message = "`closers` names nobody, so anyone with triage access could approve";
    let help = "name who can approve in `teams`, `users`, `roles` or `apps`, or remove `closers`";
    for closers in ["{}", "{teams: []}", "{teams: [], users: [], roles: [], apps: []}"] {
        refused(&format!("approval: {{closers: {closers}}}\n"), message, help);
        refused(&format!("overrides: {{Production: {{approval: {{closers: {closers}}}}}}}\n"), message, help);
    }
    fine("approval: {closers: {teams: [acme/sre], users: []}}\n");
}

#[test]
fn message_names_the_place_and_what_to_write() {
    assert_snapshot!(report(&(manifest("shop") + "approval: {closers: {teams: ['@acme/sre']}}\n")), @"
    error[wrong-type]: `@acme/sre` is not a team of GitHub
     --> projects/a.yml:4:30
      |
    4 | approval: {closers: {teams: ['@acme/sre']}}
      |                              ^^^^^^^^^^^
      |
      = help: write `acme/sre`

    error: 1 error in 1 file; nothing was compared
    ");
    assert_snapshot!(report(&(manifest("shop") + "approval: {closers: {roles: [admins]}}\n")), @"
    error[unknown-role]: `admins` is not a role of GitHub, so nobody could approve
     --> projects/a.yml:4:30
      |
    4 | approval: {closers: {roles: [admins]}}
      |                              ^^^^^^
      |
      = help: did you mean `admin`? a custom role of the organization can be allowed

    error: 1 error in 1 file; nothing was compared
    ");
    let amazon = "inputs:\n  app: {image: {repository: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/cart, region: us-east-1}}\n";
    assert_snapshot!(report(&(manifest("shop") + amazon)), @"
    error[wrong-type]: `region` is for a registry of Amazon that has no address, and `123456789012.dkr.ecr.us-east-1.amazonaws.com` is an address
     --> projects/a.yml:5:29
      |
    5 |   app: {image: {repository: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/cart, region: us-east-1}}
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^  ------ the region
      |
      = help: write `shop/cart`; the registry is that of the account and the region

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn closers_that_nobody_can_be() {
    for (closers, what, help) in [
        ("teams: [sre]", "`sre` is not a team", "write the organization before the team: `ORGANIZATION/sre`"),
        (
            "teams: [acme/sre/x]",
            "`acme/sre/x` is not a team",
            "write ORGANIZATION/TEAM as in the address of the team, such as example/sre",
        ),
        ("users: ['@ann']", "`@ann` is not a login", "write `ann`"),
        ("users: [acme/sre]", "`acme/sre` is not a login", "write a team among `teams`: `teams: [acme/sre]`"),
        (
            "users: ['dependabot[bot]']",
            "`dependabot[bot]` is not a login",
            "write the App among `apps`: `apps: [dependabot]`",
        ),
    ] {
        refused(&format!("approval: {{closers: {{{closers}}}}}\n"), &format!("{what} of GitHub"), help);
    }
    for role in ["Admin", "owners", "maintainer", "writer", "''"] {
        let found = errors(&format!("approval: {{closers: {{roles: [{role}]}}}}\n"));
        assert!(found[0].starts_with("error[unknown-role]: ") && found.len() == 2, "{found:?}");
    }
    fine(
        "approval: {closers: {teams: [acme/sre.eu], users: [ann_acme, Bob-2], apps: [renovate], roles: [maintain, release-manager]}}\n",
    );
    // Who knows better can say so.
    fine(
        "approval:\n  closers:\n    roles: [admins] # ol-pipegen: allow unknown-role because the organization has this role\n",
    );
}

#[test]
fn repositories_and_addresses() {
    for (repository, help) in [
        ("https://github.com/example/deployments", "write `repository: example/deployments`"),
        ("git@github.com:example/deployments.git", "write `repository: example/deployments`"),
        (
            "https://ghe.example.com/example/deployments",
            "write `repository: example/deployments`, and name the server: `api: https://HOST/api/v3`",
        ),
        ("example", "write OWNER/NAME, such as example/deployments"),
    ] {
        let message = format!("`{repository}` is not a repository on GitHub");
        refused(&format!("issues: {{repository: '{repository}'}}\n"), &message, help);
    }
    for (address, help) in [
        ("acme/shop", "write `https://github.com/acme/shop`"),
        ("github.com/acme/shop", "write `https://github.com/acme/shop`"),
        ("https:/github.com/acme/shop", "write `https://github.com/acme/shop`"),
        ("https://github.com/acme", "write the owner and the name of the repository: https://github.com/OWNER/NAME"),
        (
            "https://github.com/acme/shop/tree/main",
            "write `https://github.com/acme/shop`, which is the repository of this page",
        ),
    ] {
        let message = format!("`{address}` is not an address that git can clone");
        refused(&format!("source: {{repository: '{address}'}}\n"), &message, help);
        let input = format!("inputs: {{charts: {{git: {{repository: '{address}'}}}}}}\n");
        refused(&input, &message, help);
    }
    for address in [
        "git@github.com:acme/shop.git",
        "ssh://git@example.com:22/a",
        "https://example.com/a/b/c",
        "https://((git.user)):((git.pw))@example.com/a",
    ] {
        fine(&format!("source: {{repository: '{address}'}}\nnames: {{code: code}}\n"));
    }
    refused("source: {branch: refs/heads/main}\n", "`refs/heads/main` is not the name of a branch", "write `main`");
    for (api, help) in [
        ("https://github.example.com", "write https://github.example.com/api/v3"),
        ("https://github.com", "write https://api.github.com"),
        ("https://acme.ghe.com", "write https://api.acme.ghe.com"),
        (
            "github.example.com/api/v3",
            "write https://api.github.com, or https://HOST/api/v3 for a GitHub server of your own",
        ),
    ] {
        refused(&format!("issues: {{api: '{api}'}}\n"), &format!("`{api}` is not the address of GitHub's API"), help);
    }
    for api in ["https://api.github.com/", "https://ghe.example.com/api/v3", "https://api.acme.ghe.com"] {
        fine(&format!("issues: {{api: '{api}'}}\n"));
    }
}

#[test]
fn ids_of_apps() {
    let with = |app: &str| {
        of_fleet(&FLEET.replace("{token: ((github.token))}", &format!("{{app: {{{app}, key: ((app.key))}}}}")), "")
    };
    let found = with("id: abc, installation: 12");
    assert_eq!(found[0], "error[wrong-type]: `abc` is not the id of a GitHub App");
    let found = with("id: 12, installation: shop");
    assert_eq!(found[0], "error[wrong-type]: `shop` is not the id of an installation");
    assert_eq!(with("id: Iv23liAbCdEfGhIjKlMn, installation: 12"), [""; 0]);
    assert_eq!(with("id: ((app.id)), installation: ((app.installation))"), [""; 0]);
}

#[test]
fn patterns_and_versions() {
    for (image, message) in [
        (
            r"tag_regex: '^27\.[0-9+$', newest_by: created",
            r"`^27\.[0-9+$` is not a pattern that Go reads: a class `[` is not closed",
        ),
        (
            "tag_regex: '^(?!rc)v', newest_by: created",
            "`^(?!rc)v` is not a pattern that Go reads: `(?!` is lookaround, which looks at text without taking it",
        ),
        ("versions: 27.y", "`27.y` is not a constraint on versions"),
        ("tag: a b", "`a b` is not a tag of an image"),
        ("region: us_east_1", "`us_east_1` is not a region of Amazon"),
    ] {
        let found = errors(&format!("inputs: {{app: {{image: {{repository: x/y, {image}}}}}}}\n"));
        assert_eq!(found.first(), Some(&format!("error[wrong-type]: {message}")), "{image}");
    }
    for (repository, help) in [
        ("https://docker.io/x/y", "write `docker.io/x/y`"),
        ("x/y:1.2", "write `repository: x/y` and `tag: \"1.2\"`"),
        ("x/y@sha256:abc", "write `x/y`; an approval names the digest"),
        ("X/y", "write `x/y`"),
    ] {
        let message = format!("`{repository}` is not the name of an image");
        refused(&format!("inputs: {{app: {{image: {{repository: '{repository}'}}}}}}\n"), &message, help);
    }
    for image in [
        "repository: localhost:5000/x/y, tag: v1",
        "repository: x/y, versions: '>=1.2, <2 || ^3'",
        "repository: shop/cart, region: us-gov-west-1",
    ] {
        fine(&format!("inputs: {{app: {{image: {{{image}}}}}}}\n"));
    }
    let s3 = errors("inputs: {app: {s3: {bucket: b, regexp: app/x.tgz}}}\n");
    assert_eq!(s3[0], "error[wrong-type]: `app/x.tgz` has no group that names the version");
    let release = errors("inputs: {app: {github_release: {repository: a/b, tag_filter: 'v(?=1)'}}}\n");
    assert!(release[0].contains("is not a pattern that Go reads"), "{release:?}");
}

#[test]
fn names_of_variables() {
    for name in ["MY VAR", "A=B", "1A", "A-B", ""] {
        let help = "write letters, digits and `_`, a letter or `_` first, such as `AWS_REGION`";
        let message = format!("`{name}` is not the name of an environment variable");
        refused(&format!("env: {{'{name}': x}}\n"), &message, help);
    }
    let input = errors("inputs: {app: {image: {repository: x/y}, env: {APP DIGEST: digest}}}\n");
    assert_eq!(input[0], "error[wrong-type]: `APP DIGEST` is not the name of an environment variable");
}

#[test]
fn variables_that_nothing_fills() {
    for key in ["GITHUB_TOKEN", "ADDRESS"] {
        refused(
            &format!("env: {{{key}: (github.token)}}\n"),
            "Concourse does not fill `(github.token)`: a variable needs two parentheses",
            "write ((github.token))",
        );
    }
    fine("env: {NOTE: (sic), CALL: $(date), OTHER: '(a b.c)'}\n");
    let shell = errors("env: {GITHUB_TOKEN: $GITHUB_TOKEN}\n");
    assert_eq!(shell[0], "error[plaintext-secret]: variables of a shell are not filled here");
    let token = |text: &str| of_fleet(&FLEET.replace("((github.token))", text), "");
    assert_eq!(token("$GITHUB_TOKEN")[0], "error[plaintext-secret]: variables of a shell are not filled here");
    assert_eq!(token("(github.token)")[1], "= help: write ((github.token))");
    assert_eq!(token("((github token))")[0], "error[plaintext-secret]: the token of `issues` is written in clear");
    let actions = token("\"${{ secrets.TOKEN }}\"");
    assert_eq!(actions[1], "= help: write a credential with two parentheses, such as ((github.token))");
    let jinja = errors("env: {SIZE: \"{% if environment == 'QA' %}small{% endif %}\"}\n");
    assert_eq!(
        jinja,
        [
            "error[template-syntax]: `{% if environment == 'QA' %}` is a statement, and templates have only expressions",
            "= help: write {{ A if CONDITION else B }}, or {{ '{%' }} for these characters themselves",
        ]
    );
    fine("env: {FORMAT: '{%s}', SIZE: \"{{ '{%' }} if x %}\"}\n");
}

#[test]
fn template_in_a_block_is_pointed_at_on_its_own_line() {
    let block = "env:\n  NOTE: |\n    one\n\n    docker inspect -f '{{.State}}'\n    three\n";
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", &(manifest("shop") + block));
    assert_snapshot!(of(&work, 1), @"
    error[template-syntax]: `.State` is not an expression: unexpected `.`
     --> projects/a.yml:8:24
      |
    8 |     docker inspect -f '{{.State}}'
      |                        ^^^^^^^^^^
      |
      = help: write {{ '{{' }} for two braces of the text

    error: 1 error in 1 file; nothing was compared
    ");
}
