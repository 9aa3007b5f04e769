use crate::application::Application;
use crate::cluster::Cluster;
use crate::component::{Component, NodeKind};
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::expectation::Expectation;
use crate::openlineage::OpenLineage;
use crate::operation::{Data, Operation, PythonFunction};
use crate::row_test::RowTest;
use crate::stream::StreamSettings;
use std::collections::BTreeMap;
use tinderbox_model::{Millis, NodeId, SparkVersion};

/// A job as designed: a document that was read and found sound.
///
/// Every input of a node is a node of the same spec that stands before it in [`Spec::nodes`].
#[derive(Debug, Clone)]
pub struct Spec {
    pub(crate) file: String,
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) job_type: JobType,
    pub(crate) type_place: Place,
    pub(crate) status: Option<JobStatus>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) cluster: Cluster,
    /// The Spark that is going to run it, where that is known.
    pub(crate) spark: Option<SparkVersion>,
    pub(crate) configuration: Configuration,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tests: Vec<RowTest>,
    /// Python functions that SQL knows, by their names there.
    pub(crate) functions: Vec<(String, PythonFunction)>,
    /// What is run instead of nodes.
    pub(crate) application: Option<Application>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) sla: Option<Millis>,
    /// Where the sections of the document stand, by key.
    pub(crate) sections: BTreeMap<String, Place>,
}

impl Spec {
    /// The document's name as the caller of [`crate::load`] gave it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The id that the document carries, where it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The job's name, which is the application's name on Spark.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the job is for.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Batch or streaming.
    pub fn job_type(&self) -> JobType {
        self.job_type
    }

    /// The status that the document carries, where it has one.
    pub fn status(&self) -> Option<JobStatus> {
        self.status
    }

    /// The parameters in force: defaults and, over them, the caller's overrides.
    pub fn parameters(&self) -> &BTreeMap<String, String> {
        &self.parameters
    }

    /// What the job asks of the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The same job for the Spark that is going to run it: packages are chosen for that one instead of `cluster.version`.
    pub fn on_spark(mut self, version: SparkVersion) -> Self {
        self.spark = Some(version);
        self
    }

    /// The Spark for which packages are chosen.
    pub(crate) fn spark_version(&self) -> Option<&SparkVersion> {
        self.spark.as_ref().or(self.cluster.version.as_ref())
    }

    /// Spark properties as the document sets them; the `cluster` section is not among them.
    /// What reaches Spark is [`crate::Compiled::launch_conf`] and the compiled program.
    pub fn conf(&self) -> &BTreeMap<String, String> {
        &self.configuration.spark_conf
    }

    /// Maven coordinates, jars and Python files that the job needs, as written.
    pub fn dependencies(&self) -> &[String] {
        &self.configuration.dependencies
    }

    /// Where a streaming job keeps its progress.
    pub fn checkpoint_location(&self) -> Option<&str> {
        self.configuration.checkpoint_location.as_deref()
    }

    /// Where events of runs go.
    pub fn open_lineage(&self) -> Option<&OpenLineage> {
        self.configuration.open_lineage.as_ref()
    }

    /// The nodes, each after its inputs, otherwise in the order of the document.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Its tests, in the order of the document.
    pub fn tests(&self) -> &[RowTest] {
        &self.tests
    }

    /// When to run.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref()
    }

    /// How long a run may take (`monitoring.sla`, minutes in the document).
    pub fn sla(&self) -> Option<Millis> {
        self.sla
    }

    /// The local files and folders that the sources read, the files of Python functions and those of an application: those to look for before launching.
    /// Paths with another scheme than `file:`, with a secret, or of a node for another storage do not count.
    pub fn local_inputs(&self) -> Vec<LocalInput> {
        let files = self.python_files_of_nodes().map(|(node, file)| LocalInput {
            node: node.id.clone(),
            path: file.to_owned(),
            place: node.place.clone(),
        });
        let functions = self.functions.iter().map(|(name, function)| LocalInput {
            node: NodeId::new(format!("udfs.{name}")),
            path: function.file.clone(),
            place: self.sections.get("udfs").cloned().unwrap_or_default(),
        });
        let mut inputs: Vec<LocalInput> = self.nodes.iter().filter_map(local_input).collect();
        // Spark fetches those of other stores itself.
        inputs.extend(self.application.iter().flat_map(Application::local_inputs));
        inputs.extend(files.chain(functions).filter(|file| !file.path.contains("://")));
        inputs
    }

    /// Python functions that SQL knows, by their names there.
    pub fn functions(&self) -> &[(String, PythonFunction)] {
        &self.functions
    }

    /// The users' Python files that are shipped with the job.
    pub(crate) fn python_files(&self) -> impl Iterator<Item = &str> {
        let of_nodes = self.python_files_of_nodes().map(|(_, file)| file);
        of_nodes.chain(self.functions.iter().map(|(_, function)| function.file.as_str()))
    }

    fn python_files_of_nodes(&self) -> impl Iterator<Item = (&Node, &str)> {
        self.nodes.iter().filter_map(|node| match &node.operation {
            Operation::Udf(udf) => Some((node, udf.function.file.as_str())),
            _ => None,
        })
    }
}

/// A step of the pipeline.
#[derive(Debug, Clone)]
pub struct Node {
    /// Unique in the spec, also when case does not count.
    pub id: NodeId,
    /// Its line of the registry.
    pub component: &'static Component,
    /// What it does.
    pub operation: Operation,
    /// What it says of its stream; of a source or sink.
    pub stream: StreamSettings,
    /// The nodes that it reads, in the order that the operation gives meaning to.
    pub inputs: Vec<NodeId>,
    /// What is expected of its rows; of a sink, of those that it is going to write.
    pub expectations: Vec<Expectation>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it stands in the document.
    pub place: Place,
}

impl Node {
    /// Source, transformation or sink.
    pub fn kind(&self) -> NodeKind {
        self.component.kind
    }
}

/// A place in the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// In the text.
    pub span: Span,
    /// Line from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Path of the field.
    pub field: String,
    /// The included file that it is of; [`Place::span`] counts as in the report that made it.
    pub(crate) included: Option<std::sync::Arc<crate::diagnostic::Included>>,
}

impl Place {
    pub(crate) fn diagnostic(
        &self,
        severity: Severity,
        code: &'static str,
        file: &str,
        message: String,
    ) -> Diagnostic {
        let mut diagnostic = Diagnostic {
            code,
            severity,
            message,
            hint: None,
            file: file.to_owned(),
            span: self.span,
            line: self.line,
            column: self.column,
            text: None,
            field: self.field.clone(),
        };
        if let Some(included) = &self.included {
            included.claim(&mut diagnostic);
        }
        diagnostic
    }
}

/// A local file or folder that a source reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalInput {
    /// The source; `application` for the files of one.
    pub node: NodeId,
    /// As written, without `file:`; a relative path starts at the document's folder. Of a pattern, the folder before it.
    pub path: String,
    /// Where the source stands in the document.
    pub place: Place,
}

/// Batch or streaming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobType {
    /// Runs and ends.
    Batch,
    /// Runs until it is stopped.
    Streaming,
}

/// The status of a job document in the seed's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Being made.
    Draft,
    /// A run is under way.
    Running,
    /// The latest run ended well.
    Completed,
    /// The latest run failed.
    Failed,
}

/// When to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// By time or by event.
    pub schedule_type: ScheduleType,
    /// A cron expression, or the event.
    pub expression: String,
}

/// By time or by event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScheduleType {
    /// By a cron expression.
    Cron,
    /// By an event.
    Event,
}

/// The schemes a local path can have: none, or `file:`. A Windows drive letter is a path, not a scheme.
fn local_input(node: &Node) -> Option<LocalInput> {
    let Operation::Read(read) = &node.operation else { return None };
    let Data::Files { path, .. } = &read.data else { return None };
    let is_elsewhere = matches!(node.component.name, "hdfs" | "s3" | "azure" | "gcs");
    if is_elsewhere || crate::parameters::has_secret(path) {
        return None;
    }
    let path = match path.split_once(':') {
        Some(("file", rest)) => rest.strip_prefix("//").unwrap_or(rest),
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => return None,
        _ => path,
    };
    let path = match path.find(['*', '?', '[', '{']) {
        Some(at) => path[..at].rsplit_once('/').map_or(".", |(folder, _)| folder),
        None => path,
    };
    Some(LocalInput { node: node.id.clone(), path: path.to_owned(), place: node.place.clone() })
}
