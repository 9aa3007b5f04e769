//! Findings, the advice that a next run carries, comparisons.

use crate::plan::LaunchPlan;
use crate::{App, AppliedAdvice, Error, blocking, now};
use std::sync::Arc;
use tinderbox_advise::{Comparison, Report, analyze, compare};
use tinderbox_model::{Application, Patch, RunId, RunState, WorkspaceId};
use tinderbox_store::{FindingRow, Page, Run, RunFilter, RunSort};

/// Two runs side by side.
#[derive(Debug, Clone)]
pub struct ComparedRuns {
    /// The earlier run.
    pub before: RunId,
    /// The later run.
    pub after: RunId,
    /// The measures.
    pub comparison: Comparison,
}

impl App {
    /// The report on a run: the stored one, or one of what is known so far while the run lasts.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`].
    pub async fn report(&self, id: &str) -> Result<(RunId, Report), Error> {
        let run = self.find(id).await?;
        if let Some(stored) = self.inner.store.report_get(&run.id).await?
            && let Ok(report) = serde_json::from_str(&stored.body)
        {
            return Ok((run.id, report));
        }
        let (run, application) = self.application(run.id.as_str()).await?;
        Ok((run, analyze(&application)))
    }

    /// Two runs side by side.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`].
    pub async fn compare(&self, before: &str, after: &str) -> Result<ComparedRuns, Error> {
        let (before, first): (RunId, Arc<Application>) = self.application(before).await?;
        let (after, second) = self.application(after).await?;
        let comparison = blocking(move || Ok(compare(&first, &second))).await?;
        Ok(ComparedRuns { before, after, comparison })
    }

    /// The advice of the newest analyzed run of `name`, on top of what that run had applied itself: advice that worked
    /// is not in the next report, and must not be lost by it. A later value of the same target wins.
    pub(crate) async fn newest_advice(
        &self,
        name: &str,
    ) -> Result<(RunId, Vec<AppliedAdvice>), Error> {
        let none = || Error::NoAdvice { name: name.to_owned() };
        let run = self.newest_analyzed(name).await?.ok_or_else(none)?;
        let plan = LaunchPlan::of(&run);
        let (id, report) = self.report(run.id.as_str()).await?;
        let mut applied = plan.applied;
        for advice in report.advice {
            applied.retain(|earlier| !same_target(&earlier.patch, &advice.patch));
            applied.push(AppliedAdvice { patch: advice.patch, findings: advice.findings });
        }
        if applied.is_empty() { Err(none()) } else { Ok((id, applied)) }
    }

    /// The newest run of this very name that has a report. Names that only contain it are passed over, page by page.
    async fn newest_analyzed(&self, name: &str) -> Result<Option<Run>, Error> {
        const PAGE: u64 = 100;
        let filter = RunFilter {
            workspace: WorkspaceId::default(),
            states: RunState::ALL.into_iter().filter(|state| state.is_final()).collect(),
            name_contains: Some(name.to_owned()),
            ..RunFilter::default()
        };
        let mut offset = 0;
        loop {
            let page = Page { offset, limit: PAGE };
            let (runs, total) =
                self.inner.store.run_list(&filter, RunSort::default(), page).await?;
            let found = runs.into_iter().find(|run| run.name == name && run.collected);
            offset += PAGE;
            if found.is_some() || offset >= total {
                return Ok(found);
            }
        }
    }
}

fn same_target(a: &Patch, b: &Patch) -> bool {
    match (a, b) {
        (Patch::Configuration { key: a, .. }, Patch::Configuration { key: b, .. }) => a == b,
        (Patch::Resource { field: a, .. }, Patch::Resource { field: b, .. }) => a == b,
        (
            Patch::NodeParameter { node: a, parameter: p, .. },
            Patch::NodeParameter { node: b, parameter: q, .. },
        ) => a == b && p == q,
        _ => false,
    }
}

/// The report as the store keeps it.
pub(crate) fn report_of(
    run: &RunId,
    application: &Application,
) -> (tinderbox_store::Report, Vec<FindingRow>) {
    let report = analyze(application);
    let findings = report.findings.iter().map(|finding| FindingRow {
        id: finding.id.clone(),
        rule: finding.rule.clone(),
        severity: finding.severity.as_str().to_owned(),
        title: finding.title.clone(),
    });
    let row = tinderbox_store::Report {
        run: run.clone(),
        version: report.version,
        // A report has text keys and finite numbers only, which always serialize.
        body: serde_json::to_string(&report).unwrap_or_default(),
        created: now(),
    };
    (row, findings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_one_key_have_one_target() {
        let conf = |key: &str, value: &str| Patch::Configuration {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        assert!(same_target(&conf("a", "1"), &conf("a", "2")));
        assert!(!same_target(&conf("a", "1"), &conf("b", "1")));
    }
}
