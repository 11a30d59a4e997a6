//! What the real GitHub, its tokens and networks do to people: passing faults, refusals in plain words, clocks, proxies.

use std::net::TcpListener;

use fake_github::{Action, Phase, Response};
use serde_json::{Value, json};

use crate::support::*;

/// The answer of a query that GitHub failed to carry out, with status 200.
const PASSING: &str = r#"{"data":null,"errors":[{"message":"Something went wrong while executing your query on 2026-09-09T14:13:09Z. Please include `A400:2860` when reporting this issue."}]}"#;

fn raw(status: u16, body: &str) -> Response {
    Response { status, headers: vec![], body: body.as_bytes().to_vec() }
}

/// Answers the next requests whose path ends so with `response`, after any that the App makes for itself.
fn answer_next(lab: &Lab, path: &'static str, times: u32, response: Response) {
    let mut left = times;
    lab.fake.hook(move |request, _, _, phase| {
        let own = request.path.starts_with("/app");
        if phase == Phase::Before && !own && request.path.ends_with(path) && left > 0 {
            left -= 1;
            return Action::Answer(response.clone());
        }
        Action::Go
    });
}

/// The four steps that read an issue by GraphQL, on a closed issue that was approved.
fn every_step(lab: &Lab, mut before_each: impl FnMut(&Lab)) {
    lab.recorded(1);
    before_each(lab);
    lab.record(2).succeeds();
    lab.fake.unhook();
    lab.close(1, "alice");
    before_each(lab);
    assert_eq!(lab.versions(None), [lab.version(1)]);
    before_each(lab);
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    before_each(lab);
    lab.claim_of(&dir, &build(7)).succeeds();
    before_each(lab);
    lab.report("succeeded", &build(7)).succeeds();
}

#[test]
fn fault_inside_a_200_passes() {
    for body in [
        PASSING,
        r#"{"data":null,"errors":[{"message":"We couldn't respond to your request in time. Sorry about that."}]}"#,
        r#"{"errors":[{"message":"Something went wrong while executing your query. Please include `0401:6C25` when reporting this issue."}]}"#,
        r#"{"data":{"repository":null},"errors":[{"message":"Something went wrong while executing your query.","path":["repository"],"locations":[{"line":1,"column":1}]}]}"#,
        r#"{"data":null}"#,
        r#"{"data":null,"errors":[{"type":"SERVICE_UNAVAILABLE","message":"no server"}]}"#,
        r#"{"message":"Server Error"}"#,
        "",
        "[]",
    ] {
        let lab = Lab::new();
        every_step(&lab, |lab| {
            lab.fake.unhook();
            answer_next(lab, "/graphql", 2, raw(200, body));
        });
    }
}

#[test]
fn list_of_another_shape_is_asked_for_again() {
    for body in [r#"{"message":"Server Error"}"#, "", "null", "{}", "<html>"] {
        let lab = Lab::new();
        answer_next(&lab, "/issues", 3, raw(200, body));
        let run = lab.gate_check(None);
        assert_eq!((run.json(), run.requests.len()), (json!([]), 4), "{body}");
    }
}

#[test]
fn query_that_the_server_does_not_understand_fails_at_once() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let body = r#"{"errors":[{"path":["query"],"extensions":{"code":"undefinedField"},"locations":[{"line":1,"column":1}],"message":"Field 'x' doesn't exist on type 'Issue'"}]}"#;
    answer_next(&lab, "/graphql", 9, raw(200, body));
    let run = lab.gate_check(None);
    run.fails("unexpected-answer").reports("Field 'x' doesn't exist");
    assert_eq!(run.count("fault"), 1);
}

#[test]
fn secondary_limit_inside_a_200_is_waited_for() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let body = r#"{"data":null,"errors":[{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}]}"#;
    answer_next(&lab, "/graphql", 1, raw(200, body));
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([lab.version(1)]));
    run.reports("rate limited by GitHub: waiting 60 s");
}

#[test]
fn content_that_was_submitted_too_quickly_is_submitted_later() {
    let lab = Lab::new();
    let body = json!({"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "custom", "message": "was submitted too quickly"}]});
    let mut once = true;
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::Before && request.method == "POST" && request.path.ends_with("/issues") && once {
            once = false;
            return Action::Answer(Response::json(422, &body));
        }
        Action::Go
    });
    lab.record(1).succeeds().reports("waiting 60 s");
    assert_eq!(lab.issues().len(), 1);
}

#[test]
fn replica_that_does_not_know_the_issue_yet_is_asked_again() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let gone = json!({"data": {"repository": {"issue": null}}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to an Issue with the number of 1.", "path": ["repository", "issue"]}]});
    answer_next(&lab, "/graphql", 2, Response::json(200, &gone));
    lab.get(&lab.version(1), "gate").0.succeeds();
    lab.fake.unhook();
    answer_next(&lab, "/graphql", 9, Response::json(200, &gone));
    lab.get(&lab.version(1), "never").0.fails("not-found").reports("issue #1").reports(REPO);
}

#[test]
fn put_goes_on_trying_until_max_wait_and_a_check_does_not() {
    let outage = |lab: &Lab, until: i64| {
        let end = lab.fake.time().now() + until;
        lab.fake.hook(move |_, world, _, phase| {
            if phase == Phase::Before && world.now < end {
                return Action::Answer(Response::error(503, "GitHub is down for maintenance"));
            }
            Action::Go
        });
    };
    let lab = Lab::new();
    outage(&lab, 600_000);
    lab.gate_check(None).fails("unavailable").reports("in 4 tries").reports("127.0.0.1");
    lab.record(1).succeeds();
    lab.close(1, "alice");
    lab.fake.unhook();
    outage(&lab, 90_000);
    lab.get(&lab.version(1), "gate").0.succeeds();

    let lab = Lab::new();
    outage(&lab, 2_000_000);
    let start = lab.fake.time().now();
    let run = lab.record(1);
    run.fails("unavailable");
    let waited = (lab.fake.time().now() - start) / 1_000;
    assert!((880..1_000).contains(&waited), "{waited}");
    run.reports("help: ").reports("rerun-build").reports("shop/deploy-shop-ci");
}

#[test]
fn write_that_never_left_this_machine_is_sent_again() {
    let lab = Lab::new().source("max_wait", 20);
    // A port where nobody listens.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lab = lab.source("gh_host", format!("http://127.0.0.1:{port}"));
    let run = lab.record(1);
    run.fails("unavailable").reports("127.0.0.1");
}

#[test]
fn new_token_of_an_app_is_not_known_everywhere_at_once() {
    let not_found = json!({"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository with the name 'acme/workflow'."}]});
    let forbidden = json!({"data": {"repository": null}, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}]});
    let refusals = [
        (Response::error(404, "Not Found"), 1, 3),
        (Response::error(403, "Resource not accessible by integration"), 1, 3),
        (Response::error(401, "Bad credentials"), 2, 13),
        (Response::error(404, "Not Found"), 3, 43),
        (Response::json(200, &not_found), 1, 3),
        (Response::json(200, &forbidden), 2, 13),
    ];
    for (response, times, seconds) in refusals {
        let lab = Lab::new().app();
        lab.recorded(1);
        lab.close(1, "alice");
        let path = if response.status == 200 { "/graphql" } else { "" };
        answer_next(&lab, path, times, response.clone());
        let start = lab.fake.time().now();
        let run = lab.gate_check(None);
        run.succeeds();
        assert_eq!(run.json(), json!([lab.version(1)]), "{response:?}");
        assert_eq!(run.count("apps/create-installation-access-token"), 1, "the same token: {response:?}");
        assert_eq!((lab.fake.time().now() - start) / 1_000, seconds, "{response:?}");
    }
}

#[test]
fn write_that_a_new_token_was_refused_is_sent_once_more() {
    for status in [401, 403, 404] {
        let lab = Lab::new().app();
        let mut once = true;
        lab.fake.hook(move |request, _, _, phase| {
            if phase == Phase::Before && request.method == "POST" && request.path.ends_with("/issues") && once {
                once = false;
                return Action::Answer(Response::error(status, "Resource not accessible by integration"));
            }
            Action::Go
        });
        lab.record(1).succeeds();
        assert_eq!(lab.issues().len(), 1, "{status}");
    }
}

#[test]
fn refusal_of_a_new_token_says_that_it_was_new() {
    for (status, id) in [(404, "not-found"), (403, "forbidden"), (401, "unauthorized")] {
        let lab = Lab::new().app();
        answer_next(&lab, "", 99, Response::error(status, "Resource not accessible by integration"));
        let start = lab.fake.time().now();
        let run = lab.gate_check(None);
        run.fails(id).reports("the App's token was new");
        assert_eq!((lab.fake.time().now() - start) / 1_000, 43, "{id}");
        // Not longer than it may wait.
        let lab = lab.source("max_wait", 5);
        let run = lab.gate_check(None);
        run.fails(id).reports("the App's token was new");
        assert_eq!(
            run.requests.iter().filter(|logged| logged.status == Some(status)).count(),
            if status == 401 { 3 } else { 2 }
        );
    }
    // A person's token is no new token.
    let lab = Lab::new();
    answer_next(&lab, "", 99, Response::error(404, "Not Found"));
    let run = lab.gate_check(None);
    run.fails("not-found");
    assert!(!run.stderr.contains("new") && run.requests.len() == 1, "{}", run.stderr);
}

#[test]
fn token_older_than_a_minute_is_refused_at_once() {
    let lab = Lab::new().app();
    lab.recorded(1);
    // A limit is waited for first, so that the token is old when it is refused.
    let mut step = 0;
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::Before && request.path.ends_with("/issues") {
            step += 1;
            return match step {
                1 => Action::Answer(Response::error(429, "Too Many Requests").with("retry-after", "61")),
                2 => Action::Answer(Response::error(404, "Not Found")),
                _ => Action::Go,
            };
        }
        Action::Go
    });
    let run = lab.gate_check(None);
    run.fails("not-found");
    assert!(!run.stderr.contains("new"), "{}", run.stderr);
}

/// A check that `response` answers, once.
fn refused_by(response: Response) -> Run {
    let lab = Lab::new();
    answer_next(&lab, "/issues", 99, response);
    lab.gate_check(None)
}

#[test]
fn refusals_name_host_and_repository_in_plain_words() {
    let sso = "required; url=https://github.com/orgs/acme/sso?authorization_request=AABP";
    let saml = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
    let cases = [
        (Response::error(404, "Not Found"), "not-found", "or these credentials cannot read it"),
        (Response::error(410, "Issues are disabled for this repo"), "invalid", "issues are disabled"),
        (Response::error(451, "Repository access blocked"), "forbidden", "blocks the repository"),
        (Response::error(403, "Repository access blocked"), "forbidden", "blocks the repository"),
        (Response::error(403, saml).with("x-github-sso", sso), "forbidden", "https://github.com/orgs/acme/sso"),
        (Response::error(403, saml), "forbidden", "single sign-on"),
        (
            Response::error(
                403,
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.",
            ),
            "forbidden",
            "does not allow requests from this machine's address",
        ),
        (
            Response::error(403, "Resource not accessible by personal access token"),
            "forbidden",
            "Resource not accessible",
        ),
        (Response::error(401, "Bad credentials"), "unauthorized", "Bad credentials"),
        (Response::error(418, "teapot"), "unexpected-answer", "418"),
    ];
    for (response, id, words) in cases {
        let run = refused_by(response.clone());
        run.fails(id).reports(words).reports("127.0.0.1");
        if !matches!(id, "unauthorized" | "unexpected-answer") {
            // Single sign-on is of the organization.
            run.reports(if words.contains("sso") || words.contains("sign-on") { "acme" } else { REPO });
        }
        assert_eq!(run.requests.len(), 1, "{response:?}");
    }
}

#[test]
fn graphql_refusal_for_single_sign_on_says_where_to_authorize() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let body = json!({"data": {"repository": {"issue": null}}, "errors": [{"type": "FORBIDDEN", "path": ["repository", "issue"], "extensions": {"saml_failure": true}, "locations": [{"line": 4, "column": 13}], "message": "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization."}]});
    let sso = "required; url=https://github.com/orgs/acme/sso?authorization_request=AABP";
    answer_next(&lab, "/graphql", 9, Response::json(200, &body).with("x-github-sso", sso));
    lab.get(&lab.version(1), "gate").0.fails("forbidden").reports("https://github.com/orgs/acme/sso");
}

#[test]
fn repository_without_issues_is_reported_as_without() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    lab.world().repositories.get_mut(REPO).unwrap().issues_disabled = true;
    lab.gate_check(None).fails("invalid").reports("issues are disabled").reports(REPO);
    lab.record(2).fails("invalid").reports("issues are disabled");
    // A single issue answers the same status as one that was deleted.
    lab.get(&lab.version(1), "gate").0.fails("invalid").reports("issues are disabled");
}

#[test]
fn archived_repository_is_read_and_reported_as_archived_on_writing() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    lab.world().repositories.get_mut(REPO).unwrap().archived = true;
    assert_eq!(lab.versions(None), [lab.version(1)]);
    let run = lab.record(2);
    run.fails("forbidden").reports("is archived").reports(REPO).reports("unarchive it");
    lab.claim(1, &build(7)).fails("forbidden").reports("is archived");
}

/// Gives the repository another name.
pub(crate) fn rename_repository(lab: &Lab, to: &str) {
    let mut world = lab.world();
    let repository = world.repositories.remove(REPO).unwrap();
    world.repositories.insert(to.to_owned(), repository);
    world.add_repository(REPO);
    let repository = world.repositories.get_mut(REPO).unwrap();
    repository.id = 999;
    repository.renamed_to = Some(to.to_owned());
    for user in world.users.values_mut() {
        if let Some(role) = user.roles.get(REPO).cloned() {
            user.roles.insert(to.to_owned(), role);
        }
    }
}

#[test]
fn renamed_repository_is_reported_by_its_present_name() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().close(REPO, 1, "alice", "completed");
    rename_repository(&lab, "acme/decisions");
    lab.gate_check(None).succeeds().reports("warning: GitHub redirects from the repository `acme/workflow`");
    lab.record(2).fails("redirected").reports("`acme/workflow` was renamed to `acme/decisions`");
}

#[test]
fn app_that_is_not_installed_in_the_repository_is_reported() {
    for (status, message, words) in [
        (
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
            "install the App there",
        ),
        (404, "Not Found", "the installation 77 of the App 4711 was not found"),
    ] {
        let lab = Lab::new().app();
        lab.fake.hook(move |request, _, _, phase| {
            if phase == Phase::Before && request.path.ends_with("/access_tokens") {
                return Action::Answer(Response::error(status, message));
            }
            Action::Go
        });
        lab.gate_check(None).fails("not-found").reports(words).reports(REPO);
    }
}

#[test]
fn clock_that_is_wrong_is_reported_where_github_refuses_an_apps_own_token() {
    for (ahead, words) in [(600_000, "clock is 600 s ahead of GitHub's"), (-900_000, "clock is 900 s behind GitHub's")]
    {
        let lab = Lab::new().app().clock_ahead(ahead);
        lab.gate_check(None).fails("unauthorized").reports(words);
    }
    // Right to the second, the clock is not blamed.
    let lab = Lab::new().app();
    lab.world().apps.get_mut(&4711).unwrap().public_key.clear();
    let run = lab.gate_check(None);
    run.fails("unauthorized");
    assert!(!run.stderr.contains("clock"), "{}", run.stderr);
}

#[test]
fn answer_that_was_kept_is_judged_by_githubs_clock() {
    // Two hours behind: by this machine the approval waits for two hours more.
    let lab = Lab::new().source("delay", 1_800).clock_ahead(-7_200_000);
    lab.close(lab.recorded(1), "alice");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    // The notice that it waits changed the list.
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    lab.fake.time().advance(1_801_000);
    assert_eq!(lab.versions(None), [lab.version(1)]);
}

#[test]
fn base_of_the_api_that_looks_wrong_is_warned_about() {
    // Nobody answers there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (base, warned) in [
        (format!("https://127.0.0.1:{port}"), true),
        (format!("https://127.0.0.1:{port}/api"), true),
        (format!("https://127.0.0.1:{port}/api/v3"), false),
        (format!("https://127.0.0.1:{port}/api/v3/"), false),
    ] {
        let lab = Lab::new().source("gh_host", base.clone()).source("max_wait", 0);
        let run = lab.gate_check(None);
        run.fails("unavailable");
        assert_eq!(run.stderr.contains("does not end in /api/v3"), warned, "{base}: {}", run.stderr);
    }
}

#[test]
fn error_names_the_proxy_and_not_its_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lab = Lab::new().source("gh_host", "https://ghe.example.invalid/api/v3").source("max_wait", 0);
    let request = json!({"source": lab.gate_source("trigger")});
    let proxy = format!("http://user:TOPSECRETproxy@127.0.0.1:{port}");
    let run = |env: &[(&str, &str)]| {
        let build = env.iter().fold(build(1), |build, (name, value)| build.with(name, value));
        let run = lab.run("check", &request, lab.temp.path(), Some(&build));
        run.fails("unavailable");
        assert!(!run.stderr.contains("TOPSECRETproxy"), "{}", run.stderr);
        run.stderr.contains(&format!("through the proxy 127.0.0.1:{port}"))
    };
    assert!(run(&[("https_proxy", &proxy)]));
    assert!(run(&[("HTTPS_PROXY", &proxy)]));
    for direct in ["example.invalid", "127.0.0.1, ghe.example.invalid", "ghe.example.invalid:443", "*"] {
        assert!(!run(&[("https_proxy", &proxy), ("no_proxy", direct)]), "{direct}");
    }
    assert!(!run(&[("http_proxy", &proxy)]));
    assert!(!run(&[("HTTP_PROXY", &proxy)]));
    // A password is also hidden where the proxy is refused.
    let socks = Lab::new().source("gh_host", "https://ghe.example.invalid/api/v3");
    let build = build(1).with("https_proxy", "socks5://user:TOPSECRETproxy@127.0.0.1");
    let refused = socks.run("check", &request, socks.temp.path(), Some(&build));
    refused.fails("bad-source").reports("https_proxy");
    assert!(!refused.stderr.contains("TOPSECRETproxy"), "{}", refused.stderr);
}
