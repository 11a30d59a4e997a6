//! What a test on its own machine may ask of a fake that runs as a process: `POST /_admin/ACTION` with JSON.

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::server::{Action, FakeGithub, Phase};
use crate::world::{Gone, Kind, Role, World, time_text};

pub(crate) fn answer(fake: &FakeGithub, request: &Request) -> Response {
    let action = request.path.trim_start_matches("/_admin/");
    let body = request.json().unwrap_or_else(|| json!({}));
    match run(fake, action, &body) {
        Ok(value) => Response::json(200, &value),
        Err(why) => Response::error(400, &why),
    }
}

fn run(fake: &FakeGithub, action: &str, body: &Value) -> Result<Value, String> {
    let text = |key: &str| body[key].as_str().ok_or_else(|| format!("`{key}` is a text"));
    let number = |key: &str| body[key].as_u64().ok_or_else(|| format!("`{key}` is a number"));
    match action {
        "state" => return Ok(dump(&fake.world())),
        "log" => {
            let log: Vec<Value> = fake
                .log()
                .iter()
                .map(|logged| {
                    json!({"method": logged.request.method, "path": logged.request.path, "operation": logged.operation, "status": logged.status})
                })
                .collect();
            return Ok(json!(log));
        }
        "violations" => return Ok(json!(fake.violations())),
        "advance" => {
            fake.time().advance(body["millis"].as_i64().ok_or("`millis` is a number")?);
            return Ok(json!({"now": fake.time().now()}));
        }
        "faults" => {
            set_fault(fake, body);
            return Ok(json!({}));
        }
        "clear-faults" => {
            fake.unhook();
            return Ok(json!({}));
        }
        _ => {}
    }
    let mut world = fake.world();
    if action == "lag" {
        world.list_lag = body["list"].as_i64().unwrap_or(0);
        world.read_lag = body["read"].as_i64().unwrap_or(0);
        return Ok(json!({}));
    }
    let repository = text("repository")?;
    if action == "add-repository" {
        world.add_repository(repository);
        return Ok(json!({}));
    }
    if action == "add-user" {
        let kind = if body["kind"] == "Bot" { Kind::Bot } else { Kind::User };
        let role = body["role"]
            .as_str()
            .and_then(|role| ["read", "triage", "write", "maintain", "admin"].into_iter().find(|known| *known == role));
        let id = world.add_user(text("login")?, kind, repository, role.map(Role::Base));
        if let Some(token) = body["token"].as_str() {
            world.tokens.insert(token.to_owned(), text("login")?.to_owned());
        }
        return Ok(json!({"id": id}));
    }
    let actor = text("actor")?;
    if action == "open" {
        let labels: Vec<String> = serde_json::from_value(body["labels"].clone()).unwrap_or_default();
        let number = world.open(repository, actor, text("title")?, body["body"].as_str().unwrap_or_default(), &labels);
        return Ok(json!({"number": number}));
    }
    let issue = number("number")?;
    if world.issue(repository, issue).is_none() {
        return Err(format!("there is no issue #{issue}"));
    }
    match action {
        "close" => world.close(repository, issue, actor, body["reason"].as_str().unwrap_or("completed")),
        "reopen" => world.reopen(repository, issue, actor),
        "comment" => return Ok(json!({"id": world.comment(repository, issue, actor, text("body")?)})),
        "edit-body" => world.edit_body(repository, issue, actor, text("body")?),
        "edit-comment" => world.edit_comment(repository, issue, number("comment")?, actor, text("body")?),
        "delete-comment" => world.delete_comment(repository, issue, number("comment")?),
        "retitle" => {
            let title = text("title")?.to_owned();
            world.change(repository, issue, |issue| issue.title = title);
        }
        "label" => world.label(repository, issue, actor, text("label")?),
        "unlabel" => {
            let label = text("label")?.to_owned();
            world.change(repository, issue, |issue| issue.labels.retain(|set| *set != label));
        }
        "lock" => world.change(repository, issue, |issue| issue.locked = true),
        "unlock" => world.change(repository, issue, |issue| issue.locked = false),
        "transfer" => return Ok(json!({"number": world.transfer(repository, issue, text("to")?, actor)})),
        "delete" => world.delete(repository, issue),
        other => return Err(format!("there is no action `{other}`")),
    }
    Ok(json!({}))
}

/// `{"method": "POST", "path": "/comments", "phase": "after", "status": 502, "times": 1}`: the next requests of this
/// sort are answered so, or their connection is closed when no status is said.
fn set_fault(fake: &FakeGithub, body: &Value) {
    let method = body["method"].as_str().map(str::to_owned);
    let path = body["path"].as_str().unwrap_or_default().to_owned();
    let wanted = if body["phase"] == "after" { Phase::After } else { Phase::Before };
    let status = body["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let headers: Vec<(String, String)> = body["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let mut left = body["times"].as_u64().unwrap_or(1);
    fake.hook(move |request, _, _, phase| {
        let meant = phase == wanted
            && request.path.contains(&path)
            && method.as_ref().is_none_or(|method| *method == request.method);
        if !meant || left == 0 {
            return Action::Go;
        }
        left -= 1;
        match status {
            None => Action::Drop,
            Some(status) => {
                let mut response = Response::error(status, "a fault that was asked for");
                response.headers.extend(headers.iter().cloned());
                Action::Answer(response)
            }
        }
    });
}

fn dump(world: &World) -> Value {
    let mut repositories = serde_json::Map::new();
    for name in world.repositories.keys() {
        let issues: Vec<Value> = world
            .issues(name)
            .map(|issue| {
                json!({
                    "number": issue.number, "title": issue.title, "body": issue.body, "author": issue.author,
                    "state": if issue.closed { "closed" } else { "open" }, "state_reason": issue.state_reason,
                    "labels": issue.labels, "assignees": issue.assignees, "locked": issue.locked,
                    "created_at": time_text(issue.created_at), "closed_at": issue.closed_at.map(time_text),
                    "gone": match &issue.gone {
                        None => Value::Null,
                        Some(Gone::Deleted) => json!("deleted"),
                        Some(Gone::Transferred(to, number)) => json!(format!("{to}#{number}")),
                    },
                    "comments": issue.comments.iter().map(|comment| json!({
                        "id": comment.id, "author": comment.author, "body": comment.body,
                        "created_at": time_text(comment.created_at),
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        repositories.insert(name.clone(), Value::Array(issues));
    }
    json!({"now": time_text(world.now), "repositories": repositories, "requests": world.requests})
}
