//! Sources and sinks on real Spark against real servers, with the connectors that the compiler chooses.
//!
//! Two runs for each Spark: one writes everywhere, the other one reads it all back.

mod servers;

use crate::place::{Place, Spark, part_of_today};
use crate::transformations::assert_rows;
use serde_json::{Value, json};
use servers::{Azurite, Gcs, Hdfs, Kafka, MariaDb, Pages, PostgreSql, S3};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Formats and codecs, in the document's words, that are written and read back.
const FILES: &[(&str, &[&str])] = &[
    ("parquet", &["none", "snappy", "gzip", "zstd", "lz4", "lz4_raw"]),
    ("orc", &["none", "snappy", "gzip", "zstd", "lz4"]),
    ("avro", &["none", "snappy", "deflate", "bzip2", "xz", "zstd"]),
    ("csv", &["none", "gzip", "bzip2", "deflate", "snappy", "lz4"]),
    ("json", &["none", "gzip", "bzip2", "deflate", "snappy", "lz4"]),
    ("xml", &["none", "gzip", "bzip2", "deflate", "snappy", "lz4"]),
    ("text", &["none", "gzip", "bzip2", "deflate", "snappy", "lz4"]),
];

const ROWS: &str = "SELECT * FROM VALUES (1L, 'Jürgen', 2.5D), (2L, '日本', -1.0D), (3L, CAST(NULL AS STRING), 0.0D) AS t(id, name, amount)";
const SCHEMA: &str = "id BIGINT, name STRING, amount DOUBLE";
const AVRO: &str = r#"{"type": "record", "name": "topLevelRecord", "fields": [{"name": "id", "type": "long"}, {"name": "name", "type": ["string", "null"]}, {"name": "amount", "type": "double"}]}"#;

/// Of Azurite's account, as Hadoop's connector names the emulator's.
const AZURE: &str = "wasb://data@devstoreaccount1/rows";

/// The formats and codecs of today.
fn files() -> Vec<(&'static str, &'static str)> {
    let all =
        FILES.iter().flat_map(|(format, codecs)| codecs.iter().map(|codec| (*format, *codec)));
    part_of_today(all.collect(), 3)
}

fn rows() -> Vec<Value> {
    vec![
        json!({"id": 1, "name": "Jürgen", "amount": 2.5}),
        json!({"id": 2, "name": "日本", "amount": -1.0}),
        json!({"id": 3, "amount": 0.0}),
    ]
}

/// The servers of a run; `None` where one is missing and that is allowed.
struct Servers {
    postgresql: PostgreSql,
    mariadb: MariaDb,
    kafka: Kafka,
    s3: S3,
    hdfs: Hdfs,
    pages: Pages,
    _azurite: Azurite,
}

impl Servers {
    /// All at once: each waits a good part of its start.
    fn start() -> Option<Self> {
        thread::scope(|scope| {
            let postgresql = scope.spawn(PostgreSql::start);
            let mariadb = scope.spawn(MariaDb::start);
            let kafka = scope.spawn(Kafka::start);
            let s3 = scope.spawn(|| S3::start("data"));
            let hdfs = scope.spawn(Hdfs::start);
            let azurite = scope.spawn(Azurite::start);
            Some(Self {
                postgresql: postgresql.join().unwrap()?,
                mariadb: mariadb.join().unwrap()?,
                kafka: kafka.join().unwrap()?,
                s3: s3.join().unwrap()?,
                hdfs: hdfs.join().unwrap()?,
                pages: Pages::start(),
                _azurite: azurite.join().unwrap()?,
            })
        })
    }

    fn postgresql(&self) -> String {
        format!(
            "type: postgresql, host: 127.0.0.1, port: {}, database: postgres, user: postgres",
            self.postgresql.port
        )
    }

    fn mysql(&self) -> String {
        format!("type: mysql, url: 'jdbc:mysql://127.0.0.1:{}/sales', user: etl", self.mariadb.port)
    }

    fn kafka(&self) -> String {
        format!("type: kafka, servers: '127.0.0.1:{}'", self.kafka.port)
    }

    fn s3(&self) -> String {
        format!("type: s3, endpoint: 'http://127.0.0.1:{}', path_style: true", self.s3.port)
    }
}

/// What stands in both documents.
fn head(name: &str, version: &str, connectors: &str) -> String {
    format!(
        "name: {name}\ncluster: {{version: \"{version}\"}}\nconfiguration:\n  sparkConf:\n    spark.jars.ivy: {connectors}\n    spark.sql.shuffle.partitions: 2\n    spark.ui.enabled: false\n    spark.hadoop.fs.s3a.aws.credentials.provider: org.apache.hadoop.fs.s3a.AnonymousAWSCredentialsProvider\n    spark.hadoop.fs.s3a.acl.default: PublicReadWrite\n    spark.hadoop.fs.azure.storage.emulator.account.name: devstoreaccount1\n    spark.sql.session.timeZone: UTC\npipeline:\n"
    )
}

fn writing(servers: &Servers, version: &str, connectors: &str) -> String {
    let mut text = head("writing", version, connectors);
    writeln!(text, "  transformations:\n    - {{id: rows, type: sql, query: \"{ROWS}\"}}\n    - {{id: names, type: select, input: rows, columns: ['coalesce(name, string(id)) AS value']}}\n  sinks:").unwrap();
    let mut sink = |node: String| writeln!(text, "    - {{{node}}}").unwrap();
    for (format, codec) in files() {
        let (input, options) = match format {
            "text" => ("names", ""),
            "csv" => ("rows", ", options: {header: true}"),
            _ => ("rows", ""),
        };
        sink(format!(
            "type: {format}, input: {input}, path: files/{format}-{codec}, compression: {codec}{options}"
        ));
    }
    let postgresql = servers.postgresql();
    sink(format!(
        "{postgresql}, input: rows, table: rows, batch_size: 2, isolation_level: SERIALIZABLE"
    ));
    sink(format!("{}, input: rows, table: parts, mode: overwrite", servers.mysql()));
    let kafka = servers.kafka();
    sink(format!("{kafka}, input: rows, topic: rows, key: id"));
    sink(format!("{kafka}, input: rows, topic: records, value_format: avro"));
    sink(format!("{kafka}, input: names, topic: names, value: upper(value)"));
    sink(format!(
        "{}, input: rows, format: csv, path: 's3a://data/rows', options: {{header: true}}",
        servers.s3()
    ));
    sink(format!(
        "type: hdfs, input: rows, format: parquet, path: 'hdfs://127.0.0.1:{}/rows'",
        servers.hdfs.port
    ));
    // Neither Delta Lake nor Iceberg has a package for Spark 4.3, and Hadoop 3.5 no longer speaks wasb.
    if version == "3.5" {
        sink("type: delta, input: rows, path: delta, partition_by: [id]".to_owned());
        sink(format!("type: azure, input: rows, format: parquet, path: '{AZURE}'"));
        sink("type: iceberg, input: rows, table: sales.rows, warehouse: warehouse, mode: overwrite, compression: zstd".to_owned());
    }
    sink("type: table, input: rows, table: bucketed, mode: overwrite, bucket_by: [id], buckets: 2, sort_by: [id]".to_owned());
    text
}

/// What is read: id, node, rows.
fn reading(servers: &Servers, version: &str) -> Vec<(String, String, Vec<Value>)> {
    let mut cases: Vec<(String, String, Vec<Value>)> = Vec::new();
    let mut case = |id: &str, node: String, rows: Vec<Value>| {
        cases.push((id.to_owned(), node, rows));
    };
    for (format, codec) in files() {
        let more = match format {
            "csv" => format!(", schema: '{SCHEMA}', options: {{header: true}}"),
            "json" => format!(", schema: '{SCHEMA}'"),
            "xml" => format!(", schema: '{SCHEMA}', options: {{rowTag: row}}"),
            _ => String::new(),
        };
        let expected = match format {
            "text" => ["Jürgen", "日本", "3"].iter().map(|v| json!({"value": v})).collect(),
            _ => rows(),
        };
        let node = format!("type: {format}, path: files/{format}-{codec}{more}");
        case(&format!("{format}_{codec}"), node, expected);
    }
    let postgresql = servers.postgresql();
    case(
        "postgresql",
        format!(
            "{postgresql}, table: rows, partition_column: id, lower_bound: 1, upper_bound: 4, partitions: 2, fetch_size: 2"
        ),
        rows(),
    );
    case(
        "postgresql_query",
        format!("{postgresql}, query: SELECT count(*) AS n FROM rows"),
        vec![json!({"n": 3})],
    );
    case("mysql", format!("{}, table: parts", servers.mysql()), rows());
    let kafka = servers.kafka();
    case("kafka_json", format!("{kafka}, topics: rows, schema: '{SCHEMA}'"), rows());
    case(
        "kafka_avro",
        format!("{kafka}, topics: [records], value: avro, schema: '{AVRO}'"),
        rows(),
    );
    let upper: Vec<Value> =
        ["JÜRGEN", "日本", "3"].iter().map(|name| json!({"value": name})).collect();
    case("kafka_text", format!("{kafka}, pattern: 'nam.*', value: text"), upper.clone());
    case(
        "event_hubs",
        format!(
            "type: event_hubs, namespace: none, hub: names, servers: '127.0.0.1:{}', value: text",
            servers.kafka.port
        ),
        upper,
    );
    case(
        "s3",
        format!(
            "{}, format: csv, path: 's3://data/rows', schema: '{SCHEMA}', options: {{header: true}}",
            servers.s3()
        ),
        rows(),
    );
    case(
        "hdfs",
        format!("type: hdfs, format: parquet, path: 'hdfs://127.0.0.1:{}/rows'", servers.hdfs.port),
        rows(),
    );
    if version == "3.5" {
        case("delta", "type: delta, path: delta".to_owned(), rows());
        case("azure", format!("type: azure, format: parquet, path: '{AZURE}'"), rows());
        let node = "type: iceberg, table: sales.rows, warehouse: warehouse";
        case("iceberg", node.to_owned(), rows());
    }
    let all: Vec<Value> = (0..5).map(|id| json!({"id": id})).collect();
    let http = |path: &str, more: &str| {
        format!(
            "type: http, url: 'http://127.0.0.1:{}/{path}', headers: {{X-Version: 1}}, {more}",
            servers.pages.port
        )
    };
    case(
        "http_page",
        http("page", "records: data.items, paging: page, page_size: 2, schema: 'id BIGINT'"),
        all.clone(),
    );
    case(
        "http_offset",
        http("offset", "records: data.items, paging: offset, page_size: 2"),
        all.clone(),
    );
    case(
        "http_cursor",
        http(
            "cursor",
            "records: data.items, paging: cursor, cursor_path: meta.next, schema: 'id BIGINT'",
        ),
        all.clone(),
    );
    case("http_link", http("link", "paging: link, schema: 'id BIGINT'"), all);
    case(
        "http_most",
        http(
            "page",
            "records: data.items, paging: page, max_pages: 1, page_size: 2, schema: 'id BIGINT'",
        ),
        vec![json!({"id": 0}), json!({"id": 1})],
    );
    case(
        "logs",
        "type: logs, path: access.log.gz, pattern: common".to_owned(),
        vec![
            json!({"host": "10.0.0.1", "identity": "-", "user": "ann", "time": "26/Nov/2026:10:00:00 +0000", "request": "GET /a HTTP/1.1", "status": "200", "bytes": "17"}),
            json!({"_unparsed": "no line of this kind"}),
        ],
    );
    case(
        "own_logs",
        r"type: logs, path: access.log.gz, pattern: '^(?P<host>\S+) (?:\S+) (?<user>\S+) \[', unparsed: drop".to_owned(),
        vec![json!({"host": "10.0.0.1", "user": "ann"})],
    );
    case(
        "nested",
        "type: json, path: nested.json, options: {multiLine: true}, schema: 'a STRUCT<b: ARRAY<INT>>'".to_owned(),
        vec![json!({"a": {"b": [1, 2]}})],
    );
    cases
}

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4,
    0x89, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xfc, 0xcf, 0xc0, 0x50,
    0x0f, 0x00, 0x04, 0x85, 0x01, 0x80, 0x84, 0xa9, 0x8c, 0x21, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

fn write_files(place: &Place, spark: &Spark) {
    place.write("nested.json", "{\n  \"a\": {\"b\": [1,\n 2]}\n}\n");
    std::fs::create_dir(place.path("media")).unwrap();
    std::fs::write(place.path("media/pixel.PNG"), PIXEL).unwrap();
    std::fs::write(place.path("media/song.mp3"), b"ID3").unwrap();
    std::fs::write(place.path("media/film.mp4"), b"ftyp").unwrap();
    let program = "import gzip, sys; gzip.open(sys.argv[1], 'wt').write(sys.argv[2])";
    let lines = "10.0.0.1 - ann [26/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 17\nno line of this kind\n";
    let status = std::process::Command::new(spark.python())
        .args(["-c", program])
        .arg(place.path("access.log.gz"))
        .arg(lines)
        .status();
    assert!(status.unwrap().success());
}

/// Cases with a node between source and sink: source, columns, rows.
fn of_media() -> Vec<(&'static str, &'static str, &'static str, Vec<Value>)> {
    vec![
        (
            "media",
            "type: binary, path: media",
            "[length, media_type, 'length(content) AS bytes']",
            vec![
                json!({"length": PIXEL.len(), "media_type": "image/png", "bytes": PIXEL.len()}),
                json!({"length": 3, "media_type": "audio/mpeg", "bytes": 3}),
                json!({"length": 4, "media_type": "video/mp4", "bytes": 4}),
            ],
        ),
        (
            "images",
            "type: image, path: media, options: {dropInvalid: true}",
            "[image.width, image.height]",
            vec![json!({"width": 1, "height": 1})],
        ),
    ]
}

fn run(place: &Place, name: &str, text: &str) {
    let file = place.write(name, text);
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), log());
}

/// One of the servers has a port that cannot be chosen.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(version: &str, connectors: &str, spark: &Spark) {
    let Some(servers) = Servers::start() else { return };
    let connectors =
        std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from).unwrap().join(connectors);
    let connectors = connectors.display().to_string();
    let place = Place::new();
    write_files(&place, spark);
    run(&place, "writing.yaml", &writing(&servers, version, &connectors));
    assert!(has_buckets(place.dir.path()), "no file of the table is a bucket");
    let cases = reading(&servers, version);
    let mut text = head("reading", version, &connectors);
    text.push_str("  sources:\n");
    for (id, node, _) in &cases {
        writeln!(text, "    - {{id: {id}, {node}}}").unwrap();
    }
    for (id, node, ..) in of_media() {
        writeln!(text, "    - {{id: {id}, {node}}}").unwrap();
    }
    text.push_str("  transformations:\n");
    for (id, _, columns, _) in of_media() {
        writeln!(text, "    - {{id: {id}_rows, type: select, input: {id}, columns: {columns}}}")
            .unwrap();
    }
    text.push_str("  sinks:\n");
    for (id, ..) in &cases {
        writeln!(text, "    - {{type: json, input: {id}, path: out/{id}}}").unwrap();
    }
    for (id, ..) in of_media() {
        writeln!(text, "    - {{type: json, input: {id}_rows, path: out/{id}}}").unwrap();
    }
    run(&place, "reading.yaml", &text);
    let media =
        of_media().into_iter().map(|(id, node, _, rows)| (id.to_owned(), node.to_owned(), rows));
    let cases = cases.into_iter().chain(media);
    assert_rows(
        cases.map(|(id, node, expected)| (place.path(&format!("out/{id}")), node, expected)),
    );
}

/// A run of its own: the connector of GCS changes in which order Spark 3.5 looks for classes.
#[test]
fn row_7_3_gcs_is_read_and_written_on_a_server_that_speaks_it_on_3_5() {
    let Some(_spark) = Spark::three() else { return };
    let Some(gcs) = Gcs::start("data") else { return };
    let connectors = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from).unwrap();
    let connectors = connectors.join("spark-3.5").display().to_string();
    let place = Place::new();
    gcs.put("data", "in.csv", "id,name,amount\n1,Jürgen,2.5\n2,日本,-1\n3,,0\n");
    let server = format!("http://127.0.0.1:{}", gcs.port);
    let conf = format!(
        "    spark.hadoop.fs.gs.storage.root.url: {server}\n    spark.hadoop.fs.gs.project.id: none\n    spark.hadoop.fs.gs.auth.service.account.enable: false\n    spark.hadoop.fs.gs.auth.null.enable: true\npipeline:\n"
    );
    let head = head("gcs", "3.5", &connectors).replace("pipeline:\n", &conf);
    let text = format!(
        "{head}  sources:\n    - {{id: rows, type: gcs, format: csv, path: 'gs://data/in.csv', schema: '{SCHEMA}', options: {{header: true}}}}\n  transformations:\n    - {{id: known, type: filter, condition: name IS NOT NULL}}\n  sinks:\n    - {{type: gcs, input: known, format: parquet, path: 'gs://data/out', mode: overwrite}}\n    - {{type: json, input: rows, path: out}}\n"
    );
    run(&place, "gcs.yaml", &text);
    assert_rows([(place.path("out"), "gcs".to_owned(), rows())]);
    let written = gcs.list("data", "out/");
    assert!(written.iter().any(|name| name == "out/_SUCCESS"), "{written:?}");
    assert!(written.iter().any(|name| name.ends_with(".parquet")), "{written:?}");
    assert!(!written.iter().any(|name| name.contains("_temporary")), "{written:?}");
}

/// Files of buckets carry their number: `part-…_00000.c000.snappy.parquet` (`BucketingUtils` of Spark).
fn has_buckets(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return has_buckets(&path);
        }
        let is_bucket =
            path.file_name().is_some_and(|name| name.to_string_lossy().contains("_00000.c000"));
        is_bucket && path.parent().is_some_and(|parent| parent.ends_with("bucketed"))
    })
}

#[test]
fn rows_1_6_to_1_10_and_1_22_and_7_1_to_7_2_and_7_4_to_7_5_and_7_11_and_7_13_to_7_31_and_14_10_sources_and_sinks_on_real_servers_on_3_5()
 {
    let _alone = alone();
    if let Some(spark) = Spark::three() {
        check("3.5", "spark-3.5", &spark);
    }
}

#[test]
fn rows_1_6_to_1_10_and_1_22_and_7_1_and_7_4_to_7_5_and_7_11_and_7_13_to_7_30_sources_and_sinks_on_real_servers_on_4()
 {
    let _alone = alone();
    if let Some(spark) = Spark::four() {
        check("4", "spark-4", &spark);
    }
}
