mod broadcast_candidate;
mod data_skew;
mod failed_tasks;
mod few_partitions;
mod gc_pressure;
mod idle_cores;
mod large_partitions;
mod small_tasks;
mod spill;

pub(crate) use broadcast_candidate::RULE as BROADCAST_CANDIDATE;
pub(crate) use data_skew::RULE as DATA_SKEW;

use crate::facts::Facts;
use crate::report::{Finding, Severity, Subject};
use tinderbox_model::{FindingId, StageAttemptId};

/// A rule: what it is called and how it looks at an application.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Unique name, the first part of the ids of its findings.
    pub id: &'static str,
    /// What it looks for, in a few words.
    pub title: &'static str,
    /// The page `docs/findings/<page>.md`.
    pub page: &'static str,
    /// Which data it may be asked about.
    pub gate: Gate,
    pub(crate) check: fn(&Facts<'_>) -> Vec<Finding>,
}

impl Rule {
    /// The id of this rule's finding about `subject`: stable, because it holds Spark's own ids only.
    pub(crate) fn finding_id(&self, subject: &Subject) -> FindingId {
        FindingId::new(match subject {
            Subject::Stage(stage) => format!("{}/stage-{stage}", self.id),
            Subject::Operator { execution, node } => {
                format!("{}/sql-{execution}/node-{node}", self.id)
            }
            Subject::Executor { executor } => format!("{}/executor-{executor}", self.id),
            Subject::Application => format!("{}/application", self.id),
        })
    }

    /// A finding about a stage attempt, to be filled in.
    pub(crate) fn stage_finding(&self, stage: StageAttemptId) -> Finding {
        Finding { stages: vec![stage.stage], ..self.finding(Subject::Stage(stage)) }
    }

    /// A finding of this rule, to be filled in.
    pub(crate) fn finding(&self, subject: Subject) -> Finding {
        Finding {
            id: self.finding_id(&subject),
            rule: self.id.to_owned(),
            severity: Severity::Info,
            title: String::new(),
            subject,
            stages: Vec::new(),
            evidence: Vec::new(),
            explanation: String::new(),
            remedies: Vec::new(),
            effect: None,
            patches: Vec::new(),
            defers_to: Vec::new(),
            page: self.page.to_owned(),
        }
    }
}

/// Which data a rule may be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The rule looks at one stage or operator at a time and skips those of which tasks are missing.
    EachStage,
    /// The rule judges rates over the whole application: it is silent when the application is partial.
    WholeApplication,
}

/// All rules, in the order of the index `docs/findings/README.md`.
pub fn rules() -> &'static [Rule] {
    &[
        data_skew::RULE,
        broadcast_candidate::RULE,
        spill::RULE,
        few_partitions::RULE,
        large_partitions::RULE,
        small_tasks::RULE,
        gc_pressure::RULE,
        idle_cores::RULE,
        failed_tasks::RULE,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_rule_has_its_page_and_every_page_its_rule() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings");
        let pages: BTreeSet<String> = std::fs::read_dir(&folder)
            .expect("the folder exists")
            .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .filter(|name| name != "README")
            .collect();
        let named: BTreeSet<String> = rules().iter().map(|rule| rule.page.to_owned()).collect();
        assert_eq!(pages, named);
        let index = std::fs::read_to_string(folder.join("README.md")).expect("the index exists");
        for rule in rules() {
            let link = format!("({}.md)", rule.page);
            assert!(index.contains(&link), "the index lacks {link}");
            let page = std::fs::read_to_string(folder.join(format!("{}.md", rule.page)));
            let page = page.expect("listed above");
            for section in [
                "## What it means",
                "## How it is detected",
                "## What to do",
                "## How to verify",
                "## When it is wrong",
            ] {
                assert!(page.contains(section), "{} lacks {section:?}", rule.page);
            }
        }
    }

    #[test]
    fn rule_ids_are_unique() {
        let ids: BTreeSet<&str> = rules().iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), rules().len());
    }
}
