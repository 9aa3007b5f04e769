//! Bodies of the functions that make features, train, measure and predict.

use super::layout::Chain;
use super::literal::text;
use super::nodes::list;
use super::transforms::literal;
use crate::operation::ml::setting::Setting;
use crate::operation::ml::steps::Step;
use crate::operation::ml::{Evaluate, Task, Train};
use crate::operation::{Model, Operation};
use crate::spec::Spec;
use std::collections::{BTreeMap, BTreeSet};

/// The function that measures.
const METRICS: &str = include_str!("program/metrics.py");

/// The imports that the models of a job need, by module; empty without any.
pub(super) fn imports(spec: &Spec) -> String {
    let mut modules: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut import = |module: &str, class: &'static str| {
        let dot = if module.is_empty() { "" } else { "." };
        modules.entry(format!("pyspark.ml{dot}{module}")).or_default().insert(class);
    };
    for node in spec.nodes() {
        let (steps, measured) = match &node.operation {
            Operation::Features { steps } => (steps.as_slice(), None),
            Operation::Train(train) => {
                import("", "PipelineModel");
                import(train.algorithm.module, train.algorithm.class);
                if assembled(train).is_some() {
                    import("feature", "VectorAssembler");
                }
                (train.steps.as_slice(), Some((train.algorithm.task, &train.metrics)))
            }
            Operation::Evaluate(evaluate) => (&[][..], Some((evaluate.task, &evaluate.metrics))),
            Operation::Predict { .. } => {
                import("", "PipelineModel");
                continue;
            }
            _ => continue,
        };
        if !matches!(node.operation, Operation::Evaluate(_)) {
            import("", "Pipeline");
        }
        for step in steps {
            import("feature", step.class);
            if step.kind == "tf_idf" {
                import("feature", "IDF");
            }
        }
        let (task, metrics) = measured.map_or((Task::Items, &[][..]), |(t, m)| (t, m.as_slice()));
        for metric in task.metrics().filter(|metric| metrics.iter().any(|m| m == metric.name)) {
            import("evaluation", metric.evaluator);
        }
    }
    let mut lines = String::new();
    for (module, classes) in modules {
        let classes: Vec<&str> = classes.into_iter().collect();
        let line = format!("from {module} import {}", classes.join(", "));
        if super::layout::fits(&line, 0) {
            lines.push_str(&format!("{line}\n"));
        } else {
            let classes: String = classes.iter().map(|class| format!("    {class},\n")).collect();
            lines.push_str(&format!("from {module} import (\n{classes})\n"));
        }
    }
    lines
}

/// The function that measures, where something is measured.
pub(super) fn program(spec: &Spec) -> &'static str {
    let measures = |operation: &Operation| match operation {
        Operation::Train(train) => train.algorithm.task != Task::Items,
        operation => matches!(operation, Operation::Evaluate(_)),
    };
    if spec.nodes().iter().any(|node| measures(&node.operation)) { METRICS } else { "" }
}

pub(super) fn features(steps: &[Step], input: &str) -> String {
    let stages: Vec<String> = steps.iter().flat_map(stages).collect();
    format!("{}    return pipeline.fit({input}).transform({input})\n", pipeline(&stages))
}

pub(super) fn train(train: &Train, input: &str) -> String {
    let mut body = String::new();
    let (training, measured) = match &train.share {
        Some(share) => {
            let rest = rest_of(share);
            let seed = train.seed.as_ref().map(|seed| format!(", seed={seed}")).unwrap_or_default();
            body.push_str(&format!(
                "    training, held_out = {input}.randomSplit([{share}, {rest}]{seed})\n"
            ));
            ("training", "held_out")
        }
        None => (input, input),
    };
    let mut stages: Vec<String> = train.steps.iter().flat_map(stages).collect();
    let assembled = assembled(train);
    if let Some(name) = &assembled {
        let columns = list(&train.features);
        stages.push(format!("VectorAssembler(inputCols={columns}, outputCol={})", text(name)));
    }
    let features = assembled.unwrap_or_else(|| train.features.first().cloned().unwrap_or_default());
    let mut arguments = Vec::new();
    match train.algorithm.task {
        Task::Recommendation => {
            arguments.extend(train.label.iter().map(|label| format!("ratingCol={}", text(label))));
        }
        Task::Items => arguments.push(format!("itemsCol={}", text(&features))),
        _ => {
            arguments.push(format!("featuresCol={}", text(&features)));
            arguments.extend(train.label.iter().map(|label| format!("labelCol={}", text(label))));
        }
    }
    arguments.extend(train.settings.iter().map(setting));
    stages.push(format!("{}({})", train.algorithm.class, arguments.join(", ")));
    body.push_str(&pipeline(&stages));
    body.push_str(&format!("    model = pipeline.fit({training})\n"));
    if let Some((path, overwrites)) = &train.save {
        let overwrite = if *overwrites { ".overwrite()" } else { "" };
        body.push_str(&format!("    model.write(){overwrite}.save({})\n", text(path)));
    }
    if train.algorithm.task == Task::Items {
        body.push_str("    return model, model.stages[-1].associationRules\n");
        return body;
    }
    let label = train
        .label
        .as_deref()
        .or((train.algorithm.task == Task::Recommendation).then_some("rating"));
    let evaluators = Evaluators {
        task: train.algorithm.task,
        metrics: &train.metrics,
        label,
        prediction: "prediction",
        raw_prediction: "rawPrediction",
        features: &features,
    };
    body.push_str(&evaluators.dictionary());
    body.push_str(&format!(
        "    return model, metric_rows(model.transform({measured}), evaluators)\n"
    ));
    body
}

pub(super) fn evaluate(evaluate: &Evaluate, input: &str) -> String {
    let evaluators = Evaluators {
        task: evaluate.task,
        metrics: &evaluate.metrics,
        label: evaluate.label.as_deref(),
        prediction: &evaluate.prediction,
        raw_prediction: &evaluate.raw_prediction,
        features: &evaluate.features,
    };
    format!("{}    return metric_rows({input}, evaluators)\n", evaluators.dictionary())
}

/// `model` is the variable of a model that was trained here.
pub(super) fn predict(model: &Model, variable: &str, input: &str) -> String {
    match model {
        Model::Saved(path) => {
            let chain = Chain::new("return ", "PipelineModel").indented();
            let chain = chain.call("load", [text(path)]);
            chain.call("transform", [input.to_owned()]).to_lines()
        }
        Model::Trained(_) => format!("    return {variable}.transform({input})\n"),
    }
}

/// What measures, and the columns that it reads.
struct Evaluators<'e> {
    task: Task,
    metrics: &'e [String],
    label: Option<&'e str>,
    prediction: &'e str,
    raw_prediction: &'e str,
    features: &'e str,
}

impl Evaluators<'_> {
    fn dictionary(&self) -> String {
        let mut lines = "    evaluators = {\n".to_owned();
        for name in self.metrics {
            let Some(metric) = self.task.metrics().find(|metric| metric.name == name) else {
                continue;
            };
            let mut arguments: Vec<String> = Vec::new();
            arguments.extend(self.label.map(|label| format!("labelCol={}", text(label))));
            arguments.push(match metric.evaluator {
                "BinaryClassificationEvaluator" => {
                    format!("rawPredictionCol={}", text(self.raw_prediction))
                }
                _ => format!("predictionCol={}", text(self.prediction)),
            });
            if metric.evaluator == "ClusteringEvaluator" {
                arguments.push(format!("featuresCol={}", text(self.features)));
            }
            arguments.push(format!("metricName={}", text(metric.spark_name)));
            let one_line =
                format!("{}: {}({})", text(name), metric.evaluator, arguments.join(", "));
            if super::layout::fits(&one_line, 9) {
                lines.push_str(&format!("        {one_line},\n"));
            } else {
                let inner: String =
                    arguments.iter().map(|argument| format!("            {argument},\n")).collect();
                lines.push_str(&format!(
                    "        {}: {}(\n{inner}        ),\n",
                    text(name),
                    metric.evaluator
                ));
            }
        }
        lines.push_str("    }\n");
        lines
    }
}

/// The column that has to be assembled before the algorithm; `None` where a step made the one column that it reads.
fn assembled(train: &Train) -> Option<String> {
    let made = || train.steps.iter().flat_map(|step| &step.outputs);
    let is_ready = match train.features.as_slice() {
        [] => true,
        [only] => train.algorithm.task == Task::Items || made().any(|name| name == only),
        _ => false,
    };
    let is_taken = |name: &str| train.features.iter().chain(made()).any(|other| other == name);
    (!is_ready).then(|| {
        let name = if is_taken("features") { "assembled_features" } else { "features" };
        name.to_owned()
    })
}

/// What is left of 1, as people write it.
fn rest_of(share: &str) -> String {
    let rest = 1.0 - share.parse::<f64>().unwrap_or(0.0);
    let digits = share.split_once('.').map_or(1, |(_, digits)| digits.len());
    format!("{rest:.digits$}")
}

fn pipeline(stages: &[String]) -> String {
    let lines: String = stages
        .iter()
        .map(|stage| {
            if super::layout::fits(stage, 13) {
                return format!("            {stage},\n");
            }
            let (class, arguments) = stage.split_once('(').unwrap_or((stage, ")"));
            let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
            format!("            {class}(\n                {arguments},\n            ),\n")
        })
        .collect();
    format!("    pipeline = Pipeline(\n        stages=[\n{lines}        ]\n    )\n")
}

fn stages(step: &Step) -> Vec<String> {
    let one = |columns: &[String]| text(columns.first().map_or("", String::as_str));
    let of = |names: &[&str]| -> Vec<String> {
        step.settings.iter().filter(|(name, _)| names.contains(name)).map(setting).collect()
    };
    if step.kind == "tf_idf" {
        let output = step.outputs.first().cloned().unwrap_or_default();
        let counts = text(&format!("{output}_counts"));
        let mut hash =
            vec![format!("inputCol={}", one(&step.columns)), format!("outputCol={counts}")];
        hash.extend(of(&["numFeatures"]));
        let mut idf = vec![format!("inputCol={counts}"), format!("outputCol={}", text(&output))];
        idf.extend(of(&["minDocFreq"]));
        return vec![format!("HashingTF({})", hash.join(", ")), format!("IDF({})", idf.join(", "))];
    }
    let mut arguments = match step.class {
        "VectorAssembler" | "FeatureHasher" => vec![
            format!("inputCols={}", list(&step.columns)),
            format!("outputCol={}", one(&step.outputs)),
        ],
        "StringIndexer" | "OneHotEncoder" | "Imputer" => vec![
            format!("inputCols={}", list(&step.columns)),
            format!("outputCols={}", list(&step.outputs)),
        ],
        _ => vec![
            format!("inputCol={}", one(&step.columns)),
            format!("outputCol={}", one(&step.outputs)),
        ],
    };
    if !step.limits.is_empty() {
        let limits: Vec<String> = step
            .limits
            .iter()
            .map(|limit| match limit.as_str() {
                "-inf" | "inf" => format!("float({})", text(limit)),
                limit => limit.to_owned(),
            })
            .collect();
        arguments.insert(0, format!("splits=[{}]", limits.join(", ")));
    }
    arguments.extend(step.settings.iter().map(setting));
    vec![format!("{}({})", step.class, arguments.join(", "))]
}

fn setting((name, value): &Setting) -> String {
    format!("{name}={}", literal(value))
}
