//! Rules on nodes.

use super::Lints;
use crate::operation::{Data, Join, Operation, SetOperation, Side};
use crate::spec::{JobType, Node, Spec};
use std::collections::BTreeSet;
use tinderbox_model::NodeId;

/// Folders inside folders that are still few files each.
const MOST_FOLDERS: usize = 3;

pub(super) fn check(lints: &mut Lints<'_>) {
    for node in lints.spec.nodes() {
        one_task(lints, node);
        computed_again(lints, node);
        shuffled_again(lints, node);
        outside_the_optimizer(lints, node);
        join_hint(lints, node);
        written(lints, node);
        read(lints, node);
    }
}

/// Row 11.1.
fn one_task(lints: &mut Lints<'_>, node: &Node) {
    let is_one = matches!(
        node.operation,
        Operation::Coalesce { partitions: 1 } | Operation::Repartition { partitions: Some(1), .. }
    );
    let is_small = lints.input(node).is_some_and(|input| match &input.operation {
        Operation::Limit { .. } => true,
        Operation::Aggregate(aggregate) => aggregate.group_by.is_empty(),
        _ => false,
    });
    if is_one && !is_small {
        let message = format!("`{}` leaves one partition: one task does the rest alone", node.id);
        let hint = "leave it out, or keep as many partitions as there are cores";
        lints.at_node(node, "lint::partitioning", message, hint);
    }
}

/// Row 11.2.
fn computed_again(lints: &mut Lints<'_>, node: &Node) {
    let count = lints.readers(node).len();
    // Each query of a streaming job reads for itself, and streams cannot be kept.
    let is_streaming = lints.spec.job_type() == JobType::Streaming;
    if count > 1 && !is_streaming && lints.costly.contains(&node.id) {
        let message = format!("`{}` is computed anew for each of its {count} readers", node.id);
        let hint = "let them read a node `{type: cache}` behind it";
        lints.at_node(node, "lint::computed-again", message, hint);
    }
}

/// Nodes that move or multiply rows, or read such a node; what is kept is not computed again.
pub(super) fn costly(spec: &Spec) -> BTreeSet<&NodeId> {
    let mut costly = BTreeSet::new();
    for node in spec.nodes() {
        let is_costly = match &node.operation {
            Operation::Cache { .. } | Operation::Checkpoint { .. } | Operation::Read(_) => false,
            Operation::Sql { .. } | Operation::Explode(_) => true,
            operation if shuffles(operation) => true,
            _ => node.inputs.iter().any(|input| costly.contains(input)),
        };
        if is_costly {
            costly.insert(&node.id);
        }
    }
    costly
}

fn shuffles(operation: &Operation) -> bool {
    match operation {
        Operation::Set(set) => {
            !matches!(set, SetOperation::UnionByName { .. } | SetOperation::UnionByPosition)
        }
        Operation::Sort { is_within_partitions, .. } => !is_within_partitions,
        operation => matches!(
            operation,
            Operation::Join(_)
                | Operation::Aggregate(_)
                | Operation::Window(_)
                | Operation::Deduplicate { .. }
                | Operation::Repartition { .. }
        ),
    }
}

/// Row 11.3.
fn shuffled_again(lints: &mut Lints<'_>, node: &Node) {
    let readers = lints.readers(node);
    if readers.is_empty() || !readers.iter().all(|reader| shuffles(&reader.operation)) {
        return;
    }
    let reader = readers[0].id.clone();
    let (message, hint) = match &node.operation {
        Operation::Repartition { .. } => (
            format!("`{}` moves all rows, and `{reader}` moves them again", node.id),
            "leave it out: Spark distributes the rows as the next node needs them",
        ),
        Operation::Sort { is_within_partitions: false, .. } => (
            format!("the order that `{}` makes is lost in `{reader}`", node.id),
            "leave it out, or sort behind that node",
        ),
        _ => return,
    };
    lints.at_node(node, "lint::shuffles", message, hint);
}

/// Row 11.4.
fn outside_the_optimizer(lints: &mut Lints<'_>, node: &Node) {
    let Operation::Sql { query } = &node.operation else { return };
    let query = query.to_lowercase();
    let calls_java = ["reflect(", "java_method("].into_iter().find(|call| query.contains(call));
    let runs_script = query.contains("transform") && query.contains("using '");
    if let Some(name) = calls_java.or(runs_script.then_some("TRANSFORM … USING")) {
        let message = format!(
            "`{}` uses {name}: Spark cannot optimize it, and calls it for each row",
            node.id
        );
        lints.at_node(
            node,
            "lint::opaque",
            message,
            "use Spark's own functions where there are some",
        );
    }
}

/// Row 11.7. Source: `canBuildBroadcastLeft` and `canBuildBroadcastRight` of Spark's
/// `org.apache.spark.sql.catalyst.optimizer.JoinSelectionHelper`.
fn join_hint(lints: &mut Lints<'_>, node: &Node) {
    let Operation::Join(Join { how, broadcast: Some(side), .. }) = &node.operation else { return };
    let possible: &[Side] = match *how {
        "inner" | "cross" => &[Side::Left, Side::Right],
        "right" | "right_outer" | "rightouter" => &[Side::Left],
        "full" | "outer" | "full_outer" | "fullouter" => &[],
        _ => &[Side::Right],
    };
    if possible.contains(side) {
        return;
    }
    let word = |side: &Side| if *side == Side::Left { "left" } else { "right" };
    let message = format!("Spark does not broadcast the {} side of a {how} join", word(side));
    let hint = match possible.first() {
        Some(other) => format!("`broadcast: {}`, if that side is the small one", word(other)),
        None => "leave `broadcast` out".to_owned(),
    };
    lints.at_node(node, "lint::broadcast", message, &hint);
}

/// Rows 11.1, 11.5, 11.10 and 11.13.
fn written(lints: &mut Lints<'_>, node: &Node) {
    let Operation::Write(write) = &node.operation else { return };
    if write.partition_by.len() > MOST_FOLDERS {
        let count = write.partition_by.len();
        let message = format!("{count} columns become folders: that makes very many small files");
        let hint = "partition by what queries filter by, mostly a date";
        lints.at_node(node, "lint::partitioning", message, hint);
    }
    if write.mode == Some("append") && lints.spec.schedule().is_some() {
        let message = format!(
            "`{}` appends: a run that is repeated after a failure may write its rows twice",
            node.id
        );
        let hint = "overwrite the part that the run makes, for example a folder of its date";
        lints.at_node(node, "lint::append-again", message, hint);
    }
    let format = match &write.data {
        Data::Files { format, .. } | Data::Connector { format } => *format,
        Data::Table(_) => write.table_format.unwrap_or_default(),
    };
    if matches!(format, "csv" | "json" | "text") {
        let message =
            format!("{format} holds no types and no statistics: who reads it reads all of it");
        let hint = "write parquet, unless people or other programs read the files";
        lints.at_node(node, "lint::row-format", message, hint);
    }
    let is_plain = write.options.iter().any(|(key, value)| {
        key.eq_ignore_ascii_case("compression")
            && matches!(&*value.to_lowercase(), "none" | "uncompressed")
    });
    if is_plain {
        let message = format!("`{}` writes without compression", node.id);
        let hint = "leave the option out: Spark's own choice costs little time and saves much room";
        lints.at_node(node, "lint::compression", message, hint);
    }
}

/// Row 11.10.
fn read(lints: &mut Lints<'_>, node: &Node) {
    let Operation::Read(read) = &node.operation else { return };
    let Data::Files { format, .. } = &read.data else { return };
    let infers = read.options.iter().any(|(key, value)| {
        key.eq_ignore_ascii_case("inferSchema") && value.eq_ignore_ascii_case("true")
    });
    let guesses = match *format {
        "csv" => infers,
        "json" => true,
        _ => false,
    };
    if guesses && read.schema.is_none() {
        let message = format!("Spark reads `{}` once more, to guess its types", node.id);
        let hint =
            "say them: `schema: id BIGINT, name STRING`; they are also the same every day then";
        lints.at_node(node, "lint::guessed-types", message, hint);
    }
}
