use serde::{Deserialize, Serialize};
use std::fmt;
use tinderbox_model::{
    ApplicationId, Bytes, ExecutorId, FindingId, Millis, Patch, PlanNodeId, SqlExecutionId,
    StageAttemptId, StageId,
};

/// The version of [`Report`]'s JSON. It grows when a field changes its meaning or goes away.
pub const REPORT_VERSION: u32 = 1;

/// What is known about one application, most urgent first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_VERSION`] of the writer.
    pub version: u32,
    /// The application it is about; `None` when its start event is missing.
    pub application_id: Option<ApplicationId>,
    /// Why the report does not hold the whole truth; `None` when it does.
    pub partial: Option<Partial>,
    /// Wall time of the application, the whole of every `wall_time` stake.
    pub wall_time_ms: Option<Millis>,
    /// Sum of executor run time over all tasks, the whole of every `task_time` stake.
    pub task_time_ms: Millis,
    /// Findings by severity, then by stake, then by id.
    pub findings: Vec<Finding>,
    /// Findings beyond the limit per rule, dropped with the smallest stakes.
    pub omitted_findings: u64,
    /// What to change: one value per key, the largest stake first. Effects of several entries overlap when they
    /// share findings, so they must not be added up.
    pub advice: Vec<Advice>,
    /// Patches of findings that are not advised, with the reason.
    pub withheld: Vec<Withheld>,
}

/// Why a report is partial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// One sentence per reason.
    pub reasons: Vec<String>,
    /// Ids of the rules that were not asked, because they judge rates over the whole application.
    pub silent_rules: Vec<String>,
}

/// One problem, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable when the report is computed again, for example `data-skew/stage-4`.
    pub id: FindingId,
    /// The rule that found it.
    pub rule: String,
    /// How urgent it is.
    pub severity: Severity,
    /// One sentence that says what is wrong.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// The stages whose time it concerns; empty when it concerns the application.
    pub stages: Vec<StageId>,
    /// The figures that led to it.
    pub evidence: Vec<Evidence>,
    /// What it means, in plain sentences.
    pub explanation: String,
    /// What a person can do where no setting helps, one sentence each.
    pub remedies: Vec<String>,
    /// What is at stake; `None` when the data does not say.
    pub effect: Option<Effect>,
    /// The settings that this finding alone would change. [`Report::advice`] is what to apply.
    pub patches: Vec<Patch>,
    /// Findings that must be cured first: this one may go away with them, and its patches are withheld.
    pub defers_to: Vec<FindingId>,
    /// The page `docs/findings/<page>.md`.
    pub page: String,
}

impl Finding {
    /// The largest share at stake by any measure, 0 to 1; 0 when it is not known.
    pub fn stake(&self) -> f64 {
        self.effect.as_ref().map_or(0.0, Effect::stake)
    }
}

/// How urgent a finding is. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Costs a large part of the run, or broke it.
    Critical,
    /// Worth changing.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// Share of the application's time from which a finding is critical. Own figure, not calibrated.
    pub const CRITICAL_STAKE: f64 = 0.25;
    /// Share of the application's time from which a finding is a warning. Own figure, a little above the
    /// coefficient of variation (4.5 %) that repeated TPC-H runs show in the UDAO traces.
    pub const WARNING_STAKE: f64 = 0.05;

    /// Severity by the upper end of the share at stake.
    pub fn of_stake(share: f64) -> Self {
        if share >= Self::CRITICAL_STAKE {
            Self::Critical
        } else if share >= Self::WARNING_STAKE {
            Self::Warning
        } else {
            Self::Info
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// One attempt of a stage.
    Stage(StageAttemptId),
    /// One operator of a SQL plan.
    Operator {
        /// The SQL execution.
        execution: SqlExecutionId,
        /// The node of its plan.
        node: PlanNodeId,
    },
    /// One executor.
    Executor {
        /// Spark's id.
        executor: ExecutorId,
    },
    /// The whole application.
    Application,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "stage {stage}"),
            Self::Operator { execution, node } => write!(f, "SQL {execution}, operator {node}"),
            Self::Executor { executor } => write!(f, "executor {executor}"),
            Self::Application => f.write_str("application"),
        }
    }
}

/// One figure that led to a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was measured, in Spark's words.
    pub metric: String,
    /// What was found.
    pub value: Quantity,
    /// What it was held against; `None` for a figure that only explains.
    pub threshold: Option<Threshold>,
}

impl Evidence {
    /// A figure that only explains.
    pub(crate) fn new(metric: impl Into<String>, value: Quantity) -> Self {
        Self { metric: metric.into(), value, threshold: None }
    }

    /// Adds what it was held against.
    pub(crate) fn against(mut self, value: Quantity, source: ThresholdSource) -> Self {
        self.threshold = Some(Threshold { value, source });
        self
    }
}

/// A bound and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The bound.
    pub value: Quantity,
    /// Its origin.
    pub source: ThresholdSource,
}

/// Where a threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdSource {
    /// NVIDIA spark-rapids-tools 6e03887.
    RapidsTools,
    /// DataFlint edd3207.
    Dataflint,
    /// LinkedIn Dr. Elephant 916c25d.
    DrElephant,
    /// A default or a documented recommendation of Spark itself, or a setting in force.
    Spark,
    /// Our own figure; the rule's page says how well it is calibrated.
    Own,
}

impl fmt::Display for ThresholdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RapidsTools => "spark-rapids-tools",
            Self::Dataflint => "DataFlint",
            Self::DrElephant => "Dr. Elephant",
            Self::Spark => "Spark",
            Self::Own => "Tinderbox",
        })
    }
}

/// A number with its unit, or words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit", content = "value", rename_all = "snake_case")]
pub enum Quantity {
    /// Bytes.
    Bytes(Bytes),
    /// Milliseconds.
    Millis(Millis),
    /// A finite number without unit: a share (0.5 is a half) or a multiple.
    Ratio(f64),
    /// A number of things.
    Count(u64),
    /// Words, for example an error message.
    Text(String),
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => bytes.fmt(f),
            Self::Millis(millis) => millis.fmt(f),
            Self::Ratio(ratio) => write!(f, "{ratio:.2}"),
            Self::Count(count) => count.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What a change may save, at least and at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// How low and high ends were computed, in words.
    pub formula: String,
    /// Of the sum of executor run time.
    pub task_time: Option<Stake>,
    /// Of the application's wall time.
    pub wall_time: Option<Stake>,
    /// Of the core time that executors held, busy or not.
    pub core_time: Option<Stake>,
}

impl Effect {
    /// The largest upper share of its measures, 0 to 1.
    pub fn stake(&self) -> f64 {
        [&self.task_time, &self.wall_time, &self.core_time]
            .into_iter()
            .flatten()
            .map(|stake| stake.high_ratio)
            .fold(0.0, f64::max)
    }
}

/// A time that may be saved, as an interval, and as shares of its whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stake {
    /// Lower end.
    pub low_ms: Millis,
    /// Upper end.
    pub high_ms: Millis,
    /// Lower end as a share of the whole, 0 to 1.
    pub low_ratio: f64,
    /// Upper end as a share of the whole, 0 to 1.
    pub high_ratio: f64,
}

impl Stake {
    /// The interval `low..high` of `whole`; both ends are cut at `whole`, and `low` at `high`.
    pub fn new(low: Millis, high: Millis, whole: Millis) -> Self {
        let high = high.min(whole);
        let low = low.min(high);
        Self {
            low_ms: low,
            high_ms: high,
            low_ratio: low.share_of(whole).unwrap_or(0.0),
            high_ratio: high.share_of(whole).unwrap_or(0.0),
        }
    }
}

/// One setting to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The change.
    pub patch: Patch,
    /// The value that was in force; `None` when it is not known.
    pub current: Option<String>,
    /// Every finding that asks for it, most urgent first.
    pub findings: Vec<FindingId>,
    /// The predicted effect: the low end is the largest low end of its findings, because their times may overlap;
    /// the high end is the sum of their high ends, cut at the whole.
    pub effect: Option<Effect>,
}

/// A patch that is not advised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// The patch.
    pub patch: Patch,
    /// The finding that proposed it.
    pub finding: FindingId,
    /// The finding that comes first.
    pub in_favor_of: FindingId,
    /// Why, in one sentence.
    pub reason: String,
}
