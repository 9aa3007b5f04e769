//! The document of models, field by field.

use super::fields::{Layer, Section};
use super::yaml::{self, Node};
use super::{
    Cluster, DEFAULT_MODELS, Duration, Failure, Input, JobType, MOST_OPERATORS, Models, Operator,
    OperatorKind, Retries, Schedule,
};
use crate::error::{Error, suggestion};

/// The version of the format.
const VERSION: u32 = 1;

/// More recurring jobs of one type are refused.
const MOST_PIPELINES: u32 = 10_000;

const KINDS: [(&str, OperatorKind); 4] = [
    ("read", OperatorKind::Read),
    ("shuffle", OperatorKind::Shuffle),
    ("compute", OperatorKind::Compute),
    ("write", OperatorKind::Write),
];

const DEFAULTS: &[&str] = &[
    "share",
    "pipelines",
    "users",
    "spark_versions",
    "schedule",
    "cluster",
    "input",
    "output_ratio",
    "duration",
    "skew",
    "retries",
    "mean_seconds",
    "failure_rate",
];

pub(super) fn models(file: &str, text: &str) -> Result<Models, Error> {
    let own = document(file, text)?;
    let built_in_name = "the built-in models";
    let built_in = document(built_in_name, DEFAULT_MODELS)?;
    let roots = [
        Layer { file, path: String::new(), node: &own },
        Layer { file: built_in_name, path: String::new(), node: &built_in },
    ];
    let root = Section::new(
        String::new(),
        roots.to_vec(),
        &["version", "defaults", "job_types", "operators", "failures"],
    )?;
    let version = roots[0].child("version").ok_or_else(|| {
        roots[0].error("`version` is missing", format!("begin the file with `version: {VERSION}`"))
    })?;
    version.whole(VERSION..=VERSION)?;

    let failures = root.get("failures")?;
    let failures = failures.items()?.iter().map(failure).collect::<Result<Vec<_>, _>>()?;
    let types = root.get("job_types")?;
    let job_types = types
        .children()?
        .into_iter()
        .map(|(name, layer)| job_type(name, &layer, &roots))
        .collect::<Result<Vec<_>, _>>()?;
    if job_types.is_empty() {
        return Err(types.error("there is no job type", "describe at least one"));
    }
    for job_type in &job_types {
        for operator in &job_type.operators {
            let can_fail = failures.iter().any(|f| f.happens_to(operator.kind) && f.share > 0.0);
            if !can_fail {
                let problem = format!("nothing can make `{}` fail", operator.name);
                let hint = "add one without `kinds`, which happens to all operators";
                return Err(root.get("failures")?.error(problem, hint));
            }
        }
    }
    Ok(Models { job_types, failures })
}

fn document(file: &str, text: &str) -> Result<Node, Error> {
    yaml::parse(text).map_err(|broken| Error::Model {
        file: file.to_owned(),
        line: broken.line,
        field: String::new(),
        problem: broken.problem,
        hint: "print models to begin with: tinderbox generate models > models.yaml".to_owned(),
    })
}

fn job_type(name: &str, own: &Layer<'_>, roots: &[Layer<'_>]) -> Result<JobType, Error> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(is_word) {
        let hint = "use letters, digits, `_`, `-` and `.`";
        return Err(own.error("this cannot be the name of a job type", hint));
    }
    let operators_of = own.child("operators");
    let figures = own.child("figures");
    let mut layers = vec![own.clone()];
    layers.extend(roots.iter().filter_map(|root| root.child("defaults")));
    let mut valid = DEFAULTS.to_vec();
    valid.extend(["operators", "figures"]);
    let path = format!("job_types.{name}");
    let section = Section::new(path, layers, &valid)?;
    let operators = match operators_of {
        Some(list) => operators(&list, figures.as_ref(), roots)?,
        None => return Err(own.error("`operators` is missing", "list them in order")),
    };
    let pipelines = section.whole("pipelines", 1..=MOST_PIPELINES)?;
    Ok(JobType {
        name: name.to_owned(),
        share: section.number("share", 0.0..=1e9)?,
        pipelines: usize::try_from(pipelines).unwrap_or(1),
        operators,
        mean_seconds: section.number("mean_seconds", 1.0..=31_536_000.0)?,
        failure_rate: section.number("failure_rate", 0.0..=1.0)?,
        users: section.get("users")?.shares()?,
        spark_versions: section.get("spark_versions")?.shares()?,
        schedule: schedule(&section)?,
        cluster: cluster(&section)?,
        input: input(&section)?,
        output_ratio: output_ratio(&section)?,
        duration: duration(&section)?,
        skew: section.number("skew", 0.0..=3.0)?,
        retries: retries(&section)?,
    })
}

/// `figures` are the job type's own: they go before what operators have everywhere.
fn operators<'a>(
    list: &Layer<'a>,
    figures: Option<&Layer<'a>>,
    roots: &[Layer<'a>],
) -> Result<Vec<Operator>, Error> {
    let mut described: Vec<Layer<'a>> = figures.cloned().into_iter().collect();
    described.extend(roots.iter().filter_map(|root| root.child("operators")));
    if let Some(figures) = figures {
        let names = list.items()?.iter().map(Layer::text).collect::<Result<Vec<_>, _>>()?;
        figures.check_keys(&names)?;
    }
    let mut operators = Vec::new();
    for item in list.items()? {
        let name = item.text()?;
        let layers: Vec<_> = described.iter().filter_map(|layer| layer.child(name)).collect();
        if layers.is_empty() {
            let mut valid = Vec::new();
            for layer in &described {
                valid.extend(layer.children()?.into_iter().map(|(name, _)| name));
            }
            let hint = format!("{} Or describe it under `operators`", suggestion(name, &valid));
            return Err(item.error(format!("there is no operator `{name}`"), hint));
        }
        let valid = ["weight", "kind", "rows", "shuffle", "memory"];
        let section = Section::new(format!("operators.{name}"), layers, &valid)?;
        operators.push(Operator {
            name: name.to_owned(),
            kind: kind(&section.get("kind")?)?,
            weight: section.number("weight", 1e-6..=1e6)?,
            rows: section.number("rows", 0.0..=1e3)?,
            shuffle: section.number("shuffle", 0.0..=1e3)?,
            memory: section.number("memory", 0.0..=1e3)?,
        });
    }
    match operators.len() {
        1..=MOST_OPERATORS => Ok(operators),
        found => {
            let hint = format!("give 1 to {MOST_OPERATORS}");
            Err(list.error(format!("there are {found} operators"), hint))
        }
    }
}

fn kind(layer: &Layer<'_>) -> Result<OperatorKind, Error> {
    let name = layer.text()?;
    let found = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    found.ok_or_else(|| {
        let problem = format!("there is no kind of operator `{name}`");
        layer.error(problem, suggestion(name, &KINDS.map(|(known, _)| known)))
    })
}

fn schedule(of: &Section<'_>) -> Result<Schedule, Error> {
    let section = of.section("schedule", &["hours", "weekdays", "on_quarter"])?;
    Ok(Schedule {
        hours: section.get("hours")?.weights()?,
        weekdays: section.get("weekdays")?.weights()?,
        on_quarter: section.number("on_quarter", 0.0..=1.0)?,
    })
}

fn cluster(of: &Section<'_>) -> Result<Cluster, Error> {
    let section = of.section("cluster", &["executors", "cores", "memory_mb"])?;
    Ok(Cluster {
        executors: section.get("executors")?.whole_list(1..=10_000)?,
        cores: section.get("cores")?.whole_list(1..=256)?,
        memory_mb: section.get("memory_mb")?.whole_list(512..=4_194_304)?,
    })
}

fn input(of: &Section<'_>) -> Result<Input, Error> {
    let keys = ["mean_mb", "spread_of_pipelines", "spread", "growth_per_day", "record_bytes"];
    let section = of.section("input", &keys)?;
    Ok(Input {
        mean_mb: section.number("mean_mb", 0.001..=1e9)?,
        spread_of_pipelines: section.number("spread_of_pipelines", 0.0..=3.0)?,
        spread: section.number("spread", 0.0..=3.0)?,
        growth_per_day: section.number("growth_per_day", -0.5..=1.0)?,
        record_bytes: section.number("record_bytes", 1.0..=1e9)?,
    })
}

fn output_ratio(of: &Section<'_>) -> Result<(f64, f64), Error> {
    let layer = of.get("output_ratio")?;
    match layer.items()?.as_slice() {
        [low, high] => {
            let low = low.number(0.0..=1e3)?;
            Ok((low, high.number(low..=1e3)?))
        }
        _ => {
            Err(layer.error("this must be two numbers", "give the least and the most: [0.3, 1.2]"))
        }
    }
}

fn duration(of: &Section<'_>) -> Result<Duration, Error> {
    let keys = [
        "spread",
        "tail_share",
        "tail_exponent",
        "tail_most",
        "by_input",
        "by_cores",
        "by_skew",
        "least_seconds",
    ];
    let section = of.section("duration", &keys)?;
    Ok(Duration {
        spread: section.number("spread", 0.0..=3.0)?,
        tail_share: section.number("tail_share", 0.0..=1.0)?,
        tail_exponent: section.number("tail_exponent", 1.001..=100.0)?,
        tail_most: section.number("tail_most", 1.0..=1e4)?,
        by_input: section.number("by_input", -3.0..=3.0)?,
        by_cores: section.number("by_cores", -3.0..=3.0)?,
        by_skew: section.number("by_skew", -3.0..=3.0)?,
        least_seconds: section.number("least_seconds", 1.0..=86_400.0)?,
    })
}

fn retries(of: &Section<'_>) -> Result<Retries, Error> {
    let section = of.section("retries", &["share", "most", "delay_seconds"])?;
    Ok(Retries {
        share: section.number("share", 0.0..=1.0)?,
        most: section.whole("most", 0..=10)?,
        delay_seconds: section.number("delay_seconds", 0.0..=86_400.0)?,
    })
}

fn failure(layer: &Layer<'_>) -> Result<Failure, Error> {
    let keys = [
        "message",
        "share",
        "kinds",
        "task_attempts",
        "recoverable",
        "out_of_memory",
        "stack_trace",
    ];
    let section = Section::new(layer.path.clone(), vec![layer.clone()], &keys)?;
    let kinds = match section.find("kinds") {
        Some(list) => list.items()?.iter().map(kind).collect::<Result<Vec<_>, _>>()?,
        None => Vec::new(),
    };
    let stack_trace = match section.find("stack_trace") {
        Some(text) => Some(text.text()?.trim_end().to_owned()),
        None => None,
    };
    let flag = |key| section.find(key).map_or(Ok(false), |layer| layer.flag());
    Ok(Failure {
        message: section.get("message")?.text()?.to_owned(),
        share: section.number("share", 0.0..=1e9)?,
        kinds,
        task_attempts: section.whole("task_attempts", 0..=100)?,
        is_recoverable: flag("recoverable")?,
        is_out_of_memory: flag("out_of_memory")?,
        stack_trace,
    })
}
