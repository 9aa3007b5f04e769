//! Joins: keys, type, what more must hold, and which side was broadcast.

use super::describe::Seen;
use super::text::{condition, in_brackets, items};
use serde_json::json;

/// `SortMergeJoin [a#1], [b#2], Inner, (x#3 > y#4)`, `BroadcastHashJoin [a#1], [b#2], Inner, BuildRight, false`,
/// `BroadcastNestedLoopJoin BuildLeft, Cross, (x#3 > y#4)`, `CartesianProduct (x#3 > y#4)`.
pub(super) fn described(name: &str, text: &str) -> Seen {
    let mut behind = text.strip_prefix(name).unwrap_or(text).trim();
    let mut sides: Vec<Vec<String>> = Vec::new();
    while behind.starts_with('[') && sides.len() < 2 {
        let Some((list, next)) = in_brackets(behind, '[') else { break };
        sides.push(items(list));
        behind = next.trim_start_matches([',', ' ']);
    }
    let words = items(behind);
    let how = words.iter().find_map(|word| join_type(word));
    let how = how.unwrap_or(if name == "CartesianProduct" { "cross" } else { "inner" });
    let on: Vec<String> = match sides.as_slice() {
        [left, right] => {
            let pairs = left.iter().zip(right);
            let same_or_both = |(left, right): (&String, &String)| {
                if left == right { left.clone() } else { format!("{left} = {right}") }
            };
            pairs.map(same_or_both).collect()
        }
        _ => Vec::new(),
    };
    // Flags stand behind the condition, the state of streaming joins with an equals sign.
    let is_condition = |word: &&String| {
        join_type(word).is_none()
            && !matches!(word.as_str(), "BuildLeft" | "BuildRight" | "true" | "false")
            && !name.starts_with("Streaming")
    };
    let more = words.iter().find(is_condition).map(|more| condition(more));
    let is_broadcast = name.starts_with("Broadcast");
    let side = words.iter().find_map(|word| match word.as_str() {
        "BuildLeft" if is_broadcast => Some("left"),
        "BuildRight" if is_broadcast => Some("right"),
        _ => None,
    });
    let mut label = how.to_owned();
    let all: Vec<&str> = on.iter().chain(&more).map(String::as_str).collect();
    if !all.is_empty() {
        label = format!("{how} on {}", all.join(", "));
    }
    let parameters = json!({ "on": on, "how": how, "condition": more, "broadcast": side });
    Seen::transformation("join", label, parameters)
}

/// Source of the words: `org.apache.spark.sql.catalyst.plans.JoinType`. An existence join adds a column that tells whether the
/// other side has a row.
fn join_type(word: &str) -> Option<&'static str> {
    match word {
        "Inner" => Some("inner"),
        "Cross" => Some("cross"),
        "LeftOuter" => Some("left"),
        "RightOuter" => Some("right"),
        "FullOuter" => Some("full"),
        "LeftSemi" => Some("left_semi"),
        "LeftAnti" => Some("left_anti"),
        "LeftSingle" => Some("left_single"),
        _ => word.starts_with("ExistenceJoin(").then_some("existence"),
    }
}
