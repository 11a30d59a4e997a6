//! GitHub's GraphQL API, executed over GitHub's own schema: a query that the schema does not allow has no data, and a
//! value of the wrong type is an error in the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

use crate::world::{Event, EventKind, Issue, Kind, World, time_text};

static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    Schema::parse_and_validate(include_str!("../description/github.graphql"), "github.graphql")
        .unwrap_or_else(|errors| panic!("extract.mjs writes a schema: {}", errors.errors))
});

/// The answer to a query, and what in it is not as described.
///
/// # Panics
///
/// When an answer is no JSON, which none is.
pub fn answer(world: &World, body: &Value, web: &str) -> (Value, Vec<String>) {
    let query = body["query"].as_str().unwrap_or_default();
    let document = match document(query) {
        Ok(document) => document,
        Err(text) => return (json!({"errors": [{"message": text}]}), vec![format!("graphql: {text}")]),
    };
    let variables: JsonMap = serde_json::from_value(body["variables"].clone()).unwrap_or_default();
    let root = Object::Query { world, web };
    match Execution::new(&SCHEMA, &document).raw_variable_values(&variables).execute_sync(&root) {
        Err(error) => {
            let text = error.message().to_string();
            (json!({"errors": [{"message": text}]}), vec![format!("graphql: {text}")])
        }
        Ok(response) => {
            let mut value = serde_json::to_value(&response).expect("an answer is JSON");
            let mut wrong = Vec::new();
            for error in value["errors"].as_array_mut().into_iter().flatten() {
                let message = error["message"].as_str().unwrap_or_default().replace("resolver error: ", "");
                error["message"] = json!(message);
                if message.starts_with("Could not resolve to a") {
                    error["type"] = json!("NOT_FOUND");
                } else {
                    wrong.push(format!("graphql: {message}"));
                }
            }
            (value, wrong)
        }
    }
}

/// A query that the schema allows. Few different ones are asked, each many times.
fn document(query: &str) -> Result<Arc<Valid<ExecutableDocument>>, String> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(document) = known.get(query) {
        return Ok(Arc::clone(document));
    }
    let document = ExecutableDocument::parse_and_validate(&SCHEMA, query, "query.graphql")
        .map_err(|errors| errors.errors.to_string())?;
    let document = Arc::new(document);
    known.insert(query.to_owned(), Arc::clone(&document));
    Ok(document)
}

#[derive(Clone)]
enum Object<'w> {
    Query {
        world: &'w World,
        web: &'w str,
    },
    Repository {
        world: &'w World,
        name: String,
        web: &'w str,
    },
    Issue {
        world: &'w World,
        name: String,
        issue: &'w Issue,
        web: &'w str,
    },
    /// An object whose fields are known.
    Plain {
        kind: &'static str,
        fields: Vec<(&'static str, Field<'w>)>,
    },
}

#[derive(Clone)]
enum Field<'w> {
    Leaf(Value),
    Object(Option<Object<'w>>),
    List(Vec<Object<'w>>),
}

impl<'w> Field<'w> {
    fn resolved<'a>(&'a self) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        match self {
            Self::Leaf(value) => ResolvedValue::leaf(value.clone()),
            Self::Object(object) => ResolvedValue::nullable_object(object.clone()),
            Self::List(objects) => ResolvedValue::list(objects.clone().into_iter().map(ResolvedValue::object)),
        }
    }
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        match self {
            Self::Query { .. } => "Query",
            Self::Repository { .. } => "Repository",
            Self::Issue { .. } => "Issue",
            Self::Plain { kind, .. } => kind,
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let argument = |name: &str| -> Value {
            info.arguments().get(name).map(|value| serde_json::to_value(value).unwrap_or_default()).unwrap_or_default()
        };
        match self {
            Self::Query { world, web } => {
                let name = format!(
                    "{}/{}",
                    argument("owner").as_str().unwrap_or_default(),
                    argument("name").as_str().unwrap_or_default()
                );
                let renamed = world.repositories.get(&name).and_then(|repository| repository.renamed_to.clone());
                let name = renamed.unwrap_or(name);
                if !world.repositories.contains_key(&name) {
                    return Err(FieldError {
                        message: format!("Could not resolve to a Repository with the name '{name}'."),
                    });
                }
                Ok(ResolvedValue::object(Object::Repository { world, name, web }))
            }
            Self::Repository { world, name, web } => match info.field_name() {
                "nameWithOwner" => Ok(ResolvedValue::leaf(json!(name))),
                "issue" => {
                    let number = argument("number").as_u64().unwrap_or_default();
                    let issue = world
                        .issue_behind(name, number, world.read_lag)
                        .filter(|issue| issue.gone.is_none() && !issue.pull_request)
                        .filter(|_| !world.repositories[name].issues_disabled);
                    match issue {
                        Some(issue) => {
                            Ok(ResolvedValue::object(Object::Issue { world, name: name.clone(), issue, web }))
                        }
                        None => Err(FieldError {
                            message: format!("Could not resolve to an Issue with the number of {number}."),
                        }),
                    }
                }
                "issues" => {
                    let labels: Vec<String> = serde_json::from_value(argument("labels")).unwrap_or_default();
                    let since = argument("filterBy")["since"]
                        .as_str()
                        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                        .map(jiff::Timestamp::as_millisecond);
                    let mut issues: Vec<&Issue> = world
                        .issues_behind(name, world.list_lag)
                        .filter(|issue| issue.gone.is_none() && !issue.pull_request)
                        .filter(|issue| labels.is_empty() || labels.iter().any(|label| issue.labels.contains(label)))
                        .filter(|issue| since.is_none_or(|since| issue.updated_at.div_euclid(1_000) * 1_000 > since))
                        .collect();
                    issues.sort_by_key(|issue| (std::cmp::Reverse(issue.updated_at), issue.number));
                    if argument("orderBy")["direction"] == "ASC" {
                        issues.reverse();
                    }
                    let (page, info) = page(&issues, &argument)?;
                    let nodes =
                        page.iter().map(|issue| Object::Issue { world, name: name.clone(), issue, web }).collect();
                    let fields = vec![("pageInfo", info), ("nodes", Field::List(nodes))];
                    Ok(ResolvedValue::object(plain("IssueConnection", fields)))
                }
                _ => Err(self.unknown_field_error(info)),
            },
            Self::Issue { world, name, issue, web } => issue_field(self, world, name, issue, web, info, &argument),
            Self::Plain { fields, .. } => match fields.iter().find(|(name, _)| *name == info.field_name()) {
                Some((_, field)) => Ok(field.resolved()),
                None => Err(self.unknown_field_error(info)),
            },
        }
    }
}

fn issue_field<'a>(
    object: &'a Object<'a>,
    world: &'a World,
    name: &str,
    issue: &'a Issue,
    web: &str,
    info: &'a ResolveInfo<'a>,
    argument: &dyn Fn(&str) -> Value,
) -> Result<ResolvedValue<'a>, FieldError> {
    let time = |at: Option<i64>| ResolvedValue::leaf(at.map_or(Value::Null, |at| json!(time_text(at))));
    Ok(match info.field_name() {
        "number" => ResolvedValue::leaf(json!(issue.number)),
        "title" => ResolvedValue::leaf(json!(issue.title)),
        "body" => ResolvedValue::leaf(json!(issue.body)),
        "url" => ResolvedValue::leaf(json!(format!("{web}/{name}/issues/{}", issue.number))),
        "state" => ResolvedValue::leaf(json!(if issue.closed { "CLOSED" } else { "OPEN" })),
        "stateReason" => {
            let reason = issue.state_reason.as_deref().map(str::to_ascii_uppercase);
            let duplicate_counts = argument("enableDuplicate").as_bool().unwrap_or(false);
            ResolvedValue::leaf(match reason.as_deref() {
                Some("DUPLICATE") if !duplicate_counts && world.duplicates_read_completed => json!("COMPLETED"),
                Some("DUPLICATE") if !duplicate_counts => json!("NOT_PLANNED"),
                Some(reason) => json!(reason),
                None => Value::Null,
            })
        }
        "createdAt" => time(Some(issue.created_at)),
        "closedAt" => time(issue.closed_at),
        "lastEditedAt" => time(issue.edits.last().map(|(at, _)| *at)),
        "userContentEdits" => {
            let mut edits: Vec<&(i64, String)> = issue.edits.iter().collect();
            let size = |name: &str| argument(name).as_u64().and_then(|size| usize::try_from(size).ok());
            if let Some(last) = size("last") {
                edits.drain(..edits.len().saturating_sub(last));
            }
            edits.truncate(size("first").unwrap_or(100));
            let nodes = edits
                .into_iter()
                .map(|(at, who)| {
                    plain(
                        "UserContentEdit",
                        vec![
                            ("editedAt", Field::Leaf(json!(time_text(*at)))),
                            ("editor", Field::Object(actor(world, Some(who)))),
                        ],
                    )
                })
                .collect();
            ResolvedValue::object(plain("UserContentEditConnection", vec![("nodes", Field::List(nodes))]))
        }
        "author" => ResolvedValue::nullable_object(actor(world, Some(&issue.author))),
        "editor" => ResolvedValue::nullable_object(actor(world, issue.edits.last().map(|(_, who)| who))),
        "labels" => {
            let nodes =
                issue.labels.iter().map(|label| plain("Label", vec![("name", Field::Leaf(json!(label)))])).collect();
            ResolvedValue::object(plain("LabelConnection", vec![("nodes", Field::List(nodes))]))
        }
        "comments" => {
            let (page, info) = page(&issue.comments, argument)?;
            let nodes = page.iter().map(|comment| note(world, comment)).collect();
            ResolvedValue::object(plain(
                "IssueCommentConnection",
                vec![("pageInfo", info), ("nodes", Field::List(nodes))],
            ))
        }
        "timelineItems" => {
            let kinds: Vec<String> = serde_json::from_value(argument("itemTypes")).unwrap_or_default();
            let mut events: Vec<&Event> =
                issue.events.iter().filter(|event| kinds.iter().any(|kind| kind == item_type(&event.kind))).collect();
            let count = events.len();
            if let Some(last) = argument("last").as_u64().and_then(|last| usize::try_from(last).ok()) {
                events.drain(..count.saturating_sub(last));
            }
            let nodes = events.into_iter().filter_map(|event| timeline_item(world, issue, event)).collect();
            ResolvedValue::object(plain(
                "IssueTimelineItemsConnection",
                vec![("totalCount", Field::Leaf(json!(count))), ("nodes", Field::List(nodes))],
            ))
        }
        _ => return Err(object.unknown_field_error(info)),
    })
}

/// The items that a query asks for with `first` and `after`, and the `pageInfo` beside them.
fn page<'i, 'w, T>(items: &'i [T], argument: &dyn Fn(&str) -> Value) -> Result<(&'i [T], Field<'w>), FieldError> {
    let first = usize::try_from(argument("first").as_u64().unwrap_or(0)).unwrap_or(0);
    if first == 0 || first > 100 {
        return Err(FieldError { message: "`first` must be from 1 to 100".to_owned() });
    }
    let after = argument("after").as_str().and_then(|text| text.strip_prefix("cursor:")?.parse().ok()).unwrap_or(0);
    let start = items.len().min(after);
    let end = items.len().min(start + first);
    let cursor = if start == end { Value::Null } else { json!(format!("cursor:{end}")) };
    let fields = vec![("hasNextPage", Field::Leaf(json!(end < items.len()))), ("endCursor", Field::Leaf(cursor))];
    Ok((&items[start..end], Field::Object(Some(plain("PageInfo", fields)))))
}

fn plain<'w>(kind: &'static str, fields: Vec<(&'static str, Field<'w>)>) -> Object<'w> {
    Object::Plain { kind, fields }
}

fn note<'w>(world: &'w World, comment: &'w crate::world::Comment) -> Object<'w> {
    plain(
        "IssueComment",
        vec![
            ("fullDatabaseId", Field::Leaf(json!(comment.id.to_string()))),
            ("body", Field::Leaf(json!(comment.body))),
            ("isMinimized", Field::Leaf(json!(comment.minimized))),
            ("createdAt", Field::Leaf(json!(time_text(comment.created_at)))),
            ("lastEditedAt", Field::Leaf(comment.edited.as_ref().map_or(Value::Null, |(at, _)| json!(time_text(*at))))),
            ("author", Field::Object(actor(world, Some(&comment.author)))),
            ("editor", Field::Object(actor(world, comment.edited.as_ref().map(|(_, who)| who)))),
        ],
    )
}

/// An account as GraphQL shows it: an App's bot without `[bot]`, a deleted one not at all.
fn actor<'w>(world: &World, login: Option<&String>) -> Option<Object<'w>> {
    let login = login?;
    let user = world.users.get(login)?;
    let kind = match user.kind {
        Kind::User => "User",
        Kind::Bot => "Bot",
    };
    let login = login.strip_suffix("[bot]").unwrap_or(login);
    Some(plain(kind, vec![("login", Field::Leaf(json!(login))), ("databaseId", Field::Leaf(json!(user.id)))]))
}

fn item_type(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Closed(_) => "CLOSED_EVENT",
        EventKind::Reopened => "REOPENED_EVENT",
        EventKind::Labeled(_) => "LABELED_EVENT",
        EventKind::Transferred => "TRANSFERRED_EVENT",
    }
}

/// The reason of a closing event.
fn reason_of(issue: &Issue, event: &Event) -> Value {
    let nth = issue
        .events
        .iter()
        .take_while(|known| !std::ptr::eq(*known, event))
        .filter(|known| matches!(known.kind, EventKind::Closed(_)))
        .count();
    let reason = issue.closing_reasons.get(nth).unwrap_or(&issue.state_reason);
    reason.as_ref().map_or(Value::Null, |reason| json!(reason.to_ascii_uppercase()))
}

fn timeline_item<'w>(world: &World, issue: &Issue, event: &Event) -> Option<Object<'w>> {
    let at = ("createdAt", Field::Leaf(json!(time_text(event.at))));
    let actor = ("actor", Field::Object(actor(world, event.actor.as_ref())));
    Some(match &event.kind {
        EventKind::Closed(closer) => {
            let closer = closer.map(|kind| plain(kind, vec![("id", Field::Leaf(json!("closer")))]));
            let reason = ("stateReason", Field::Leaf(reason_of(issue, event)));
            plain("ClosedEvent", vec![at, actor, reason, ("closer", Field::Object(closer))])
        }
        EventKind::Reopened => plain("ReopenedEvent", vec![at, actor]),
        EventKind::Labeled(label) => {
            let label = plain("Label", vec![("name", Field::Leaf(json!(label)))]);
            plain("LabeledEvent", vec![at, actor, ("label", Field::Object(Some(label)))])
        }
        EventKind::Transferred => return None,
    })
}
