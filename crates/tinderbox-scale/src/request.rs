//! The request of `POST /submit-job`.

mod place;

use crate::parameters;
use crate::task::Task;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A sound request.
///
/// Documented fields: `job_id`, `s3_path`, `job_config: {type, tasks}`, `node_list`. Ours beside them, all in `job_config` and
/// all with a default: `format` (by the path's ending), `parameters`, `cluster`, `repeats` (3), `warm_up` (1), `save_models`.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    /// Names the job, and the folder of its results: letters, digits, `.`, `_` and `-`.
    pub job_id: String,
    /// The key of the data set in the bucket, without a `/` at either end.
    pub s3_path: String,
    /// The first segment of the path: whose the data and the results are.
    pub user: String,
    /// `job_config.type`.
    pub kind: JobKind,
    /// Each once, in the order of the request.
    pub tasks: Vec<Task>,
    /// By task; checked.
    pub parameters: Map<String, Value>,
    /// How the data set is read: `csv`, `json`, `text` or `parquet`.
    pub format: &'static str,
    /// Numbers of executors in the order of the request, each once, all from 1.
    pub node_list: Vec<u32>,
    /// The profile that it runs on, where the request names one.
    pub cluster: Option<String>,
    /// Measured repetitions for each number of executors.
    pub repeats: u32,
    /// Repetitions before them that are not counted.
    pub warm_up: u32,
    /// Whether models of the ML tasks are kept beside the results.
    pub save_models: bool,
}

/// `job_config.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Statistics that describe the data.
    Descriptive,
    /// Machine learning.
    Ml,
}

impl JobKind {
    /// As requests write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Descriptive => "descriptive",
            Self::Ml => "ml",
        }
    }
}

/// Something that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// Path of the field, for example `job_config.tasks[1]`; of the body as a whole, `body`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do, where the message does not say it.
    pub hint: Option<String>,
}

pub(crate) type Fault = FieldError;

/// More nodes than anybody has asked one job for; a request beyond is a slip.
const MOST_NODES: u64 = 1_024;
/// Every entry is a run of its own.
const MOST_ENTRIES: usize = 16;
/// So many of the same measurement tell no more.
const MOST_REPEATS: u64 = 100;
const REPEATS: u32 = 3;
const WARM_UP: u32 = 1;
/// Of a job id; it is a segment of keys, which have 1,024 bytes in all.
const LONGEST_ID: usize = 128;

impl JobRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// Everything that is wrong with it; at least one.
    pub fn parse(body: &[u8]) -> Result<Self, Vec<FieldError>> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let hint = "send the object of the documentation as application/json".to_owned();
            vec![Fault::new("body", format!("is no JSON: {error}"), hint)]
        })?;
        let mut faults = Vec::new();
        let request = read(&value, &mut faults);
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(faults),
        }
    }

    /// Where its results go, as the answer names it.
    pub fn result_path(&self) -> String {
        format!("{}/result/{}/output", self.user, self.job_id)
    }

    /// The arguments of the program for one number of executors. `input` and `models` are addresses that Spark reads and writes,
    /// `result` is where the JSON goes: a path of the driver's machine, or such an address.
    pub fn arguments(&self, input: &str, result: &str, models: &str, nodes: u32) -> Vec<String> {
        let tasks: Vec<&str> = self.tasks.iter().map(|task| task.name()).collect();
        let mut arguments = vec![
            format!("--input={input}"),
            format!("--format={}", self.format),
            format!("--tasks={}", tasks.join(",")),
            format!("--parameters={}", Value::Object(self.parameters.clone())),
            format!("--result={result}"),
            format!("--executors={nodes}"),
            format!("--warm-up={}", self.warm_up),
            format!("--repeats={}", self.repeats),
        ];
        if self.save_models && self.tasks.iter().any(|task| task.has_model()) {
            arguments.push(format!("--models={models}"));
        }
        arguments
    }
}

/// SHA-256 over what a body says, in hexadecimal: order of keys, spaces and escapes do not count. `None` for what is no JSON.
pub fn body_hash(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let mut text = String::new();
    canonical(&value, &mut text);
    Some(Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a query asks for an answer before the run has ended: `async`, `async=true` or `async=1`.
///
/// # Errors
/// Another value of `async`.
pub fn asks_async(query: Option<&str>) -> Result<bool, FieldError> {
    let mut asked = false;
    for pair in query.unwrap_or_default().split('&') {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("async", "" | "true" | "1") => asked = true,
            ("async", "false" | "0") => asked = false,
            ("async", other) => {
                let message = format!("`{other}` is neither true nor false");
                return Err(Fault::new("async", message, "write `?async=true`".to_owned()));
            }
            _ => {}
        }
    }
    Ok(asked)
}

fn read(value: &Value, faults: &mut Vec<Fault>) -> Option<JobRequest> {
    let Some(body) = value.as_object() else {
        faults.push(Fault::of_type("body", "an object", value));
        return None;
    };
    unknown(body, "", &["job_id", "s3_path", "job_config", "node_list"], faults);
    let job_id = required(body, "", "job_id", faults).and_then(|value| job_id(value, faults));
    let place = required(body, "", "s3_path", faults).and_then(|value| place::read(value, faults));
    let nodes = required(body, "", "node_list", faults).and_then(|value| nodes(value, faults));
    let config = required(body, "", "job_config", faults)?;
    let Some(config) = config.as_object() else {
        faults.push(Fault::of_type("job_config", "an object", config));
        return None;
    };
    const OF_CONFIG: [&str; 8] =
        ["type", "tasks", "format", "parameters", "cluster", "repeats", "warm_up", "save_models"];
    unknown(config, "job_config", &OF_CONFIG, faults);
    let kind = required(config, "job_config", "type", faults).and_then(|value| kind(value, faults));
    let tasks = required(config, "job_config", "tasks", faults)
        .and_then(|value| tasks(value, kind, faults));
    let known = tasks.as_deref().unwrap_or_default();
    let parameters = match config.get("parameters").filter(|_| tasks.is_some()) {
        Some(value) if !value.is_null() => parameters::check(value, known, faults),
        _ => Map::new(),
    };
    let format = format(config.get("format"), place.as_ref(), faults);
    let cluster = optional(config, "cluster").and_then(|value| match value.as_str() {
        Some(name) if !name.trim().is_empty() => Some(name.to_owned()),
        _ => {
            faults.push(Fault::of_type(
                "job_config.cluster",
                "the name of a cluster profile",
                value,
            ));
            None
        }
    });
    let repeats = whole(config, "repeats", 1, REPEATS, faults);
    let warm_up = whole(config, "warm_up", 0, WARM_UP, faults);
    let save_models = match optional(config, "save_models") {
        None => false,
        Some(Value::Bool(save)) => *save,
        Some(other) => {
            faults.push(Fault::of_type("job_config.save_models", "true or false", other));
            false
        }
    };
    let (place, format) = (place?, format?);
    Some(JobRequest {
        job_id: job_id?,
        s3_path: place.path,
        user: place.user,
        kind: kind?,
        tasks: tasks?,
        parameters,
        format,
        node_list: nodes?,
        cluster,
        repeats,
        warm_up,
        save_models,
    })
}

fn job_id(value: &Value, faults: &mut Vec<Fault>) -> Option<String> {
    let Some(id) = value.as_str() else {
        faults.push(Fault::of_type("job_id", "a text", value));
        return None;
    };
    let is_sound = (1..=LONGEST_ID).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !is_sound {
        let message = "cannot be the name of a folder of results".to_owned();
        let hint = format!(
            "letters, digits, `.`, `_` and `-`, at most {LONGEST_ID}, beginning with a letter or digit"
        );
        faults.push(Fault::new("job_id", message, hint));
    }
    is_sound.then(|| id.to_owned())
}

fn kind(value: &Value, faults: &mut Vec<Fault>) -> Option<JobKind> {
    const FIELD: &str = "job_config.type";
    match value.as_str() {
        Some("descriptive") => Some(JobKind::Descriptive),
        Some("ml") => Some(JobKind::Ml),
        Some(other) => {
            let message = format!("`{other}` is no type of jobs");
            faults.push(Fault::new(FIELD, message, nearest(other, &["descriptive", "ml"])));
            None
        }
        None => {
            faults.push(Fault::of_type(FIELD, "`descriptive` or `ml`", value));
            None
        }
    }
}

/// Without a sound type every task is allowed.
fn tasks(value: &Value, kind: Option<JobKind>, faults: &mut Vec<Fault>) -> Option<Vec<Task>> {
    const FIELD: &str = "job_config.tasks";
    let before = faults.len();
    let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
        faults.push(Fault::of_type(FIELD, "a list of at least one task", value));
        return None;
    };
    let is_of = |task: &Task| kind.is_none_or(|kind| task.kind() == kind);
    let names: Vec<&str> = Task::ALL.into_iter().filter(is_of).map(Task::name).collect();
    let mut tasks = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let field = format!("{FIELD}[{at}]");
        let Some(name) = item.as_str() else {
            faults.push(Fault::of_type(&field, "the name of a task", item));
            continue;
        };
        match Task::of(name) {
            Some(task) if !is_of(&task) => {
                let message = format!("`{name}` is a task of type `{}`", task.kind().name());
                let hint = "a job has one type; make two jobs of it".to_owned();
                faults.push(Fault::new(field, message, hint));
            }
            Some(task) if tasks.contains(&task) => {
                let message = format!("`{name}` stands twice");
                faults.push(Fault::new(field, message, "name each task once".to_owned()));
            }
            Some(task) => tasks.push(task),
            None => {
                let message = format!("there is no task `{name}`");
                faults.push(Fault::new(field, message, nearest(name, &names)));
            }
        }
    }
    (faults.len() == before).then_some(tasks)
}

fn nodes(value: &Value, faults: &mut Vec<Fault>) -> Option<Vec<u32>> {
    const FIELD: &str = "node_list";
    let before = faults.len();
    let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
        faults.push(Fault::of_type(FIELD, "a list of at least one number of nodes", value));
        return None;
    };
    if list.len() > MOST_ENTRIES {
        let message = format!("has {} entries, each of which is a run", list.len());
        faults.push(Fault::new(
            FIELD,
            message,
            format!("at most {MOST_ENTRIES}, for example [1, 2, 4, 8]"),
        ));
        return None;
    }
    let mut nodes = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let field = format!("{FIELD}[{at}]");
        let number = item.as_u64().filter(|number| (1..=MOST_NODES).contains(number));
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) if nodes.contains(&number) => {
                let message = format!("{number} stands twice");
                let hint =
                    "name each number once; `job_config.repeats` measures more often".to_owned();
                faults.push(Fault::new(field, message, hint));
            }
            Some(number) => nodes.push(number),
            None => {
                let message =
                    format!("must be a whole number from 1 to {MOST_NODES}, not {}", kind_of(item));
                faults.push(Fault::new(field, message, String::new()));
            }
        }
    }
    (faults.len() == before).then_some(nodes)
}

fn format(
    value: Option<&Value>,
    place: Option<&place::Place>,
    faults: &mut Vec<Fault>,
) -> Option<&'static str> {
    const FIELD: &str = "job_config.format";
    let hint = || "one of csv, json, text, parquet".to_owned();
    match value.filter(|value| !value.is_null()) {
        Some(value) => {
            let Some(word) = value.as_str() else {
                faults.push(Fault::of_type(FIELD, "the name of a format", value));
                return None;
            };
            let found = place::FORMATS.iter().find(|(ending, _)| *ending == word);
            if found.is_none() {
                let message = format!("`{word}` is no format that is read");
                faults.push(Fault::new(FIELD, message, hint()));
            }
            found.map(|(_, format)| *format)
        }
        None => {
            let place = place?;
            let found = place.format();
            if found.is_none() {
                let message = format!("`{}` does not tell its format by its ending", place.path);
                let hint = "end it in .csv, .json, .txt or .parquet, or set `job_config.format`"
                    .to_owned();
                faults.push(Fault::new("s3_path", message, hint));
            }
            found
        }
    }
}

fn whole(
    config: &Map<String, Value>,
    key: &str,
    least: u64,
    default: u32,
    faults: &mut Vec<Fault>,
) -> u32 {
    let Some(value) = optional(config, key) else { return default };
    let number = value.as_u64().filter(|number| (least..=MOST_REPEATS).contains(number));
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_else(|| {
        let message = format!(
            "must be a whole number from {least} to {MOST_REPEATS}, not {}",
            kind_of(value)
        );
        faults.push(Fault::new(format!("job_config.{key}"), message, String::new()));
        default
    })
}

fn optional<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    map.get(key).filter(|value| !value.is_null())
}

fn required<'v>(
    map: &'v Map<String, Value>,
    parent: &str,
    key: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'v Value> {
    let found = optional(map, key);
    if found.is_none() {
        faults.push(Fault::new(path(parent, key), "is missing", String::new()));
    }
    found
}

fn unknown(map: &Map<String, Value>, parent: &str, known: &[&str], faults: &mut Vec<Fault>) {
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        faults.push(Fault::new(path(parent, key), "is no field of a request", nearest(key, known)));
    }
}

fn path(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>, hint: String) -> Self {
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        Self { field: field.into(), message: message.into(), hint }
    }

    pub(crate) fn of_type(field: &str, wanted: &str, value: &Value) -> Self {
        Self::new(field, format!("must be {wanted}, not {}", kind_of(value)), String::new())
    }
}

/// What a value is, in messages; long texts are cut.
pub(crate) fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("the text {value}"),
        Value::String(_) => "a long text".to_owned(),
        Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A hint for a word that is none of `known`.
pub(crate) fn nearest(word: &str, known: &[&str]) -> String {
    let allowed = (word.chars().count() / 3).max(2);
    known
        .iter()
        .filter(|_| word.len() <= 100)
        .map(|known| (strsim::damerau_levenshtein(&word.to_lowercase(), known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(
            || format!("one of {}", known.join(", ")),
            |(_, known)| format!("did you mean `{known}`?"),
        )
}

/// With keys in order, whatever order a map keeps.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for key in keys {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(&map[key], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for item in list {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
