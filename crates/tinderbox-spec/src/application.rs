//! Applications that people already have: a Python program or a jar that Spark runs as it is.

use crate::configuration::Dependency;
use crate::diagnostic::{Report, Span};
use crate::document::place;
use crate::fields::Fields;
use crate::parameters::has_secret;
use crate::spec::{LocalInput, Place, Spec};
use crate::tree::{Spanned, Tree};
use tinderbox_model::NodeId;

/// The `application` section: what is run instead of a pipeline.
///
/// Paths are as written; a relative one starts at the document's folder. No text holds a secret: all of them stand in
/// arguments of a process or in properties that Spark shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The program: a path or an address that Spark's file systems know, ending in `.py` or `.jar`.
    pub file: String,
    /// By the ending of the file.
    pub language: ApplicationLanguage,
    /// Of a jar; without it Spark takes `Main-Class` of the jar's manifest.
    pub main_class: Option<String>,
    /// What the program is called with, each one argument.
    pub args: Vec<String>,
    /// Files for the working folder of every executor (`spark.files`).
    pub files: Vec<String>,
    /// Python files and archives for `PYTHONPATH` (`spark.submit.pyFiles`).
    pub py_files: Vec<String>,
    /// Jars for the class path of driver and executors (`spark.jars`).
    pub jars: Vec<String>,
    /// Maven coordinates (`spark.jars.packages`).
    pub packages: Vec<String>,
    /// Where it stands in the document.
    pub place: Place,
}

/// What an application is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApplicationLanguage {
    /// A `.py` file, which runs under `PySpark`.
    Python,
    /// A `.jar` with a main class.
    Jvm,
}

impl Application {
    /// The lists of files by the property that takes each.
    pub(crate) fn properties(&self) -> [(&'static str, &[String]); 4] {
        [
            ("spark.files", &self.files),
            ("spark.submit.pyFiles", &self.py_files),
            ("spark.jars", &self.jars),
            ("spark.jars.packages", &self.packages),
        ]
    }

    /// The files on this machine that it needs, the program first.
    pub(crate) fn local_inputs(&self) -> impl Iterator<Item = LocalInput> + '_ {
        let files = std::iter::once(&self.file).chain(&self.files).chain(&self.py_files);
        files.chain(&self.jars).filter_map(|file| {
            // What stands behind the sign is the name that the file gets where it is used.
            let path = file.split('#').next().unwrap_or(file);
            let path = match path.split_once(':') {
                Some(("file", rest)) => rest.strip_prefix("//").unwrap_or(rest),
                // `local:` is a path of every executor's machine.
                Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => return None,
                _ => path,
            };
            let path = match path.find(['*', '?', '[', '{']) {
                Some(at) => path[..at].rsplit_once('/').map_or(".", |(folder, _)| folder),
                None => path,
            };
            let node = NodeId::new("application");
            Some(LocalInput { node, path: path.to_owned(), place: self.place.clone() })
        })
    }
}

impl Spec {
    /// The application that the job runs; it has no nodes then.
    pub fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }
}

/// Sections that only a pipeline can use. Shared ones of included files are no mistake.
const OF_PIPELINES: [&str; 4] = ["components", "udfs", "quarantine", "tests"];

/// Reads `application`. `None` with an error where it is broken, and without one where there is none.
pub(crate) fn read(
    fields: &mut Fields<'_>,
    root: &Tree,
    report: &mut Report<'_>,
) -> Option<Application> {
    let entry = fields.entry("application")?;
    if fields.entry("pipeline").is_some() {
        let message = "a job has a `pipeline` or an `application`, not both";
        report.error("spec::application", entry.key_span, "application", message).hint =
            Some("make two jobs of it".to_owned());
    }
    for key in OF_PIPELINES {
        let Some(other) = fields.entry(key) else { continue };
        if report.included_at(other.key_span.start).is_none() {
            let message =
                format!("`{key}` is for the nodes of a pipeline; an application has none");
            report.error("spec::application", other.key_span, key, message).hint =
                Some("remove it".to_owned());
        }
    }
    check_conf(root, report);
    let place = place(entry.key_span, "application", report);
    let mut fields = Fields::of(&entry.value, "application", report)?;
    let main_class = fields.text("main_class", report);
    let file = file(&mut fields, report);
    let args = list(&mut fields, "args", report);
    let lists = ["files", "py_files", "jars", "packages"].map(|key| {
        let items = list(&mut fields, key, report);
        let path = fields.path_of(key);
        items.iter().for_each(|item| check_item(key, item, &path, report));
        items
    });
    let language = file.as_ref().and_then(|file| check_language(file, &fields, report));
    if let Some(class) = &main_class {
        check_class(class, language, &fields.path_of("main_class"), report);
    }
    if let (Some(ApplicationLanguage::Jvm), Some(first)) = (language, lists[1].first()) {
        let message = "`py_files` are for Python; this application is a jar";
        report.error("spec::application", first.span, &fields.path_of("py_files"), message).hint =
            Some("give what it reads under `files`, and what it calls under `jars`".to_owned());
    }
    fields.finish(report);
    let texts = |list: Vec<Spanned>| list.into_iter().map(|item| item.text).collect();
    let [files, py_files, jars, packages] = lists.map(texts);
    Some(Application {
        file: file?.text,
        language: language?,
        main_class: main_class.map(|text| text.text),
        args: texts(args),
        files,
        py_files,
        jars,
        packages,
        place,
    })
}

fn file(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Spanned> {
    let written = fields.entry("file").is_some();
    let file = fields.text("file", report);
    if !written {
        let message = "the application has no `file`";
        report.error("spec::missing-field", fields.span, &fields.path_of("file"), message).hint =
            Some("add `file: job.py` or `file: job.jar`".to_owned());
    }
    let file = file?;
    if has_secret(&file) {
        report_secret("file", file.span, &fields.path_of("file"), report);
        return None;
    }
    Some(file)
}

/// A text or a list of texts, none of them with a secret.
fn list(fields: &mut Fields<'_>, key: &'static str, report: &mut Report<'_>) -> Vec<Spanned> {
    let items = fields.texts(key, report).unwrap_or_default();
    let path = fields.path_of(key);
    for item in items.iter().filter(|item| has_secret(item)) {
        report_secret(key, item.span, &path, report);
    }
    items
}

fn report_secret(key: &str, span: Span, path: &str, report: &mut Report<'_>) {
    let message = format!("`{key}` stands on a command line, so it cannot hold a secret");
    report.error("spec::secret-at-launch", span, path, message).hint =
        Some("let the application read it from its own environment or a file".to_owned());
}

fn check_item(key: &str, item: &Spanned, path: &str, report: &mut Report<'_>) {
    if has_secret(item) {
        return;
    }
    let text = item.text.trim();
    let (problem, hint) = if text.is_empty() {
        (format!("an entry of `{key}` is empty"), "remove it")
    } else if text.contains(',') {
        // Spark splits these properties at commas.
        (format!("`{text}` has a comma, at which Spark splits `{key}`"), "write a list: [a, b]")
    } else if key == "packages" && Dependency::of(text) != Some(Dependency::MavenPackage) {
        (format!("`{text}` is not a package"), "`group:artifact:version`, as in Maven")
    } else if key == "py_files" && Dependency::of(text) != Some(Dependency::PythonFile) {
        (
            format!("`{text}` is nothing that Python imports from"),
            "a path ending in .py, .zip, .egg or .whl",
        )
    } else {
        return;
    };
    report.error("spec::dependency", item.span, path, problem).hint = Some(hint.to_owned());
}

fn check_language(
    file: &Spanned,
    fields: &Fields<'_>,
    report: &mut Report<'_>,
) -> Option<ApplicationLanguage> {
    let ending = file.text.rsplit_once('.').map(|(_, ending)| ending);
    let hint = match ending {
        Some("py") => return Some(ApplicationLanguage::Python),
        Some("jar") => return Some(ApplicationLanguage::Jvm),
        Some("R" | "r") => "programs in R are not run; Python and jars are",
        Some("zip" | "egg" | "whl") => {
            "give the archive under `py_files` and a .py file that imports from it here"
        }
        Some("scala" | "java") => "build a jar of it first",
        _ => "a path or an address that ends in .py or .jar",
    };
    let message = format!("`{}` is neither a Python program nor a jar", file.text);
    report.error("spec::wrong-value", file.span, &fields.path_of("file"), message).hint =
        Some(hint.to_owned());
    None
}

fn check_class(
    class: &Spanned,
    language: Option<ApplicationLanguage>,
    path: &str,
    report: &mut Report<'_>,
) {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    if language == Some(ApplicationLanguage::Python) {
        let message = "`main_class` is for a jar; this application is a Python program";
        report.error("spec::application", class.span, path, message).hint =
            Some("remove it".to_owned());
    } else if !class.text.split('.').all(is_part) {
        let message = format!("`{}` is not the name of a class", class.text);
        report.error("spec::wrong-value", class.span, path, message).hint =
            Some("with its package: `org.example.Main`".to_owned());
    }
}

/// Programs of others look nothing up, and what Spark is started with is seen.
fn check_conf(root: &Tree, report: &mut Report<'_>) {
    let conf = root.at(&["configuration", "sparkConf"]).and_then(Tree::as_map);
    for entry in conf.map_or(&[][..], |map| &map.entries) {
        let Some(scalar) = entry.value.as_scalar() else { continue };
        let value = Spanned { text: scalar.text.clone(), span: entry.value.span };
        // The others are reported where properties are read.
        if has_secret(&value) && !crate::pyspark::is_at_launch(&entry.key) {
            let path = format!("configuration.sparkConf.{}", entry.key);
            let message =
                format!("`{}` holds a secret, which only a compiled pipeline looks up", entry.key);
            report.error("spec::secret-at-launch", value.span, &path, message).hint =
                Some("let the application set it from its own environment".to_owned());
        }
    }
}
