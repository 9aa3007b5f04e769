//! Steps that make features: each a stage (or two) of Spark's pipeline.

use super::setting::{self, Kind, Setting};
use crate::diagnostic::Report;
use crate::fields::{self, Fields, wrong_type};
use crate::graph::literal;
use crate::nearest::suggestion;
use crate::operation::Literal;
use crate::tree::Tree;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The word in the document.
    pub kind: &'static str,
    /// Spark's class of `pyspark.ml.feature`.
    pub class: &'static str,
    /// Columns that it reads.
    pub columns: Vec<String>,
    /// Columns that it makes: one, or one for each that it reads.
    pub outputs: Vec<String>,
    /// Parameters by Spark's own names.
    pub settings: Vec<Setting>,
    /// The limits of buckets, as written.
    pub limits: Vec<String>,
}

struct StepKind {
    name: &'static str,
    class: &'static str,
    reads: Reads,
    parameters: &'static [(&'static str, Kind)],
    required: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// One column, `as` another.
    One,
    /// Several into one, named by `as`.
    ManyIntoOne,
    /// Several, each into one of its own: its name and this behind it, or the names in `as`.
    Each(&'static str),
}

/// Source: `pyspark.ml.feature` 3.5.
const STEPS: &[StepKind] = &[
    StepKind {
        name: "assemble",
        class: "VectorAssembler",
        reads: Reads::ManyIntoOne,
        parameters: &[("handleInvalid", Kind::Text)],
        required: None,
    },
    StepKind {
        name: "scale",
        class: "StandardScaler",
        reads: Reads::One,
        parameters: &[
            ("max", Kind::Float),
            ("min", Kind::Float),
            ("withMean", Kind::Boolean),
            ("withStd", Kind::Boolean),
        ],
        required: None,
    },
    StepKind {
        name: "index",
        class: "StringIndexer",
        reads: Reads::Each("_index"),
        parameters: &[("handleInvalid", Kind::Text), ("stringOrderType", Kind::Text)],
        required: None,
    },
    StepKind {
        name: "one_hot",
        class: "OneHotEncoder",
        reads: Reads::Each("_vector"),
        parameters: &[("dropLast", Kind::Boolean), ("handleInvalid", Kind::Text)],
        required: None,
    },
    StepKind {
        name: "bucket",
        class: "Bucketizer",
        reads: Reads::One,
        parameters: &[("handleInvalid", Kind::Text), ("splits", Kind::Limits)],
        required: Some("splits"),
    },
    StepKind {
        name: "hash",
        class: "FeatureHasher",
        reads: Reads::ManyIntoOne,
        parameters: &[("numFeatures", Kind::Whole)],
        required: None,
    },
    StepKind {
        name: "tokenize",
        class: "Tokenizer",
        reads: Reads::One,
        parameters: &[
            ("gaps", Kind::Boolean),
            ("minTokenLength", Kind::Whole),
            ("pattern", Kind::Text),
            ("toLowercase", Kind::Boolean),
        ],
        required: None,
    },
    StepKind {
        name: "stop_words",
        class: "StopWordsRemover",
        reads: Reads::One,
        parameters: &[("caseSensitive", Kind::Boolean), ("locale", Kind::Text)],
        required: None,
    },
    StepKind {
        name: "tf_idf",
        class: "HashingTF",
        reads: Reads::One,
        parameters: &[("minDocFreq", Kind::Whole), ("numFeatures", Kind::Whole)],
        required: None,
    },
    StepKind {
        name: "count_vector",
        class: "CountVectorizer",
        reads: Reads::One,
        parameters: &[
            ("binary", Kind::Boolean),
            ("maxDF", Kind::Float),
            ("minDF", Kind::Float),
            ("minTF", Kind::Float),
            ("vocabSize", Kind::Whole),
        ],
        required: None,
    },
    StepKind {
        name: "ngram",
        class: "NGram",
        reads: Reads::One,
        parameters: &[("n", Kind::Whole)],
        required: None,
    },
    StepKind {
        name: "impute",
        class: "Imputer",
        reads: Reads::Each("_imputed"),
        parameters: &[("missingValue", Kind::Float), ("strategy", Kind::Text)],
        required: None,
    },
    StepKind {
        name: "pca",
        class: "PCA",
        reads: Reads::One,
        parameters: &[("k", Kind::Whole)],
        required: Some("k"),
    },
];

/// The words for steps.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Reads a list of steps. Errors are in `report`.
pub(crate) fn read(tree: &Tree, path: &str, report: &mut Report<'_>) -> Vec<Step> {
    let Some(items) = tree.as_list() else {
        wrong_type(tree, path, "a list of steps", report).hint =
            Some("for example `[{index: {columns: [kind]}}]`".to_owned());
        return Vec::new();
    };
    let mut steps: Vec<Step> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let entries = item.as_map().map(|map| map.entries.as_slice()).unwrap_or_default();
        let [entry] = entries else {
            wrong_type(item, &path, "one step with its parameters", report).hint =
                Some(format!("one of: {}", names().join(", ")));
            continue;
        };
        let Some(kind) = STEPS.iter().find(|step| step.name == entry.key) else {
            let message = format!("there is no step `{}`", entry.key);
            report.error("spec::ml-step", entry.key_span, &path, message).hint =
                Some(suggestion(&entry.key, &names()));
            continue;
        };
        let path = format!("{path}.{}", kind.name);
        let Some(fields) = Fields::of(&entry.value, &path, report) else { continue };
        let Some(step) = step(kind, fields, report) else { continue };
        let mut made = steps.iter().flat_map(|step| &step.outputs);
        if let Some(twice) = step.outputs.iter().find(|name| made.any(|other| other == *name)) {
            let message = format!("another step makes the column `{twice}`");
            report.error("spec::duplicate-column", entry.key_span, &path, message).hint =
                Some("name it with `as`".to_owned());
        }
        steps.push(step);
    }
    steps
}

fn step(kind: &StepKind, mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Step> {
    let (path, span) = (fields.path.clone(), fields.span);
    let before = report.error_count();
    let key = if kind.reads == Reads::One { "column" } else { "columns" };
    let columns = fields.texts(key, report).unwrap_or_default();
    let columns: Vec<String> = columns.into_iter().map(|text| text.text).collect();
    let named = fields.texts("as", report).unwrap_or_default();
    let named: Vec<String> = named.into_iter().map(|text| text.text).collect();
    let by_min_max = kind.name == "scale"
        && fields.choice("by", &["standard", "min_max"], report) == Some("min_max");
    let mut missing = |key: &str, example: &str| {
        let message = format!("the step `{}` needs `{key}`", kind.name);
        report.error("spec::missing-parameter", span, &path, message).hint =
            Some(format!("for example `{key}: {example}`"));
    };
    if columns.is_empty() {
        missing(key, if kind.reads == Reads::One { "text" } else { "[a, b]" });
    }
    let outputs = match kind.reads {
        Reads::Each(suffix) if named.is_empty() => {
            columns.iter().map(|column| format!("{column}{suffix}")).collect()
        }
        _ => named,
    };
    let wanted = if matches!(kind.reads, Reads::Each(_)) { columns.len() } else { 1 };
    if outputs.is_empty() && wanted == 1 {
        missing("as", "features");
    } else if outputs.len() != wanted {
        let message = format!("`as` names {} columns, the step makes {wanted}", outputs.len());
        report.error("spec::ml-step", span, &format!("{path}.as"), message);
    }
    if kind.reads == Reads::One && columns.len() > 1 {
        let message = format!("the step `{}` reads one column", kind.name);
        report.error("spec::ml-step", span, &format!("{path}.{key}"), message);
    }
    let class = match kind.name {
        "scale" if by_min_max => "MinMaxScaler",
        "tokenize" if fields.entry("pattern").is_some() => "RegexTokenizer",
        _ => kind.class,
    };
    // Each class has some of the parameters only.
    let parameters: Vec<(&'static str, Kind)> = kind
        .parameters
        .iter()
        .copied()
        .filter(|(name, _)| match class {
            "StandardScaler" => name.starts_with("with"),
            "MinMaxScaler" => !name.starts_with("with"),
            "Tokenizer" => *name == "pattern",
            _ => true,
        })
        .collect();
    let (mut settings, mut limits) = (Vec::new(), Vec::new());
    for entry in fields.entries() {
        if ["column", "columns", "as", "by"].contains(&entry.key.as_str()) {
            continue;
        }
        let path = fields.path_of(&entry.key);
        if entry.key == "splits" && kind.name == "bucket" {
            limits = read_limits(&entry.value, &path, report);
            continue;
        }
        let Some(value) = literal(&entry.value, &path, report) else { continue };
        let owner = format!("the step `{}`", kind.name);
        let place = (entry.key_span, path.as_str());
        settings.extend(setting::checked(&parameters, (&entry.key, &value), &owner, place, report));
    }
    for key in ["column", "columns"].into_iter().filter(|other| *other != key) {
        if let Some(entry) = fields.entries().iter().find(|entry| entry.key == key) {
            let message = format!("the step `{}` has no `{key}`", kind.name);
            report.error("spec::unknown-key", entry.key_span, &path, message);
        }
    }
    if let Some(required) = kind.required
        && !fields.entries().iter().any(|entry| entry.key == required)
    {
        let message = format!("the step `{}` needs `{required}`", kind.name);
        report.error("spec::missing-parameter", span, &path, message);
    }
    (report.error_count() == before).then_some(Step {
        kind: kind.name,
        class,
        columns,
        outputs,
        settings,
        limits,
    })
}

/// Limits of buckets; `-inf` and `inf` are numbers here.
fn read_limits(tree: &Tree, path: &str, report: &mut Report<'_>) -> Vec<String> {
    let limits: Vec<String> =
        fields::texts(tree, path, report).into_iter().map(|text| text.text).collect();
    let numbers: Option<Vec<f64>> = limits
        .iter()
        .map(|limit| match limit.as_str() {
            "-inf" => Some(f64::NEG_INFINITY),
            "inf" => Some(f64::INFINITY),
            limit => limit.parse().ok().filter(|_| Literal::is_number(limit)),
        })
        .collect();
    let rises = |numbers: &Vec<f64>| numbers.windows(2).all(|pair| pair[0] < pair[1]);
    if !numbers.is_some_and(|numbers| numbers.len() >= 3 && rises(&numbers)) {
        let message = "`splits` are three or more numbers, each larger than the one before";
        report.error("spec::ml-parameter", tree.span, path, message).hint =
            Some("for example `[-inf, 0, 10, inf]`".to_owned());
    }
    limits
}
