//! Machine learning.

use super::Component;
use super::NodeKind::Transformation;
use super::ParameterType::{LiteralByName, OneOf, Steps, Text, Texts};
use super::parameter::{ONE, optional, required, with_default};
use crate::operation::ml::{self, Task, algorithms};

pub(super) static ML: &[Component] = &[
    Component {
        name: "features",
        kind: Transformation,
        purpose: "Makes columns to learn from, step by step.",
        parameters: &[required("steps", Steps, "the steps, each `name: {parameters}`")],
        inputs: ONE,
        example: "{type: features, steps: [{index: {columns: [kind]}}, {assemble: {columns: [kind_index, amount], as: features}}]}",
        build: ml::features,
    },
    Component {
        name: "train",
        kind: Transformation,
        purpose: "Trains a model; its rows are the model's metrics, those of `fp_growth` its rules.",
        parameters: &[
            required("algorithm", OneOf(algorithms::ALGORITHM_NAMES), "what is trained"),
            optional(
                "task",
                OneOf(Task::WORDS),
                "what it is for, where the algorithm does several",
            ),
            optional("steps", Steps, "steps before it, which become part of the model"),
            optional(
                "features",
                Texts,
                "columns that it learns from: numbers, vectors, or what a step made",
            ),
            optional("label", Text, "the column that it learns; of `als` the rating"),
            optional("params", LiteralByName, "parameters of the algorithm by Spark's own names"),
            with_default(
                "split",
                LiteralByName,
                "all rows, on which it is measured too",
                "`train`: share of rows to learn from, measured on the others; `seed`",
            ),
            optional("save", LiteralByName, "`path` of the model; `mode`: error or overwrite"),
            optional("metrics", Texts, "what is measured"),
        ],
        inputs: ONE,
        example: "{type: train, algorithm: linear_regression, features: [rooms, size], label: price, split: {train: 0.8, seed: 1}, save: {path: models/price, mode: overwrite}}",
        build: ml::train,
    },
    Component {
        name: "evaluate",
        kind: Transformation,
        purpose: "Measures predictions; a row for each metric.",
        parameters: &[
            required("task", OneOf(Task::WORDS), "whose metrics"),
            optional("metrics", Texts, "what is measured"),
            optional("label", Text, "column with the truth"),
            with_default("prediction", Text, "prediction", "column with predictions"),
            with_default(
                "raw_prediction",
                Text,
                "rawPrediction",
                "column with a classifier's confidence",
            ),
            with_default("features", Text, "features", "column with the vectors of clusters"),
        ],
        inputs: ONE,
        example: "{type: evaluate, task: regression, label: price, metrics: [rmse, r2]}",
        build: ml::evaluate,
    },
    Component {
        name: "predict",
        kind: Transformation,
        purpose: "Adds the predictions of a model.",
        parameters: &[required(
            "model",
            Text,
            "id of a `train` node, or the path of a saved model, with a `/` in it",
        )],
        inputs: ONE,
        example: "{type: predict, model: models/price}",
        build: ml::predict,
    },
];
