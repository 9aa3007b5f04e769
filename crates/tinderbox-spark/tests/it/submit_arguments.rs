//! Command lines of `spark-submit`, read by us and by Spark itself.
#![allow(clippy::print_stdout, reason = "says why a test was not run")]
#![allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tinderbox_spark::{
    DeployMode, ProgramKind, SubmitAction, SubmitArguments, SubmitError, parse_properties,
};

/// Files of properties that lines name as `@1` and `@2`.
const FILES: [&str; 2] = [
    "# a comment\n! another\nspark.executor.memory 3g\nspark.a=1\n  spark.b : two words  \nspark.c = x \\\n    y\nspark.d\\ e=k\\u00e4\\n\nnot.spark 1\nspark.app.name=from file\nspark.jars = file:/f.jar\nspark.empty\nspark.path=c:\\\\x\\q\nspark.master\tspark://m:1\nspark.a=2\n",
    "spark.a 9\r\nspark.z z\r\nspark.cont one,\\\r\n two\r\n",
];

/// Command lines that are read, words split at blanks; `_` is a blank in a word, `%` an empty word.
const SOUND: &[&str] = &[
    "/x/a.py",
    "--master local[2] --name n /x/a.py 1 two_words --name x",
    "--master=spark://h:7077 --deploy-mode=cluster --class o.M --supervise /x/a.jar -v --help",
    "--class o.M /x/a.jar",
    "--conf spark.x=1 -c spark.y=a=b --conf=spark.z=2 --conf spark.x=3 --conf other=1 --conf spark.e= /x/a.py",
    "--conf spark.executor.memory=1g --executor-memory 2g --executor-memory 4g /x/a.py",
    "--conf spark.executor.cores=3 --conf spark.executor.instances=2 --conf spark.cores.max=9 /x/a.py",
    "--executor-cores 2 --total-executor-cores 8 --num-executors 4 --driver-cores 2 --driver-memory 512m /x/a.jar",
    "--driver-java-options -Dx=1_-Dy=2 --driver-library-path /l --driver-class-path /c:/d /x/a.py",
    "--jars file:/j1.jar,file:/j2.jar --py-files file:/p.zip --files file:/f.txt#g --archives file:/a.tgz#b /x/a.py",
    "--packages a:b:1,c:d:2 --exclude-packages e:f --repositories https://r/m2 /x/a.py",
    "--queue q --principal p@R --keytab /k.keytab /x/a.py",
    "--queue q --proxy-user u /x/a.py",
    "--class --master /x/a.jar --verbose",
    "-v --verbose=true --supervise=no /x/a.py",
    "--name --name /x/a.py",
    "--properties-file @1 /x/a.py",
    "--properties-file @1 --conf spark.a=7 --executor-memory 5g --name mine /x/a.py",
    "--properties-file @1 --properties-file @2 /x/a.py",
    "--master spark://h:6066 --kill driver-1",
    "--master spark://h:6066 --status driver-1",
    "--conf spark.dynamicAllocation.enabled=true --num-executors 0 /x/a.py",
    "--conf spark.submit.deployMode=cluster --conf spark.master=k8s://https://x:1 /x/a.py",
    "--remote sc://h:15002 /x/a.py",
    "--driver-memory 1G --executor-memory 7 /x/a.py % last",
];

/// Command lines that only Spark 4.3 knows.
const SOUND_FROM_4: &[&str] = &[
    "--properties-file @1 --extra-properties-file @2 /x/a.py",
    "--extra-properties-file @2 --extra-properties-file @1 /x/a.py",
    "--load-spark-defaults /x/a.py",
];

/// Command lines that Spark refuses, with a word of its message and one of ours.
const REFUSED: &[(&str, &str, &str)] = &[
    ("--exectuor-memory 1g /x/a.py", "Unrecognized option", "no option of spark-submit"),
    ("--nmae=x /x/a.py", "Unrecognized option '--nmae'", "`--nmae` is no option"),
    ("--name= /x/a.py", "Unrecognized option '--name='", "`--name=` is no option"),
    ("-x /x/a.py", "Unrecognized option", "`-x` is no option"),
    ("--conf spark.x /x/a.py", "without '='", "has no `=`"),
    ("--master", "Missing argument for option '--master'", "`--master` has no value"),
    ("--master local", "Must specify a primary resource", "no program"),
    ("--kill a --status b", "Action cannot be", "cannot stand together"),
    ("--executor-memory 0 /x/a.py", "Executor memory must be", "spark.executor.memory"),
    ("--driver-memory 1.5g /x/a.py", "Driver memory must be", "spark.driver.memory"),
    ("--executor-memory many /x/a.py", "Executor memory must be", "spark.executor.memory"),
    ("--executor-cores 0 /x/a.py", "Executor cores must be", "spark.executor.cores"),
    ("--total-executor-cores -1 /x/a.py", "Total executor cores must be", "spark.cores.max"),
    ("--num-executors two /x/a.py", "Number of executors must be", "spark.executor.instances"),
    ("--proxy-user u --principal p /x/a.py", "Only one of", "cannot stand together"),
];

fn words(line: &str, files: &[PathBuf]) -> Vec<String> {
    line.split(' ')
        .map(|word| match word {
            "%" => String::new(),
            "@1" => files[0].display().to_string(),
            "@2" => files[1].display().to_string(),
            word => word.replace('_', " "),
        })
        .collect()
}

fn parse(words: &[String]) -> Result<SubmitArguments, SubmitError> {
    SubmitArguments::parse(words)
}

/// What we make of a line, as Spark tells what it makes of it.
fn ours(words: &[String]) -> Result<Value, String> {
    let read = parse(words).map_err(|error| error.to_string())?;
    let texts: Vec<String> =
        read.properties_files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    match &read.action {
        SubmitAction::Kill(id) => {
            return Ok(serde_json::json!({"action": "KILL", "submissionToKill": id}));
        }
        SubmitAction::Status(id) => {
            return Ok(
                serde_json::json!({"action": "REQUEST_STATUS", "submissionToRequestStatusFor": id}),
            );
        }
        _ => {}
    }
    let request = read.request(&texts).map_err(|errors| errors[0].to_string())?;
    let property = |name: &str| request.conf.get(name).cloned();
    Ok(serde_json::json!({
        "action": "SUBMIT",
        "master": request.master,
        "deployMode": (request.deploy_mode == DeployMode::Cluster).then_some("cluster"),
        "executorMemory": property("spark.executor.memory"),
        "executorCores": property("spark.executor.cores"),
        "totalExecutorCores": property("spark.cores.max"),
        "driverMemory": property("spark.driver.memory"),
        "driverCores": property("spark.driver.cores"),
        "driverExtraClassPath": property("spark.driver.extraClassPath"),
        "driverExtraLibraryPath": property("spark.driver.extraLibraryPath"),
        "driverExtraJavaOptions": property("spark.driver.extraJavaOptions"),
        "queue": property("spark.yarn.queue"),
        "numExecutors": property("spark.executor.instances"),
        "files": property("spark.files"),
        "pyFiles": property("spark.submit.pyFiles"),
        "archives": property("spark.archives"),
        "mainClass": request.main_class,
        "primaryResource": format!("file:{}", request.application),
        "name": request.name,
        "jars": property("spark.jars"),
        "packages": property("spark.jars.packages"),
        "packagesExclusions": property("spark.jars.excludes"),
        "repositories": property("spark.jars.repositories"),
        "proxyUser": request.proxy_user,
        "principal": property("spark.kerberos.principal"),
        "keytab": property("spark.kerberos.keytab"),
        "submissionToKill": null,
        "submissionToRequestStatusFor": null,
        "args": request.args,
        "supervise": request.supervise,
        "conf": request.conf,
    }))
}

/// Asks the Spark of an environment; `None` where there is none and none is required.
fn spark_says(variable: &str, lines: &[Vec<String>], folder: &Path) -> Option<Vec<Value>> {
    let environment = std::env::var(variable).ok().filter(|path| Path::new(path).is_dir());
    let Some(environment) = environment else {
        assert!(std::env::var("TINDERBOX_REQUIRE_ALL").is_err(), "{variable} names no Spark");
        println!("not run: {variable} names no Spark");
        return None;
    };
    let file = folder.join(format!("{variable}.jsonl"));
    let mut out = std::fs::File::create(&file).unwrap();
    for line in lines {
        writeln!(out, "{}", serde_json::to_string(line).unwrap()).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/submit_arguments.py");
    let output = Command::new(Path::new(&environment).join("bin/python"))
        .args([&script, &file])
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env_remove("SPARK_HOME")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let answers: Vec<Value> = text
        .lines()
        .filter_map(|line| Some(serde_json::from_str(line.strip_prefix("ANSWER ")?).unwrap()))
        .collect();
    assert_eq!(answers.len(), lines.len(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(answers)
}

fn compare(variable: &str, from_4: bool) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files: Vec<PathBuf> = (0..2).map(|at| folder.join(format!("{at}.conf"))).collect();
    for (file, text) in files.iter().zip(FILES) {
        std::fs::write(file, text).unwrap();
    }
    let later: &[&str] = if from_4 { SOUND_FROM_4 } else { &[] };
    let sound: Vec<&str> = SOUND.iter().chain(later).copied().collect();
    let all = sound.iter().copied().chain(REFUSED.iter().map(|(line, ..)| *line));
    let lines: Vec<Vec<String>> = all.map(|line| words(line, &files)).collect();
    let answers = spark_says(variable, &lines, folder);
    let checked = answers.iter().flatten().zip(&lines).enumerate();
    for (at, (theirs, line)) in checked {
        let mine = ours(line);
        let Some(at) = at.checked_sub(sound.len()) else {
            compare_sound(
                line,
                mine.as_ref().unwrap_or_else(|error| panic!("{line:?}: {error}")),
                theirs,
            );
            continue;
        };
        let (_, their_word, our_word) = REFUSED[at];
        let error = theirs["error"].as_str().unwrap_or_else(|| panic!("{line:?}: {theirs}"));
        assert!(error.contains(their_word), "{line:?}: {error}");
        let mine = mine.expect_err("Spark refuses it");
        assert!(mine.contains(our_word), "{line:?}: {mine}");
    }
}

fn compare_sound(line: &[String], mine: &Value, theirs: &Value) {
    assert!(theirs.get("error").is_none(), "{line:?}: {theirs}");
    assert_eq!(mine["action"], theirs["action"], "{line:?}");
    for (field, mine) in mine.as_object().unwrap() {
        let mut theirs = theirs[field].clone();
        match field.as_str() {
            // Spark's default, which we leave to who submits.
            "master" if mine.is_null() && theirs == "local[*]" => continue,
            // Their properties are those that flags do not set, with names in them that we keep apart.
            "conf" => {
                for (key, value) in theirs.as_object().unwrap() {
                    let is_apart = ["spark.master", "spark.app.name", "spark.submit.deployMode"];
                    if !is_apart.contains(&key.as_str()) && !is_overridden(key, line) {
                        assert_eq!(&mine[key], value, "{line:?}: {key}");
                    }
                }
                continue;
            }
            "deployMode" if theirs == "client" => theirs = Value::Null,
            _ => {}
        }
        assert_eq!(mine, &theirs, "{line:?}: {field}");
    }
}

fn is_overridden(key: &str, line: &[String]) -> bool {
    key == "spark.executor.memory" && line.iter().any(|word| word == "--executor-memory")
}

#[test]
fn real_spark_3_5_reads_command_lines_alike() {
    compare("TINDERBOX_SPARK_3_5", false);
}

#[test]
fn real_spark_4_reads_command_lines_alike() {
    compare("TINDERBOX_SPARK_4", true);
}

#[test]
fn unknown_options_are_told_with_the_nearest() {
    for (wrong, right) in [
        ("--exectuor-memory", "--executor-memory"),
        ("--num-executor", "--num-executors"),
        ("--pyfiles", "--py-files"),
        ("--DRIVER-MEMORY", "--driver-memory"),
        ("--verbos", "--verbose"),
    ] {
        let error = parse(&[wrong.to_owned()]).unwrap_err();
        assert!(error.hint().contains(&format!("`{right}`")), "{wrong}: {}", error.hint());
    }
    let error = parse(&["--frobnicate-all-the-things".to_owned()]).unwrap_err();
    assert!(error.hint().contains("spark-submit --help"), "{}", error.hint());
}

#[test]
fn help_and_version_end_the_reading() {
    for (line, action) in [
        ("--help --nonsense", SubmitAction::Help),
        ("-h", SubmitAction::Help),
        ("--master local --version", SubmitAction::Version),
    ] {
        assert_eq!(parse(&words(line, &[])).unwrap().action, action, "{line}");
    }
}

#[test]
fn everything_wrong_with_a_request_is_told_at_once() {
    let line = "--master local[2] --deploy-mode clutser --remote sc://h --executor-cores 0 --driver-memory x job.R";
    let errors = parse(&words(line, &[])).unwrap().request(&[]).unwrap_err();
    let told: Vec<String> =
        errors.iter().map(|error| format!("{error}; {}", error.hint())).collect();
    assert_eq!(
        told,
        [
            "`job.R` is neither a Python program nor a jar; a path or an address that ends in .py or .jar; programs in R are not run",
            "`spark.driver.memory` takes a size such as `512m` or `2g`, not `x`; give a size such as `512m` or `2g`",
            "`spark.executor.cores` takes a whole number from 1, not `0`; give a whole number from 1",
            "`--master` and `--remote` cannot stand together; remove `--master` or the other",
            "`spark.submit.deployMode` takes `client` or `cluster`, not `clutser`; `client`: the driver runs here; `cluster`: it runs there",
        ]
    );
    let line = "--deploy-mode cluster --master local a.jar";
    let errors = parse(&words(line, &[])).unwrap().request(&[]).unwrap_err();
    assert!(matches!(&errors[..], [SubmitError::ClusterModeOnLocal { .. }]), "{errors:?}");
}

#[test]
fn what_is_not_sparks_is_named_and_left_out() {
    let line = "--conf other.key=1 --conf spark.x=1 a.jar";
    let request = parse(&words(line, &[])).unwrap().request(&["more 2\n"]).unwrap();
    assert_eq!(request.ignored, ["more", "other.key"]);
    assert_eq!(request.kind, ProgramKind::Jar);
    assert_eq!(request.conf.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_command_line_and_no_file_panics(words in proptest::collection::vec(".{0,12}|--[a-z-]{0,16}=?.{0,4}", 0..8), file in ".{0,200}|(?s).{0,80}\\\\(?s).{0,40}") {
        let _ = parse_properties(&file);
        if let Ok(read) = SubmitArguments::parse(&words) {
            let _ = read.request(&[&file]);
        }
    }
}
