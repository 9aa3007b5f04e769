//! `tinderbox scale`: a job on several numbers of executors, and a chart of what they bring.

use super::run;
use crate::args::{Format, Place, Scale};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tinderbox_api::{MeasureScale, ScaleAnswer, ScaleState};
use tinderbox_app::{ScaleSettings, scale as library};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the state is asked for.
const PERIOD: Duration = Duration::from_millis(500);
/// Columns of the chart.
const WIDTH: u32 = 100;

/// Measures, and prints the chart: exit code 0 when it succeeded, 1 when it did not.
pub async fn scale(place: &Place, order: Scale) -> Result<ExitCode, Failure> {
    let request = request(&order)?;
    // Kept until somebody looks at it: what is recorded is never left behind.
    let interrupts = signal(SignalKind::interrupt()).map_err(|error| {
        Failure::environment(format!("Ctrl-C cannot be handled: {error}"), None)
    })?;
    let session = Session::open(place).await?;
    if let (Some(app), Some(bucket)) = (session.own_app(), &order.s3_bucket) {
        app.set_scale_settings(ScaleSettings {
            bucket: bucket.clone(),
            ..ScaleSettings::default()
        })
        .await?;
    } else if order.s3_bucket.is_some() {
        output::note(
            "--s3-bucket is not used: the server that owns the data directory has its own",
        );
    }
    let done = measure(&session, interrupts, &request).await;
    session.close().await;
    let answer = done?;
    match order.format {
        Format::Json => output::json(&answer),
        Format::Table => output::data(&shown(&answer)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is asked for: the document says by its fields which of the two it is.
fn request(order: &Scale) -> Result<MeasureScale, Failure> {
    let text = super::spec::read(&order.spec)?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(body)) if body.contains_key("job_config") => of_request(order, body),
        _ => of_job(order),
    }
}

fn of_request(order: &Scale, mut body: Map<String, Value>) -> Result<MeasureScale, Failure> {
    let data = match body.remove("path") {
        None => None,
        Some(Value::String(path)) => Some(data_of(&order.spec, &path)?),
        Some(_) => {
            return Err(Failure::refused(
                "path: must be a text",
                Some("the path of a file or folder, relative to the document".to_owned()),
            ));
        }
    };
    if let Some(data) = &data {
        // Says whose it is and how it is read; where it is, `data` says.
        let name = data.rsplit('/').next().unwrap_or_default();
        let ending = name.split_once('.').map_or(String::new(), |(_, ending)| format!(".{ending}"));
        body.insert("s3_path".to_owned(), json!(format!("local/data{ending}")));
        let stem = order.spec.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        body.entry("job_id").or_insert_with(|| json!(stem.unwrap_or_default()));
    }
    if !order.nodes.is_empty() {
        body.insert("node_list".to_owned(), json!(order.nodes));
    }
    if let Some(Value::Object(config)) = body.get_mut("job_config") {
        let given = [
            ("repeats", order.repeats.map(Value::from)),
            ("warm_up", order.warm_up.map(Value::from)),
            ("cluster", order.engine.clone().map(Value::from)),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                config.insert(key.to_owned(), value);
            }
        }
    }
    Ok(MeasureScale { request: Some(Value::Object(body)), data, ..MeasureScale::default() })
}

/// An absolute path; addresses stay as they are.
fn data_of(spec: &Path, path: &str) -> Result<String, Failure> {
    if path.contains("://") {
        return Ok(path.to_owned());
    }
    let folder = spec.parent().unwrap_or(Path::new("."));
    let file = folder.join(path);
    let absolute = file.canonicalize().map_err(|error| {
        let hint = "relative paths start at the folder of the document".to_owned();
        Failure::refused(format!("there is no data set at {}: {error}", file.display()), Some(hint))
    })?;
    Ok(absolute.display().to_string())
}

fn of_job(order: &Scale) -> Result<MeasureScale, Failure> {
    if order.nodes.is_empty() {
        return Err(Failure::refused(
            "there are no numbers of executors to measure on",
            Some("give --nodes, for example --nodes 1,2,4".to_owned()),
        ));
    }
    let job = run::Order {
        engine: order.engine.clone(),
        apply_advice: false,
        chosen: order.chosen.clone(),
        timeout: None,
        retries: 0,
        idempotency_key: None,
        detach: false,
    };
    Ok(MeasureScale {
        job: Some(run::request(&order.spec, &job)?),
        nodes: order.nodes.clone(),
        repeats: order.repeats,
        warm_up: order.warm_up,
        ..MeasureScale::default()
    })
}

/// Waits for the answer, telling how far it is. Ctrl-C asks for the end and goes on waiting for it.
async fn measure(
    session: &Session,
    mut interrupts: Signal,
    request: &MeasureScale,
) -> Result<ScaleAnswer, Failure> {
    let begun = session.client.measure_scale(request).await?;
    let href = begun.data.href.clone();
    let mut told = String::new();
    loop {
        let found = session.client.get_scale(&href).await?;
        let unknown = |error: serde_json::Error| {
            Failure::environment(format!("the answer of {href} is not understood: {error}"), None)
        };
        if found["status"] == "SUCCESS" {
            return serde_json::from_value(found).map_err(unknown);
        }
        let state: ScaleState = serde_json::from_value(found).map_err(unknown)?;
        match state.status.as_str() {
            "FAILED" => return Err(failed(&state)),
            "CANCELLED" => return Err(Failure::refused("the job was cancelled", None)),
            _ => {}
        }
        let line = progress(&state);
        if line != told {
            output::note(&line);
            told = line;
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = interrupts.recv() => {
                output::note("asking the job to end");
                match session.client.cancel_scale(&href).await {
                    // It was faster.
                    Ok(()) | Err(tinderbox_api::Error::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

fn progress(state: &ScaleState) -> String {
    let runs = state.data.runs.iter().map(|run| format!("{}: {}", run.nodes, run.state));
    format!(
        "{} on {}: {}",
        state.data.job_id,
        state.data.cluster,
        runs.collect::<Vec<_>>().join(", ")
    )
}

fn failed(state: &ScaleState) -> Failure {
    let Some(error) = &state.error else { return Failure::refused("the job failed", None) };
    let on = match (error.nodes, &error.run_id) {
        (Some(nodes), Some(run)) => format!("on {nodes} executors (run {run}): "),
        _ => String::new(),
    };
    Failure::refused(format!("{on}{}", error.message), error.hint.clone())
}

fn shown(answer: &ScaleAnswer) -> String {
    let data = &answer.data;
    let measured: Vec<(u32, Vec<f64>)> = data
        .runs
        .iter()
        .filter_map(|run| {
            let nodes = u32::try_from(run["nodes"].as_u64()?).ok()?;
            let seconds = run["seconds"].as_array()?.iter().filter_map(Value::as_f64).collect();
            Some((nodes, seconds))
        })
        .collect();
    let cluster = &data.cluster;
    let word = |key: &str| cluster[key].as_str().unwrap_or_default();
    let mut text = format!("{} on {}: {}\n", data.job_id, word("name"), word("executors"));
    if let Some(warning) = cluster["oversubscribed"].as_str() {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text.push_str(&library::chart(&library::Scaling::of(&measured), WIDTH));
    match &data.performance_metrics_s3 {
        Some(address) => text.push_str(&format!("results: {address}\n")),
        // Those of one number of executors are those of all.
        None => {
            if let Some((name, results)) = data.outputs.iter().next() {
                text.push_str(&format!("results ({}): {results}\n", name.replace('_', " ")));
            }
        }
    }
    text
}
