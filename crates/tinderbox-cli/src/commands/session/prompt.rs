//! What is typed at the prompt of `tinderbox session debug`.

use std::path::PathBuf;
use tinderbox_app::connect::ExplainMode;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Step,
    Continue,
    /// Up to a node.
    Run(String),
    /// At a node, with a condition.
    Break(String, Option<String>),
    /// At a node; all when left out.
    Clear(Option<String>),
    /// Of the node where it stands, or of another one that has run.
    Rows(u32, Option<String>),
    Schema(Option<String>),
    /// Of the node where it stands, or of another one; in this mode.
    Explain(Option<String>, String),
    Nodes,
    /// The document, or another one in its place.
    Reload(Option<PathBuf>),
    Restart,
    Help,
    Quit,
    /// Nothing was typed.
    Nothing,
}

/// The manual.
pub const HELP: &str = "\
step                     run the next node
continue                 run to the next breakpoint that holds, or to the end
run NODE                 run a node and what it reads
break NODE [if COND]     stop after a node; with a condition in SQL only where one of its rows fulfills it
clear [NODE]             remove a breakpoint, or all
rows N [NODE]            show N rows
schema [NODE]            show the columns
explain [NODE] [MODE]    show the plan: parsed, analyzed, optimized, physical, extended, formatted, cost
nodes                    list the nodes, what has run, and the breakpoints
reload [FILE]            read the document again, or another one; what has not changed is kept (also: edit)
restart                  forget everything that has run, and read sources again
quit                     end
";

impl Typed {
    /// Reads a line.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let words: Vec<&str> = rest.split_whitespace().collect();
        let owned = |word: &&str| (*word).to_owned();
        let none = |typed: Self| match words.as_slice() {
            [] => Ok(typed),
            _ => Err(format!("`{word}` stands alone")),
        };
        match word {
            "" => Ok(Self::Nothing),
            _ if word.starts_with('#') => Ok(Self::Nothing),
            "step" | "s" => none(Self::Step),
            "continue" | "c" => none(Self::Continue),
            "nodes" | "n" => none(Self::Nodes),
            "restart" => none(Self::Restart),
            "help" | "h" | "?" => none(Self::Help),
            "quit" | "q" | "exit" => none(Self::Quit),
            "run" | "r" => match words.as_slice() {
                [node] => Ok(Self::Run(owned(node))),
                _ => Err("write it as `run NODE`".to_owned()),
            },
            "break" | "b" => {
                let usage = || "write it as `break NODE` or `break NODE if CONDITION`".to_owned();
                let (node, condition) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                if node.is_empty() {
                    return Err(usage());
                }
                let condition = match condition.trim() {
                    "" => None,
                    text => {
                        let (word, rest) =
                            text.split_once(char::is_whitespace).ok_or_else(usage)?;
                        if word != "if" {
                            return Err(usage());
                        }
                        Some(rest.trim().to_owned())
                    }
                };
                Ok(Self::Break(node.to_owned(), condition))
            }
            "clear" => match words.as_slice() {
                [] | [_] => Ok(Self::Clear(words.first().map(owned))),
                _ => Err("write it as `clear` or `clear NODE`".to_owned()),
            },
            "rows" => {
                let usage = || "write it as `rows N` or `rows N NODE`".to_owned();
                let (count, node) = match words.as_slice() {
                    [count] => (count, None),
                    [count, node] => (count, Some(owned(node))),
                    _ => return Err(usage()),
                };
                let count = count.parse().ok().filter(|count| (1..=100_000).contains(count));
                Ok(Self::Rows(count.ok_or_else(usage)?, node))
            }
            "schema" => match words.as_slice() {
                [] | [_] => Ok(Self::Schema(words.first().map(owned))),
                _ => Err("write it as `schema` or `schema NODE`".to_owned()),
            },
            "explain" => {
                let is_mode =
                    |word: &&&str| ExplainMode::ALL.iter().any(|(name, _)| *name == **word);
                let mode = words.last().filter(is_mode);
                let nodes = &words[..words.len() - usize::from(mode.is_some())];
                match nodes {
                    [] | [_] => {
                        let mode = mode.map_or("physical".to_owned(), owned);
                        Ok(Self::Explain(nodes.first().map(owned), mode))
                    }
                    _ => Err("write it as `explain NODE MODE`".to_owned()),
                }
            }
            "reload" | "edit" => Ok(Self::Reload((!rest.is_empty()).then(|| PathBuf::from(rest)))),
            _ => Err(format!("there is no command `{word}`; `help` lists them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let text = |text: &str| text.to_owned();
        let cases = [
            ("  step ", Typed::Step),
            ("c", Typed::Continue),
            ("", Typed::Nothing),
            ("# a remark", Typed::Nothing),
            ("run sums", Typed::Run(text("sums"))),
            ("break sums", Typed::Break(text("sums"), None)),
            (
                "break sums if  part = 'x if y' AND n > 1",
                Typed::Break(text("sums"), Some(text("part = 'x if y' AND n > 1"))),
            ),
            ("clear", Typed::Clear(None)),
            ("rows 5", Typed::Rows(5, None)),
            ("rows 5 sums", Typed::Rows(5, Some(text("sums")))),
            ("explain", Typed::Explain(None, text("physical"))),
            ("explain cost", Typed::Explain(None, text("cost"))),
            ("explain sums", Typed::Explain(Some(text("sums")), text("physical"))),
            ("explain sums parsed", Typed::Explain(Some(text("sums")), text("parsed"))),
            ("edit other job.yaml", Typed::Reload(Some(PathBuf::from("other job.yaml")))),
        ];
        for (line, typed) in cases {
            assert_eq!(Typed::parse(line), Ok(typed), "{line}");
        }
        for line in
            ["stepp", "step 2", "run", "break", "break a when b", "rows x", "rows 0", "explain a b"]
        {
            assert!(Typed::parse(line).is_err(), "{line}");
        }
    }
}
