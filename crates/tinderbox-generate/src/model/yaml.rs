//! A document of YAML with the lines on which things stand.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

/// Deeper files are refused.
const NESTING_LIMIT: usize = 32;

/// A value and the line on which it begins, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text, and whether it stood in quotes or in a block.
    Scalar(String, bool),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What is wrong with the text, and on which line.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) problem: String,
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Of a map; of anything else none.
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Node, Broken> {
    let options = granit_parser::options! {
        flow_nesting_limit: NESTING_LIMIT,
        block_nesting_limit: NESTING_LIMIT,
        disallow_directives: true,
        emit_anchor_events: false,
        // Other crates of the tree switch them on for all.
        emit_comments: false,
        emit_unresolved_aliases: true,
    };
    let mut reader = Reader { parser: Parser::new_from_str_with_options(text, options) };
    let mut root = None;
    while let Some((event, line)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            _ if root.is_some() => {
                return Err(Broken { line, problem: "a second document begins here".to_owned() });
            }
            first => root = Some(reader.node(first, line)?),
        }
    }
    root.ok_or_else(|| Broken { line: 1, problem: "the file is empty".to_owned() })
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, usize)>, Broken> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok((event, span))) => Ok(Some((event, span.start.line()))),
        }
    }

    fn node(&mut self, event: Event<'t>, line: usize) -> Result<Node, Broken> {
        if event.is_alias() || matches!(event, Event::UnresolvedAlias(_)) {
            let problem = "anchors (`&`) and aliases (`*`) are not read".to_owned();
            return Err(Broken { line, problem });
        }
        let value = match event {
            Event::Scalar(text, style, ..) => {
                Value::Scalar(text.into_owned(), style != ScalarStyle::Plain)
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, line)) = self.next()? {
                    if event == Event::SequenceEnd {
                        break;
                    }
                    items.push(self.node(event, line)?);
                }
                Value::List(items)
            }
            Event::MappingStart(..) => Value::Map(self.map()?),
            _ => Value::Scalar(String::new(), false),
        };
        Ok(Node { line, value })
    }

    fn map(&mut self) -> Result<Vec<(String, Node)>, Broken> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some((event, line)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let Value::Scalar(key, _) = self.node(event, line)?.value else {
                return Err(Broken { line, problem: "a key must be a word".to_owned() });
            };
            if entries.iter().any(|(name, _)| *name == key) {
                return Err(Broken { line, problem: format!("the key `{key}` stands here twice") });
            }
            let Some((event, line)) = self.next()? else { break };
            let value = self.node(event, line)?;
            entries.push((key, value));
        }
        Ok(entries)
    }
}

fn broken(error: &ScanError) -> Broken {
    Broken { line: error.marker().line(), problem: format!("this is no YAML: {}", error.kind()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_text() {
        let node = parse("a: 1\nb:\n  - x\n  - {c: \"2\"}\n").unwrap();
        let b = node.get("b").unwrap();
        let Value::List(items) = &b.value else { panic!("{b:?}") };
        assert_eq!(items[1].line, 4);
        let c = items[1].get("c").unwrap();
        assert_eq!(c.value, Value::Scalar("2".to_owned(), true));
    }

    #[test]
    fn broken_text_names_its_line() {
        assert_eq!(parse("a: 1\na: 2\n").unwrap_err().line, 2);
        assert_eq!(
            parse("a: [1\n").unwrap_err().problem.split(':').next(),
            Some("this is no YAML")
        );
        assert_eq!(parse("").unwrap_err().problem, "the file is empty");
    }
}
