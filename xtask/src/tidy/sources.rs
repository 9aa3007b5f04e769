//! Rules on single files: length, names, unfinished code, and paths of somebody's machine.

use super::Finding;

/// Lines after which a file needs a reason, and after which it must be split.
const LONG: usize = 600;
const TOO_LONG: usize = 1_000;

/// Endings of the files that people write as code; documents and data may be as long as they are.
const CODE: &[&str] = &["rs", "ts", "tsx", "js", "mjs", "css", "java", "py", "sh"];

/// Words that say nothing about what is inside.
const FORBIDDEN_WORDS: &[&str] =
    &["util", "utils", "utilities", "common", "helper", "helpers", "manager", "misc"];

/// What Hadoop calls the server that has YARN's applications.
const YARNS_OWN: &str = "resource_manager.";

/// Written in two parts so that this file does not break its own rule.
const UNFINISHED_RUST: &[&str] =
    &[concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("#[ig", "nore")];
const UNFINISHED: &str = concat!("FIX", "ME");
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")];

/// Checks what a file is called.
pub(super) fn check_name(file: &str) -> Option<Finding> {
    let name = file.rsplit('/').next().unwrap_or(file);
    if name == "mod.rs" {
        let folder = file.strip_suffix("/mod.rs").unwrap_or(file);
        return Some(Finding::error(
            file,
            1,
            "mod-rs",
            "a module's root file is named after the module",
            &format!("rename it to {folder}.rs"),
        ));
    }
    let has_code = CODE.contains(&extension(file)) && !name.starts_with(YARNS_OWN);
    let word = file.split('/').find_map(forbidden_word).filter(|_| has_code)?;
    Some(Finding::error(
        file,
        1,
        "empty-name",
        &format!("`{word}` does not say what is inside"),
        "name the idea, or put the code where it is used",
    ))
}

/// Checks the lines of a text file.
pub(super) fn check_text(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_code = CODE.contains(&extension(file));
    if is_code && !is_generated(file) {
        findings.extend(check_length(file, text.lines().count()));
    }
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if is_code {
            findings.extend(check_unfinished(file, number, line));
        }
        if let Some(folder) = machine_folder(line) {
            findings.push(Finding::error(
                file,
                number,
                "machine-path",
                &format!("{folder} is a folder of one machine"),
                "use a relative path, a temporary folder, or the environment",
            ));
        }
    }
    findings
}

/// The first part of a name, split at `-`, `_`, `.` and capitals, that says nothing.
pub(super) fn forbidden_word(name: &str) -> Option<&'static str> {
    let mut spaced = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() || matches!(character, '-' | '_' | '.') {
            spaced.push(' ');
        }
        spaced.push(character.to_ascii_lowercase());
    }
    spaced
        .split(|character: char| !character.is_ascii_alphanumeric())
        .find_map(|part| FORBIDDEN_WORDS.iter().find(|word| **word == part).copied())
}

fn check_length(file: &str, lines: usize) -> Option<Finding> {
    let finding = Finding::error(
        file,
        lines,
        "file-length",
        &format!("{lines} lines"),
        "split it by idea into `name.rs` and `name/`, the most important thing first",
    );
    match lines {
        lines if lines > TOO_LONG => Some(finding),
        lines if lines > LONG => Some(finding.into_warning()),
        _ => None,
    }
}

fn check_unfinished(file: &str, number: usize, line: &str) -> Option<Finding> {
    let rust = extension(file) == "rs";
    let marker = UNFINISHED_RUST
        .iter()
        .filter(|_| rust)
        .chain([&UNFINISHED])
        .find(|marker| line.contains(**marker))?;
    Some(Finding::error(
        file,
        number,
        "unfinished",
        &format!("`{marker}` marks code that is not done"),
        "finish it, or remove it and say in the issue what is missing",
    ))
}

/// A path into a machine's own folders, but not the middle of a longer path or of a web address.
fn machine_folder(line: &str) -> Option<&'static str> {
    MACHINE_FOLDERS.iter().copied().find(|folder| {
        line.match_indices(folder).any(|(start, _)| {
            let before = &line[..start];
            match before.chars().next_back() {
                Some('/') => before.ends_with("file://"),
                Some(previous) => !(previous.is_alphanumeric() || "._~-})*".contains(previous)),
                None => true,
            }
        })
    })
}

fn is_generated(file: &str) -> bool {
    file.contains(".gen.") || file.ends_with(".snap") || file.starts_with("schemas/")
}

fn extension(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        check_text(file, text)
            .iter()
            .map(|finding| format!("{} {}", finding.line, finding.rule))
            .collect()
    }

    #[test]
    fn module_root_file_is_named_after_the_module() {
        let finding = check_name("crates/a/src/fold/mod.rs").unwrap();
        assert_eq!(
            (finding.rule, finding.remedy.as_str()),
            ("mod-rs", "rename it to crates/a/src/fold.rs")
        );
    }

    #[test]
    fn name_that_says_nothing_is_reported_in_every_spelling() {
        for file in [
            "a/utils.rs",
            "ui/src/helpers/date.ts",
            "a/string_util.py",
            "ui/stringUtils.ts",
            "jvm/QueueManager.java",
            "ui/x.helper.ts",
        ] {
            assert_eq!(check_name(file).map(|finding| finding.rule), Some("empty-name"), "{file}");
        }
        for file in [
            "a/fold.rs",
            "a/resource_manager.rs",
            "docs/common-questions.md",
            "a/commonality.rs",
            "jvm/Management.java",
            "a/README.md",
        ] {
            assert_eq!(check_name(file), None, "{file}");
        }
    }

    #[test]
    fn long_file_is_a_warning_and_a_very_long_one_an_error() {
        let severity = |lines| {
            check_text("a.rs", &"x\n".repeat(lines)).first().map(|finding| finding.severity)
        };
        assert_eq!(severity(600), None);
        assert_eq!(severity(601), Some(Severity::Warning));
        assert_eq!(severity(1_000), Some(Severity::Warning));
        assert_eq!(severity(1_001), Some(Severity::Error));
    }

    #[test]
    fn generated_files_and_documents_may_be_long() {
        let text = "x\n".repeat(5_000);
        for file in ["ui/src/api/schema.gen.ts", "docs/guide.md", "fixtures/log.json"] {
            assert_eq!(found(file, &text), Vec::<String>::new(), "{file}");
        }
    }

    #[test]
    fn unfinished_code_is_reported_at_its_line() {
        let text = format!("fn a() {{\n    {}\"later\")\n}}\n", UNFINISHED_RUST[0]);
        assert_eq!(found("a.rs", &text), ["2 unfinished"]);
        assert_eq!(found("a.md", &text), Vec::<String>::new());
        assert_eq!(
            found("a.rs", &format!("{}]\nfn a() {{}}", UNFINISHED_RUST[2])),
            ["1 unfinished"]
        );
        assert_eq!(found("a.ts", &format!("// {UNFINISHED} later")), ["1 unfinished"]);
    }

    #[test]
    fn path_of_a_machine_is_reported() {
        let [root, work, home] = [MACHINE_FOLDERS[0], MACHINE_FOLDERS[1], MACHINE_FOLDERS[2]];
        for line in [
            format!("{root}.cache"),
            format!("cd {work}main"),
            format!("\"file://{home}me\""),
            format!("PATH=a:{home}b"),
            format!("file:{root}x"),
        ] {
            assert_eq!(found("a.md", &line), ["1 machine-path"], "{line}");
        }
        for line in [
            format!("https://example.org{home}x"),
            format!("${{DIR}}{work}"),
            format!("src{work}x"),
            format!("~{root}"),
            format!("/opt/spark{work}"),
            "/homestead/".to_owned(),
        ] {
            assert_eq!(found("a.md", &line), Vec::<String>::new(), "{line}");
        }
    }
}
