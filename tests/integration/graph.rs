//! A pipeline's promotion graph in words, read from the YAML that was written: who takes what from whom, what starts
//! it, which issue it uses up and which it writes.

use serde_json::Value;

pub(crate) fn graph(yaml: &str) -> String {
    let pipeline: Value = serde_saphyr::from_str(yaml).unwrap();
    let mut out = String::new();
    for job in pipeline["jobs"].as_array().unwrap() {
        let mut line = text(&job["name"]);
        if job["serial"] == true {
            line += " (serial)";
        }
        if let Some(groups) = job["serial_groups"].as_array() {
            line += &format!(" (serial with {})", names(groups));
        }
        out += &format!("{line}\n");
        for step in job["plan"].as_array().unwrap() {
            out += &format!("  {}\n", describe(step));
        }
        for hook in ["on_success", "on_failure", "on_error", "on_abort", "ensure"] {
            let Some(step) = job.get(hook) else { continue };
            let steps = match step["in_parallel"]["steps"].as_array() {
                Some(steps) => steps.clone(),
                None => vec![step.clone()],
            };
            for step in steps {
                out += &format!("  {hook}: {}\n", describe(&step));
            }
        }
    }
    out
}

/// The issues that a pipeline writes and watches: resource, gate and policy.
pub(crate) fn issues(yaml: &str) -> String {
    let pipeline: Value = serde_saphyr::from_str(yaml).unwrap();
    let mut out = String::new();
    for resource in pipeline["resources"].as_array().unwrap() {
        if resource["type"] != "github-issues" {
            continue;
        }
        let mut source = resource["source"].as_object().unwrap().clone();
        for common in ["repository", "access_token", "gh_host"] {
            source.remove(common);
        }
        let every = text(&resource["check_every"]);
        out += &format!("{} every {every} {}\n", text(&resource["name"]), Value::from(source));
    }
    out
}

fn describe(step: &Value) -> String {
    if let Some(name) = step["get"].as_str() {
        let mut line = format!("get {name}");
        if let Some(resource) = step["resource"].as_str() {
            line += &format!(" of {resource}");
        }
        if let Some(passed) = step["passed"].as_array() {
            line += &format!(" from {}", names(passed));
        }
        if step["trigger"] == true {
            line += ", starts";
        }
        if step.get("params").is_some() {
            line += &format!(" {}", step["params"]);
        }
        return line;
    }
    if let Some(name) = step["put"].as_str() {
        let params = &step["params"];
        return match params["action"].as_str() {
            Some("claim") => {
                let commits =
                    params["commits"].as_array().map_or(String::new(), |list| format!(" with {}", names(list)));
                format!("claim {name}{commits}")
            }
            Some("report") => format!("report {} to {name}", text(&params["status"])),
            Some("record") => {
                let mut rest = params.as_object().unwrap().clone();
                for printed in ["action", "title"] {
                    rest.remove(printed);
                }
                format!("record {name} {} {}", params["title"], Value::from(rest))
            }
            _ => format!("put {name} {params}"),
        };
    }
    if let Some(name) = step["task"].as_str() {
        let params = &step["config"]["params"];
        if name == "checkout-approved" {
            let reported = |key: &str| text(&params[key]).replace('\n', " ");
            let mut line = format!(
                "checkout {} compare [{}] fetch [{}]",
                reported("CHECKOUT"),
                reported("COMPARE"),
                reported("FETCH")
            );
            if params.get("NO_SUBMODULES").is_some() {
                line += &format!(" no submodules [{}]", reported("NO_SUBMODULES"));
            }
            return line;
        }
        if name == "compare-approved" {
            return format!("compare {}", text(&params["COMPARE"]).replace('\n', " "));
        }
        return format!("task {name} {params}");
    }
    step.to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn names(list: &[Value]) -> String {
    list.iter().map(text).collect::<Vec<_>>().join(", ")
}
