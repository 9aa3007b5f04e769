//! From the patches of all findings to one value per setting.
//!
//! Conflicts are decided in this order:
//! 1. **Broadcast before the shuffle join.** A broadcast removes the join's shuffle and sort, so what skew, spill and partition
//!    rules propose for those stages waits until the next run shows whether it is still needed.
//! 2. **Skew before memory.** Memory and partitions for the spill, the GC time or the size of skewed tasks wait until the skew is gone.
//! 3. **Adaptive execution before fixed numbers.** Where it merges partitions, its target size is changed and not
//!    `spark.sql.shuffle.partitions`: the rules see to that when they choose a setting.
//! 4. **One value per setting.** Demands in the same direction are met by the strongest. Against each other the safe one wins:
//!    more memory, more and smaller partitions.

use crate::facts::Facts;
use crate::report::{Advice, Effect, Finding, Severity, Stake, Withheld};
use crate::rules::BROADCAST_CANDIDATE;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, FindingId, Patch, StageId, parse_bytes};

/// Merges the patches of `findings` and notes in them which others come first.
pub(crate) fn advise(facts: &Facts<'_>, findings: &mut [Finding]) -> (Vec<Advice>, Vec<Withheld>) {
    defer_to_broadcasts(findings);
    let severities: BTreeMap<&FindingId, Severity> =
        findings.iter().map(|finding| (&finding.id, finding.severity)).collect();
    let mut withheld = Vec::new();
    let mut demands: BTreeMap<String, Vec<(&Patch, &Finding)>> = BTreeMap::new();
    for finding in findings.iter() {
        let first = finding.defers_to.iter().find(|id| severities.contains_key(id));
        for patch in &finding.patches {
            if let Some(first) = first {
                withheld.push(Withheld {
                    patch: patch.clone(),
                    finding: finding.id.clone(),
                    in_favor_of: first.clone(),
                    reason: reason_to_defer(first),
                });
            } else {
                demands.entry(setting_of(patch)).or_default().push((patch, finding));
            }
        }
    }
    let mut advice: Vec<Advice> =
        demands.into_values().filter_map(|demands| settle(facts, demands, &mut withheld)).collect();
    let urgency =
        |advice: &Advice| advice.findings.iter().filter_map(|id| severities.get(id)).min().copied();
    advice.sort_by(|a, b| {
        let stake = |advice: &Advice| advice.effect.as_ref().map_or(0.0, Effect::stake);
        urgency(a).cmp(&urgency(b)).then_with(|| stake(b).total_cmp(&stake(a)))
    });
    (advice, withheld)
}

/// Findings about stages of a join that a patch turns into a broadcast wait for that.
fn defer_to_broadcasts(findings: &mut [Finding]) {
    let broadcasts: Vec<(FindingId, Vec<StageId>)> = findings
        .iter()
        .filter(|finding| finding.rule == BROADCAST_CANDIDATE.id && !finding.patches.is_empty())
        .map(|finding| (finding.id.clone(), finding.stages.clone()))
        .collect();
    let yields = ["data-skew", "spill", "small-tasks", "few-partitions", "large-partitions"];
    for finding in findings.iter_mut().filter(|f| yields.contains(&f.rule.as_str())) {
        let joins = broadcasts.iter().filter(|(_, stages)| {
            !finding.stages.is_empty() && finding.stages.iter().all(|stage| stages.contains(stage))
        });
        let firsts: Vec<FindingId> = joins.map(|(id, _)| id.clone()).collect();
        finding.defers_to.splice(0..0, firsts);
    }
}

fn reason_to_defer(first: &FindingId) -> String {
    if first.as_str().starts_with(BROADCAST_CANDIDATE.id) {
        String::from(
            "The broadcast takes the shuffle join out of this stage; run again before changing more.",
        )
    } else {
        String::from(
            "The skew is cured first; balanced tasks may need neither more memory nor other partitions.",
        )
    }
}

/// One value from all demands on one setting; the demands against it are withheld.
fn settle(
    facts: &Facts<'_>,
    demands: Vec<(&Patch, &Finding)>,
    withheld: &mut Vec<Withheld>,
) -> Option<Advice> {
    let wanted = demands
        .iter()
        .copied()
        .reduce(|best, next| if is_stronger(next.0, best.0) { next } else { best })?;
    let current = current_value(facts, wanted.0);
    let direction = |patch: &Patch| {
        let now = current.as_deref().and_then(magnitude)?;
        magnitude(value_of(patch))?.partial_cmp(&now)
    };
    let wanted_direction = direction(wanted.0);
    let (met, against): (Vec<_>, Vec<_>) = demands
        .into_iter()
        .partition(|(patch, _)| patch == &wanted.0 || direction(patch) == wanted_direction);
    withheld.extend(against.into_iter().map(|(patch, finding)| Withheld {
        patch: patch.clone(),
        finding: finding.id.clone(),
        in_favor_of: wanted.1.id.clone(),
        reason: format!(
            "Another finding needs {} in the other direction, which is the safe one.",
            setting_of(patch)
        ),
    }));
    let findings: Vec<&Finding> = met.into_iter().map(|(_, finding)| finding).collect();
    Some(Advice {
        patch: wanted.0.clone(),
        current,
        findings: findings.iter().map(|finding| finding.id.clone()).collect(),
        effect: merged_effect(facts, &findings),
    })
}

/// Whether `a` asks for more of what is safe than `b`: smaller sizes of partitions and lower bounds of skew, more of all else.
/// Values that are no numbers keep the order of the findings.
fn is_stronger(a: &Patch, b: &Patch) -> bool {
    let less_is_safe = [
        "spark.sql.adaptive.advisoryPartitionSizeInBytes",
        "spark.sql.adaptive.skewJoin.skewedPartitionFactor",
        "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes",
        "spark.sql.files.maxPartitionBytes",
    ]
    .contains(&setting_of(a).as_str());
    let order = magnitude(value_of(a)).partial_cmp(&magnitude(value_of(b)));
    order == Some(if less_is_safe { Ordering::Less } else { Ordering::Greater })
}

fn setting_of(patch: &Patch) -> String {
    match patch {
        Patch::Configuration { key, .. } => key.clone(),
        Patch::Resource { field, .. } => format!("cluster.{field}"),
        Patch::NodeParameter { node, parameter, .. } => format!("{node}.{parameter}"),
    }
}

fn value_of(patch: &Patch) -> &str {
    match patch {
        Patch::Configuration { value, .. }
        | Patch::Resource { value, .. }
        | Patch::NodeParameter { value, .. } => value,
    }
}

fn current_value(facts: &Facts<'_>, patch: &Patch) -> Option<String> {
    match patch {
        Patch::Configuration { key, .. } => facts.conf(key).map(str::to_owned),
        Patch::Resource { field, .. } => facts.conf(&format!("spark.{field}")).map(str::to_owned),
        Patch::NodeParameter { .. } => None,
    }
}

/// A value as a number, to compare values of one setting: sizes in bytes, `true` as 1, `false` as 0.
fn magnitude(value: &str) -> Option<f64> {
    match value.trim() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        number => number.parse().ok().or_else(|| parse_bytes(number, Bytes(1)).map(Bytes::as_f64)),
    }
}

/// See [`Advice::effect`].
fn merged_effect(facts: &Facts<'_>, findings: &[&Finding]) -> Option<Effect> {
    let mut effects = findings.iter().filter_map(|finding| finding.effect.as_ref());
    let mut merged = effects.next()?.clone();
    for effect in effects {
        if !merged.formula.contains(&effect.formula) {
            merged.formula.push_str("; ");
            merged.formula.push_str(&effect.formula);
        }
        merged.task_time = merge(merged.task_time, effect.task_time, Some(facts.task_time));
        merged.wall_time = merge(merged.wall_time, effect.wall_time, facts.wall_time);
        merged.core_time = merged.core_time.or(effect.core_time);
    }
    Some(merged)
}

fn merge(
    a: Option<Stake>,
    b: Option<Stake>,
    whole: Option<tinderbox_model::Millis>,
) -> Option<Stake> {
    let (Some(first), Some(second), Some(whole)) = (a, b, whole) else { return a.or(b) };
    Some(Stake::new(first.low_ms.max(second.low_ms), first.high_ms + second.high_ms, whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, set};
    use crate::report::Subject;
    use crate::rules::DATA_SKEW;
    use tinderbox_model::{Millis, StageAttemptId};

    fn finding(stage: i64, key: &str, value: &str) -> Finding {
        let id = StageAttemptId { stage: StageId(stage), attempt: 0 };
        let stake = Stake::new(Millis(10), Millis(100), Millis(1_000));
        Finding {
            severity: Severity::Warning,
            patches: vec![Patch::Configuration { key: key.to_owned(), value: value.to_owned() }],
            effect: Some(Effect {
                formula: String::from("half"),
                task_time: Some(stake),
                wall_time: None,
                core_time: None,
            }),
            ..DATA_SKEW.finding(Subject::Stage(id))
        }
    }

    fn settled(key: &str, values: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut app = application(10_000, vec![(0, vec![crate::fixture::task(1_000)])]);
        set(&mut app, "spark.executor.memory", "2g");
        let mut findings: Vec<Finding> =
            (0..).zip(values).map(|(stage, value)| finding(stage, key, value)).collect();
        let (advice, withheld) = advise(&Facts::new(&app), &mut findings);
        (
            advice.iter().map(|a| format!("{} for {}", a.patch, a.findings.len())).collect(),
            withheld.iter().map(|w| w.patch.to_string()).collect(),
        )
    }

    #[test]
    fn demands_in_one_direction_become_the_strongest() {
        let partitions = "spark.sql.shuffle.partitions";
        let (advised, withheld) = settled(partitions, &["400", "1000", "300"]);
        assert_eq!(advised, ["spark.sql.shuffle.partitions=1000 for 3"]);
        assert!(withheld.is_empty());
        let size = "spark.sql.adaptive.advisoryPartitionSizeInBytes";
        let (advised, _) = settled(size, &["32MB", "16MB"]);
        assert_eq!(advised, [format!("{size}=16MB for 2")]);
    }

    #[test]
    fn demands_against_each_other_are_settled_on_the_safe_side() {
        let (advised, withheld) = settled("spark.sql.shuffle.partitions", &["20", "400"]);
        assert_eq!(advised, ["spark.sql.shuffle.partitions=400 for 1"]);
        assert_eq!(withheld, ["spark.sql.shuffle.partitions=20"]);
        let (advised, withheld) = settled("spark.sql.files.maxPartitionBytes", &["512MB", "32MB"]);
        assert_eq!(advised, ["spark.sql.files.maxPartitionBytes=32MB for 1"]);
        assert_eq!(withheld, ["spark.sql.files.maxPartitionBytes=512MB"]);
    }

    #[test]
    fn merged_effect_is_an_interval_within_the_whole() {
        let app = application(10_000, vec![(0, vec![crate::fixture::task(150)])]);
        let key = "spark.sql.shuffle.partitions";
        let mut findings = vec![finding(0, key, "400"), finding(1, key, "800")];
        let (advice, _) = advise(&Facts::new(&app), &mut findings);
        let stake = advice[0].effect.as_ref().and_then(|e| e.task_time).expect("known");
        assert_eq!((stake.low_ms, stake.high_ms), (Millis(10), Millis(150)));
        assert_eq!(advice[0].current.as_deref(), Some("200"));
    }

    #[test]
    fn patch_is_advised_when_the_finding_it_defers_to_is_not_there() {
        let app = application(10_000, vec![]);
        let mut findings = vec![finding(0, "spark.sql.shuffle.partitions", "400")];
        findings[0].defers_to.push(FindingId::from("data-skew/stage-9"));
        let (advice, withheld) = advise(&Facts::new(&app), &mut findings);
        assert_eq!((advice.len(), withheld.len()), (1, 0));
    }
}
