//! Jobs that run an application of their own instead of a pipeline.

use crate::{check_spec, loaded, rendered};
use insta::assert_snapshot;
use tinderbox_model::Patch;
use tinderbox_spec::{
    ApplicationLanguage, application_conf, apply_patches, compile_pipelines, compile_pyspark,
    compile_sql, format_document, lint,
};

const PYTHON: &str = "name: nightly\ntype: batch\nparameters: {date: \"2026-11-20\"}\ncluster: {executor: {instances: 2, memory: 2g}}\napplication:\n  file: jobs/nightly.py\n  args: [--date, \"${param:date}\", 7, true]\n  files: conf/app.ini#app.ini\n  py_files: [lib/shared.zip, s3a://code/more.py]\n  jars: [lib/*.jar]\n  packages: [org.postgresql:postgresql:42.7.4]\nconfiguration:\n  sparkConf: {spark.sql.shuffle.partitions: 64, spark.jars: first.jar}\n  dependencies: [lib/extra.jar]\n";

const JAR: &str = "name: pi\napplication: {file: \"hdfs:///apps/pi.jar\", main_class: org.example.Main$Inner, args: \"1000\"}\n";

#[test]
fn a_python_program_with_everything_it_needs() {
    let spec = loaded(PYTHON).spec;
    let application = spec.application().expect("is one");
    assert_eq!(application.language, ApplicationLanguage::Python);
    assert_eq!(application.args, ["--date", "2026-11-20", "7", "true"]);
    assert!(spec.nodes().is_empty());
    let conf: Vec<String> =
        application_conf(&spec).iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_snapshot!(conf.join("\n"), @r"
    spark.app.name=nightly
    spark.executor.instances=2
    spark.executor.memory=2g
    spark.files=conf/app.ini#app.ini
    spark.jars=first.jar,lib/extra.jar,lib/*.jar
    spark.jars.packages=org.postgresql:postgresql:42.7.4
    spark.sql.shuffle.partitions=64
    spark.submit.pyFiles=lib/shared.zip,s3a://code/more.py
    ");
    let inputs: Vec<String> = spec.local_inputs().into_iter().map(|input| input.path).collect();
    assert_eq!(inputs, ["jobs/nightly.py", "conf/app.ini", "lib/shared.zip", "lib"]);
}

#[test]
fn a_jar_with_its_class() {
    let spec = loaded(JAR).spec;
    let application = spec.application().expect("is one");
    assert_eq!(application.language, ApplicationLanguage::Jvm);
    assert_eq!(application.main_class.as_deref(), Some("org.example.Main$Inner"));
    assert_eq!(application.args, ["1000"]);
    assert!(spec.local_inputs().is_empty(), "HDFS is not this machine");
    assert!(loaded("name: j\napplication: {file: j.jar}\n").warnings.is_empty());
    let streaming = loaded("name: j\ntype: streaming\napplication: {file: j.py}\n");
    assert!(streaming.warnings.is_empty(), "{:?}", streaming.warnings);
}

#[test]
fn lints_of_code_do_not_apply_and_those_of_the_cluster_do() {
    let text = format!("{JAR}cluster: {{executor: {{cores: 16, memory: 40g}}}}\n");
    let codes: Vec<&str> = lint(&loaded(&text).spec).into_iter().map(|found| found.code).collect();
    assert!(codes.contains(&"lint::executor-size"), "{codes:?}");
    assert_eq!(rendered(&lint(&loaded(JAR).spec), JAR), "nothing to say");
}

#[test]
fn nothing_is_compiled_and_it_is_said_so() {
    let spec = loaded(PYTHON).spec;
    let source = compile_pyspark(&spec).source;
    assert!(
        source.contains(
            "raise SystemExit(\"this job is an application: submit jobs/nightly.py itself\")"
        ),
        "{source}"
    );
    let sql = compile_sql(&spec).expect_err("no SQL");
    assert_snapshot!(rendered(&sql, PYTHON), @r"
    job.yaml:5:1: error[sql::not-expressible]: an application is no SQL
      |
    5 | application:
      | ^^^^^^^^^^^
      = field: application
      = hint: submit its file itself
    ");
    let pipelines = compile_pipelines(&spec, "file:///tmp/x").expect_err("no pipeline");
    assert_snapshot!(rendered(&pipelines, PYTHON), @r"
    job.yaml:5:1: error[pipelines::not-expressible]: an application is no pipeline
      |
    5 | application:
      | ^^^^^^^^^^^
      = field: application
      = hint: submit its file itself
    ");
}

#[test]
fn advice_patches_the_configuration_only() {
    let patch = |patch: Patch| apply_patches(JAR, &[patch]);
    let text = patch(Patch::Configuration {
        key: "spark.sql.shuffle.partitions".to_owned(),
        value: "32".to_owned(),
    })
    .expect("is applied");
    assert_eq!(loaded(&text).spec.conf()["spark.sql.shuffle.partitions"], "32");
    let refused = patch(Patch::NodeParameter {
        node: tinderbox_model::NodeId::new("join_1"),
        parameter: "hint".to_owned(),
        value: "broadcast".to_owned(),
    });
    assert!(refused.expect_err("no nodes").to_string().contains("no node `join_1`"));
}

#[test]
fn the_layout_keeps_it() {
    let text = "application: {args: [a,b], file: x.py}\nname: job # its name\n";
    let formatted = format_document(text).expect("can be laid out");
    assert_snapshot!(formatted, @r"
    name: job # its name

    application: {args: [a, b], file: x.py}
    ");
    assert_eq!(format_document(&formatted).expect("again"), formatted);
}

#[test]
fn what_is_wrong_with_an_application() {
    let text = "name: job\napplication:\n  mainClass: Main\n  main_class: 9Main\n  args: {a: b}\n  files: [\"a,b\", \"\"]\n  packages: [postgresql]\n  py_files: lib.tar\n";
    assert_snapshot!(check_spec(text), @r#"
    job.yaml:3:3: error[spec::missing-field]: the application has no `file`
      |
    3 |   mainClass: Main
      |   ^^^^^^^^^^^^^^^
      = field: application.file
      = hint: add `file: job.py` or `file: job.jar`

    job.yaml:3:3: error[spec::unknown-key]: `application` has no field `mainClass`
      |
    3 |   mainClass: Main
      |   ^^^^^^^^^
      = field: application.mainClass
      = hint: did you mean `main_class`?

    job.yaml:4:15: error[spec::wrong-value]: `9Main` is not the name of a class
      |
    4 |   main_class: 9Main
      |               ^^^^^
      = field: application.main_class
      = hint: with its package: `org.example.Main`

    job.yaml:5:9: error[spec::wrong-type]: `args` must be a text or a list of texts, not a block of keys
      |
    5 |   args: {a: b}
      |         ^^^^^^
      = field: application.args

    job.yaml:6:11: error[spec::dependency]: `a,b` has a comma, at which Spark splits `files`
      |
    6 |   files: ["a,b", ""]
      |           ^^^^^
      = field: application.files
      = hint: write a list: [a, b]

    job.yaml:6:18: error[spec::dependency]: an entry of `files` is empty
      |
    6 |   files: ["a,b", ""]
      |                  ^^
      = field: application.files
      = hint: remove it

    job.yaml:7:14: error[spec::dependency]: `postgresql` is not a package
      |
    7 |   packages: [postgresql]
      |              ^^^^^^^^^^
      = field: application.packages
      = hint: `group:artifact:version`, as in Maven

    job.yaml:8:13: error[spec::dependency]: `lib.tar` is nothing that Python imports from
      |
    8 |   py_files: lib.tar
      |             ^^^^^^^
      = field: application.py_files
      = hint: a path ending in .py, .zip, .egg or .whl
    "#);
}

#[test]
fn files_that_are_no_programs() {
    for (file, hint) in [
        ("job.R", "programs in R"),
        ("job.zip", "under `py_files`"),
        ("Main.scala", "build a jar"),
        ("job", "ends in .py or .jar"),
    ] {
        let said = check_spec(&format!("name: j\napplication: {{file: {file}}}\n"));
        assert!(
            said.contains("is neither a Python program nor a jar") && said.contains(hint),
            "{said}"
        );
    }
    let nothing = check_spec("name: j\napplication:\n");
    assert!(nothing.contains("spec::empty-pipeline"), "{nothing}");
    let text = check_spec("name: j\napplication: job.py\n");
    assert!(text.contains("must be a block of keys, not `job.py`"), "{text}");
}

#[test]
fn what_belongs_to_the_other_language() {
    let text = "name: job\napplication: {file: a.py, main_class: a.B}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:2:39: error[spec::application]: `main_class` is for a jar; this application is a Python program
      |
    2 | application: {file: a.py, main_class: a.B}
      |                                       ^^^
      = field: application.main_class
      = hint: remove it
    ");
    let text = "name: job\napplication: {file: a.jar, py_files: [b.py]}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:2:39: error[spec::application]: `py_files` are for Python; this application is a jar
      |
    2 | application: {file: a.jar, py_files: [b.py]}
      |                                       ^^^^
      = field: application.py_files
      = hint: give what it reads under `files`, and what it calls under `jars`
    ");
}

#[test]
fn an_application_beside_a_pipeline_and_its_sections() {
    let text = "name: job\napplication: {file: a.py}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parqet, path: out}]\nudfs: {f: {file: f.py, function: f, returns: int}}\n";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:2:1: error[spec::application]: a job has a `pipeline` or an `application`, not both
      |
    2 | application: {file: a.py}
      | ^^^^^^^^^^^
      = field: application
      = hint: make two jobs of it

    job.yaml:5:18: error[spec::unknown-type]: there is no sink of type `parqet`
      |
    5 |   sinks: [{type: parqet, path: out}]
      |                  ^^^^^^
      = field: pipeline.sinks[0].type
      = hint: did you mean `parquet`?

    job.yaml:6:1: error[spec::application]: `udfs` is for the nodes of a pipeline; an application has none
      |
    6 | udfs: {f: {file: f.py, function: f, returns: int}}
      | ^^^^
      = field: udfs
      = hint: remove it
    ");
}

#[test]
fn secrets_stay_out_of_applications() {
    let text = "name: job\napplication: {file: a.py, args: [\"${secret:TOKEN}\"]}\nconfiguration: {sparkConf: {spark.hadoop.fs.s3a.secret.key: \"${secret:KEY}\"}}\n";
    assert_snapshot!(check_spec(text), @r#"
    job.yaml:2:34: error[spec::secret-at-launch]: `args` stands on a command line, so it cannot hold a secret
      |
    2 | application: {file: a.py, args: ["${secret:TOKEN}"]}
      |                                  ^^^^^^^^^^^^^^^^^
      = field: application.args
      = hint: let the application read it from its own environment or a file

    job.yaml:3:61: error[spec::secret-at-launch]: `spark.hadoop.fs.s3a.secret.key` holds a secret, which only a compiled pipeline looks up
      |
    3 | configuration: {sparkConf: {spark.hadoop.fs.s3a.secret.key: "${secret:KEY}"}}
      |                                                             ^^^^^^^^^^^^^^^
      = field: configuration.sparkConf.spark.hadoop.fs.s3a.secret.key
      = hint: let the application set it from its own environment
    "#);
}
