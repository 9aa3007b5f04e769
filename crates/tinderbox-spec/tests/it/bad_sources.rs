//! Sources and sinks that are wrong, each with what is said about it.

use crate::check_spec;
use insta::assert_snapshot;

fn sources(nodes: &[&str]) -> String {
    let nodes: String = nodes.iter().map(|node| format!("    - {node}\n")).collect();
    format!(
        "name: job\ncluster: {{version: '3.5'}}\npipeline:\n  sources:\n{nodes}  sinks:\n    - {{type: csv, path: out}}\n"
    )
}

fn sinks(nodes: &[&str]) -> String {
    let nodes: String = nodes.iter().map(|node| format!("    - {node}\n")).collect();
    format!(
        "name: job\ncluster: {{version: '3.5'}}\npipeline:\n  sources:\n    - {{type: parquet, path: in}}\n  sinks:\n{nodes}"
    )
}

#[test]
fn secrets_in_clear() {
    let text = sources(&[
        "{id: a, type: postgresql, host: db, database: d, user: u, password: hunter2, table: t}",
        "{id: b, type: jdbc, url: 'jdbc:mysql://db/d?user=u&password=hunter2', table: t}",
        "{id: c, type: mongodb, uri: 'mongodb://u:hunter2@db', database: d, collection: c}",
        "{id: d, type: kafka, servers: 'k:1', topics: a, options: {kafka.sasl.jaas.config: 'x password=\"hunter2\";'}}",
        "{id: e, type: s3, path: 's3a://a/b.csv', options: {header: true}, access_key: id, secret_key: hunter2}",
        "{id: f, type: http, url: 'https://a/b', headers: {X-Api-Key: hunter2}}",
    ]) + "configuration: {sparkConf: {spark.hadoop.fs.s3a.secret.key: hunter2}}\n";
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:5:75: error[spec::secret-in-clear]: `password` stands in clear: everybody who reads the document can use it
      |
    5 |     - {id: a, type: postgresql, host: db, database: d, user: u, password: hunter2, table: t}
      |                                                                           ^^^^^^^
      = field: pipeline.sources[0].password
      = hint: write `${secret:PASSWORD}`, and give the run the variable TINDERBOX_SECRET_PASSWORD

    job.yaml:6:32: error[spec::secret-in-clear]: `url` has a password in clear
      |
    6 |     - {id: b, type: jdbc, url: 'jdbc:mysql://db/d?user=u&password=hunter2', table: t}
      |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[1].url
      = hint: write `${secret:URL}`, and give the run the variable TINDERBOX_SECRET_URL

    job.yaml:7:35: error[spec::secret-in-clear]: `uri` has a password in clear
      |
    7 |     - {id: c, type: mongodb, uri: 'mongodb://u:hunter2@db', database: d, collection: c}
      |                                   ^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[2].uri
      = hint: write `${secret:URI}`, and give the run the variable TINDERBOX_SECRET_URI

    job.yaml:8:89: error[spec::secret-in-clear]: `kafka.sasl.jaas.config` stands in clear: everybody who reads the document can use it
      |
    8 |     - {id: d, type: kafka, servers: 'k:1', topics: a, options: {kafka.sasl.jaas.config: 'x password="hunter2";'}}
      |                                                                                         ^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[3].options.kafka.sasl.jaas.config
      = hint: write `${secret:KAFKA_SASL_JAAS_CONFIG}`, and give the run the variable TINDERBOX_SECRET_KAFKA_SASL_JAAS_CONFIG

    job.yaml:9:101: error[spec::secret-in-clear]: `secret_key` stands in clear: everybody who reads the document can use it
      |
    9 |     - {id: e, type: s3, path: 's3a://a/b.csv', options: {header: true}, access_key: id, secret_key: hunter2}
      |                                                                                                     ^^^^^^^
      = field: pipeline.sources[4].secret_key
      = hint: write `${secret:SECRET_KEY}`, and give the run the variable TINDERBOX_SECRET_SECRET_KEY

    job.yaml:10:68: error[spec::secret-in-clear]: `X-Api-Key` stands in clear: everybody who reads the document can use it
       |
    10 |     - {id: f, type: http, url: 'https://a/b', headers: {X-Api-Key: hunter2}}
       |                                                                    ^^^^^^^
       = field: pipeline.sources[5].headers.X-Api-Key
       = hint: write `${secret:X_API_KEY}`, and give the run the variable TINDERBOX_SECRET_X_API_KEY

    job.yaml:12:14: warning[spec::input-left-out]: `sink_1` reads `f`, the last of 6 sources
       |
    12 |     - {type: csv, path: out}
       |              ^^^
       = field: pipeline.sinks[0]
       = hint: say which one: `input: [f]`

    job.yaml:13:61: error[spec::secret-in-clear]: `spark.hadoop.fs.s3a.secret.key` stands in clear: everybody who reads the document can use it
       |
    13 | configuration: {sparkConf: {spark.hadoop.fs.s3a.secret.key: hunter2}}
       |                                                             ^^^^^^^
       = field: configuration.sparkConf.spark.hadoop.fs.s3a.secret.key
       = hint: write `${secret:SPARK_HADOOP_FS_S3A_SECRET_KEY}`, and give the run the variable TINDERBOX_SECRET_SPARK_HADOOP_FS_S3A_SECRET_KEY
    "#);
}

#[test]
fn codecs_that_a_format_does_not_have() {
    let text = sinks(&[
        "{type: parquet, path: a, compression: zsdt}",
        "{type: csv, path: b, compression: brotli}",
        "{type: avro, path: c, compression: gzip}",
        "{type: iceberg, table: d.e, warehouse: w, compression: bzip2}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:7:45: error[spec::codec]: there is no codec `zsdt` for parquet
      |
    7 |     - {type: parquet, path: a, compression: zsdt}
      |                                             ^^^^
      = field: pipeline.sinks[0].compression
      = hint: did you mean `zstd`?

    job.yaml:8:41: error[spec::codec]: there is no codec `brotli` for csv
      |
    8 |     - {type: csv, path: b, compression: brotli}
      |                                         ^^^^^^
      = field: pipeline.sinks[1].compression
      = hint: one of: none, uncompressed, gzip, bzip2, deflate, snappy, lz4

    job.yaml:9:42: error[spec::codec]: there is no codec `gzip` for avro
      |
    9 |     - {type: avro, path: c, compression: gzip}
      |                                          ^^^^
      = field: pipeline.sinks[2].compression
      = hint: did you mean `bzip2`?

    job.yaml:10:62: error[spec::codec]: there is no codec `bzip2` for iceberg
       |
    10 |     - {type: iceberg, table: d.e, warehouse: w, compression: bzip2}
       |                                                              ^^^^^
       = field: pipeline.sinks[3].compression
       = hint: did you mean `gzip`?
    ");
}

#[test]
fn databases_that_say_too_little_or_too_much() {
    let text = sources(&[
        "{id: a, type: postgresql, host: db, table: t}",
        "{id: b, type: postgresql, url: 'jdbc:mysql://db/d', table: t}",
        "{id: c, type: mysql, host: db, database: d, table: t, query: SELECT 1}",
        "{id: d, type: jdbc, url: 'jdbc:h2:x'}",
        "{id: e, type: oracle, host: db, database: d, table: t, partition_column: id, partitions: 4}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:12: error[spec::missing-parameter]: `postgresql` needs `host` and `database`, or `url`
      |
    5 |     - {id: a, type: postgresql, host: db, table: t}
      |            ^
      = field: pipeline.sources[0]
      = hint: for example {type: postgresql, host: db, database: sales, user: etl, password: '${secret:DB}', table: customers}

    job.yaml:6:38: error[spec::jdbc-url]: `jdbc:mysql://db/d` is no URL of this database
      |
    6 |     - {id: b, type: postgresql, url: 'jdbc:mysql://db/d', table: t}
      |                                      ^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[1].url
      = hint: it begins with `jdbc:postgresql:`

    job.yaml:7:12: error[spec::parameters]: `table` and `query` name the rows in two ways
      |
    7 |     - {id: c, type: mysql, host: db, database: d, table: t, query: SELECT 1}
      |            ^
      = field: pipeline.sources[2]
      = hint: give one of the two

    job.yaml:8:12: error[spec::parameters]: it needs `table` or `query`
      |
    8 |     - {id: d, type: jdbc, url: 'jdbc:h2:x'}
      |            ^
      = field: pipeline.sources[3]
      = hint: give one of the two

    job.yaml:9:12: error[spec::parameters]: reading in partitions needs `partition_column`, `lower_bound`, `upper_bound` and `partitions`
      |
    9 |     - {id: e, type: oracle, host: db, database: d, table: t, partition_column: id, partitions: 4}
      |            ^
      = field: pipeline.sources[4]
      = hint: give all four, or none: then one task reads everything

    job.yaml:11:14: warning[spec::input-left-out]: `sink_1` reads `e`, the last of 5 sources
       |
    11 |     - {type: csv, path: out}
       |              ^^^
       = field: pipeline.sinks[0]
       = hint: say which one: `input: [e]`
    ");
}

#[test]
fn messages_without_form_and_interfaces_without_way() {
    let text = sources(&[
        "{id: a, type: kafka, servers: 'k:1', topics: a, pattern: b}",
        "{id: b, type: kafka, servers: 'k:1', topics: a, value: json}",
        "{id: c, type: kafka, servers: 'k:1', topics: a, value: text, schema: 'a INT'}",
        "{id: d, type: http, url: api.example.com}",
        "{id: e, type: http, url: 'http://a', paging: cursor}",
        "{id: f, type: http, url: 'http://a', paging: page, cursor_path: b}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:12: error[spec::parameters]: it needs one of `topics`, `pattern` and `assign`
      |
    5 |     - {id: a, type: kafka, servers: 'k:1', topics: a, pattern: b}
      |            ^
      = field: pipeline.sources[0]
      = hint: for example `topics: [clicks]`

    job.yaml:6:12: error[spec::missing-parameter]: `value: json` needs a `schema`
      |
    6 |     - {id: b, type: kafka, servers: 'k:1', topics: a, value: json}
      |            ^
      = field: pipeline.sources[1].schema
      = hint: for example `schema: id BIGINT, name STRING`

    job.yaml:7:76: error[spec::parameters]: `value: text` has no `schema`
      |
    7 |     - {id: c, type: kafka, servers: 'k:1', topics: a, value: text, schema: 'a INT'}
      |                                                                            ^^^^^^^
      = field: pipeline.sources[2].schema
      = hint: remove it, or set `value: json`

    job.yaml:8:32: error[spec::http-url]: `api.example.com` is no URL of HTTP
      |
    8 |     - {id: d, type: http, url: api.example.com}
      |                                ^^^^^^^^^^^^^^^
      = field: pipeline.sources[3].url
      = hint: it begins with `https://` or `http://`

    job.yaml:9:12: error[spec::missing-parameter]: `paging: cursor` needs `cursor_path`: where the answer has it
      |
    9 |     - {id: e, type: http, url: 'http://a', paging: cursor}
      |            ^
      = field: pipeline.sources[4].cursor_path
      = hint: for example `cursor_path: meta.next_cursor`

    job.yaml:10:71: error[spec::parameters]: `cursor_path` does not go with `paging: page`
       |
    10 |     - {id: f, type: http, url: 'http://a', paging: page, cursor_path: b}
       |                                                                       ^
       = field: pipeline.sources[5].cursor_path

    job.yaml:12:14: warning[spec::input-left-out]: `sink_1` reads `f`, the last of 6 sources
       |
    12 |     - {type: csv, path: out}
       |              ^^^
       = field: pipeline.sinks[0]
       = hint: say which one: `input: [f]`
    ");
}

#[test]
fn formats_with_parameters_of_others() {
    let text = sources(&[
        "{id: a, type: logs, path: a}",
        "{id: b, type: logs, path: a, pattern: combind}",
        "{id: c, type: file, format: csv, path: a, options: {header: true}, pattern: common}",
        "{id: d, type: xml, path: a}",
        "{id: e, type: iceberg, table: t, warehouse: w}",
        "{id: f, type: iceberg, table: a.t, catalog: c}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:12: error[spec::missing-parameter]: logs need a `pattern`
      |
    5 |     - {id: a, type: logs, path: a}
      |            ^
      = field: pipeline.sources[0].pattern
      = hint: one of common, combined, syslog, log4j, or a regular expression with named groups: `^(?<level>\w+) (?<message>.*)$`

    job.yaml:6:45: error[spec::log-pattern]: `combind` is no pattern of logs: it has no named groups
      |
    6 |     - {id: b, type: logs, path: a, pattern: combind}
      |                                             ^^^^^^^
      = field: pipeline.sources[1].pattern
      = hint: did you mean `combined`?

    job.yaml:7:83: error[spec::parameters]: `pattern` is for `format: logs`, and this is csv
      |
    7 |     - {id: c, type: file, format: csv, path: a, options: {header: true}, pattern: common}
      |                                                                                   ^^^^^^
      = field: pipeline.sources[2].pattern
      = hint: remove it, or set `format: logs`

    job.yaml:8:12: error[spec::missing-parameter]: XML needs the option `rowTag`: the element that becomes a row
      |
    8 |     - {id: d, type: xml, path: a}
      |            ^
      = field: pipeline.sources[3].options
      = hint: for example `options: {rowTag: book}`

    job.yaml:9:37: error[spec::table-name]: `t` is no table of a warehouse
      |
    9 |     - {id: e, type: iceberg, table: t, warehouse: w}
      |                                     ^
      = field: pipeline.sources[4].table
      = hint: database and table: `sales.customers`

    job.yaml:10:51: error[spec::parameters]: `catalog` names the catalog of a `warehouse`
       |
    10 |     - {id: f, type: iceberg, table: a.t, catalog: c}
       |                                                   ^
       = field: pipeline.sources[5].catalog
       = hint: add `warehouse`, or write `table: c.a.t`

    job.yaml:12:14: warning[spec::input-left-out]: `sink_1` reads `f`, the last of 6 sources
       |
    12 |     - {type: csv, path: out}
       |              ^^^
       = field: pipeline.sinks[0]
       = hint: say which one: `input: [f]`
    ");
}

#[test]
fn buckets_without_number() {
    let text = sinks(&[
        "{type: table, table: a, bucket_by: [x]}",
        "{type: table, table: b, buckets: 4}",
        "{type: table, table: c, sort_by: [x]}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:7:14: error[spec::parameters]: `bucket_by` needs `buckets`: how many there are
      |
    7 |     - {type: table, table: a, bucket_by: [x]}
      |              ^^^^^
      = field: pipeline.sinks[0]
      = hint: for example `bucket_by: [customer_id], buckets: 16`

    job.yaml:8:14: error[spec::parameters]: `buckets` needs `bucket_by`: the columns that decide
      |
    8 |     - {type: table, table: b, buckets: 4}
      |              ^^^^^
      = field: pipeline.sinks[1]
      = hint: for example `bucket_by: [customer_id], buckets: 16`

    job.yaml:9:14: error[spec::parameters]: `sort_by` needs `bucket_by` and `buckets`
      |
    9 |     - {type: table, table: c, sort_by: [x]}
      |              ^^^^^
      = field: pipeline.sinks[2]
      = hint: for example `bucket_by: [customer_id], buckets: 16`
    ");
}

#[test]
fn one_property_with_two_values() {
    let text = sources(&[
        "{id: a, type: iceberg, table: a.t, warehouse: w1}",
        "{id: b, type: iceberg, table: a.t, warehouse: w2}",
    ]);
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:6:12: error[spec::contradiction]: `a` and `b` need `spark.sql.catalog.iceberg.warehouse` with two values
      |
    6 |     - {id: b, type: iceberg, table: a.t, warehouse: w2}
      |            ^
      = field: pipeline.sources[1]
      = hint: a session has one; give Iceberg's warehouses a `catalog` each, and S3's buckets their own properties, `spark.hadoop.fs.s3a.bucket.NAME.…`, in `sparkConf`
    ");
}

#[test]
fn secrets_where_spark_shows_them() {
    let text = "name: 'job ${secret:A}'\npipeline:\n  sources:\n    - {id: files, type: parquet, path: 'in?sig=${secret:SAS}'}\n    - {id: orders, type: postgresql, host: db, database: d, user: '${secret:USER}', password: '${secret:P}', query: \"SELECT '${secret:Q}'\"}\n  transformations:\n    - {id: known, type: filter, input: orders, condition: \"key = '${secret:K}'\"}\n    - {id: joined, type: join, input: [known, files], on: id, expectations: [{sql: \"a <> '${secret:E}'\", on_fail: drop}]}\n  sinks:\n    - {type: parquet, path: out}\n";
    insta::assert_snapshot!(check_spec(text), @r#"
    job.yaml:1:1: error[spec::secret-in-plan]: the job's name holds a secret, and everybody sees it
      |
    1 | name: 'job ${secret:A}'
      | ^^^^
      = field: name
      = hint: write the name out, or use a parameter: `${param:name}`

    job.yaml:4:12: error[spec::secret-in-plan]: `files` has a secret where Spark writes it into plans and event logs
      |
    4 |     - {id: files, type: parquet, path: 'in?sig=${secret:SAS}'}
      |            ^^^^^
      = field: pipeline.sources[0]
      = hint: a secret can stand in options and connections of sources and sinks, in requests of `http` and in `sparkConf`; not in paths, tables and SQL

    job.yaml:5:12: error[spec::secret-in-plan]: `orders` has a secret where Spark writes it into plans and event logs
      |
    5 |     - {id: orders, type: postgresql, host: db, database: d, user: '${secret:USER}', password: '${secret:P}', query: "SELECT '${secret:Q}'"}
      |            ^^^^^^
      = field: pipeline.sources[1]
      = hint: a secret can stand in options and connections of sources and sinks, in requests of `http` and in `sparkConf`; not in paths, tables and SQL

    job.yaml:7:12: error[spec::secret-in-plan]: `known` has a secret where Spark writes it into plans and event logs
      |
    7 |     - {id: known, type: filter, input: orders, condition: "key = '${secret:K}'"}
      |            ^^^^^
      = field: pipeline.transformations[0]
      = hint: a secret can stand in options and connections of sources and sinks, in requests of `http` and in `sparkConf`; not in paths, tables and SQL

    job.yaml:8:12: error[spec::secret-in-plan]: `joined` has a secret where Spark writes it into plans and event logs
      |
    8 |     - {id: joined, type: join, input: [known, files], on: id, expectations: [{sql: "a <> '${secret:E}'", on_fail: drop}]}
      |            ^^^^^^
      = field: pipeline.transformations[1]
      = hint: a secret can stand in options and connections of sources and sinks, in requests of `http` and in `sparkConf`; not in paths, tables and SQL
    "#);
}
