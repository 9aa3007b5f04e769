//! Which nodes a node reads, when it says so and when it does not.

use super::{Draft, scalar_at};
use crate::component::NodeKind;
use crate::diagnostic::Report;
use crate::fields;
use crate::nearest::nearest;
use crate::operation::{Model, Operation};
use crate::tree::Spanned;
use tinderbox_model::NodeId;

/// The inputs of a node as places in `drafts`. `None`, with an error, when one of them is missing or unknown.
pub(super) fn resolve(
    drafts: &[Draft<'_>],
    at: usize,
    report: &mut Report<'_>,
) -> Option<Vec<usize>> {
    let draft = &drafts[at];
    draft.tree.as_map()?; // Reported where its keys are read.
    if draft.kind == NodeKind::Source {
        return Some(Vec::new());
    }
    let written = written_inputs(draft, report);
    let is_join = draft.component.is_some_and(|component| component.name == "join");
    let table = if is_join { parameter(draft, "table") } else { None };
    let mut inputs = match &written {
        Some(names) => names
            .iter()
            .map(|name| find(drafts, at, name, report))
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Option<Vec<_>>>()?,
        None => left_out(drafts, at, report)?,
    };
    let mut sides = inputs.len();
    if let Some(table) = &table {
        // A table that is no node is one of the catalog: a side without an input.
        inputs.extend(drafts.iter().position(|other| names(other, table)));
        sides += 1;
    }
    let is_sound =
        if is_join { check_sides(draft, sides, report) } else { check_count(draft, sides, report) };
    is_sound.then_some(inputs)
}

/// A query that reads another node without naming it in `input` would not find that table on Spark.
pub(super) fn report_tables_that_are_no_inputs(
    drafts: &[Draft<'_>],
    at: usize,
    query: &str,
    read: &[usize],
    report: &mut Report<'_>,
) {
    let words: Vec<&str> =
        query.split(|c: char| c.is_whitespace() || "(),;`".contains(c)).collect();
    for pair in words.windows(2) {
        let is_table = ["from", "join"].iter().any(|word| pair[0].eq_ignore_ascii_case(word));
        let table = pair[1].trim_matches(['{', '}']);
        let named = drafts.iter().position(|draft| {
            draft.kind != NodeKind::Sink && view_name(&draft.id) == view_name(table)
        });
        if let (true, Some(named)) = (is_table, named)
            && !read.contains(&named)
        {
            let draft = &drafts[at];
            let message =
                format!("the query reads `{table}`, which is a node but no input of this one");
            let ids: Vec<&str> =
                read.iter().chain([&named]).map(|at| drafts[*at].id.as_str()).collect();
            report
                .warning("spec::sql-input", draft.span, &format!("{}.input", draft.path), message)
                .hint = Some(format!("`input: [{}]`", ids.join(", ")));
        }
    }
}

/// The `train` node whose model a node predicts with, where it is one of this job.
pub(super) fn model(
    drafts: &[Draft<'_>],
    at: usize,
    operation: &mut Operation,
    report: &mut Report<'_>,
) -> Option<usize> {
    let Operation::Predict { model } = operation else { return None };
    let Model::Saved(name) = &*model else { return None };
    let draft = &drafts[at];
    let written = parameter(draft, "model")?;
    let path = format!("{}.model", draft.path);
    let is_train = |other: &Draft<'_>| other.component.is_some_and(|one| one.name == "train");
    match drafts.iter().position(|other| other.id == *name) {
        Some(train) if is_train(&drafts[train]) => {
            *model = Model::Trained(NodeId::new(name.clone()));
            Some(train)
        }
        Some(_) => {
            let message = format!("`{name}` is a node and trains no model");
            report.error("spec::ml-model", written.span, &path, message).hint =
                Some("name a node of type `train`, or the path of a saved model".to_owned());
            None
        }
        None if name.contains('/') => None,
        None => {
            let trains = drafts.iter().filter(|other| is_train(other));
            let ids: Vec<&str> = trains.map(|other| other.id.as_str()).collect();
            let message = format!("there is no `train` node `{name}`");
            report.error("spec::ml-model", written.span, &path, message).hint =
                Some(match nearest(name, ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a path has a `/` in it: `./model`".to_owned(),
                });
            None
        }
    }
}

/// Two ids with the same name here would be one view on Spark.
pub(super) fn view_name(id: &str) -> String {
    id.replace('-', "_").to_lowercase()
}

fn written_inputs(draft: &Draft<'_>, report: &mut Report<'_>) -> Option<Vec<Spanned>> {
    let entry = draft.tree.as_map()?.get("input").filter(|entry| !entry.value.is_null())?;
    Some(fields::texts(&entry.value, &format!("{}.input", draft.path), report))
}

/// A parameter beside `type` or under `parameters`.
fn parameter(draft: &Draft<'_>, name: &str) -> Option<Spanned> {
    scalar_at(draft.tree, name).or_else(|| scalar_at(draft.tree.at(&["parameters"])?, name))
}

fn names(draft: &Draft<'_>, name: &str) -> bool {
    draft.kind != NodeKind::Sink && (draft.id == name || draft.output.as_deref() == Some(name))
}

fn find(drafts: &[Draft<'_>], at: usize, name: &Spanned, report: &mut Report<'_>) -> Option<usize> {
    let found = drafts.iter().position(|draft| names(draft, name));
    if found.is_none() {
        let path = format!("{}.input", drafts[at].path);
        if drafts.iter().any(|draft| draft.id == name.text) {
            let message = format!("`{}` is a sink: nothing comes out of it", name.text);
            report.error("spec::unknown-input", name.span, &path, message).hint =
                Some("read the node that the sink reads".to_owned());
        } else {
            let ids: Vec<&str> = drafts
                .iter()
                .enumerate()
                .filter(|(other, draft)| *other != at && draft.kind != NodeKind::Sink)
                .map(|(_, draft)| draft.id.as_str())
                .collect();
            let message = format!("there is no node `{}`", name.text);
            report.error("spec::unknown-input", name.span, &path, message).hint =
                Some(match nearest(name, ids.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("nodes to read: {}", ids.join(", ")),
                });
        }
    }
    found
}

/// The node before; for a sink the last node that is not a sink.
fn left_out(drafts: &[Draft<'_>], at: usize, report: &mut Report<'_>) -> Option<Vec<usize>> {
    let draft = &drafts[at];
    let before = drafts[..at].iter().rposition(|other| other.kind != NodeKind::Sink);
    let Some(before) = before else {
        let reads_nothing = draft.component.is_some_and(|component| component.inputs.min == 0);
        if reads_nothing {
            return Some(Vec::new());
        }
        let message = format!("`{}` has nothing to read: no node stands before it", draft.id);
        report
            .error("spec::missing-input", draft.span, &format!("{}.input", draft.path), message)
            .hint = Some("add a source under `pipeline.sources`".to_owned());
        return None;
    };
    let sources = drafts.iter().filter(|other| other.kind == NodeKind::Source).count();
    let joins_all = draft.component.is_some_and(|component| component.name == "join");
    if drafts[before].kind == NodeKind::Source && sources > 1 && !joins_all {
        let id = &drafts[before].id;
        let message = format!("`{}` reads `{id}`, the last of {sources} sources", draft.id);
        report.warning("spec::input-left-out", draft.span, &draft.path, message).hint =
            Some(format!("say which one: `input: [{id}]`"));
    }
    Some(vec![before])
}

fn check_sides(draft: &Draft<'_>, sides: usize, report: &mut Report<'_>) -> bool {
    if sides != 2 {
        let message = format!("a join has two sides, this one {sides}");
        let code = if sides < 2 { "spec::missing-input" } else { "spec::inputs" };
        report.error(code, draft.span, &format!("{}.input", draft.path), message).hint = Some(
            "`input: [left, right]` with the ids of two nodes, or one `input` and `table`"
                .to_owned(),
        );
    }
    sides == 2
}

fn check_count(draft: &Draft<'_>, count: usize, report: &mut Report<'_>) -> bool {
    let Some(component) = draft.component else { return true };
    let (least, most) = (component.inputs.min, component.inputs.max);
    let is_sound = (least..=most).contains(&count);
    if !is_sound {
        let nodes = |n: usize| if n == 1 { "one node".to_owned() } else { format!("{n} nodes") };
        let wanted =
            if least == most { nodes(least) } else { format!("{least} to {}", nodes(most)) };
        let message = format!("`{}` reads {wanted}, this one {count}", component.name);
        let code = if count < least { "spec::missing-input" } else { "spec::inputs" };
        report.error(code, draft.span, &format!("{}.input", draft.path), message).hint =
            Some("`input` is the id of a node, or a list of ids".to_owned());
    }
    is_sound
}
