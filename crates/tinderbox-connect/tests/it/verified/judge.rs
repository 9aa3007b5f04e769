//! Whether Sail computes what Spark computes.

use crate::statement::Asking;
use crate::table::{Compare, Outcome};
use std::fmt;
use tempfile::TempDir;
use tinderbox_connect::Sail;

/// What the list says about a function or construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Equal,
    Differs,
    Missing,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub name: String,
    pub status: Status,
    /// `lenient`, `ansi`, `decimals`, `doubles`, `dates`, `binary`, `but-times`, `classes`, `construct`: what they say stands in docs/sail.md.
    pub notes: Vec<&'static str>,
    /// The type of its first example on Spark.
    pub kind: String,
    /// The first query that shows it, and what came out.
    pub reason: String,
}

/// A session on each side, and one on Spark without its ANSI mode. Sail is one of its own: some queries end it.
pub struct Sides {
    spark: Asking,
    plain: Asking,
    sail: Asking,
    server: (Sail, TempDir),
}

/// What one query shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The same rows, or both refuse.
    Same,
    /// Other rows or types than on any Spark.
    Differs(String),
    /// Other rows or types than on Spark 4, and those that it has without ANSI.
    WithoutAnsi(String),
    /// Sail fails where Spark has rows.
    Fails(String),
    /// Spark 4 fails by default, and Sail does what Spark does without ANSI, or goes on where Spark never does.
    Lenient,
}

impl Sides {
    /// `None` where Sail is not installed.
    pub async fn at(spark: &str) -> Option<Self> {
        let server = crate::start().await?;
        let sides = Self {
            spark: Asking::at(spark).await,
            plain: Asking::at(spark).await,
            sail: Asking::at(server.0.url()).await,
            server,
        };
        for side in [&sides.spark, &sides.plain, &sides.sail] {
            side.set("spark.sql.session.timeZone", "UTC").await;
        }
        sides.plain.set("spark.sql.ansi.enabled", "false").await;
        Some(sides)
    }

    /// What Sail says; one that ends over it is started again.
    async fn ask_sail(&mut self, query: &str) -> Outcome {
        let outcome = self.sail.ask(query).await;
        if self.server.0.is_alive() {
            return outcome;
        }
        self.server = crate::start().await.unwrap();
        self.sail = Asking::at(self.server.0.url()).await;
        self.sail.set("spark.sql.session.timeZone", "UTC").await;
        Outcome::Failed("Sail ended".to_owned())
    }

    pub async fn find(&mut self, query: &str, compare: Compare) -> (Finding, Option<String>) {
        let compare = if query.contains("unix_timestamp()") { Compare::Types } else { compare };
        let (spark, sail) = (self.spark.ask(query).await, self.ask_sail(query).await);
        let kind = match &spark {
            Outcome::Rows(table) => table.columns.first().map(|(_, kind)| kind.clone()),
            _ => None,
        };
        let finding = match (&spark, &sail) {
            (Outcome::NoAnswer, _) => {
                // It may be busy with this one; without it nothing is compared.
                let still = self.plain.ask("SELECT 1").await;
                assert!(matches!(still, Outcome::Rows(_)), "Spark has ended over {query}");
                Finding::Same
            }
            (_, Outcome::NoAnswer) => Finding::Fails("Sail ended".to_owned()),
            (Outcome::Rows(_), Outcome::Rows(_)) => match spark.difference(&sail, compare) {
                None => Finding::Same,
                Some(difference) => match self.plain.ask(query).await.difference(&sail, compare) {
                    None => Finding::WithoutAnsi(difference),
                    Some(_) => Finding::Differs(difference),
                },
            },
            (Outcome::Rows(_), Outcome::Failed(problem)) => Finding::Fails(problem.clone()),
            (Outcome::Failed(_), Outcome::Failed(_)) => Finding::Same,
            (Outcome::Failed(problem), Outcome::Rows(_)) => {
                let plain = self.plain.ask(query).await;
                match plain.difference(&sail, compare) {
                    // SQL's class 22 are errors of data; others are of the query, which no job has.
                    _ if matches!(plain, Outcome::Failed(_))
                        && problem.contains("SQLSTATE: 22") =>
                    {
                        Finding::Lenient
                    }
                    _ if matches!(plain, Outcome::Failed(_)) => Finding::Same,
                    None => Finding::Lenient,
                    Some(difference) => Finding::Differs(format!("without ANSI {difference}")),
                }
            }
        };
        (finding, kind)
    }

    /// Judges by own examples, and by values at the edges.
    pub async fn judge(
        &mut self,
        name: &str,
        examples: &[String],
        edges: &[String],
        compare: Compare,
    ) -> Verdict {
        let scopes = examples.iter().chain(edges).map(|query| Scope::of(query)).collect::<Vec<_>>();
        let (mut differs, mut fails) = (Vec::new(), Vec::new());
        let (mut failing_examples, mut times) = (0, 0);
        let (mut is_lenient, mut kind_of) = (false, String::new());
        for (at, query) in examples.iter().chain(edges).enumerate() {
            let (finding, kind) = self.find(query, compare).await;
            if kind_of.is_empty() {
                kind_of = kind.clone().unwrap_or_default();
            }
            is_lenient |= finding == Finding::Lenient;
            times += usize::from(finding == Finding::Same && kind.is_some() && has_times(query));
            match finding {
                Finding::Differs(why) => {
                    differs.push((scopes[at], false, format!("{query}: {why}")));
                }
                Finding::WithoutAnsi(why) => {
                    differs.push((scopes[at], true, format!("{query}: {why}")));
                }
                Finding::Fails(why) => {
                    failing_examples += usize::from(at < examples.len());
                    fails.push(format!("{query}: error on Sail: {why}"));
                    // Nothing can be compared.
                    if failing_examples == examples.len() && at + 1 == examples.len() {
                        break;
                    }
                }
                Finding::Same | Finding::Lenient => {}
            }
        }
        let is_missing = failing_examples > 0 && failing_examples == examples.len();
        let mut notes = Vec::new();
        if is_lenient {
            notes.push("lenient");
        }
        if !differs.is_empty() && !is_missing {
            if differs.iter().all(|(_, is_ansi, _)| *is_ansi) {
                notes.push("ansi");
            }
            // Few queries do not say that it is the same with other types.
            if examples.len() + edges.len() > 3
                && differs.iter().all(|(scope, ..)| *scope != Scope::All)
            {
                let has = |wanted| differs.iter().any(|(scope, ..)| *scope == wanted);
                notes.extend(has(Scope::Decimals).then_some("decimals"));
                notes.extend(has(Scope::Doubles).then_some("doubles"));
                notes.extend(has(Scope::Dates).then_some("dates"));
                notes.extend(has(Scope::Binary).then_some("binary"));
            } else if differs.iter().all(|(.., why)| why.contains("\\\\")) {
                notes.push("classes");
            } else if times > 0 && !differs.iter().any(|(.., why)| has_times(why)) {
                notes.push("but-times");
            }
        }
        // What is about all types says most.
        differs.sort_by_key(|(scope, ..)| *scope);
        let status = match differs.is_empty() {
            _ if is_missing => Status::Missing,
            true => Status::Equal,
            false => Status::Differs,
        };
        let reason =
            differs.into_iter().map(|(.., why)| why).filter(|_| !is_missing).chain(fails).next();
        let reason = reason.unwrap_or_default();
        Verdict { name: name.to_owned(), status, notes, kind: kind_of, reason }
    }
}

/// What a query computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    All,
    Binary,
    Dates,
    Doubles,
    Decimals,
}

impl Scope {
    fn of(query: &str) -> Self {
        // What is inside of a struct is seen in no type of an argument.
        if query.contains("struct(") {
            return Self::All;
        }
        // Whatever stands in quotes is no number; doubled and escaped quotes change nothing about that here.
        let outside: String = query.split('\'').step_by(2).collect::<Vec<_>>().join("''");
        let words = outside.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '_');
        let mut scope = Self::All;
        for word in words.filter(|word| !word.is_empty()) {
            let lower = word.to_lowercase();
            let is_number = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let is_plain = lower.ends_with(|c: char| c.is_ascii_digit()) && !lower.contains('e');
            match lower.as_str() {
                "decimal" => return Self::Decimals,
                _ if is_number && is_plain && lower.contains('.') => return Self::Decimals,
                "double" | "float" => scope = Self::Doubles,
                _ if is_number && (lower.ends_with('d') || lower.contains('e')) => {
                    scope = Self::Doubles;
                }
                "date" if scope <= Self::Binary => scope = Self::Dates,
                "binary" | "encode" | "to_binary" | "unhex" | "x" | "unbase64"
                    if scope == Self::All && is_binary(&lower, query) =>
                {
                    scope = Self::Binary;
                }
                _ => {}
            }
        }
        scope
    }
}

/// Whether a query, or what is said of one, has timestamps.
fn has_times(query: &str) -> bool {
    query.contains("TIMESTAMP'")
}

/// `x` is a column of edges too; of bytes it stands before a quote.
fn is_binary(word: &str, query: &str) -> bool {
    word != "x" || query.contains("X'") || query.contains("x'")
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "equal",
            Self::Differs => "differs",
            Self::Missing => "missing",
        })
    }
}
