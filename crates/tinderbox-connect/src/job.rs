//! A whole batch job on a server: every node as a relation, every sink as a command, expectations counted before anything is
//! written.
//!
//! Nothing is written before every node has been built, every sink has columns that can be written, and every expectation
//! that may end the job has been counted.

mod place;

use crate::interactive::InteractiveSession;
use crate::profile::checked;
use crate::relation::{
    Emitter, Input, Rows, files_command, for_sail, parquet_rows, quarantined, shown, write_command,
};
use crate::session::Session;
use crate::{CheckedExpectation, Engine, Error, Limits, Refusal};
use place::{Mode, Place, is_there};
use prost::Message as _;
use spark_connect_proto as proto;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tinderbox_model::{Bytes, Millis, NodeId};
use tinderbox_spec::{Data, JobType, Node, OnFail, Operation, Spec, Write};

/// What counts may take. The end of a run is its owner's to bound.
const COUNTS: Limits =
    Limits { rows: 2, bytes: Bytes(1 << 20), time: Duration::from_secs(30 * 24 * 3_600) };

/// A job that is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The document.
    pub spec: &'a Spec,
    /// Its folder, absolute: where relative paths start.
    pub folder: &'a Path,
    /// Names the folders that sinks are written to before they are put in place; unique among runs, of letters, digits and `-`.
    pub tag: &'a str,
}

/// What is executed: a command of Spark Connect.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The node.
    pub node: NodeId,
    /// For people: what is written where, and the relation below it.
    pub text: String,
    /// The message `spark.connect.Plan`, as it is sent.
    pub plan: Vec<u8>,
}

/// How far a job is.
#[derive(Debug)]
pub enum Progress<'a> {
    /// All that is going to be executed, in this order.
    Planned(&'a [Executed]),
    /// What came of the expectations of a node.
    Checked(&'a NodeId, &'a [CheckedExpectation]),
    /// A sink is being written.
    Writing(&'a NodeId),
    /// A sink has been written.
    Written {
        /// The sink.
        node: &'a NodeId,
        /// Its rows, where files say it without being read.
        rows: Option<u64>,
        /// How long it took.
        time: Millis,
    },
    /// A sink was left alone because its target is there (`mode: ignore`).
    LeftAlone(&'a NodeId),
}

/// Everything of a job that Sail cannot do, found without asking it; a sentence each. What depends on the types of columns is
/// found when the job begins, before anything is written.
pub fn not_on_sail(spec: &Spec, folder: &Path) -> Vec<String> {
    if spec.application().is_some() {
        return vec!["an application is a program for Spark, which Sail does not run".to_owned()];
    }
    if spec.job_type() == JobType::Streaming {
        return vec!["it is a streaming job, and Sail runs batch jobs here".to_owned()];
    }
    let emitter = Emitter::new(spec, folder, Engine::Sail);
    let mut problems: Vec<String> = properties(spec);
    for node in spec.nodes() {
        let inputs =
            || node.inputs.iter().map(|id| Input { rows: Rows::table(id.as_str()), schema: None });
        let problem = emitter
            .run_problem(node)
            .map_err(|reason| Refusal { node: node.id.clone(), reason })
            .and_then(|()| match emitter.needs_schema(node) {
                true => Ok(()),
                false => emitter.all_rows(node, inputs().collect()).map(drop),
            });
        problems.extend(problem.err().map(|refusal| refusal.in_run()));
    }
    problems
}

/// Properties that change how Spark computes, beside those that Sail's answers were compared under.
fn properties(spec: &Spec) -> Vec<String> {
    let changes = |key: &str, value: &str| {
        let Some(name) = key.strip_prefix("spark.sql.") else { return false };
        let is_utc = || ["UTC", "GMT", "Z", "Etc/UTC", "+00:00"].contains(&value);
        let is_about_speed = [
            "adaptive.",
            "shuffle.",
            "files.",
            "autoBroadcast",
            "broadcastTimeout",
            "join.",
            "cbo.",
        ]
        .iter()
        .any(|group| name.starts_with(group));
        !(is_about_speed || name == "ansi.enabled" || name == "session.timeZone" && is_utc())
    };
    let conf = spec.conf().iter().filter(|(key, value)| changes(key, value));
    conf.map(|(key, value)| format!("it sets {key}={value}, which Sail does not follow")).collect()
}

impl InteractiveSession {
    /// Runs a job to its end. On Sail every sink is written to a folder beside its target and put in place when it is whole;
    /// Spark does that itself.
    ///
    /// Dropping it leaves what has been put in place, and no folder of an unfinished sink.
    ///
    /// # Errors
    /// [`Error::NotInRun`] and [`Error::Node`] before anything is written, [`Error::NotExpected`], [`Error::Exists`],
    /// [`Error::Output`], and those of [`Session::run`].
    pub async fn run_job(
        &self,
        job: Job<'_>,
        mut tell: impl FnMut(Progress<'_>),
    ) -> Result<(), Error> {
        let (session, engine) = (self.session(), self.engine());
        let Job { spec, folder, tag } = job;
        if engine == Engine::Sail {
            let problems = not_on_sail(spec, folder);
            if !problems.is_empty() {
                return Err(Error::NotInRun { problems });
            }
            session.set("spark.sql.session.timeZone", "UTC").await?;
        } else {
            for (key, value) in spec.conf().iter().filter(|(key, _)| key.starts_with("spark.sql."))
            {
                session.set(key, value).await?;
            }
        }
        let emitter = Emitter::new(spec, folder, engine);
        let nodes: Vec<&Node> = spec.nodes().iter().collect();
        let built = session.build(&emitter, &nodes, BTreeMap::new()).await?;
        let mut sinks = Vec::new();
        for node in &nodes {
            if let (Operation::Write(write), Some(rows)) = (&node.operation, built.get(&node.id)) {
                let sink = Sink { node, write, tag, number: sinks.len() };
                sinks.push(sink.plan(session, &emitter, rows.clone()).await?);
            }
        }
        let executed: Vec<Executed> = sinks.iter().map(|sink| sink.executed.clone()).collect();
        tell(Progress::Planned(&executed));
        self.expect(&emitter, &built, (spec, tag), &mut tell).await?;
        for sink in sinks {
            sink.write(session, &mut tell).await?;
        }
        Ok(())
    }

    /// Counts what is not as expected, and keeps wrong rows that are wanted.
    async fn expect(
        &self,
        emitter: &Emitter<'_>,
        built: &BTreeMap<&NodeId, Rows>,
        (spec, tag): (&Spec, &str),
        tell: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), Error> {
        let session = self.session();
        let mut quarantines = Vec::new();
        for node in spec.nodes().iter().filter(|node| !node.expectations.is_empty()) {
            let all = session.relation(emitter, node, built, false).await?;
            let checked = checked(session, node, all.clone(), built, COUNTS).await?;
            tell(Progress::Checked(&node.id, &checked));
            let failed: Vec<String> = checked
                .iter()
                .filter(|one| one.on_fail == "fail" && !one.is_met)
                .map(|one| {
                    format!("{} ({}): {} wrong, {} rows", one.name, one.rule, one.failed, one.rows)
                })
                .collect();
            if !failed.is_empty() {
                return Err(Error::NotExpected {
                    node: node.id.to_string(),
                    problems: failed.join("; "),
                });
            }
            quarantines.extend(node.expectations.iter().find_map(|one| match &one.on_fail {
                OnFail::Quarantine(place) => Some((node, place, all.clone())),
                _ => None,
            }));
        }
        for (number, (node, place, all)) in quarantines.into_iter().enumerate() {
            let rows = quarantined(node, all);
            let refused = |reason| Error::Node(Refusal { node: node.id.clone(), reason });
            let target = emitter.path_of(&place.path).map_err(refused)?;
            let files =
                Files { format: place.format, partition_by: &[], options: &[], mode: Mode::Append };
            let name = format!("{tag}-q{number}");
            let planned = files.plan(session, &node.id, rows, (&target, &name)).await?;
            planned.run(session).await?;
        }
        Ok(())
    }
}

/// A sink of the document.
struct Sink<'a> {
    node: &'a Node,
    write: &'a Write,
    tag: &'a str,
    number: usize,
}

/// A sink that is ready to be written.
struct Planned<'a> {
    node: &'a NodeId,
    executed: Executed,
    command: proto::Command,
    /// Where its files are put when they are whole; Spark does that itself.
    place: Option<(Place, bool)>,
    is_left_alone: bool,
}

/// Files that Sail writes.
struct Files<'a> {
    format: &'a str,
    partition_by: &'a [String],
    options: &'a [(String, String)],
    mode: Mode,
}

impl<'a> Sink<'a> {
    async fn plan(
        &self,
        session: &Session,
        emitter: &Emitter<'_>,
        rows: Rows,
    ) -> Result<Planned<'a>, Error> {
        let (node, write) = (self.node, self.write);
        let refused = |reason| Error::Node(Refusal { node: node.id.clone(), reason });
        emitter.run_problem(node).map_err(refused)?;
        let target = emitter.target_of(write).map_err(refused)?;
        let (Data::Files { format, .. }, Some(target), Engine::Sail) =
            (&write.data, &target, emitter.engine)
        else {
            // Asked for now, so that what cannot be resolved is seen before anything is written.
            session.schema_of(rows.clone()).await?;
            let command = write_command(write, rows, target, write.mode);
            return Ok(planned(&node.id, command, None));
        };
        let mode = Mode::parse(write.mode);
        let files =
            Files { format, partition_by: &write.partition_by, options: &write.options, mode };
        let name = format!("{}-{}", self.tag, self.number);
        files.plan(session, &node.id, rows, (target, &name)).await
    }
}

impl Files<'_> {
    async fn plan<'n>(
        &self,
        session: &Session,
        node: &'n NodeId,
        rows: Rows,
        (target, tag): (&str, &str),
    ) -> Result<Planned<'n>, Error> {
        let schema = session.schema_of(rows.clone()).await?;
        let rows = for_sail(self.format, self.partition_by, rows, &schema)
            .map_err(|reason| Error::Node(Refusal { node: node.clone(), reason }))?;
        let target = local_path(target);
        let exists = is_there(&target);
        if exists && self.mode == Mode::ErrorIfExists {
            return Err(Error::Exists { path: target });
        }
        let place = Place::beside(&target, tag, self.mode)?;
        let staged = place.staged().to_string_lossy().into_owned();
        let command = files_command(self.format, rows, staged, self.partition_by, self.options);
        let place = Some((place, self.format == "parquet"));
        let is_left_alone = exists && self.mode == Mode::Ignore;
        Ok(Planned { is_left_alone, ..planned(node, command, place) })
    }
}

fn planned(node: &NodeId, command: proto::Command, place: Option<(Place, bool)>) -> Planned<'_> {
    let plan = proto::Plan { op_type: Some(proto::plan::OpType::Command(command.clone())) };
    let text = command_text(&command, place.as_ref().map(|(place, _)| place));
    let executed = Executed { node: node.clone(), text, plan: plan.encode_to_vec() };
    Planned { node, executed, command, place, is_left_alone: false }
}

impl Planned<'_> {
    async fn write(
        self,
        session: &Session,
        tell: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), Error> {
        let node = self.node;
        if self.is_left_alone {
            tell(Progress::LeftAlone(node));
            return Ok(());
        }
        tell(Progress::Writing(node));
        let started = Instant::now();
        let rows = self.run(session).await?;
        let time = Millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        tell(Progress::Written { node, rows, time });
        Ok(())
    }

    /// Rows of Parquet are counted from the footers of the new files, before they are put beside others.
    async fn run(self, session: &Session) -> Result<Option<u64>, Error> {
        session.command(self.command).await?;
        let Some((place, is_parquet)) = self.place else { return Ok(None) };
        let rows = if !is_there(place.staged()) {
            Some(0)
        } else if is_parquet {
            let staged = place.staged().to_string_lossy().into_owned();
            let counted = session.collect(parquet_rows(&staged), COUNTS).await?;
            counted.rows()?.first().and_then(|row| row.first()?.as_u64())
        } else {
            None
        };
        place.commit()?;
        Ok(rows)
    }
}

/// What a command does, and its relation.
fn command_text(command: &proto::Command, place: Option<&Place>) -> String {
    let Some(proto::command::CommandType::WriteOperation(write)) = &command.command_type else {
        return String::new();
    };
    use proto::write_operation::SaveType;
    let mode = write.mode().as_str_name().trim_start_matches("SAVE_MODE_").to_lowercase();
    let (target, mode) = match (place, &write.save_type) {
        (Some(place), _) => {
            (place.target().display().to_string(), place.mode().as_str().to_owned())
        }
        (None, Some(SaveType::Path(path))) => (path.clone(), mode),
        (None, Some(SaveType::Table(table))) => (table.table_name.clone(), mode),
        (None, None) => (String::new(), mode),
    };
    let by = match write.partitioning_columns.as_slice() {
        [] => String::new(),
        columns => format!(" partitioned by {}", columns.join(", ")),
    };
    let relation = write.input.as_ref().map(shown).unwrap_or_default();
    let relation: String = relation.lines().map(|line| format!("  {line}\n")).collect();
    format!("Write {} {target} ({mode}){by}\n{relation}", write.source())
}

/// A path on this machine, of one that may be written as a URL.
fn local_path(text: &str) -> PathBuf {
    let path = text.strip_prefix("file://").or_else(|| text.strip_prefix("file:")).unwrap_or(text);
    PathBuf::from(path)
}
