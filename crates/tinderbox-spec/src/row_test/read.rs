//! `tests:` of a document.

use super::{ExpectedRows, GivenRows, RowTest, TestRow, TestValue, inferred_schema};
use crate::diagnostic::{Report, Span};
use crate::document::place;
use crate::fields::{Fields, wrong_type};
use crate::lineage::names_of_schema;
use crate::nearest::suggestion;
use crate::operation::{JoinRight, Literal, Operation};
use crate::preview::ancestors_until;
use crate::spec::Node;
use crate::tree::{Content, Entry, Tree};
use std::collections::BTreeMap;
use tinderbox_model::NodeId;

/// Reads `tests`. `nodes` are those of the document, `parameters` the ones that it declares.
pub(crate) fn read(
    fields: &mut Fields<'_>,
    nodes: &[Node],
    parameters: &BTreeMap<String, String>,
    environments: &[&str],
    report: &mut Report<'_>,
) -> Vec<RowTest> {
    let Some(entry) = fields.entry("tests").filter(|entry| !entry.value.is_null()) else {
        return Vec::new();
    };
    let Some(items) = entry.value.as_list() else {
        wrong_type(&entry.value, "tests", "a list of tests", report);
        return Vec::new();
    };
    let known = Known { nodes, parameters, environments };
    let mut tests: Vec<RowTest> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("tests[{at}]");
        let before = report.error_count();
        let Some(mut fields) = Fields::of(item, &path, report) else { continue };
        fields.name_as("a test");
        let test = known.test(&mut fields, (at, item, &path), report);
        fields.finish(report);
        if let (Some(test), true) = (test, report.error_count() == before) {
            if tests.iter().any(|other| other.name == test.name) {
                let message = format!("another test is named `{}`", test.name);
                report.error("spec::duplicate-name", test.place.span, &path, message).hint =
                    Some("every test has a name of its own".to_owned());
            }
            tests.push(test);
        }
    }
    tests
}

/// What a test can refer to.
struct Known<'s> {
    nodes: &'s [Node],
    parameters: &'s BTreeMap<String, String>,
    environments: &'s [&'s str],
}

impl Known<'_> {
    fn test(
        &self,
        fields: &mut Fields<'_>,
        (at, tree, path): (usize, &Tree, &str),
        report: &mut Report<'_>,
    ) -> Option<RowTest> {
        let before = report.error_count();
        let name = fields.text("name", report);
        let span = name.as_ref().map_or(first_key(tree), |name| name.span);
        let environment = fields.text("environment", report);
        if let Some(chosen) = &environment
            && !self.environments.contains(&chosen.text.as_str())
        {
            let message = format!("there is no environment `{}`", chosen.text);
            report
                .error(
                    "spec::unknown-environment",
                    chosen.span,
                    &fields.path_of("environment"),
                    message,
                )
                .hint = Some(suggestion(chosen, self.environments));
        }
        let is_in_order = fields.boolean("in_order", report).unwrap_or(false);
        let parameters = self.parameters(fields, report);
        let given = self.given(fields, report);
        let expected = self.expected(fields, span, report);
        let test = RowTest {
            name: name.map_or_else(|| format!("test {}", at + 1), |name| name.text),
            parameters,
            environment: environment.map(|text| text.text),
            is_in_order,
            given: given?,
            expected: expected?,
            place: place(span, path, report),
        };
        if report.error_count() == before {
            self.report_sources_that_are_not_given(&test, report);
        }
        Some(test)
    }

    fn parameters(
        &self,
        fields: &mut Fields<'_>,
        report: &mut Report<'_>,
    ) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        let Some(entry) = fields.entry("parameters") else { return values };
        let path = fields.path_of("parameters");
        let Some(map) = block(&entry.value, &path, "a block of parameters", report) else {
            return values;
        };
        for entry in map {
            let path = format!("{path}.{}", entry.key);
            if !self.parameters.contains_key(&entry.key) {
                let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                let message = format!("the document has no parameter `{}`", entry.key);
                report.error("spec::unknown-parameter", entry.key_span, &path, message).hint =
                    Some(suggestion(&entry.key, &known));
            }
            if let Some(text) = crate::fields::text(&entry.value, &path, report) {
                values.insert(entry.key.clone(), text.text);
            }
        }
        values
    }

    fn given(&self, fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Vec<GivenRows>> {
        let Some(entry) = fields.entry("given") else { return Some(Vec::new()) };
        let path = fields.path_of("given");
        let mut given = Vec::new();
        for entry in block(&entry.value, &path, "a block of nodes, each with its rows", report)? {
            let path = format!("{path}.{}", entry.key);
            let node = self.nodes.iter().find(|node| node.id.as_str() == entry.key);
            if node.is_none() && !self.joined_tables().any(|table| table == entry.key) {
                self.report_unknown_node(entry, &path, report);
                continue;
            }
            let (schema, rows) = rows_with_schema(&entry.value, &path, report)?;
            let schema = match schema.or_else(|| node.and_then(declared_schema).map(str::to_owned))
            {
                Some(schema) => {
                    report_unknown_columns(entry, &schema, &rows, &path, report);
                    schema
                }
                None => match inferred_schema(&rows) {
                    Ok(schema) if !schema.is_empty() => schema,
                    Ok(_) => {
                        let message = format!("the columns of `{}` are not known", entry.key);
                        say_the_schema(entry, &path, message, report);
                        continue;
                    }
                    Err(column) => {
                        let message = format!("the values of `{column}` have different types");
                        say_the_schema(entry, &path, message, report);
                        continue;
                    }
                },
            };
            given.push(GivenRows { name: entry.key.clone(), schema, rows });
        }
        Some(given)
    }

    fn expected(
        &self,
        fields: &mut Fields<'_>,
        span: Span,
        report: &mut Report<'_>,
    ) -> Option<Vec<ExpectedRows>> {
        let path = fields.path_of("expect");
        let entry = fields.entry("expect");
        let is_empty =
            |entry: &&Entry| entry.value.as_map().is_some_and(|map| map.entries.is_empty());
        let Some(entry) = entry.filter(|entry| !entry.value.is_null() && !is_empty(entry)) else {
            let message = "the test expects nothing";
            report.error("spec::missing-field", span, &path, message).hint =
                Some("add `expect:` with a node and its rows".to_owned());
            return None;
        };
        let mut expected = Vec::new();
        for entry in block(&entry.value, &path, "a block of nodes, each with its rows", report)? {
            let path = format!("{path}.{}", entry.key);
            let rows = rows(&entry.value, &path, report)?;
            if !self.nodes.iter().any(|node| node.id.as_str() == entry.key) {
                self.report_unknown_node(entry, &path, report);
                continue;
            }
            let node = NodeId::new(entry.key.clone());
            expected.push(ExpectedRows { node, rows, place: place(entry.key_span, &path, report) });
        }
        Some(expected)
    }

    fn joined_tables(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match &node.operation {
            Operation::Join(join) => match &join.right {
                JoinRight::CatalogTable(table) => Some(table.as_str()),
                _ => None,
            },
            _ => None,
        })
    }

    fn report_unknown_node(&self, entry: &Entry, path: &str, report: &mut Report<'_>) {
        let ids: Vec<&str> = self.nodes.iter().map(|node| node.id.as_str()).collect();
        let message = format!("there is no node `{}`", entry.key);
        report.error("spec::unknown-node", entry.key_span, path, message).hint =
            Some(suggestion(&entry.key, &ids));
    }

    /// A test that read a file would say something else on another day.
    fn report_sources_that_are_not_given(&self, test: &RowTest, report: &mut Report<'_>) {
        let is_given = |name: &str| test.given.iter().any(|given| given.name == name);
        for expected in &test.expected {
            let read = ancestors_until(self.nodes, &[&expected.node], |id| is_given(id.as_str()));
            for node in read {
                let missing = match &node.operation {
                    Operation::Read(_) | Operation::ReadHttp(_) => Some(node.id.as_str()),
                    Operation::Join(join) => match &join.right {
                        JoinRight::CatalogTable(table) if !is_given(table) => Some(table.as_str()),
                        _ => None,
                    },
                    _ => None,
                };
                let Some(missing) = missing else { continue };
                let Place { span, field } = Place::of(expected);
                let message =
                    format!("`{}` reads `{missing}`, which is given no rows", expected.node);
                report.error("spec::test-reads-source", span, field, message).hint =
                    Some(format!("add `{missing}` to `given`"));
            }
        }
    }
}

/// Of what a diagnostic needs.
struct Place<'e> {
    span: Span,
    field: &'e str,
}

impl<'e> Place<'e> {
    fn of(expected: &'e ExpectedRows) -> Self {
        Self { span: expected.place.span, field: &expected.place.field }
    }
}

fn first_key(tree: &Tree) -> Span {
    let first = tree.as_map().and_then(|map| map.entries.first());
    first.map_or(tree.span, |entry| entry.key_span)
}

fn block<'t>(
    tree: &'t Tree,
    path: &str,
    wanted: &str,
    report: &mut Report<'_>,
) -> Option<&'t [Entry]> {
    match &tree.content {
        Content::Map(map) => Some(&map.entries),
        Content::Scalar(scalar) if scalar.is_null() => Some(&[]),
        _ => {
            wrong_type(tree, path, wanted, report);
            None
        }
    }
}

/// Rows, or a block of `schema` and `rows`.
fn rows_with_schema(
    tree: &Tree,
    path: &str,
    report: &mut Report<'_>,
) -> Option<(Option<String>, Vec<TestRow>)> {
    if tree.as_map().is_none() {
        return Some((None, rows(tree, path, report)?));
    }
    let mut fields = Fields::of(tree, path, report)?;
    let schema = fields.text("schema", report).map(|text| text.text);
    let path = fields.path_of("rows");
    let found = match fields.entry("rows") {
        Some(entry) => rows(&entry.value, &path, report)?,
        None => Vec::new(),
    };
    fields.finish(report);
    Some((schema, found))
}

fn rows(tree: &Tree, path: &str, report: &mut Report<'_>) -> Option<Vec<TestRow>> {
    if tree.is_null() {
        return Some(Vec::new());
    }
    let Some(items) = tree.as_list() else {
        wrong_type(tree, path, "a list of rows", report);
        return None;
    };
    let rows = items.iter().enumerate().filter_map(|(at, item)| match &item.content {
        Content::Map(_) => match value(item) {
            TestValue::Fields(row) => Some(row),
            _ => None,
        },
        _ => {
            wrong_type(item, &format!("{path}[{at}]"), "a block of columns", report);
            None
        }
    });
    Some(rows.collect())
}

fn value(tree: &Tree) -> TestValue {
    match &tree.content {
        Content::List(items) => TestValue::List(items.iter().map(value).collect()),
        Content::Map(map) => {
            let fields = map.entries.iter().map(|entry| (entry.key.clone(), value(&entry.value)));
            TestValue::Fields(TestRow(fields.collect()))
        }
        Content::Scalar(scalar) if scalar.is_null() => TestValue::Null,
        Content::Scalar(scalar) => match scalar.as_bool() {
            Some(value) => TestValue::Boolean(value),
            None if scalar.is_typed_by_text() && is_json_number(&scalar.text) => {
                TestValue::Number(scalar.text.clone())
            }
            None => TestValue::Text(scalar.text.clone()),
        },
    }
}

fn is_json_number(text: &str) -> bool {
    Literal::is_number(text) && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// What a source says of its columns, where its rows are not taken apart afterwards.
fn declared_schema(node: &Node) -> Option<&str> {
    match &node.operation {
        Operation::Read(read) if read.decode.is_none() => read.schema.as_deref(),
        Operation::ReadHttp(read) => read.schema.as_deref(),
        _ => None,
    }
}

fn report_unknown_columns(
    entry: &Entry,
    schema: &str,
    rows: &[TestRow],
    path: &str,
    report: &mut Report<'_>,
) {
    let known = names_of_schema(schema);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut told: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.0) {
        let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !is_known && !told.contains(&name.as_str()) {
            told.push(name);
            let message = format!("`{}` has no column `{name}`", entry.key);
            report.error("spec::test-column", entry.key_span, path, message).hint =
                Some(suggestion(name, &known));
        }
    }
}

fn say_the_schema(entry: &Entry, path: &str, message: String, report: &mut Report<'_>) {
    let example = format!("`{}: {{schema: 'id INT, …', rows: […]}}`", entry.key);
    report.error("spec::test-types", entry.key_span, path, message).hint =
        Some(format!("say the columns: {example}"));
}
