//! The list as files: a table for the emitter, and a page for people.

use super::judge::{Status, Verdict};
use super::{ANY_ORDER, BY_TYPE};
use crate::table::STEPS;
use std::fmt::Write as _;
use std::path::PathBuf;
use tinderbox_connect::SAIL_VERSION;

const HEAD: &str = "# name, verdict, notes, type of the first example on Spark, first query that shows it and what came out\n";
/// Signs of a reason: what a server says may fill pages.
const LONGEST: usize = 400;
const BEGIN: &str = "<!-- written by cargo xtask verify-sail -->\n";
const END: &str = "<!-- end -->\n";
/// Notes, in the order in which they stand.
const NOTES: [&str; 9] = [
    "lenient",
    "ansi",
    "decimals",
    "doubles",
    "dates",
    "binary",
    "but-times",
    "classes",
    "construct",
];
/// Notes of what is refused with some types only.
const SCOPES: [&str; 6] = ["decimals", "doubles", "dates", "binary", "but-times", "classes"];

fn table() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join(format!("verified/sail-{SAIL_VERSION}.tsv"))
}

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/sail.md")
}

/// The committed list.
pub fn read() -> Vec<Verdict> {
    let text = std::fs::read_to_string(table()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let verdicts = lines.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let status = match fields[1] {
            "equal" => Status::Equal,
            "differs" => Status::Differs,
            "missing" => Status::Missing,
            other => panic!("{other} is no verdict"),
        };
        let notes = NOTES.into_iter().filter(|note| fields[2].split(' ').any(|word| word == *note));
        Verdict {
            name: fields[0].to_owned(),
            status,
            notes: notes.collect(),
            kind: fields[3].to_owned(),
            reason: fields[4].to_owned(),
        }
    });
    verdicts.collect()
}

/// Writes the list and its part of the page.
/// `old` are the functions of Spark 3.5.
pub fn write(verdicts: &[Verdict], spark: &str, old: &[String]) {
    let mut text = HEAD.to_owned();
    for verdict in verdicts {
        let Verdict { name, status, notes, kind, reason } = verdict;
        let reason: String =
            reason.replace(['\t', '\n', '\r'], " ").chars().take(LONGEST).collect();
        writeln!(text, "{name}\t{status}\t{}\t{kind}\t{}", notes.join(" "), reason.trim()).unwrap();
    }
    std::fs::write(table(), text).unwrap();
    let text = std::fs::read_to_string(page()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let new = format!("{before}{BEGIN}{}{END}{after}", written(verdicts, spark, old));
    std::fs::write(page(), new).unwrap();
}

fn written(verdicts: &[Verdict], spark: &str, old: &[String]) -> String {
    let (constructs, functions): (Vec<_>, Vec<_>) =
        verdicts.iter().partition(|verdict| verdict.notes.contains(&"construct"));
    let count = |of: &[&Verdict], status| of.iter().filter(|one| one.status == status).count();
    let line = |what: &str, of: &[&Verdict]| {
        let equal = count(of, Status::Equal);
        let scoped = of.iter().filter(|one| SCOPES.iter().any(|note| one.notes.contains(note)));
        let scoped = scoped.count();
        format!(
            "| {what} | {} | {equal} ({} %) | {scoped} | {} | {} |\n",
            of.len(),
            equal * 100 / of.len(),
            count(of, Status::Differs) - scoped,
            count(of, Status::Missing)
        )
    };
    let mut text = format!(
        "\nSail {SAIL_VERSION} against Spark {spark}:\n\n| | all | equal | differ with some types | differ | missing |\n|---|---|---|---|---|---|\n"
    );
    text.push_str(&line("functions and operators", &functions));
    let old: Vec<&Verdict> =
        functions.iter().copied().filter(|one| old.contains(&one.name)).collect();
    text.push_str(&line("of those, what Spark 3.5 has", &old));
    text.push_str(&line("constructs of SQL", &constructs));
    let names = |wanted: &dyn Fn(&Verdict) -> bool| {
        let names = verdicts.iter().filter(|verdict| wanted(verdict));
        let names = names.map(|verdict| format!("`{}`", verdict.name.replace('|', "\\|")));
        names.collect::<Vec<_>>().join(", ")
    };
    let has = |verdict: &Verdict, note: &str| verdict.notes.contains(&note);
    let differs = |verdict: &Verdict| verdict.status == Status::Differs;
    let mut list = |title: &str, wanted: &dyn Fn(&Verdict) -> bool| {
        let names = names(wanted);
        if !names.is_empty() {
            write!(text, "\n**{title}** {names}.\n").unwrap();
        }
    };
    list("Refused, because they differ:", &|one| {
        differs(one) && !has(one, "ansi") && !SCOPES.iter().any(|note| has(one, note))
    });
    list("Refused with decimals:", &|one| differs(one) && has(one, "decimals"));
    list("Refused with floating-point numbers:", &|one| differs(one) && has(one, "doubles"));
    list("Refused with dates:", &|one| differs(one) && has(one, "dates"));
    list("Refused with binary data:", &|one| differs(one) && has(one, "binary"));
    list("Refused with a backslash in a text, because classes of signs are others:", &|one| {
        differs(one) && has(one, "classes")
    });
    list("Refused with all but timestamps:", &|one| differs(one) && has(one, "but-times"));
    list("Refused where the document's Spark is in ANSI mode:", &|one| {
        differs(one) && has(one, "ansi")
    });
    list("Refused, because Sail does not have them:", &|one| one.status == Status::Missing);
    list("Sail goes on where Spark 4 fails at some values:", &|one| {
        one.status == Status::Equal && has(one, "lenient")
    });
    write!(
        text,
        "\nFloating-point numbers count as equal up to {STEPS} steps between neighboring ones, zeros whatever their sign.\nOnly types were compared of {}. Elements come in any order of {}.\n",
        words(BY_TYPE),
        words(ANY_ORDER)
    )
    .unwrap();
    text
}

fn words(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
