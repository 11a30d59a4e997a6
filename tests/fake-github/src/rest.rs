//! GitHub's REST API over a [`World`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::world::{Comment, Event, EventKind, Gone, Issue, Kind, Role, World, time_text};

const BODY_LIMIT: usize = 65_536;

/// Where a request came to, and from whom.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) operation: &'a str,
    pub(crate) path: &'a BTreeMap<String, String>,
    /// The base of the API, for the addresses in answers.
    pub(crate) base: &'a str,
    pub(crate) web: &'a str,
    pub(crate) login: String,
}

/// Whose credentials a request carries; an App itself for a JWT.
pub(crate) enum Caller {
    Account(String),
    App(u64),
    Nobody,
}

pub(crate) fn caller(world: &World, request: &Request) -> Caller {
    let Some(credentials) = request.headers.get("authorization") else { return Caller::Nobody };
    let token = credentials.split_once(' ').map_or("", |(_, token)| token);
    if let Some(login) = world.login_of(token) {
        return Caller::Account(login);
    }
    match app_of_jwt(world, token) {
        Some(id) => Caller::App(id),
        None => Caller::Nobody,
    }
}

/// GitHub's rules for an App's token: RS256, `iat` not in the future, `exp` at most ten minutes ahead, `iss` the App.
fn app_of_jwt(world: &World, token: &str) -> Option<u64> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let message = format!("{header}.{claims}");
    let read = |part: &str| serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let (header, claims) = (read(header)?, read(claims)?);
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    let now = world.now / 1_000;
    let (iat, exp) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
    let id: u64 = claims["iss"].as_str()?.parse().ok()?;
    let app = world.apps.get(&id)?;
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, &app.public_key);
    let good = header["alg"] == "RS256" && iat <= now - 60 && exp <= now + 600 && exp > now;
    (good && key.verify(message.as_bytes(), &signature).is_ok()).then_some(id)
}

pub(crate) fn app(world: &mut World, operation: &str, id: u64, path: &BTreeMap<String, String>) -> Response {
    let slug = world.apps[&id].slug.clone();
    match operation {
        "apps/get-authenticated" => Response::json(
            200,
            &json!({
                "id": id, "slug": slug, "node_id": "A_1", "owner": user_json(world, &format!("{slug}[bot]")), "name": slug,
                "description": null, "external_url": "https://example.org", "html_url": "https://example.org",
                "created_at": time_text(0), "updated_at": time_text(0), "permissions": {}, "events": [],
            }),
        ),
        "apps/create-installation-access-token" if path["installation_id"] == "77" => {
            let seed = format!("{} {}", world.id(), world.now);
            let bytes = digest::digest(&digest::SHA256, seed.as_bytes());
            // Longer than any that GitHub gave out before 2026.
            let token = format!(
                "ghs_{}_{}",
                id,
                BASE64_URL_SAFE_NO_PAD.encode([bytes.as_ref(), bytes.as_ref(), bytes.as_ref()].concat())
            );
            if let Some(app) = world.apps.get_mut(&id) {
                app.tokens.push(token.clone());
            }
            Response::json(201, &json!({"token": token, "expires_at": time_text(world.now + 3_600_000)}))
        }
        _ => Response::error(404, "Not Found"),
    }
}

pub(crate) fn answer(world: &mut World, call: &Call<'_>) -> Response {
    if call.operation.starts_with("users/") {
        return account(world, call);
    }
    if call.operation == "teams/get-membership-for-user-in-org" {
        let team = format!("{}/{}", call.path["org"], call.path["team_slug"]);
        let member = world.teams.get(&team).is_some_and(|members| members.contains(&call.path["username"]));
        return if member {
            Response::json(200, &json!({"url": "https://example.org", "role": "member", "state": "active"}))
        } else {
            Response::error(404, "Not Found")
        };
    }
    let repository = format!("{}/{}", call.path["owner"], call.path["repo"]);
    let Some(known) = world.repositories.get(&repository) else { return Response::error(404, "Not Found") };
    if let Some(to) = &known.renamed_to {
        let id = world.repositories.get(to).map_or(0, |repository| repository.id);
        let rest = call.request.path.splitn(5, '/').nth(4).unwrap_or_default().to_owned();
        let query: Vec<String> = call.request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        return Response::json(301, &json!({"message": "Moved Permanently"}))
            .with("location", &format!("{}/repositories/{id}/{rest}{query}", call.base));
    }
    if known.issues_disabled && call.operation.starts_with("issues/") {
        return Response::error(410, "Issues are disabled for this repo");
    }
    if known.archived && call.request.method != "GET" {
        return Response::error(403, "Repository was archived so is read-only.");
    }
    match call.operation {
        "issues/check-user-can-be-assigned" => {
            if may_be_assigned(world, &repository, &call.path["assignee"]) {
                Response::empty(204)
            } else {
                Response::error(404, "Not Found")
            }
        }
        "issues/list-for-repo" => list(world, call, &repository),
        "issues/get" => with_issue(world, call, &repository, |world, issue| {
            Response::json(200, &issue_json(world, &repository, issue, call))
        }),
        "issues/list-comments" => with_issue(world, call, &repository, |world, issue| {
            let comments: Vec<Value> = issue
                .comments
                .iter()
                .map(|comment| comment_json(world, &repository, issue.number, comment, call))
                .collect();
            page_of(&comments, call, world.page_size)
        }),
        "issues/create" => create(world, call, &repository),
        "issues/update" => update(world, call, &repository),
        "issues/create-comment" => comment(world, call, &repository),
        "issues/update-comment" => update_comment(world, call, &repository),
        "issues/delete-comment" => {
            let id = number(call, "comment_id");
            match issue_of_comment(world, &repository, id) {
                Some(issue) => {
                    world.delete_comment(&repository, issue, id);
                    Response::empty(204)
                }
                None => Response::error(404, "Not Found"),
            }
        }
        "issues/add-labels" => {
            let issue = number(call, "issue_number");
            let body = call.request.json().unwrap_or_default();
            for label in body["labels"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !world.refused_labels.iter().any(|refused| refused == label) && !world.drops_labels {
                    world.label(&repository, issue, &call.login, label);
                }
            }
            let labels = world.issue(&repository, issue).map(|issue| issue.labels.clone()).unwrap_or_default();
            let labels = labels.iter().map(|label| label_json(label)).collect();
            Response::json(200, &Value::Array(labels))
        }
        "repos/get-collaborator-permission-level" => permission(world, call, &repository),
        _ => Response::error(404, "Not Found"),
    }
}

fn account(world: &World, call: &Call<'_>) -> Response {
    let login = match call.operation {
        "users/get-authenticated" => Some(call.login.clone()),
        "users/get-by-username" => Some(call.path["username"].clone()),
        _ => {
            let id = number(call, "account_id");
            world.users.iter().find(|(_, user)| user.id == id).map(|(login, _)| login.clone())
        }
    };
    match login.filter(|login| world.users.contains_key(login)) {
        Some(login) => Response::json(200, &whole_user_json(world, &login)),
        None => Response::error(404, "Not Found"),
    }
}

fn update_comment(world: &mut World, call: &Call<'_>, repository: &str) -> Response {
    let id = number(call, "comment_id");
    let Some(issue) = issue_of_comment(world, repository, id) else {
        return Response::error(404, "Not Found");
    };
    let body = call.request.json().unwrap_or_default();
    world.edit_comment(repository, issue, id, &call.login, body["body"].as_str().unwrap_or_default());
    let world = &*world;
    let issue = world.issue(repository, issue).expect("it was there");
    let comment = issue.comments.iter().find(|comment| comment.id == id).expect("it was there");
    Response::json(200, &comment_json(world, repository, issue.number, comment, call))
}

fn number(call: &Call<'_>, name: &str) -> u64 {
    call.path[name].parse().unwrap_or(0)
}

fn issue_of_comment(world: &World, repository: &str, id: u64) -> Option<u64> {
    world
        .issues(repository)
        .find(|issue| issue.comments.iter().any(|comment| comment.id == id))
        .map(|issue| issue.number)
}

/// An issue as a replica has it, unless it went.
fn with_issue(
    world: &World,
    call: &Call<'_>,
    repository: &str,
    then: impl FnOnce(&World, &Issue) -> Response,
) -> Response {
    let number = number(call, "issue_number");
    let Some(issue) = world.issue_behind(repository, number, world.read_lag) else {
        return Response::error(404, "Not Found");
    };
    match gone(world, call, issue) {
        Some(response) => response,
        None => then(world, issue),
    }
}

fn gone(world: &World, call: &Call<'_>, issue: &Issue) -> Option<Response> {
    Some(match issue.gone.as_ref()? {
        Gone::Deleted => Response::error(410, "This issue was deleted"),
        Gone::Transferred(to, number) => {
            let id = world.repositories.get(to).map_or(0, |repository| repository.id);
            Response::json(
                301,
                &json!({"message": "Moved Permanently", "documentation_url": "https://docs.github.com"}),
            )
            .with("location", &format!("{}/repositories/{id}/issues/{number}", call.base))
        }
    })
}

fn list(world: &World, call: &Call<'_>, repository: &str) -> Response {
    let state = call.request.param("state").unwrap_or("open");
    let labels: Vec<&str> = call.request.param("labels").map(|labels| labels.split(',').collect()).unwrap_or_default();
    let since = call
        .request
        .param("since")
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map(jiff::Timestamp::as_millisecond);
    // GitHub says "after", and not whether that second itself is meant: the stricter reading.
    let creator = call.request.param("creator");
    let mut issues: Vec<&Issue> = world
        .issues_behind(repository, world.list_lag)
        .filter(|issue| issue.gone.is_none())
        .filter(|issue| state == "all" || issue.closed == (state == "closed"))
        .filter(|issue| labels.iter().all(|label| issue.labels.iter().any(|set| set.eq_ignore_ascii_case(label))))
        .filter(|issue| since.is_none_or(|since| issue.updated_at.div_euclid(1_000) * 1_000 > since))
        .filter(|issue| creator.is_none_or(|creator| issue.author == creator))
        .collect();
    issues.sort_by_key(|issue| match call.request.param("sort") {
        Some("updated") => (issue.updated_at, issue.number),
        _ => (issue.created_at, issue.number),
    });
    if call.request.param("direction") != Some("asc") {
        issues.reverse();
    }
    let issues: Vec<Value> = issues.into_iter().map(|issue| issue_json(world, repository, issue, call)).collect();
    page_of(&issues, call, world.page_size)
}

/// One page, linked to the next as GitHub does it: by an address that the client could not have built.
fn page_of(items: &[Value], call: &Call<'_>, size: Option<usize>) -> Response {
    let asked: usize = call.request.param("per_page").and_then(|text| text.parse().ok()).unwrap_or(30);
    let per_page = asked.clamp(1, size.unwrap_or(100).min(100));
    let page: usize = call.request.param("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let start = (page - 1) * per_page;
    let items_here: Vec<Value> = items.iter().skip(start).take(per_page).cloned().collect();
    let etag = etag(&items_here);
    if call.request.headers.get("if-none-match") == Some(&etag) {
        return Response::empty(304).with("etag", &etag);
    }
    let mut response = Response::json(200, &Value::Array(items_here)).with("etag", &etag);
    if start + per_page < items.len() {
        let query: Vec<String> = call
            .request
            .query
            .iter()
            .filter(|(name, _)| name != "page")
            .map(|(name, value)| {
                format!("{name}={}", value.replace('&', "%26").replace(' ', "%20").replace(',', "%2C"))
            })
            .collect();
        let address = format!("{}{}?page={}&{}", call.base, call.request.path, page + 1, query.join("&"));
        let link = format!(
            "<{address}&x=1>; rel=\"first\", <{address}>; rel=\"next\", <{address}&z=9>; title=\"a, <b>; rel=last\"; rel=\"last\""
        );
        response = response.with("link", &link.replace("title=\"a, <b>; rel=last\"; ", ""));
    }
    response
}

fn etag(items: &[Value]) -> String {
    let text = Value::Array(items.to_vec()).to_string();
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]))
}

fn create(world: &mut World, call: &Call<'_>, repository: &str) -> Response {
    let body = call.request.json().unwrap_or_default();
    let texts = |key: &str| -> Vec<String> {
        body[key].as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let (title, text) = (body["title"].as_str().unwrap_or_default(), body["body"].as_str().unwrap_or_default());
    if let Some(response) = invalid(title, text) {
        return response;
    }
    let unknown: Vec<String> =
        texts("assignees").into_iter().filter(|login| !may_be_assigned(world, repository, login)).collect();
    if !unknown.is_empty() {
        return validation("assignees");
    }
    let labels: Vec<String> = if world.drops_labels {
        Vec::new()
    } else {
        texts("labels").into_iter().filter(|label| !world.refused_labels.contains(label)).collect()
    };
    let number = world.open(repository, &call.login, title, text, &labels);
    let assignees = texts("assignees");
    world.change(repository, number, |issue| issue.assignees = assignees);
    let world = &*world;
    let issue = world.issue(repository, number).expect("it was opened");
    Response::json(201, &issue_json(world, repository, issue, call))
}

fn invalid(title: &str, body: &str) -> Option<Response> {
    if title.trim().is_empty() || title.chars().count() > 256 {
        return Some(validation("title"));
    }
    (body.encode_utf16().count() > BODY_LIMIT).then(|| validation("body"))
}

fn validation(field: &str) -> Response {
    Response::json(
        422,
        &json!({
            "message": "Validation Failed",
            "documentation_url": "https://docs.github.com/rest",
            "errors": [{"resource": "Issue", "field": field, "code": "invalid"}],
        }),
    )
}

fn may_be_assigned(world: &World, repository: &str, login: &str) -> bool {
    world.users.get(login).is_some_and(|user| user.roles.contains_key(repository))
}

fn update(world: &mut World, call: &Call<'_>, repository: &str) -> Response {
    let number = number(call, "issue_number");
    let Some(issue) = world.issue(repository, number) else { return Response::error(404, "Not Found") };
    if let Some(response) = gone(world, call, issue) {
        return response;
    }
    let body = call.request.json().unwrap_or_default();
    if let Some(response) = invalid(body["title"].as_str().unwrap_or("-"), body["body"].as_str().unwrap_or_default()) {
        return response;
    }
    if let Some(text) = body["body"].as_str() {
        world.edit_body(repository, number, &call.login, text);
    }
    if let Some(title) = body["title"].as_str() {
        world.change(repository, number, |issue| title.clone_into(&mut issue.title));
    }
    if let Some(labels) = body["labels"].as_array() {
        let labels: Vec<String> = labels.iter().filter_map(|label| label.as_str().map(str::to_owned)).collect();
        let now = world.now;
        world.change(repository, number, |issue| {
            for label in labels.iter().filter(|label| !issue.labels.contains(label)) {
                issue.events.push(Event {
                    kind: EventKind::Labeled(label.clone()),
                    at: now,
                    actor: Some(call.login.clone()),
                });
            }
            issue.labels = labels;
        });
    }
    match body["state"].as_str() {
        // The reason of an issue that is closed already stays.
        Some("closed") => {
            world.close(repository, number, &call.login, body["state_reason"].as_str().unwrap_or("completed"));
        }
        Some("open") => world.reopen(repository, number, &call.login),
        _ => {}
    }
    let world = &*world;
    Response::json(200, &issue_json(world, repository, world.issue(repository, number).expect("it was there"), call))
}

fn comment(world: &mut World, call: &Call<'_>, repository: &str) -> Response {
    let number = number(call, "issue_number");
    let Some(issue) = world.issue(repository, number) else { return Response::error(404, "Not Found") };
    if let Some(response) = gone(world, call, issue) {
        return response;
    }
    if issue.locked {
        return Response::error(403, "Unable to create comment because issue is locked.");
    }
    let body = call.request.json().unwrap_or_default();
    let text = body["body"].as_str().unwrap_or_default();
    if text.is_empty() || text.encode_utf16().count() > BODY_LIMIT {
        return validation("body");
    }
    let id = world.comment(repository, number, &call.login, text);
    let world = &*world;
    let issue = world.issue(repository, number).expect("it was there");
    let comment = issue.comments.iter().find(|comment| comment.id == id).expect("it was made");
    Response::json(201, &comment_json(world, repository, number, comment, call))
}

fn permission(world: &World, call: &Call<'_>, repository: &str) -> Response {
    let login = &call.path["username"];
    let Some(user) = world.users.get(login) else { return Response::error(404, "Not Found") };
    let (role, base) = match user.roles.get(repository) {
        Some(Role::Base(role)) => ((*role).to_owned(), *role),
        Some(Role::Custom(name, base)) => (name.clone(), *base),
        // Everybody may read a public repository.
        None => ("read".to_owned(), "read"),
    };
    let permission = match base {
        "admin" => "admin",
        "write" | "maintain" => "write",
        _ => "read",
    };
    let mut user = user_json(world, login);
    user["role_name"] = json!(role);
    Response::json(200, &json!({"permission": permission, "role_name": role, "user": user}))
}

fn user_json(world: &World, login: &str) -> Value {
    let Some(user) = world.users.get(login) else { return Value::Null };
    let at =
        |rest: &str| format!("https://api.github.test/users/{}{rest}", login.replace('[', "%5B").replace(']', "%5D"));
    let mut value = json!({
        "login": login, "id": user.id, "node_id": "U_1", "avatar_url": "https://avatars.test/u/1", "gravatar_id": "",
        "url": at(""), "html_url": at(""), "site_admin": false,
        "type": match user.kind { Kind::User => "User", Kind::Bot => "Bot" },
    });
    for key in [
        "followers",
        "following",
        "gists",
        "starred",
        "subscriptions",
        "organizations",
        "repos",
        "events",
        "received_events",
    ] {
        value[format!("{key}_url")] = json!(at(&format!("/{key}")));
    }
    value
}

/// The account with what only `GET /user` tells.
fn whole_user_json(world: &World, login: &str) -> Value {
    let mut value = user_json(world, login);
    for key in ["name", "company", "blog", "location", "email", "hireable", "bio"] {
        value[key] = Value::Null;
    }
    for key in ["public_repos", "public_gists", "followers", "following"] {
        value[key] = json!(0);
    }
    value["created_at"] = json!(time_text(0));
    value["updated_at"] = json!(time_text(0));
    value
}

fn label_json(name: &str) -> Value {
    json!({"id": 1, "node_id": "LA_1", "url": "https://api.github.test/labels/1", "name": name, "description": null, "color": "ededed", "default": false})
}

fn issue_json(world: &World, repository: &str, issue: &Issue, call: &Call<'_>) -> Value {
    let url = format!("{}/repos/{repository}/issues/{}", call.base, issue.number);
    let user = user_json(world, &issue.author);
    let mut value = json!({
        "id": issue.id, "node_id": "I_1", "url": url, "repository_url": format!("{}/repos/{repository}", call.base),
        "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
        "html_url": format!("{}/{repository}/issues/{}", call.web, issue.number),
        "number": issue.number, "state": if issue.closed { "closed" } else { "open" }, "state_reason": issue.state_reason,
        "title": issue.title, "body": issue.body, "user": user,
        "labels": issue.labels.iter().map(|label| label_json(label)).collect::<Vec<_>>(),
        "assignee": issue.assignees.first().map(|login| user_json(world, login)),
        "assignees": issue.assignees.iter().map(|login| user_json(world, login)).collect::<Vec<_>>(),
        "milestone": null, "locked": issue.locked, "active_lock_reason": null, "comments": issue.comments.len(),
        "closed_at": issue.closed_at.map(time_text), "created_at": time_text(issue.created_at),
        "updated_at": time_text(issue.updated_at), "author_association": "MEMBER",
    });
    if issue.pull_request {
        value["pull_request"] =
            json!({"url": url, "html_url": url, "diff_url": url, "patch_url": url, "merged_at": null});
    }
    value
}

fn comment_json(world: &World, repository: &str, number: u64, comment: &Comment, call: &Call<'_>) -> Value {
    let issue = format!("{}/repos/{repository}/issues/{number}", call.base);
    json!({
        "id": comment.id, "node_id": "IC_1", "url": format!("{}/repos/{repository}/issues/comments/{}", call.base, comment.id),
        "html_url": format!("{}/{repository}/issues/{number}#issuecomment-{}", call.web, comment.id), "issue_url": issue,
        "body": comment.body, "user": user_json(world, &comment.author), "author_association": "MEMBER",
        "created_at": time_text(comment.created_at), "updated_at": time_text(comment.updated_at),
    })
}
