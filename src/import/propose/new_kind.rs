//! A kind of one's own, of the steps that jobs have: what is equal in all stages stands in it, and what differs is a
//! template or an option.

use serde_json::{Map, Value as Json, json};

use super::templates::{TemplateValues, common_template, escape};

/// What a stage does in a phase.
pub(crate) struct JobBody {
    /// The stage, by number.
    pub(crate) stage: usize,
    pub(crate) phase: &'static str,
    pub(crate) words: TemplateValues,
    /// How the kind knows the stage: an expression that is true for it alone.
    pub(crate) only: String,
    pub(crate) steps: Vec<Json>,
    /// What is done about the job as a whole.
    pub(crate) hooks: Vec<(&'static str, Json)>,
    /// The resources that it puts, as far as the kind has to define them.
    pub(crate) resources: Vec<Json>,
    pub(crate) summary: Option<String>,
    pub(crate) no_changes: Option<String>,
}

/// A kind, and the options that each stage gives it.
pub(crate) struct NewKind {
    pub(crate) text: Json,
    pub(crate) options: Vec<Map<String, Json>>,
}

/// Bytes of an expression that tells which stages have a step: templates may be little longer.
const LONGEST: usize = 900;

/// The kind of these jobs.
pub(crate) fn new_kind(
    title: &str,
    about: &str,
    bodies: &[JobBody],
    stages: usize,
    types: &[Json],
    build: bool,
) -> NewKind {
    let mut options = NewOptions { stages, known: Vec::new() };
    let (mut steps, mut resources) = (Vec::new(), Vec::new());
    let previewed = bodies.iter().any(|body| matches!(body.phase, "preview" | "check"));
    for phase in ["deploy", "preview", "check", "build"] {
        let of_phase: Vec<&JobBody> = bodies.iter().filter(|body| body.phase == phase).collect();
        let mut inner = Vec::new();
        let hooked = of_phase.iter().any(|body| !body.hooks.is_empty());
        let condition = (previewed && !hooked).then(|| format!("phase == '{phase}'"));
        for entry in aligned(&of_phase) {
            let values: Vec<Option<&Json>> =
                entry.iter().map(|at| at.map(|(body, step)| &of_phase[body].steps[step])).collect();
            let members: Vec<usize> = (0..of_phase.len()).filter(|index| values[*index].is_some()).collect();
            let mut step = options
                .unite("step", &members.iter().map(|index| (of_phase[*index], values[*index])).collect::<Vec<_>>());
            let mut when = when(condition.as_deref(), &members, &of_phase);
            if when.as_ref().is_some_and(|when| when.len() > LONGEST) {
                when = options.when_by_stage(condition.as_deref(), &members, &of_phase).or(when);
            }
            if let (Some(when), Some(map)) = (&when, step.as_object_mut()) {
                let mut with = Map::new();
                with.insert("when".to_owned(), when.as_str().into());
                with.append(map);
                step = with.into();
            }
            inner.push(step);
            let put = |index: &usize| {
                let name = values[*index]?.get("resource").or_else(|| values[*index]?.get("put"))?.as_str()?;
                of_phase[*index].resources.iter().find(|resource| resource["name"] == name)
            };
            let defined: Vec<(&JobBody, Option<&Json>)> =
                members.iter().filter_map(|index| Some((of_phase[*index], Some(put(index)?)))).collect();
            if defined.len() == members.len() && !defined.is_empty() {
                let mut resource = options.unite("resource", &defined);
                if let (Some(when), Some(map)) = (&when, resource.as_object_mut()) {
                    map.shift_insert(0, "when".to_owned(), when.as_str().into());
                }
                if !resources.contains(&resource) {
                    resources.push(resource);
                }
            }
        }
        if !hooked {
            steps.extend(inner);
            continue;
        }
        // A kind has steps only: what is around the job goes around them.
        let mut around = Map::new();
        if previewed {
            around.insert("when".to_owned(), format!("{{{{ phase == '{phase}' }}}}").into());
        }
        around.insert("do".to_owned(), inner.into());
        for key in ["on_success", "on_failure", "on_error", "on_abort", "ensure"] {
            let hook = |body: &'_ &JobBody| body.hooks.iter().position(|(known, _)| *known == key);
            let values: Vec<(&JobBody, Option<&Json>)> =
                of_phase.iter().map(|body| (*body, hook(body).map(|at| &body.hooks[at].1))).collect();
            if values.iter().any(|(_, value)| value.is_some()) {
                around.insert(key.to_owned(), options.unite(key, &values));
            }
        }
        steps.push(around.into());
    }
    within(bodies, &mut resources);
    let mut kind = json!({"version": 1, "title": title, "about": about, "options": options.schema()});
    let more = |kind: &mut Json, key: &str, value: Json| {
        if let Some(map) = kind.as_object_mut() {
            map.insert(key.to_owned(), value);
        }
    };
    if !types.is_empty() {
        let mut types: Json = types.to_vec().into();
        escape(&mut types);
        more(&mut kind, "resource_types", types);
    }
    if !resources.is_empty() {
        more(&mut kind, "resources", resources.into());
    }
    if previewed {
        more(&mut kind, "phases", if build { json!(["check", "build"]) } else { json!(["deploy", "preview"]) });
    }
    more(&mut kind, "steps", steps.into());
    if !build {
        for (key, file) in [
            ("summary", (|body| body.summary.as_deref()) as fn(&JobBody) -> Option<&str>),
            ("no_changes", |body| body.no_changes.as_deref()),
        ] {
            let files: Vec<(&TemplateValues, &str)> =
                bodies.iter().filter_map(|body| Some((&body.words, file(body)?))).collect();
            if let Some(template) = common_template(&files) {
                more(&mut kind, key, template.into());
            }
        }
    }
    NewKind { text: kind, options: options.given() }
}

/// Adds the resources of steps within others, and of hooks.
fn within(bodies: &[JobBody], resources: &mut Vec<Json>) {
    for body in bodies {
        for resource in &body.resources {
            let mut whole = resource.clone();
            escape(&mut whole);
            let is_known = |known: &Json| {
                known["name"] == whole["name"]
                    || known["name"].as_str().is_some_and(|name| name.contains("{{"))
                        && body.steps.iter().any(|step| step["put"] == resource["name"])
            };
            let name = resource["name"].to_string();
            let within = body.steps.iter().any(|step| step.to_string().contains(&name))
                || body.hooks.iter().any(|(_, hook)| hook.to_string().contains(&name));
            if within && !resources.iter().any(is_known) {
                resources.push(whole);
            }
        }
    }
}

/// Which steps of several jobs are one: for each job its place, if it has it.
fn aligned(bodies: &[&JobBody]) -> Vec<Vec<Option<(usize, usize)>>> {
    let Some(first) = bodies.first() else { return Vec::new() };
    // Step by step, where what stands in one place is one step by its name.
    let alike = |step: usize| {
        let names: Vec<(&TemplateValues, &str)> =
            bodies.iter().map(|body| (&body.words, called(&body.steps[step]).1)).collect();
        bodies.iter().all(|body| verb(&body.steps[step]) == verb(&first.steps[step]))
            && common_template(&names).is_some()
    };
    let same = bodies.iter().all(|body| body.steps.len() == first.steps.len()) && (0..first.steps.len()).all(alike);
    if same {
        return (0..first.steps.len()).map(|step| (0..bodies.len()).map(|body| Some((body, step))).collect()).collect();
    }
    let mut rows: Vec<Vec<Option<(usize, usize)>>> = Vec::new();
    for (body, found) in bodies.iter().enumerate() {
        let mut from = 0;
        for (step, own) in found.steps.iter().enumerate() {
            let is = |row: &Vec<Option<(usize, usize)>>, own: &Json| {
                row[body].is_none()
                    && row.iter().flatten().any(|(other, index)| called(&bodies[*other].steps[*index]) == called(own))
            };
            if let Some(at) = rows[from..].iter().position(|row| is(row, own)) {
                rows[from + at][body] = Some((body, step));
                from += at + 1;
                continue;
            }
            // A step that no other job has stands before the next one that one has, else behind all.
            let next = found.steps[step + 1..]
                .iter()
                .find_map(|later| rows[from..].iter().position(|row| is(row, later)).map(|at| from + at));
            let at = next.unwrap_or(rows.len());
            let mut row = vec![None; bodies.len()];
            row[body] = Some((body, step));
            rows.insert(at, row);
            from = at + 1;
        }
    }
    rows
}

fn when(phase: Option<&str>, members: &[usize], bodies: &[&JobBody]) -> Option<String> {
    let some = (members.len() < bodies.len()).then(|| {
        let mut only: Vec<&str> = members.iter().map(|index| bodies[*index].only.as_str()).collect();
        only.dedup();
        match only.iter().map(|one| one.strip_prefix("environment == ")).collect::<Option<Vec<&str>>>().as_deref() {
            None | Some([_]) => only.join(" or "),
            Some(names) => format!("environment in [{}]", names.join(", ")),
        }
    });
    match (phase, some) {
        (None, None) => None,
        (Some(phase), None) => Some(format!("{{{{ {phase} }}}}")),
        (None, Some(some)) => Some(format!("{{{{ {some} }}}}")),
        (Some(phase), Some(some)) => Some(format!("{{{{ {phase} and ({some}) }}}}")),
    }
}

const VERBS: [&str; 8] = ["get", "put", "task", "load_var", "set_pipeline", "do", "try", "in_parallel"];

fn verb(step: &Json) -> Option<&'static str> {
    VERBS.into_iter().find(|verb| step.get(*verb).is_some())
}

fn called(step: &Json) -> (Option<&'static str>, &str) {
    let verb = verb(step);
    (verb, verb.and_then(|verb| step[verb].as_str()).unwrap_or_default())
}

/// The options that a manifest gives to the new kind.
struct NewOptions {
    stages: usize,
    known: Vec<(String, Vec<Option<Json>>)>,
}

impl NewOptions {
    /// A condition for steps of many stages with long names, which do not go into one expression: each stage sets by an
    /// option whether it has the step.
    fn when_by_stage(&mut self, condition: Option<&str>, members: &[usize], of_phase: &[&JobBody]) -> Option<String> {
        let has: Vec<Json> = (0..of_phase.len()).map(|index| Json::Bool(members.contains(&index))).collect();
        let values: Vec<(&JobBody, Option<&Json>)> =
            of_phase.iter().zip(&has).map(|(body, has)| (*body, Some(has))).collect();
        let Json::String(option) = self.option("has_step", &values) else { return None };
        let option = option.trim_start_matches("{{ ").trim_end_matches(" }}");
        Some(match condition {
            Some(condition) => format!("{{{{ {condition} and {option} }}}}"),
            None => format!("{{{{ {option} }}}}"),
        })
    }

    /// What comes out as each of these values for its stage.
    fn unite(&mut self, key: &str, values: &[(&JobBody, Option<&Json>)]) -> Json {
        let Some((_, Some(first))) = values.first() else { return self.option(key, values) };
        if values.iter().all(|(_, value)| *value == Some(*first)) {
            let mut whole = (*first).clone();
            escape(&mut whole);
            return whole;
        }
        let all: Option<Vec<&Json>> = values.iter().map(|(_, value)| *value).collect();
        let Some(all) = all else { return self.option(key, values) };
        if all.iter().all(|value| value.is_object()) {
            let mut keys: Vec<&String> = Vec::new();
            for inner in all.iter().flat_map(|value| value.as_object().into_iter().flat_map(Map::keys)) {
                if !keys.contains(&inner) {
                    keys.push(inner);
                }
            }
            let of = |inner: &String| {
                values.iter().map(|(body, value)| (*body, value.and_then(|value| value.get(inner)))).collect::<Vec<_>>()
            };
            return keys
                .into_iter()
                .map(|inner| (inner.clone(), self.unite(inner, &of(inner))))
                .collect::<Map<_, _>>()
                .into();
        }
        if let Some(length) = first.as_array().map(Vec::len)
            && all.iter().all(|value| value.as_array().is_some_and(|items| items.len() == length))
        {
            let of = |index: usize| {
                values.iter().map(|(body, value)| (*body, value.and_then(|value| value.get(index)))).collect::<Vec<_>>()
            };
            return (0..length).map(|index| self.unite(key, &of(index))).collect::<Vec<_>>().into();
        }
        let texts: Option<Vec<(&TemplateValues, &str)>> =
            values.iter().map(|(body, value)| Some((&body.words, value.as_ref()?.as_str()?))).collect();
        texts.and_then(|texts| common_template(&texts)).map_or_else(|| self.option(key, values), Json::from)
    }

    fn option(&mut self, key: &str, values: &[(&JobBody, Option<&Json>)]) -> Json {
        let mut given: Vec<Option<Json>> = vec![None; self.stages];
        for (body, value) in values {
            given[body.stage] = value.cloned();
        }
        let known = self.known.iter().find(|(name, known)| *known == given && name.starts_with(&plain(key)));
        let known = known.map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = plain(key);
            let free = (1..).map(|nth| if nth == 1 { name.clone() } else { format!("{name}_{nth}") });
            let free = { free }.find(|name| !self.known.iter().any(|(known, _)| known == name)).unwrap_or_default();
            self.known.push((free.clone(), given));
            free
        });
        format!("{{{{ options.{name} }}}}").into()
    }

    fn schema(&self) -> Json {
        let mut properties = Map::new();
        for (name, values) in &self.known {
            let kind = match values.iter().flatten().next() {
                Some(Json::Bool(_)) => "boolean",
                Some(Json::Number(number)) if number.is_i64() => "integer",
                Some(Json::Number(_)) => "number",
                Some(Json::Array(_)) => "array",
                Some(Json::Object(_)) => "object",
                _ => "string",
            };
            let is_one = values.iter().flatten().all(Json::is_string) || kind != "string";
            properties.insert(name.clone(), if is_one { json!({"type": kind}) } else { json!({}) });
        }
        let mut schema = json!({"type": "object", "additionalProperties": false});
        if let Some(map) = schema.as_object_mut().filter(|_| !properties.is_empty()) {
            map.insert("properties".to_owned(), properties.into());
        }
        schema
    }

    fn given(self) -> Vec<Map<String, Json>> {
        let mut given = vec![Map::new(); self.stages];
        for (name, values) in self.known {
            for (stage, value) in values.into_iter().enumerate() {
                if let Some(mut value) = value {
                    escape(&mut value);
                    given[stage].insert(name.clone(), value);
                }
            }
        }
        given
    }
}

/// A name of an option, of a key.
fn plain(key: &str) -> String {
    let name: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("v{name}") }
}
