//! An order in which every node comes after its inputs.

use super::Draft;
use crate::diagnostic::Report;

/// Places in `drafts`, inputs first, otherwise in the order of the document. Loops are reported, each once, and broken.
pub(super) fn sorted(
    drafts: &[Draft<'_>],
    links: &[Vec<usize>],
    report: &mut Report<'_>,
) -> Vec<usize> {
    let mut order = Vec::with_capacity(drafts.len());
    let mut done = vec![false; drafts.len()];
    while order.len() < drafts.len() {
        let ready =
            (0..drafts.len()).find(|at| !done[*at] && links[*at].iter().all(|input| done[*input]));
        match ready {
            Some(at) => {
                done[at] = true;
                order.push(at);
            }
            None => {
                for at in report_loop(drafts, links, &done, report) {
                    done[at] = true;
                    order.push(at);
                }
            }
        }
    }
    order
}

/// Finds a loop among the nodes that are not done, and names it in the direction of the data.
fn report_loop(
    drafts: &[Draft<'_>],
    links: &[Vec<usize>],
    done: &[bool],
    report: &mut Report<'_>,
) -> Vec<usize> {
    let mut walked: Vec<usize> = Vec::new();
    let mut at = done.iter().position(|done| !done).unwrap_or(0);
    while !walked.contains(&at) {
        walked.push(at);
        // Every node that is not done waits for another one that is not done.
        at = links[at].iter().copied().find(|input| !done[*input]).unwrap_or(at);
    }
    let begin = walked.iter().position(|walked| *walked == at).unwrap_or(0);
    let mut members = walked.split_off(begin);
    members.reverse();
    let first = members.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(place, _)| place);
    members.rotate_left(first);
    let draft = &drafts[members[0]];
    let names: Vec<&str> =
        members.iter().chain(&members[..1]).map(|at| drafts[*at].id.as_str()).collect();
    let message = format!("these nodes read each other in a loop: {}", names.join(" → "));
    report.error("spec::cycle", draft.span, &format!("{}.input", draft.path), message).hint =
        Some("change the `input` of one of them".to_owned());
    members
}
