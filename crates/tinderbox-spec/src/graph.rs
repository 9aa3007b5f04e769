//! From the three lists of a pipeline to nodes in the order in which they can run.

mod inputs;
mod order;

use crate::component::{Component, NodeKind, Parameter, ParameterType};
use crate::custom::{Custom, Expansions, expanded};
use crate::diagnostic::{Report, Span};
use crate::document::place;
use crate::expectation::read::{self as expectation, Expected};
use crate::fields::{self, Fields, wrong_type};
use crate::nearest::nearest;
use crate::operation::build::{Parameters, Value};
use crate::operation::{Literal, Operation};
use crate::secrets;
use crate::spec::Node;
use crate::stream::StreamSettings;
use crate::tree::{Content, Entry, Spanned, Tree};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// Keys that every node may have beside its parameters.
pub(crate) const NODE_KEYS: &[&str] = &[
    "id",
    "type",
    "operation",
    "description",
    "input",
    "output",
    "parameters",
    "expectations",
    "quarantine",
];

/// A node of the document before it is checked.
#[derive(Debug)]
pub(crate) struct Draft<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) path: String,
    pub(crate) kind: NodeKind,
    /// As written, else made from its type and place.
    pub(crate) id: String,
    /// Where the id is written; of a node without one, where its type is.
    pub(crate) span: Span,
    /// Another name under which nodes may read it.
    pub(crate) output: Option<String>,
    pub(crate) type_word: Option<Spanned>,
    pub(crate) component: Option<&'static Component>,
}

/// Every node of the lists of `pipeline`, with its id. Reports nothing, so that patches find nodes of any document.
pub(crate) fn drafts(pipeline: &Tree) -> Vec<Draft<'_>> {
    static NONE: Expansions = Expansions::new();
    drafts_with(pipeline, &NONE)
}

/// The same, with the nodes that custom components stand for in their places.
fn drafts_with<'t>(pipeline: &'t Tree, expansions: &'t Expansions) -> Vec<Draft<'t>> {
    let mut drafts = Vec::new();
    for kind in [NodeKind::Source, NodeKind::Transformation, NodeKind::Sink] {
        let items = pipeline.at(&[kind.list_key()]).and_then(Tree::as_list).unwrap_or_default();
        for (at, tree) in items.iter().enumerate() {
            if let (NodeKind::Transformation, Some(nodes)) = (kind, expansions.get(&at)) {
                drafts.extend(nodes.iter().map(|(path, tree)| draft(tree, kind, path.clone())));
                continue;
            }
            drafts.push(draft(tree, kind, format!("pipeline.{}[{at}]", kind.list_key())));
        }
    }
    let written: BTreeSet<String> = drafts.iter().map(|draft| draft.id.to_lowercase()).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for draft in &mut drafts {
        let base = match (draft.kind, draft.component) {
            (NodeKind::Transformation, Some(component)) => component.name,
            (kind, _) => kind.as_str(),
        };
        let count = counts.entry(base).or_default();
        *count += 1;
        if draft.id.is_empty() {
            while written.contains(&format!("{base}_{count}")) {
                *count += 1;
            }
            draft.id = format!("{base}_{count}");
        }
    }
    drafts
}

/// Nodes of a job. They are looked for among each other, and each becomes a function.
pub(crate) const MOST_NODES: usize = 2_000;

/// Reads `pipeline`. `None`, with errors, when there is nothing to run or a node is broken.
pub(crate) fn read(
    fields: &mut Fields<'_>,
    custom: &[Custom],
    report: &mut Report<'_>,
) -> Option<Vec<Node>> {
    let missing_span = Span { start: fields.span.start, end: fields.span.start };
    let mut root = None;
    fields.allow(["quarantine"]);
    if let Some(entry) = fields.entry("pipeline") {
        let mut pipeline = Fields::of(&entry.value, "pipeline", report)?;
        for key in ["sources", "transformations", "sinks"] {
            if let Some(list) = pipeline.entry(key)
                && list.value.as_list().is_none()
            {
                wrong_type(&list.value, &pipeline.path_of(key), "a list of nodes", report);
            }
        }
        pipeline.finish(report);
        root = Some(entry);
    }
    // Before they are looked at one by one.
    if let Some(entry) = root
        && written_nodes(&entry.value) > MOST_NODES
    {
        report_too_many(written_nodes(&entry.value), entry.key_span, report);
        return None;
    }
    let expansions = root.map(|entry| expanded(&entry.value, custom, report)).unwrap_or_default();
    let drafts = root.map(|entry| drafts_with(&entry.value, &expansions)).unwrap_or_default();
    if drafts.is_empty() {
        let span = root.map_or(missing_span, |entry| entry.key_span);
        report.error("spec::empty-pipeline", span, "pipeline", "the pipeline has no nodes").hint =
            Some("add at least one source and one sink under `pipeline:`".to_owned());
        return None;
    }
    if drafts.len() > MOST_NODES {
        report_too_many(drafts.len(), root.map_or(missing_span, |entry| entry.key_span), report);
        return None;
    }
    report_duplicate_ids(&drafts, report);
    let links: Vec<Option<Vec<usize>>> =
        (0..drafts.len()).map(|at| inputs::resolve(&drafts, at, report)).collect();
    let mut operations: Vec<Option<(Operation, StreamSettings)>> = drafts
        .iter()
        .zip(&links)
        .map(|(draft, inputs)| operation(draft, inputs.as_ref(), report))
        .collect();
    for (at, operation) in operations.iter().enumerate() {
        if let (Some((Operation::Sql { query }, _)), Some(read)) = (operation, &links[at]) {
            inputs::report_tables_that_are_no_inputs(&drafts, at, query, read, report);
        }
    }
    let quarantine = fields
        .entry("quarantine")
        .and_then(|entry| expectation::read_quarantine(entry, "quarantine", report));
    let mut expected: Vec<Expected> = drafts
        .iter()
        .map(|draft| {
            expectation::read(draft.tree, &draft.path, &draft.id, quarantine.as_ref(), report)
        })
        .collect();
    let known_links: Vec<Vec<usize>> = links
        .iter()
        .zip(&expected)
        .enumerate()
        .map(|(at, (link, expected))| {
            let referred = referred_nodes(&drafts, at, expected, report);
            let model = operations[at]
                .as_mut()
                .and_then(|(operation, _)| inputs::model(&drafts, at, operation, report));
            link.iter().flatten().copied().chain(referred).chain(model).collect()
        })
        .collect();
    let order = order::sorted(&drafts, &known_links, report);
    if !report.has_errors() {
        // Among errors it would only say that what is broken is not connected.
        report_loose_ends(&drafts, &known_links, root.map_or(missing_span, |e| e.key_span), report);
    }
    order
        .into_iter()
        .map(|at| {
            let draft = &drafts[at];
            let (operation, stream) = operations[at].clone()?;
            Some(Node {
                id: NodeId::new(draft.id.clone()),
                component: draft.component?,
                operation,
                stream,
                inputs: links[at]
                    .as_ref()?
                    .iter()
                    .map(|at| NodeId::new(drafts[*at].id.clone()))
                    .collect(),
                description: scalar_at(draft.tree, "description").map(|text| text.text),
                expectations: std::mem::take(&mut expected[at].expectations),
                place: place(draft.span, &draft.path, report),
            })
        })
        .collect()
}

/// The nodes that expectations of this one refer to.
fn referred_nodes(
    drafts: &[Draft<'_>],
    at: usize,
    expected: &Expected,
    report: &mut Report<'_>,
) -> Vec<usize> {
    let mut found = Vec::new();
    for (name, path) in &expected.references {
        let node =
            drafts.iter().position(|other| other.kind != NodeKind::Sink && other.id == name.text);
        match node.filter(|node| *node != at) {
            Some(node) => found.push(node),
            None => {
                let readable = drafts.iter().enumerate();
                let ids: Vec<&str> = readable
                    .filter(|(other, draft)| *other != at && draft.kind != NodeKind::Sink)
                    .map(|(_, draft)| draft.id.as_str())
                    .collect();
                expectation::report_unknown_node(name, path, &ids, report);
            }
        }
    }
    found
}

fn draft(tree: &Tree, kind: NodeKind, path: String) -> Draft<'_> {
    let type_word = scalar_at(tree, "type");
    let operation_word = scalar_at(tree, "operation");
    let component_of =
        |word: &Option<Spanned>| word.as_ref().and_then(|word| Component::find(kind, word));
    // The seed's interface has both words: `type` decides unless only `operation` names a component.
    let (type_word, component) = match (component_of(&type_word), component_of(&operation_word)) {
        (None, Some(component)) => (operation_word, Some(component)),
        (found, _) if type_word.is_some() => (type_word, found),
        _ => (operation_word, None),
    };
    let output = scalar_at(tree, "output");
    let id = scalar_at(tree, "id").or_else(|| output.clone());
    let span = id.as_ref().or(type_word.as_ref()).map_or(first_line(tree), |text| text.span);
    Draft {
        tree,
        path,
        kind,
        id: id.map(|id| id.text).unwrap_or_default(),
        span,
        output: output.map(|output| output.text),
        type_word,
        component,
    }
}

fn written_nodes(pipeline: &Tree) -> usize {
    let lists = ["sources", "transformations", "sinks"].map(|key| pipeline.at(&[key]));
    lists.into_iter().flatten().filter_map(Tree::as_list).map(<[Tree]>::len).sum()
}

fn report_too_many(count: usize, span: Span, report: &mut Report<'_>) {
    let message = format!("the pipeline has {count} nodes; a job has at most {MOST_NODES}");
    report.error("spec::too-large", span, "pipeline", message).hint =
        Some("divide it into several jobs".to_owned());
}

/// Checks one node: its type, its keys, its parameters.
fn operation(
    draft: &Draft<'_>,
    inputs: Option<&Vec<usize>>,
    report: &mut Report<'_>,
) -> Option<(Operation, StreamSettings)> {
    let mut fields = Fields::of(draft.tree, &draft.path, report)?;
    check_id(draft, report);
    let Some(component) = draft.component else {
        report_unknown_type(draft, report);
        return None;
    };
    let noun = format!("`{}`", component.name);
    fields.name_as(&noun);
    let parameters = component.all_parameters().map(|parameter| parameter.name);
    fields.allow(parameters.clone());
    check_texts(&mut fields, report);
    let mut nested = fields.block("parameters", report);
    let mut values = BTreeMap::new();
    let mut sound = true;
    for parameter in component.all_parameters() {
        let beside =
            fields.entry(parameter.name).map(|entry| (entry, fields.path_of(parameter.name)));
        let below = nested.as_mut().and_then(|nested| {
            Some((nested.entry(parameter.name)?, nested.path_of(parameter.name)))
        });
        if let (Some(_), Some((entry, path))) = (&beside, &below) {
            let message =
                format!("`{}` stands beside `type` and under `parameters`", parameter.name);
            report.error("spec::duplicate-key", entry.key_span, path, message).hint =
                Some("keep one of the two".to_owned());
        }
        match beside.or(below) {
            Some((entry, path)) => match value(entry, parameter, &path, report) {
                Some(value) => {
                    report_secrets(parameter.name, &value, &path, report);
                    values.insert(parameter.name, value);
                }
                None => sound = false,
            },
            None if parameter.required => {
                let path = fields.path_of(parameter.name);
                let message = format!("{noun} needs `{}`: {}", parameter.name, parameter.purpose);
                report.error("spec::missing-parameter", draft.span, &path, message).hint =
                    Some(format!("for example {}", component.example));
                sound = false;
            }
            None => {}
        }
    }
    if draft.kind == NodeKind::Source
        && let Some(entry) = fields.entry("input")
    {
        let path = fields.path_of("input");
        report.error("spec::inputs", entry.key_span, &path, "a source reads no other node").hint =
            Some("remove `input`, or make it a transformation".to_owned());
    }
    if let Some(mut nested) = nested {
        nested.allow(parameters);
        nested.name_as(&noun);
        nested.finish(report);
    }
    fields.finish(report);
    if !sound {
        return None;
    }
    let has_second_input = inputs.is_none_or(|inputs| inputs.len() > 1);
    let node =
        Parameters { component, values, path: &draft.path, span: draft.span, has_second_input };
    let stream = StreamSettings::read(&node, report);
    let operation = (component.build)(&node, report);
    if let Some(Operation::Join(join)) = &operation
        && let crate::JoinRight::CatalogTable(table) = &join.right
    {
        let path = format!("{}.table", draft.path);
        let span = scalar_at(draft.tree, "table").map_or(draft.span, |table| table.span);
        let message = format!("this join reads the catalog table `{table}`: no node has this id");
        report.warning("spec::catalog-table", span, &path, message).hint =
            Some(format!("if it is not in the catalog, add a source with `id: {table}`"));
    }
    Some((operation?, stream))
}

/// Secrets in clear, of a parameter or of its options.
fn report_secrets(name: &str, value: &Value, path: &str, report: &mut Report<'_>) {
    match value {
        Value::Texts(texts) => {
            texts.iter().for_each(|text| secrets::check(name, text, text.span, path, report));
        }
        Value::ByName(entries) => {
            for (key, values) in entries {
                let path = format!("{path}.{}", key.text);
                values
                    .iter()
                    .for_each(|text| secrets::check(&key.text, text, text.span, &path, report));
            }
        }
        Value::LiteralByName(_) | Value::Literals(_) | Value::Steps(_) => {}
    }
}

/// The keys of every node that hold a text.
fn check_texts(fields: &mut Fields<'_>, report: &mut Report<'_>) {
    for key in ["id", "type", "operation", "description", "output"] {
        fields.text(key, report);
    }
    fields.allow(NODE_KEYS.iter().copied());
}

fn check_id(draft: &Draft<'_>, report: &mut Report<'_>) {
    let sound = draft.id.starts_with(|c: char| c.is_ascii_alphabetic())
        && draft.id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !sound {
        let message = format!("`{}` cannot be the id of a node", draft.id);
        report.error("spec::node-id", draft.span, &format!("{}.id", draft.path), message).hint =
            Some("letters, digits, `_` and `-`, beginning with a letter: it becomes a variable of the program".to_owned());
    }
}

fn report_unknown_type(draft: &Draft<'_>, report: &mut Report<'_>) {
    let noun = draft.kind.as_str();
    let path = format!("{}.type", draft.path);
    let Some(word) = &draft.type_word else {
        let example = Component::names(draft.kind).next().unwrap_or_default();
        report
            .error("spec::missing-field", draft.span, &path, format!("this {noun} has no `type`"))
            .hint = Some(format!("for example `type: {example}`"));
        return;
    };
    let names: Vec<&str> = Component::names(draft.kind).collect();
    let elsewhere = [NodeKind::Source, NodeKind::Transformation, NodeKind::Sink]
        .into_iter()
        .find(|kind| Component::find(*kind, word).is_some());
    let hint = match (nearest(word, names.iter().copied()), elsewhere) {
        (_, Some(kind)) => {
            format!(
                "`{}` is a {}: it belongs under `pipeline.{}`",
                word.text,
                kind.as_str(),
                kind.list_key()
            )
        }
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => format!("one of: {}", names.join(", ")),
    };
    let message = format!("there is no {noun} of type `{}`", word.text);
    report.error("spec::unknown-type", word.span, &path, message).hint = Some(hint);
}

fn value(
    entry: &Entry,
    parameter: &Parameter,
    path: &str,
    report: &mut Report<'_>,
) -> Option<Value> {
    let before = report.error_count();
    let tree = &entry.value;
    let value = match parameter.kind {
        ParameterType::Text => Value::Texts(vec![fields::text(tree, path, report)?]),
        ParameterType::OneOf(words) => {
            let word = fields::text(tree, path, report)?;
            fields::choice(&word, words, path, report)?;
            Value::Texts(vec![word])
        }
        ParameterType::Texts => Value::Texts(fields::texts(tree, path, report)),
        ParameterType::TextByName | ParameterType::TextsByName => {
            by_name(tree, parameter.kind, path, report)?
        }
        ParameterType::TextsOrTextByName if tree.as_map().is_some() => {
            by_name(tree, ParameterType::TextByName, path, report)?
        }
        ParameterType::TextsOrTextByName => Value::Texts(fields::texts(tree, path, report)),
        ParameterType::Count(_)
        | ParameterType::Share
        | ParameterType::Integer
        | ParameterType::Boolean => Value::Texts(vec![typed(tree, parameter.kind, path, report)?]),
        ParameterType::LiteralByName => literal_by_name(tree, path, report)?,
        ParameterType::Literals => literals(tree, path, report)?,
        ParameterType::Steps => Value::Steps(crate::operation::ml::steps::read(tree, path, report)),
    };
    let is_empty = match &value {
        Value::Texts(texts) => texts.is_empty(),
        Value::ByName(entries) => entries.is_empty(),
        Value::LiteralByName(entries) => entries.is_empty(),
        Value::Literals(values) => values.is_empty(),
        Value::Steps(steps) => steps.is_empty(),
    };
    if is_empty && parameter.required && report.error_count() == before {
        let message = format!("`{}` is empty", parameter.name);
        report.error("spec::missing-parameter", tree.span, path, message).hint =
            Some(parameter.purpose.to_owned());
    }
    (report.error_count() == before).then_some(value)
}

/// A number or boolean as it is written.
fn typed(tree: &Tree, kind: ParameterType, path: &str, report: &mut Report<'_>) -> Option<Spanned> {
    let scalar = tree.as_scalar();
    let unquoted =
        scalar.filter(|scalar| scalar.is_typed_by_text()).map(|scalar| scalar.text.as_str());
    let (is_sound, wanted) = match kind {
        ParameterType::Count(least) => (
            unquoted.and_then(|text| text.parse::<u32>().ok()).is_some_and(|n| n >= least),
            format!("a whole number from {least}"),
        ),
        ParameterType::Share => (
            unquoted.and_then(|text| text.parse::<f64>().ok()).is_some_and(|n| n > 0.0 && n <= 1.0),
            "a number above 0 and at most 1".to_owned(),
        ),
        ParameterType::Integer => {
            (unquoted.is_some_and(|text| text.parse::<i64>().is_ok()), "a whole number".to_owned())
        }
        _ => (
            scalar.is_some_and(|scalar| scalar.as_bool().is_some()),
            "`true` or `false`".to_owned(),
        ),
    };
    if !is_sound {
        wrong_type(tree, path, &wanted, report);
        return None;
    }
    scalar.map(|scalar| Spanned { text: scalar.text.clone(), span: tree.span })
}

fn literal_by_name(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Value> {
    let Content::Map(map) = &tree.content else {
        wrong_type(tree, path, "a block of names, each with its value", report);
        return None;
    };
    let mut entries = Vec::new();
    for entry in &map.entries {
        let path = format!("{path}.{}", entry.key);
        if let Some(value) = literal(&entry.value, &path, report) {
            entries.push((entry.key.clone(), value));
        }
    }
    Some(Value::LiteralByName(entries))
}

pub(crate) fn literals(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Value> {
    let Content::List(items) = &tree.content else {
        return Some(Value::Literals(vec![literal(tree, path, report)?]));
    };
    let values = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| literal(item, &format!("{path}[{at}]"), report));
    Some(Value::Literals(values.collect()))
}

pub(crate) fn literal(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Literal> {
    let text = fields::text(tree, path, report)?.text;
    let scalar = tree.as_scalar()?;
    Some(match scalar.as_bool() {
        Some(value) => Literal::Boolean(value),
        None if scalar.is_typed_by_text() && Literal::is_number(&text) => Literal::Number(text),
        None => Literal::Text(text),
    })
}

fn by_name(tree: &Tree, kind: ParameterType, path: &str, report: &mut Report<'_>) -> Option<Value> {
    let Content::Map(map) = &tree.content else {
        wrong_type(tree, path, "a block of names, each with its value", report);
        return None;
    };
    let mut entries = Vec::new();
    for entry in &map.entries {
        let path = format!("{path}.{}", entry.key);
        let values = if kind == ParameterType::TextsByName {
            fields::texts(&entry.value, &path, report)
        } else {
            fields::text(&entry.value, &path, report).into_iter().collect()
        };
        entries.push((Spanned { text: entry.key.clone(), span: entry.key_span }, values));
    }
    Some(Value::ByName(entries))
}

/// Ids become variables and views: Spark compares those without case, and `-` becomes `_`.
fn report_duplicate_ids(drafts: &[Draft<'_>], report: &mut Report<'_>) {
    let mut first_with: BTreeMap<String, &Draft<'_>> = BTreeMap::new();
    for draft in drafts {
        let first = *first_with.entry(inputs::view_name(&draft.id)).or_insert(draft);
        if first.path != draft.path {
            let (line, _) = report.position(first.span.start);
            let message = format!("the id `{}` is taken by the node in line {line}", draft.id);
            report
                .error("spec::duplicate-id", draft.span, &format!("{}.id", draft.path), message)
                .hint =
                Some("every node has an id of its own; case, `-` and `_` do not count".to_owned());
        }
    }
}

/// Nodes that nobody reads, and a pipeline that writes nothing.
fn report_loose_ends(
    drafts: &[Draft<'_>],
    links: &[Vec<usize>],
    pipeline: Span,
    report: &mut Report<'_>,
) {
    let has_sink = drafts.iter().any(|draft| draft.kind == NodeKind::Sink);
    if !has_sink {
        let message = "the pipeline has no sink: the job computes nothing";
        report.warning("spec::no-sink", pipeline, "pipeline.sinks", message).hint =
            Some("add one under `pipeline.sinks`".to_owned());
        return;
    }
    for (at, draft) in drafts.iter().enumerate() {
        let is_read = links.iter().any(|inputs| inputs.contains(&at));
        if draft.kind != NodeKind::Sink && !is_read {
            let message = format!("nothing reads `{}`", draft.id);
            report.warning("spec::unused-node", draft.span, &draft.path, message).hint =
                Some(format!(
                    "name it in the `input` of a later node, or remove it: `input: [{}]`",
                    draft.id
                ));
        }
    }
}

fn scalar_at(tree: &Tree, key: &str) -> Option<Spanned> {
    let value = &tree.as_map()?.get(key)?.value;
    let scalar = value.as_scalar().filter(|scalar| !scalar.is_null() && !scalar.text.is_empty())?;
    Some(Spanned { text: scalar.text.clone(), span: value.span })
}

/// Where a block begins; marking all of it would mark too much.
fn first_line(tree: &Tree) -> Span {
    match &tree.content {
        Content::Map(map) => map.entries.first().map_or(tree.span, |entry| entry.key_span),
        _ => tree.span,
    }
}
