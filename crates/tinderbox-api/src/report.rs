//! Findings, advice and comparisons, as the page and the command line show them.

use crate::Differences;
use serde::{Deserialize, Serialize};
use tinderbox_advise as advise;
use utoipa::ToSchema;

/// The report on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The run.
    pub job_id: String,
    /// Why figures may be too low; `null` when the record is whole.
    pub partial: Option<String>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Findings beyond the limit per rule, those with the smallest stakes.
    pub omitted_findings: u64,
    /// What to change, merged over the findings.
    pub advice: Vec<Advice>,
    /// Changes that findings proposed and that are not advised, each with its reason.
    pub withheld: Vec<Withheld>,
}

impl Report {
    /// The report of the run `job_id`.
    pub fn new(job_id: &str, report: &advise::Report) -> Self {
        let finding = |id: &tinderbox_model::FindingId| {
            report.findings.iter().find(|finding| &finding.id == id)
        };
        let advice = report.advice.iter().map(|advice| {
            let titles = advice.findings.iter().filter_map(finding).map(|f| f.title.clone());
            Advice {
                patch: PatchBody::from(&advice.patch),
                current: advice.current.clone(),
                finding_ids: advice.findings.iter().map(ToString::to_string).collect(),
                reason: titles.collect::<Vec<_>>().join("; "),
                effect: advice.effect.as_ref().and_then(Effect::largest),
            }
        });
        let withheld = report.withheld.iter().map(|withheld| Withheld {
            patch: PatchBody::from(&withheld.patch),
            finding_id: withheld.finding.to_string(),
            reason: withheld.reason.clone(),
        });
        Self {
            job_id: job_id.to_owned(),
            partial: report.partial.as_ref().map(|partial| partial.reasons.join("; ")),
            findings: report.findings.iter().map(Finding::from).collect(),
            omitted_findings: report.omitted_findings,
            advice: advice.collect(),
            withheld: withheld.collect(),
        }
    }
}

/// Something wrong or wasteful, with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Stable when the report is computed again.
    pub finding_id: String,
    /// The rule, and the name of its page in the documentation.
    pub rule: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// One sentence.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// What it means, in plain sentences.
    pub explanation: String,
    /// What a person can do where no setting helps.
    pub remedies: Vec<String>,
    /// How much is at stake.
    pub effect: Option<Effect>,
    /// Changes that would mend it.
    pub patches: Vec<PatchBody>,
}

impl From<&advise::Finding> for Finding {
    fn from(finding: &advise::Finding) -> Self {
        Self {
            finding_id: finding.id.to_string(),
            rule: finding.rule.clone(),
            severity: finding.severity.as_str().to_owned(),
            title: finding.title.clone(),
            subject: Subject::from(&finding.subject),
            evidence: finding.evidence.iter().map(Evidence::from).collect(),
            explanation: finding.explanation.clone(),
            remedies: finding.remedies.clone(),
            effect: finding.effect.as_ref().and_then(Effect::largest),
            patches: finding.patches.iter().map(PatchBody::from).collect(),
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// `application`, `stage`, `operator` or `executor`.
    pub kind: String,
    /// In words, for example `stage 4` or `SortMergeJoin (query 1, node 7)`.
    pub label: String,
    /// The stage, when it is one.
    pub stage_id: Option<i64>,
    /// The SQL execution, when it is an operator.
    pub execution_id: Option<i64>,
    /// The operator, when it is one.
    pub operator_id: Option<i64>,
}

impl From<&advise::Subject> for Subject {
    fn from(subject: &advise::Subject) -> Self {
        let (kind, stage_id, execution_id, operator_id) = match subject {
            advise::Subject::Stage(stage) => ("stage", Some(stage.stage.0), None, None),
            advise::Subject::Operator { execution, node } => {
                ("operator", None, Some(execution.0), Some(node.0))
            }
            advise::Subject::Executor { .. } => ("executor", None, None, None),
            advise::Subject::Application => ("application", None, None, None),
        };
        let label = subject.to_string();
        Self { kind: kind.to_owned(), label, stage_id, execution_id, operator_id }
    }
}

/// One measured fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What was measured.
    pub metric: String,
    /// The value with its unit, for people.
    pub value: String,
    /// The threshold with its unit; `null` for facts that only explain.
    pub threshold: Option<String>,
    /// Where the threshold comes from.
    pub source: Option<String>,
}

impl From<&advise::Evidence> for Evidence {
    fn from(evidence: &advise::Evidence) -> Self {
        let threshold = evidence.threshold.as_ref();
        Self {
            metric: evidence.metric.clone(),
            value: evidence.value.to_string(),
            threshold: threshold.map(|threshold| threshold.value.to_string()),
            source: threshold.map(|threshold| threshold.source.to_string()),
        }
    }
}

/// How much a change can save, as an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// What is saved: `task time`, `wall time` or `core time`.
    pub measure: String,
    /// Lower end, milliseconds of that measure.
    pub low_ms: u64,
    /// Upper end, milliseconds of that measure.
    pub high_ms: u64,
    /// The upper end as a share of the whole measure, 0 to 1.
    pub high_ratio: f64,
    /// How the ends were computed.
    pub formula: String,
}

impl Effect {
    /// The measure with the largest share at stake.
    fn largest(effect: &advise::Effect) -> Option<Self> {
        let measures = [
            ("task time", effect.task_time),
            ("wall time", effect.wall_time),
            ("core time", effect.core_time),
        ];
        let known = measures.into_iter().filter_map(|(name, stake)| Some((name, stake?)));
        let (measure, stake) = known.max_by(|a, b| a.1.high_ratio.total_cmp(&b.1.high_ratio))?;
        Some(Self {
            measure: measure.to_owned(),
            low_ms: stake.low_ms.0,
            high_ms: stake.high_ms.0,
            high_ratio: stake.high_ratio,
            formula: effect.formula.clone(),
        })
    }
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PatchBody {
    /// `configuration`, `resource` or `node_parameter`.
    pub kind: String,
    /// What is set.
    pub target: String,
    /// To what.
    pub value: String,
}

impl From<&tinderbox_model::Patch> for PatchBody {
    fn from(patch: &tinderbox_model::Patch) -> Self {
        use tinderbox_model::Patch;
        let (kind, target, value) = match patch {
            Patch::Configuration { key, value } => ("configuration", key.clone(), value),
            Patch::Resource { field, value } => ("resource", field.clone(), value),
            Patch::NodeParameter { node, parameter, value } => {
                ("node_parameter", format!("{node}.{parameter}"), value)
            }
        };
        Self { kind: kind.to_owned(), target, value: value.clone() }
    }
}

/// A proposed change with the findings behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Advice {
    /// The change.
    pub patch: PatchBody,
    /// The value that was in force.
    pub current: Option<String>,
    /// The findings that ask for it.
    pub finding_ids: Vec<String>,
    /// Why, in one sentence.
    pub reason: String,
    /// What it is expected to save.
    pub effect: Option<Effect>,
}

/// A change that is not advised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Withheld {
    /// The change.
    pub patch: PatchBody,
    /// The finding that proposed it.
    pub finding_id: String,
    /// Why it is not advised.
    pub reason: String,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// The earlier run.
    pub before_job_id: String,
    /// The later run.
    pub after_job_id: String,
    /// Why sums may be too low, one sentence each.
    pub partial: Vec<String>,
    /// One row a measure.
    pub rows: Vec<ComparisonRow>,
    /// Stages, operators and settings that differ, and what explains the difference of wall time.
    #[serde(default)]
    pub differences: Differences,
}

/// One measure of two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparisonRow {
    /// A stable word for programs, for example `task_time`.
    pub metric: String,
    /// What is compared, for people.
    pub title: String,
    /// The earlier value.
    pub before: Option<Amount>,
    /// The later value.
    pub after: Option<Amount>,
    /// Later less earlier, divided by earlier: -0.25 is a quarter less. `null` when a value is not known or the earlier is zero.
    pub change: Option<f64>,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Amount {
    /// The number.
    pub value: f64,
    /// `ms`, `bytes`, `count` or `ratio`.
    pub unit: String,
    /// Both, for people.
    pub text: String,
}

impl Comparison {
    /// The comparison of two runs.
    pub fn new(before_job_id: &str, after_job_id: &str, comparison: &advise::Comparison) -> Self {
        let rows = comparison.metrics.iter().map(|compared| ComparisonRow {
            metric: metric_word(compared.metric),
            title: compared.title.clone(),
            before: compared.before.as_ref().and_then(Amount::of),
            after: compared.after.as_ref().and_then(Amount::of),
            change: compared.change_ratio,
        });
        Self {
            before_job_id: before_job_id.to_owned(),
            after_job_id: after_job_id.to_owned(),
            partial: comparison.partial.clone(),
            rows: rows.collect(),
            differences: (&comparison.differences).into(),
        }
    }
}

impl Amount {
    /// `None` for words.
    #[allow(clippy::cast_precision_loss)]
    fn of(quantity: &advise::Quantity) -> Option<Self> {
        let (value, unit) = match quantity {
            advise::Quantity::Bytes(bytes) => (bytes.as_f64(), "bytes"),
            advise::Quantity::Millis(millis) => (millis.as_f64(), "ms"),
            advise::Quantity::Ratio(ratio) => (*ratio, "ratio"),
            advise::Quantity::Count(count) => (*count as f64, "count"),
            advise::Quantity::Text(_) => return None,
        };
        Some(Self { value, unit: unit.to_owned(), text: quantity.to_string() })
    }
}

/// The name that the metric has in the advisor's own JSON.
fn metric_word(metric: advise::ComparedMetric) -> String {
    match serde_json::to_value(metric) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
