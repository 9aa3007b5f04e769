use super::{Pairs, Text};
use serde::de::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize, Serialize)]
pub(crate) struct SqlExecutionStart<'a> {
    #[serde(rename = "executionId")]
    pub(crate) id: i64,
    /// From Spark 3.4 on.
    #[serde(rename = "rootExecutionId")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root: Option<i64>,
    #[serde(borrow, default)]
    pub(crate) description: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) details: Text<'a>,
    #[serde(rename = "physicalPlanDescription", borrow, default)]
    pub(crate) physical_plan: Text<'a>,
    /// For [`PlanInfo::parse`].
    #[serde(rename = "sparkPlanInfo", borrow)]
    pub(crate) plan: &'a RawValue,
    pub(crate) time: i64,
    /// From Spark 3.4 on.
    #[serde(rename = "modifiedConfigs", default)]
    pub(crate) modified_configs: Pairs,
    /// From Spark 4.0 on, as the next two; tags from 3.5 on.
    #[serde(rename = "queryId")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query_id: Option<String>,
    #[serde(rename = "jobGroupId")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_group: Option<String>,
    #[serde(rename = "jobTags", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_tags: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct SqlExecutionEnd<'a> {
    #[serde(rename = "executionId")]
    pub(crate) id: i64,
    pub(crate) time: i64,
    /// From Spark 3.4 on; empty when the execution ended well.
    #[serde(rename = "errorMessage", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<Text<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct AdaptiveExecutionUpdate<'a> {
    #[serde(rename = "executionId")]
    pub(crate) id: i64,
    #[serde(rename = "physicalPlanDescription", borrow, default)]
    pub(crate) physical_plan: Text<'a>,
    /// For [`PlanInfo::parse`].
    #[serde(rename = "sparkPlanInfo", borrow)]
    pub(crate) plan: &'a RawValue,
}

/// Metrics that adaptive execution adds without a new plan.
#[derive(Deserialize, Serialize)]
pub(crate) struct AdaptiveMetricUpdates<'a> {
    #[serde(rename = "executionId")]
    pub(crate) id: i64,
    #[serde(rename = "sqlPlanMetrics", borrow, default)]
    pub(crate) metrics: Vec<MetricInfo<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct DriverAccumUpdates {
    #[serde(rename = "executionId")]
    pub(crate) id: i64,
    /// Accumulator id and value.
    #[serde(rename = "accumUpdates", default)]
    pub(crate) updates: Vec<(i64, i64)>,
}

/// A node of Spark's plan tree (`SparkPlanInfo`).
pub(crate) struct PlanInfo<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) simple_string: Text<'a>,
    pub(crate) children: Vec<PlanInfo<'a>>,
    pub(crate) metrics: Vec<MetricInfo<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct MetricInfo<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "accumulatorId", default)]
    pub(crate) accumulator: i64,
    #[serde(rename = "metricType", borrow, default)]
    pub(crate) kind: Text<'a>,
}

impl<'a> PlanInfo<'a> {
    /// Deeper plans are refused: the tree is walked recursively.
    const DEPTH_LIMIT: usize = 1_000;

    /// Reads a tree one level at a time, because `serde_json` ends at 128 nested values, about 60 operators,
    /// and plans of loops are deeper.
    pub(crate) fn parse(raw: &'a RawValue) -> serde_json::Result<Self> {
        Self::parse_level(raw, Self::DEPTH_LIMIT)
    }

    fn parse_level(raw: &'a RawValue, levels: usize) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Level<'a> {
            #[serde(rename = "nodeName", borrow, default)]
            name: Text<'a>,
            #[serde(rename = "simpleString", borrow, default)]
            simple_string: Text<'a>,
            #[serde(borrow, default)]
            children: Vec<&'a RawValue>,
            #[serde(borrow, default)]
            metrics: Vec<MetricInfo<'a>>,
        }

        let levels = levels
            .checked_sub(1)
            .ok_or_else(|| serde_json::Error::custom("the plan is nested too deep"))?;
        let Level { name, simple_string, children, metrics } = serde_json::from_str(raw.get())?;
        let children = children
            .into_iter()
            .map(|child| Self::parse_level(child, levels))
            .collect::<Result<_, _>>()?;
        Ok(Self { name, simple_string, children, metrics })
    }
}

/// Spark compares plan nodes by name, text and children, without their metrics
/// (`SparkPlanInfo.equals`); that is how it finds an exchange again.
impl PartialEq for PlanInfo<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.simple_string == other.simple_string
            && self.children == other.children
    }
}
