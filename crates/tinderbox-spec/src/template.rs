/// A small document to begin with, which [`crate::load`] takes, of a job with this name.
pub fn new_document(name: &str) -> String {
    let quoted = name.replace('\'', "\'\'");
    let name: String = quoted.chars().filter(|c| !c.is_control()).collect();
    format!(
        "\
# tinderbox spec components         lists what can stand under `type`
# tinderbox check FILE              finds mistakes before anything runs
# tinderbox run FILE                runs it on local Spark

version: 1
name: '{name}'
type: batch

# Values to change for one run: tinderbox run FILE --set input=other.csv
parameters:
  input: data/input.csv

pipeline:
  sources:
    - id: input
      type: csv
      path: ${{param:input}}
      schema: id BIGINT, name STRING, amount DOUBLE
      options: {{header: true}}

  # A node reads the node before it, unless `input` says otherwise.
  transformations:
    - id: whole
      type: drop_nulls

  sinks:
    - type: parquet
      path: out/result
      mode: overwrite
"
    )
}
