//! `tinderbox cluster`: profiles, and whether they work.

use super::run;
use crate::args::{ClusterCommand, Format, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::ExitCode;
use tinderbox_api::{ApplyCluster, Cluster, JobDetail};
use tokio::signal::unix::{SignalKind, signal};

/// Executes a command about clusters.
pub async fn execute(place: &Place, command: ClusterCommand) -> Result<ExitCode, Failure> {
    // Ctrl-C ends the probe, not only this command.
    let interrupts = signal(SignalKind::interrupt()).map_err(|error| {
        Failure::environment(format!("Ctrl-C cannot be handled: {error}"), None)
    })?;
    let mut session = Session::open(place).await?;
    let done = match command {
        ClusterCommand::Apply { file, format } => apply(&session, &file, format).await,
        ClusterCommand::List { format } => list(&session, format).await,
        ClusterCommand::Show { name, format } => show(&session, &name, format).await,
        ClusterCommand::Remove { name } => remove(&session, &name).await,
        ClusterCommand::Test { name, format } => {
            test(&mut session, interrupts, &name, format).await
        }
    };
    session.close().await;
    done
}

async fn apply(session: &Session, file: &Path, format: Format) -> Result<ExitCode, Failure> {
    let document = super::spec::read(file)?;
    let request = ApplyCluster { document, file: file.display().to_string() };
    let stored = session.client.apply_cluster(&request).await?;
    match format {
        Format::Json => output::json(&stored),
        Format::Table => output::data(&format!("{} version {}\n", stored.name, stored.version)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let listed = session.client.list_clusters().await?;
    match format {
        Format::Json => output::json(&listed),
        Format::Table => {
            let head = ["name", "version", "engine", "spark", "environment", "description"];
            let head =
                head.map(|name| (name, if name == "version" { Side::Right } else { Side::Left }));
            let rows: Vec<Vec<String>> = listed.clusters.iter().map(row).collect();
            output::data(&output::table(&head, &rows));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(cluster: &Cluster) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        cluster.name.clone(),
        cluster.version.to_string(),
        cluster.engine.clone(),
        shown(&cluster.spark_version),
        shown(&cluster.environment),
        shown(&cluster.description),
    ]
}

async fn show(session: &Session, name: &str, format: Format) -> Result<ExitCode, Failure> {
    let stored = session.client.get_cluster(name).await?;
    match format {
        Format::Json => output::json(&stored),
        Format::Table => output::data(&stored.document),
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(session: &Session, name: &str) -> Result<ExitCode, Failure> {
    session.client.remove_cluster(name).await?;
    output::note(&format!("{name} is removed"));
    Ok(ExitCode::SUCCESS)
}

/// What was found out about a cluster.
#[derive(Debug, Serialize)]
struct Tested {
    cluster: String,
    job_id: String,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    step: &'static str,
    works: bool,
    /// What there is, or why it does not work.
    found: String,
}

/// What the probe prints (`probe.py`).
#[derive(Debug, Deserialize)]
struct Found {
    spark: String,
    application: String,
    driver: Member,
    executors: Vec<Member>,
    computed: bool,
}

#[derive(Debug, Deserialize)]
struct Member {
    host: String,
    python: Option<String>,
}

impl Member {
    fn text(&self) -> String {
        match &self.python {
            Some(python) => format!("{} with Python {python}", self.host),
            // Sail, which runs no Python of users.
            None => self.host.clone(),
        }
    }
}

/// Of the log's end so much is looked at for what the probe has printed.
const LOG_END: u64 = 1 << 20;

async fn test(
    session: &mut Session,
    interrupts: tokio::signal::unix::Signal,
    name: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let probe = session.client.probe_cluster(name).await?;
    output::note(&format!("the probe is run {}", probe.job_id));
    run::follow(session, interrupts, &probe.job_id).await?;
    let detail = session.client.get_job(&probe.job_id).await?;
    let found = probe_line(session, &probe.job_id).await?;
    let tested = Tested {
        cluster: name.to_owned(),
        job_id: probe.job_id.clone(),
        steps: steps(&detail, found.as_ref()),
    };
    let works = tested.steps.iter().all(|step| step.works);
    match format {
        Format::Json => output::json(&tested),
        Format::Table => {
            for step in &tested.steps {
                let sign = if step.works { "ok  " } else { "FAIL" };
                output::data(&format!("{sign}  {:<12} {}\n", step.step, step.found));
            }
        }
    }
    if works {
        return Ok(ExitCode::SUCCESS);
    }
    let hint = format!("`tinderbox logs {}` shows the driver's log", probe.job_id);
    Err(Failure::refused(format!("the cluster {name} does not work"), Some(hint)))
}

async fn probe_line(session: &Session, id: &str) -> Result<Option<Found>, Failure> {
    let size = session.client.read_log(id, None, 0, 1).await?.size;
    let log = session.client.read_log(id, None, size.saturating_sub(LOG_END), LOG_END).await?;
    let line = log.text.lines().find_map(|line| line.strip_prefix(tinderbox_app::PROBE_MARK));
    Ok(line.and_then(|line| serde_json::from_str(line).ok()))
}

/// In the order in which they happen; behind the first that failed nothing is known.
fn steps(detail: &JobDetail, found: Option<&Found>) -> Vec<Step> {
    let job = &detail.job;
    let mut steps = Vec::new();
    let ended_well = job.state == "succeeded";
    let why = job.error.clone().unwrap_or_else(|| format!("the probe is {}", job.state));
    let started = found.is_some() || job.application_id.is_some();
    let submit = |found: String| Step { step: "submission", works: started || ended_well, found };
    if !started && !ended_well {
        return vec![submit(why)];
    }
    steps.push(submit(format!("accepted, {}", detail_times(detail))));
    let Some(found) = found else {
        steps.push(Step { step: "driver", works: false, found: why });
        return steps;
    };
    let engine = if detail.nothing_inside.is_some() { "" } else { "Spark " };
    let driver =
        format!("{engine}{} on {}, {}", found.spark, found.driver.text(), found.application);
    steps.push(Step { step: "driver", works: true, found: driver });
    let executors: Vec<String> = found.executors.iter().map(Member::text).collect();
    steps.push(Step {
        step: "executors",
        works: found.computed && !executors.is_empty(),
        found: executors.join(", "),
    });
    let has_record = job.num_tasks > 0;
    let record = if has_record {
        format!("{} tasks in {} stages were recorded", job.num_tasks, job.num_stages)
    } else {
        "the run was not recorded: this machine does not see the folder that Spark writes to"
            .to_owned()
    };
    if detail.nothing_inside.is_none() {
        steps.push(Step { step: "event log", works: has_record, found: record });
    }
    steps.push(Step {
        step: "end",
        works: ended_well,
        found: if ended_well { "the driver ended by itself".to_owned() } else { why },
    });
    steps
}

fn detail_times(detail: &JobDetail) -> String {
    match detail.notes.iter().find(|note| note.starts_with("waited")) {
        Some(note) => note.clone(),
        None => "without waiting".to_owned(),
    }
}
