//! Plans of statements and nodes.

use super::{InteractiveSession, NodeRun};
use crate::relation::Rows;
use crate::session::user;
use crate::{Error, query};
use proto::analyze_plan_request::explain::ExplainMode as Mode;
use proto::{analyze_plan_request as ask, analyze_plan_response as answer};
use spark_connect_proto as proto;
use std::time::Duration;

/// Which plan. On Sail plans are those of its own engine: its words are `DataFusion`'s, also where the mode is Spark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainMode {
    /// The logical plan as it was written.
    Parsed,
    /// The logical plan with columns, types and tables.
    Analyzed,
    /// The logical plan after optimization.
    Optimized,
    /// What runs.
    Physical,
    /// All four.
    Extended,
    /// The physical plan as an outline, and the details of each of its nodes.
    Formatted,
    /// The optimized logical plan with sizes and, where there are statistics, rows.
    Cost,
}

impl ExplainMode {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 7] = [
        ("parsed", Self::Parsed),
        ("analyzed", Self::Analyzed),
        ("optimized", Self::Optimized),
        ("physical", Self::Physical),
        ("extended", Self::Extended),
        ("formatted", Self::Formatted),
        ("cost", Self::Cost),
    ];

    fn asked(self) -> Mode {
        match self {
            Self::Parsed | Self::Analyzed | Self::Optimized | Self::Physical | Self::Extended => {
                Mode::Extended
            }
            Self::Formatted => Mode::Formatted,
            Self::Cost => Mode::Cost,
        }
    }

    /// The head of the part that is wanted (`QueryExecution.explainString`).
    fn head(self) -> Option<&'static str> {
        Some(match self {
            Self::Parsed => "== Parsed Logical Plan ==\n",
            Self::Analyzed => "== Analyzed Logical Plan ==\n",
            Self::Optimized => "== Optimized Logical Plan ==\n",
            Self::Physical => "== Physical Plan ==\n",
            Self::Extended | Self::Formatted | Self::Cost => return None,
        })
    }
}

impl InteractiveSession {
    /// The plan of a query, which is not run.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is no query: Spark would carry it out. [`Error::Server`], [`Error::TooSlow`].
    pub async fn explain_sql(
        &self,
        text: &str,
        mode: ExplainMode,
        time: Duration,
    ) -> Result<String, Error> {
        query::check_is_query(text)?;
        self.in_time(time, Box::pin(self.explain(Rows::sql(text, Vec::new()), mode))).await
    }

    /// The plan of a node with all that it reads. Nothing is computed but what the server needs to know columns.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::Node`], [`Error::Server`], [`Error::TooSlow`].
    pub async fn explain_node(
        &self,
        run: NodeRun<'_>,
        mode: ExplainMode,
        time: Duration,
    ) -> Result<String, Error> {
        self.in_time(time, Box::pin(async { self.explain(self.rows_of(run).await?, mode).await }))
            .await
    }

    pub(crate) async fn explain(&self, rows: Rows, mode: ExplainMode) -> Result<String, Error> {
        let client = self.session().client();
        let plan = proto::Plan { op_type: Some(proto::plan::OpType::Root(rows.into_relation())) };
        let explain = ask::Explain { plan: Some(plan), explain_mode: mode.asked().into() };
        let request = proto::AnalyzePlanRequest {
            session_id: client.session_id().to_owned(),
            user_context: Some(user(client)),
            analyze: Some(ask::Analyze::Explain(explain)),
            ..Default::default()
        };
        let answer = client.analyze_plan(request).await;
        let answer = answer.map_err(|error| self.session().failure(&error))?;
        let text = match answer.result {
            Some(answer::Result::Explain(explained)) => explained.explain_string,
            _ => return Err(Error::Answer { problem: "it has no plan".to_owned() }),
        };
        match mode.head() {
            None => Ok(text),
            Some(head) => part(&text, head).map(str::to_owned).ok_or_else(|| Error::Answer {
                problem: format!("it has no part `{}`", head.trim()),
            }),
        }
    }
}

/// What stands between a head and the next one.
fn part<'a>(text: &'a str, head: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(head)?;
    let end = rest.find("\n== ").map_or(rest.len(), |at| at + 1);
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_where_the_next_head_begins() {
        let text = "== Parsed Logical Plan ==\n'Project\n\n== Analyzed Logical Plan ==\nx: int\nProject\n\n== Physical Plan ==\n*Scan\n";
        let of = |mode: ExplainMode| part(text, mode.head().unwrap());
        assert_eq!(of(ExplainMode::Parsed), Some("'Project\n\n"));
        assert_eq!(of(ExplainMode::Analyzed), Some("x: int\nProject\n\n"));
        assert_eq!(of(ExplainMode::Optimized), None);
        assert_eq!(of(ExplainMode::Physical), Some("*Scan\n"));
    }
}
