//! Job documents: YAML (or JSON, its subset) in, a validated graph out, and from it readable PySpark.
//!
//! [`load`] reads a document and reports **every** error at once, each with file, line, column, field
//! and the nearest valid word. [`compile_pyspark`] writes the program that is submitted, byte for byte.
//! [`apply_patches`] changes the text of a document in place, so that comments and order survive.
//! [`components`] is the table that drives validation, suggestions, the reference and [`json_schema`].
//!
//! Invariants: no IO, no clock, no environment; the same input gives the same output, byte for byte.
//! No serde derive sees a user's document: it is read into an own tree with spans, where scalars stay
//! text until the field that holds them says what they are (`on:` is a key named "on", `version: 3.10`
//! is the text `3.10`). Nothing here panics on any input.
//!
//! # The document
//!
//! Top level: `version` (of the format: 1), `id`, `name`, `description`, `type`, `status`, `include`, `parameters`, `environments`, `cluster`,
//! `pipeline` or `application`, `configuration`, `schedule`, `monitoring`, `tests`. `${param:name}` in any value is replaced from
//! `parameters` or the caller's overrides; `${secret:NAME}` becomes a look-up of the environment variable
//! `TINDERBOX_SECRET_NAME` in the compiled program, the value itself is never read here.
//!
//! A node may leave out `id` (then `source_1`, `filter_1`, `sink_1`, …) and `input` (then the node before it;
//! for a sink the last node that is not a sink). Its parameters stand beside its `type` or under `parameters:`.

mod application;
mod cluster;
mod codec;
mod codes;
mod component;
mod configuration;
mod custom;
mod diagnostic;
mod difference;
mod document;
mod environment;
mod error;
mod expectation;
mod fields;
mod finding;
mod format;
mod graph;
mod include;
mod job_graph;
mod known_columns;
mod lineage;
mod lint;
mod log_lines;
mod nearest;
mod observed;
mod openlineage;
mod operation;
mod packages;
mod parameters;
mod patch;
mod preview;
mod profile;
mod pyspark;
mod row_test;
mod schema;
mod secrets;
mod soundness;
mod spec;
mod sql;
mod stream;
mod template;
mod tree;
mod upgrade;

pub use application::{Application, ApplicationLanguage};
pub use cluster::{Cluster, DriverSize, DynamicAllocation, ExecutorSize};
pub use codes::diagnostics_page;
pub use component::{
    Component, Inputs, NodeKind, Parameter, ParameterType, components, components_page,
};
pub use custom::component_files;
pub use diagnostic::{Diagnostic, Severity, Span};
pub use difference::{Difference, FieldDifference, differences};
pub use document::{Choice, Loaded, load};
pub use error::Error;
pub use expectation::{Expectation, OnFail, Quarantine, Rule};
pub use finding::Finding;
pub use format::format_document;
pub use job_graph::{GraphNode, JobGraph};
pub use known_columns::unknown_columns;
pub use lineage::{ColumnLineage, ColumnOf, Influence, Lineage, Making, NodeLineage, lineage};
pub use lint::lint;
pub use observed::observed_graph;
pub use openlineage::{LineageTarget, OpenLineage, RunMoment, RunMomentKind, run_event};
pub use operation::build::is_expression;
pub use operation::{
    Aggregate, AggregateOutput, Aggregation, Algorithm, Buckets, Clean, Column, CountWindow, Data,
    Decode, Encode, EncodedValue, Evaluate, Explode, Flatten, Grouping, HttpRead, Join, JoinKeys,
    JoinRight, Lines, Literal, MessageValue, Messages, Model, NullRule, Operation, Paging,
    ParseJson, Pivot, PythonFunction, Read, SetOperation, Side, SortKey, Step, Task, TimeWindow,
    Train, UdfColumns, Unpivot, WindowColumns, WindowLength, Write,
};
pub use packages::s3_package;
pub use parameters::{has_secret, secret_names, secret_variable, with_secrets};
pub use patch::apply_patches;
pub use preview::{ancestors, ancestors_until, preview_content, preview_sources, reads_all_rows};
pub use profile::{
    ClusterProfile, ContainerProfile, DeployMode, Gpu, Kerberos, KubernetesProfile, Limits,
    LocalProfile, PodPlacement, ProfileEngine, Queue, START_TIMEOUT, SailProfile,
    StandaloneProfile, Toleration, YarnProfile, load_profile,
};
pub use pyspark::{
    Compiled, NodeLines, Project, application_conf, compile_pipelines, compile_pyspark,
    media_type_sql, quoted_name, table_names,
};
pub use row_test::{ExpectedRows, GivenRows, RowTest, TestRow, TestValue, inferred_schema};
pub use schema::json_schema;
pub use secrets::hidden as without_passwords;
pub use spec::{JobStatus, JobType, LocalInput, Node, Place, Schedule, ScheduleType, Spec};
pub use sql::compile_sql;
pub use stream::{Delivery, Guarantee, OutputMode, StreamSettings, Trigger, delivery};
pub use template::new_document;
pub use tree::LONGEST_DOCUMENT;
pub use upgrade::{Upgraded, upgrade};
