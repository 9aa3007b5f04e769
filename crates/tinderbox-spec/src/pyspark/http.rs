//! Sources that are asked over HTTP: a class with Python's own library, and a call of it in a task.

use super::layout::{Chain, INDENT};
use super::literal::text;
use super::nodes::list;
use crate::operation::{HttpRead, Operation, Paging};
use crate::spec::Spec;

/// The class that all of them use.
pub(super) const PROGRAM: &str = include_str!("program/http.py");

/// What it imports.
pub(super) const MODULES: &[&str] =
    &["http.client", "json", "re", "time", "urllib.error", "urllib.parse", "urllib.request"];

pub(super) fn is_used(spec: &Spec) -> bool {
    spec.nodes().iter().any(|node| matches!(node.operation, Operation::ReadHttp(_)))
}

/// The body of a source's function. One task asks for the pages one after the other. Without a schema Spark reads the
/// records twice, so they are kept on disk between.
pub(super) fn read(http: &HttpRead) -> String {
    let mut arguments = vec![text(&http.url)];
    let mut add = |name: &str, value: String| arguments.push(format!("{name}={value}"));
    if http.method != "GET" {
        add("method", text(http.method));
    }
    if !http.headers.is_empty() {
        add("headers", dictionary(&http.headers));
    }
    let mut params = http.params.clone();
    if let Some((name, size)) = &http.page_size {
        params.push((name.clone(), size.to_string()));
    }
    if !params.is_empty() {
        add("params", dictionary(&params));
    }
    if let Some(body) = &http.body {
        add("body", text(body));
    }
    if !http.records.is_empty() {
        add("records", list(&http.records));
    }
    let (paging, param, path) = match &http.paging {
        Paging::Single => (None, None, None),
        Paging::Page { param, .. } => (Some("page"), Some(param), None),
        Paging::Offset { param } => (Some("offset"), Some(param), None),
        Paging::Cursor { param, path } => (Some("cursor"), Some(param), Some(path)),
        Paging::Link { path } => (Some("link"), None, Some(path)),
    };
    if let Some(paging) = paging {
        add("paging", text(paging));
    }
    if let Some(param) = param {
        add("param", text(param));
    }
    if let Paging::Page { first, .. } = &http.paging {
        add("first", first.to_string());
    }
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        add("path", list(path));
    }
    if let Some(most) = http.max_pages {
        add("max_pages", most.to_string());
    }
    if http.retries != 5 {
        add("retries", http.retries.to_string());
    }
    if http.timeout_s != 30 {
        add("timeout", http.timeout_s.to_string());
    }
    let pages = Chain::new("pages = ", "").indented().first_call("HttpPages", arguments);
    let mut records = Chain::new("records = ", "spark.sparkContext")
        .indented()
        .call("parallelize", ["[pages]".to_owned(), "1".to_owned()])
        .call("flatMap", ["HttpPages.records".to_owned()]);
    if http.schema.is_none() {
        records = records.call("persist", ["StorageLevel.DISK_ONLY".to_owned()]);
    }
    let mut rows = Chain::new("return ", "spark.read").indented();
    if let Some(schema) = &http.schema {
        rows = rows.call("schema", [text(schema)]);
    }
    let rows = rows.call("json", ["records".to_owned()]);
    format!("{}{}{}", pages.to_lines(), records.to_lines(), rows.to_lines())
}

fn dictionary(entries: &[(String, String)]) -> String {
    let one: Vec<String> =
        entries.iter().map(|(key, value)| format!("{}: {}", text(key), text(value))).collect();
    let line = format!("{{{}}}", one.join(", "));
    if line.chars().count() + 3 * INDENT <= 88 {
        return line;
    }
    let lines: String =
        one.iter().map(|entry| format!("{}{entry},\n", " ".repeat(3 * INDENT))).collect();
    format!("{{\n{lines}{}}}", " ".repeat(2 * INDENT))
}
