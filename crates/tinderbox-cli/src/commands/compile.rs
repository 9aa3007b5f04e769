//! `tinderbox compile`: the code that a spec becomes, in each language.

use super::preview::folder_of;
use super::spark_application;
use super::spec::{open, refused};
use crate::args::{Chosen, Format, Target};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tinderbox_spec::{ApplicationLanguage, Compiled, Diagnostic, Project, Spec};

/// What the code is to be.
pub struct Order {
    /// The language.
    pub to: Target,
    /// Where the files of a pipeline go.
    pub out: Option<PathBuf>,
    /// Parameters and environment.
    pub chosen: Chosen,
}

/// Prints the code of a spec, or writes its files.
pub fn compile(path: &Path, order: Order, format: Format) -> Result<ExitCode, Failure> {
    let (text, choice) = open(path, order.chosen)?;
    let name = path.display().to_string();
    let refuse = |found: Vec<Diagnostic>| refused(&found, &text);
    let loaded = tinderbox_spec::load(&name, &text, &choice).map_err(refuse)?;
    if order.out.is_some() && order.to != Target::Pipelines {
        return Err(Failure::environment(
            "--out is for --to pipelines, which has several files",
            Some(
                "write the output of other languages to a file: tinderbox compile SPEC >FILE"
                    .to_owned(),
            ),
        ));
    }
    match order.to {
        Target::Pyspark if loaded.spec.application().is_some() => {
            notes(&loaded.warnings, &text);
            application(&loaded.spec, path, format)?;
        }
        Target::Pyspark => {
            let compiled = tinderbox_spec::compile_pyspark(&loaded.spec);
            notes(&loaded.warnings, &text);
            print("pyspark", &compiled, format);
        }
        Target::Sql => {
            let compiled = tinderbox_spec::compile_sql(&loaded.spec).map_err(refuse)?;
            notes(&loaded.warnings, &text);
            if format == Format::Table {
                launch(&compiled.launch_conf, "spark-sql");
            }
            print("sql", &compiled, format);
        }
        Target::SparkApplication => {
            notes(&loaded.warnings, &text);
            spark_application::export(&loaded.spec, format)?;
        }
        Target::Pipelines => {
            let project = project(&loaded.spec, order.out.as_deref())?.map_err(refuse)?;
            notes(&loaded.warnings, &text);
            pipelines(&project, order.out.as_deref(), format)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn notes(warnings: &[Diagnostic], text: &str) {
    warnings.iter().for_each(|warning| output::note(&warning.render(text)));
}

fn print(language: &str, compiled: &Compiled, format: Format) {
    match format {
        Format::Table => output::data(&compiled.source),
        Format::Json => output::json(&json!({
            language: compiled.source,
            "launch_conf": compiled.launch_conf,
            "node_lines": compiled.node_lines.iter().map(|lines| json!({
                "node": lines.node.as_str(), "first_line": lines.first_line, "last_line": lines.last_line,
            })).collect::<Vec<_>>(),
        })),
    }
}

/// The program itself, which is what runs. That of a jar cannot be shown.
fn application(spec: &Spec, path: &Path, format: Format) -> Result<(), Failure> {
    let Some(application) = spec.application() else { return Ok(()) };
    let file = &application.file;
    let submit = format!("submit it as it is: tinderbox run {}", path.display());
    if application.language == ApplicationLanguage::Jvm {
        let message = format!("the job runs {file}, which is compiled already");
        return Err(Failure::environment(message, Some(submit)));
    }
    // The first of its files is the program, where that is on this machine.
    let local = spec.local_inputs().into_iter().next().filter(|_| !file.contains("://"));
    let Some(local) = local else {
        let message = format!("the job runs {file}, which is not on this machine");
        return Err(Failure::environment(message, Some(submit)));
    };
    let program = folder_of(path).join(&local.path);
    let source = std::fs::read_to_string(&program).map_err(|error| {
        let message = format!("cannot read the program {}: {error}", program.display());
        Failure::environment(message, Some("`application.file` names it".to_owned()))
    })?;
    let compiled = Compiled {
        source,
        node_lines: Vec::new(),
        launch_conf: tinderbox_spec::application_conf(spec),
        ..tinderbox_spec::compile_pyspark(spec)
    };
    if format == Format::Table {
        launch(&compiled.launch_conf, "spark-submit");
    }
    print("pyspark", &compiled, format);
    Ok(())
}

/// Says what the code cannot set itself.
fn launch(properties: &BTreeMap<String, String>, program: &str) {
    if !properties.is_empty() {
        let given: Vec<String> =
            properties.iter().map(|(key, value)| format!("--conf {key}={value}")).collect();
        output::note(&format!("note: start {program} with {}", given.join(" ")));
    }
}

/// The project, which keeps its progress below its own folder.
fn project(spec: &Spec, out: Option<&Path>) -> Result<Result<Project, Vec<Diagnostic>>, Failure> {
    let folder = std::path::absolute(out.unwrap_or(Path::new("."))).map_err(|error| {
        Failure::environment(
            format!("the folder of the pipeline has no whole path: {error}"),
            Some("give it with --out".to_owned()),
        )
    })?;
    let storage = file_address(&folder.join("storage"));
    Ok(tinderbox_spec::compile_pipelines(spec, &storage))
}

/// A whole path as `file:///…`; what is more than RFC 3986's unreserved characters is written as its bytes.
fn file_address(path: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) => {
                address.push(char::from(*byte));
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

fn pipelines(project: &Project, out: Option<&Path>, format: Format) -> Result<(), Failure> {
    if let Some(folder) = out {
        write(project, folder)?;
    }
    match (format, out) {
        (Format::Json, _) => output::json(&json!({
            "files": project.files.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect::<Vec<_>>(),
            "folder": out.map(|folder| folder.display().to_string()),
            "launch_conf": project.launch_conf,
        })),
        (Format::Table, None) => {
            for (path, text) in &project.files {
                output::data(&format!("# ---- {path}\n{text}\n"));
            }
            launch(&project.launch_conf, "spark-pipelines");
        }
        (Format::Table, Some(folder)) => {
            let folder = folder.display();
            for (path, _) in &project.files {
                output::data(&format!("{folder}/{path}\n"));
            }
            output::note(&format!("next: cd {folder} && spark-pipelines run"));
            launch(&project.launch_conf, "spark-pipelines");
        }
    }
    Ok(())
}

/// Nothing of anybody else is overwritten: the folder is new or empty, or has a pipeline that was compiled before.
fn write(project: &Project, folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::environment(
            format!("cannot write {}: {error}", path.display()),
            Some("give a folder that may be written".to_owned()),
        )
    };
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(failed(folder, error)),
    };
    let is_ours = |(path, _): &(&str, String)| {
        std::fs::read_to_string(folder.join(path))
            .is_ok_and(|text| text.contains("# Compiled by Tinderbox from the job's document"))
    };
    if !is_empty && !project.files.iter().all(is_ours) {
        return Err(Failure::environment(
            format!("{} is not empty and has no pipeline of Tinderbox", folder.display()),
            Some("give a new folder, or one that `compile --to pipelines` has written".to_owned()),
        ));
    }
    for (path, text) in &project.files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
