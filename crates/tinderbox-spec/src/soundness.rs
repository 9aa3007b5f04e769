//! What only the whole job shows: nodes that are sound one by one and cannot run together.

use crate::diagnostic::{Diagnostic, Severity};
use crate::expectation::OnFail;
use crate::operation::{Data, Operation};
use crate::spec::{Node, Spec};
use std::collections::BTreeMap;

/// Errors, ordered by position in the document.
pub(crate) fn errors(spec: &Spec) -> Vec<Diagnostic> {
    let mut errors: Vec<Diagnostic> = spec
        .nodes()
        .iter()
        .filter_map(|node| checkpoint_without_location(spec, node))
        .chain(written_twice(spec))
        .chain(spec.nodes().iter().filter_map(|node| secret_in_plan(spec, node)))
        .chain(secret_in_name(spec))
        .chain(quarantines_elsewhere_used(spec))
        .chain(overwritten_inputs(spec))
        .chain(crate::packages::contradictions(spec))
        .chain(crate::stream::findings(spec, Severity::Error))
        .collect();
    errors.sort_by_key(|error| error.span.start);
    errors
}

/// Spark writes a checkpoint into a directory that it is told, and has none of its own.
fn checkpoint_without_location(spec: &Spec, node: &Node) -> Option<Diagnostic> {
    let is_checkpoint = node.operation == Operation::Checkpoint { is_local: false };
    if !is_checkpoint || spec.checkpoint_location().is_some() {
        return None;
    }
    let message = format!("`{}` has no directory for its checkpoint", node.id);
    let hint =
        "set `configuration.checkpointLocation`, or `local: true` to keep it on the executors";
    Some(error(spec, node, "spec::checkpoint-location", message, hint))
}

/// Spark writes paths, tables and SQL into its plans, and those into event logs and onto its page.
fn secret_in_plan(spec: &Spec, node: &Node) -> Option<Diagnostic> {
    // What reaches Spark as an option or property is hidden there by its name.
    let shown = match node.operation.clone() {
        Operation::Read(mut read) => {
            read.settings.clear();
            read.options.retain(|(name, _)| is_shown(name));
            Operation::Read(read)
        }
        Operation::Write(mut write) => {
            write.settings.clear();
            write.options.retain(|(name, _)| is_shown(name));
            Operation::Write(write)
        }
        // It is asked by the program and not by Spark.
        Operation::ReadHttp(_) => return None,
        operation => operation,
    };
    // Every text of the node, whatever holds it.
    let texts = format!("{shown:?} {:?} {:?}", node.expectations, node.stream);
    if !texts.contains("${secret:") {
        return None;
    }
    let message =
        format!("`{}` has a secret where Spark writes it into plans and event logs", node.id);
    let hint = "a secret can stand in options and connections of sources and sinks, in requests of `http` and in `sparkConf`; not in paths, tables and SQL";
    Some(error(spec, node, "spec::secret-in-plan", message, hint))
}

/// The name is shown everywhere.
fn secret_in_name(spec: &Spec) -> Option<Diagnostic> {
    if !crate::parameters::has_secret(spec.name()) {
        return None;
    }
    let place = spec.sections.get("name").cloned().unwrap_or_default();
    let message = "the job's name holds a secret, and everybody sees it".to_owned();
    let mut error = place.diagnostic(Severity::Error, "spec::secret-in-plan", spec.file(), message);
    error.hint = Some("write the name out, or use a parameter: `${param:name}`".to_owned());
    Some(error)
}

/// Options of JDBC and other databases that hold SQL.
fn is_shown(option: &str) -> bool {
    ["dbtable", "query", "table", "partitionColumn"].contains(&option)
}

/// The second sink would find what the first one wrote: it fails, or takes its place. Both may append.
fn written_twice(spec: &Spec) -> Vec<Diagnostic> {
    let mut first_with: BTreeMap<String, (&Node, bool)> = BTreeMap::new();
    let mut found = Vec::new();
    for node in spec.nodes() {
        let Operation::Write(write) = &node.operation else { continue };
        let appends = write.mode == Some("append");
        let Some(target) = target(&write.data) else { continue };
        let entry = first_with.entry(target);
        let (first, first_appends) = *entry.or_insert((node, appends));
        if first.id != node.id && !(appends && first_appends) {
            let message =
                format!("`{}` writes where `{}` writes: {}", node.id, first.id, shown(&write.data));
            let hint = "give each sink a target of its own, or let one sink write a `union`";
            found.push(error(spec, node, "spec::written-twice", message, hint));
        }
    }
    found
}

/// Wrong rows are added to what is there: they would stand among the rows of a sink, be gone when it overwrites, be read
/// as rows of a source by the next run, or be mixed with those of another node, which has other columns.
fn quarantines_elsewhere_used(spec: &Spec) -> Vec<Diagnostic> {
    let used: Vec<(String, &Node, &str)> = spec
        .nodes()
        .iter()
        .filter_map(|node| match &node.operation {
            Operation::Read(read) => Some((target(&read.data)?, node, "reads")),
            Operation::Write(write) => Some((target(&write.data)?, node, "writes")),
            _ => None,
        })
        .collect();
    let mut first_with: BTreeMap<String, &Node> = BTreeMap::new();
    let mut found = Vec::new();
    for node in spec.nodes() {
        // A node has one quarantine.
        let Some(quarantine) = node.expectations.iter().find_map(|one| match &one.on_fail {
            OnFail::Quarantine(quarantine) => Some(quarantine),
            _ => None,
        }) else {
            continue;
        };
        let data = Data::Files { format: quarantine.format, path: quarantine.path.clone() };
        let Some(target) = target(&data) else { continue };
        let path = &quarantine.path;
        if let Some((_, other, verb)) = used.iter().find(|(used, ..)| *used == target) {
            let who = if other.id == node.id { "it".to_owned() } else { format!("`{}`", other.id) };
            let message = format!("`{}` puts wrong rows where {who} {verb}: {path}", node.id);
            let hint = "give `quarantine` a path of its own";
            found.push(error(spec, node, "spec::written-twice", message, hint));
        }
        let first = *first_with.entry(target).or_insert(node);
        if first.id != node.id {
            let message =
                format!("`{}` puts wrong rows where `{}` puts its own: {path}", node.id, first.id);
            let hint = "give each a path, or the document one `quarantine`: then each node has a folder in it";
            found.push(error(spec, node, "spec::written-twice", message, hint));
        }
    }
    found
}

/// Spark reads while it writes: what is overwritten is gone before it is read, and Spark refuses.
fn overwritten_inputs(spec: &Spec) -> Vec<Diagnostic> {
    let read: BTreeMap<String, &Node> = spec
        .nodes()
        .iter()
        .filter_map(|node| match &node.operation {
            Operation::Read(read) => Some((target(&read.data)?, node)),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for node in spec.nodes() {
        let Operation::Write(write) = &node.operation else { continue };
        // Delta and Iceberg keep what is read until the new version is there.
        let is_delta = matches!(write.table_format, Some("delta" | "iceberg"))
            || matches!(write.data, Data::Files { format: "delta", .. } | Data::Table(_));
        if let Some(target) = target(&write.data)
            && let Some(source) = read.get(&target)
            && write.mode == Some("overwrite")
            && !is_delta
        {
            let message = format!(
                "`{}` overwrites what `{}` reads: {}",
                node.id,
                source.id,
                shown(&write.data)
            );
            let hint = "write to another place; the next job may move it";
            found.push(error(spec, node, "spec::overwrites-input", message, hint));
        }
    }
    found
}

/// The same for two ways of writing one target; `None` where a format does not say what its target is.
fn target(data: &Data) -> Option<String> {
    Some(match data {
        Data::Files { path, .. } => {
            let path =
                path.strip_prefix("file://").or_else(|| path.strip_prefix("file:")).unwrap_or(path);
            let path = path.trim_end_matches('/');
            let is_root = path.is_empty();
            let mut parts: Vec<&str> = Vec::new();
            for part in path.split('/').filter(|part| *part != ".") {
                // Two slashes are one, but for those of a scheme.
                if part.is_empty()
                    && !parts.is_empty()
                    && !parts.last().is_some_and(|p| p.ends_with(':'))
                {
                    continue;
                }
                parts.push(part);
            }
            format!("files {}", if is_root { "/".to_owned() } else { parts.join("/") })
        }
        Data::Table(table) => format!("table {}", table.to_lowercase()),
        Data::Connector { .. } => return None,
    })
}

fn shown(data: &Data) -> &str {
    match data {
        Data::Files { path, .. } => path,
        Data::Table(table) => table,
        Data::Connector { format } => format,
    }
}

fn error(spec: &Spec, node: &Node, code: &'static str, message: String, hint: &str) -> Diagnostic {
    let mut error = node.place.diagnostic(Severity::Error, code, spec.file(), message);
    error.hint = Some(hint.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_in_several_ways() {
        let files = |path: &str| target(&Data::Files { format: "csv", path: path.to_owned() });
        for other in
            ["/data/out/", "file:///data/out", "/data//out", "/data/./out", "file:/data/out"]
        {
            assert_eq!(files("/data/out"), files(other), "{other}");
        }
        assert_eq!(files("s3a://a/b"), files("s3a://a/b/"));
        assert_ne!(files("s3a://a/b"), files("s3a:/a/b"));
        assert_ne!(files("data/out"), files("/data/out"));
        let table = |name: &str| target(&Data::Table(name.to_owned()));
        assert_eq!(table("Sales.Totals"), table("sales.totals"));
        assert_ne!(table("out"), files("out"));
    }
}
