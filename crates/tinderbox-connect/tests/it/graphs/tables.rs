//! What graphs read: names, and the queries whose rows Spark writes as Parquet.

pub const TABLES: &[(&str, &str)] = &[
    (
        "numbers",
        "SELECT id, CAST(i AS INT) i, CAST(l AS BIGINT) l, CAST(d AS DOUBLE) d, CAST(f AS FLOAT) f, \
         CAST(s AS SMALLINT) s, CAST(m AS DECIMAL(10,2)) m, flag FROM VALUES \
         (1, 0, 0, '0.0', '0.5', 1, '12.50', true), (2, 7, 70, '-0.0', '1.25', 2, '-0.01', false), \
         (3, -7, -70, 'NaN', 'NaN', 3, '99999999.99', true), (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
         (5, 100, 5000000000, 'Infinity', 'Infinity', -5, '0.00', false), \
         (6, 100, 5000000000, '-Infinity', '-0.0', -5, '0.00', true), \
         (7, 13, -5000000000, '1.5', '3.75', 100, '7.77', NULL), (8, 13, 9, '2.5', '0.1', 7, '1.05', true), \
         (9, 7, 9, '-1e300', '1e30', 8, '33.33', false), (10, 3, 1, '1e-300', '2', 9, '-45.60', true) \
         AS t(id, i, l, d, f, s, m, flag)",
    ),
    (
        "texts",
        "SELECT id, name, kind, code FROM VALUES \
         (1, 'Größe', 'a', '12'), (2, '日本語 テスト', 'b', '-3'), (3, '', 'a', 'x1'), (4, NULL, NULL, NULL), \
         (5, '  spaced  out ', 'b', ' 7 '), (6, 'naïve 😀 emoji', 'c', '007'), (7, 'UPPER lower', 'a', '1.5'), \
         (8, 'tab\\tand,comma', 'c', '99999999999'), (9, 'ß ẞ İ ı', 'b', 'NaN'), (10, 'a', 'A', '0') \
         AS t(id, name, kind, code)",
    ),
    (
        "times",
        "SELECT id, CAST(day AS DATE) day, CAST(at AS TIMESTAMP) at, kind FROM VALUES \
         (1, '1970-01-01', '1970-01-01 00:00:00', 'a'), (2, '2024-02-29', '2024-02-29 23:59:59.999999', 'b'), \
         (3, '1999-12-31', '1999-12-31 12:30:00.5', 'a'), (4, NULL, NULL, 'c'), \
         (5, '2038-01-19', '2038-01-19 03:14:08', 'b'), (6, '1900-01-01', '1900-01-01 00:00:01', NULL), \
         (7, '2024-03-31', '2024-03-31 01:59:59', 'a'), (8, '2024-03-31', '2024-03-31 02:04:00', 'c'), \
         (9, '2261-12-31', '2024-03-31 02:05:00', 'b') AS t(id, day, at, kind)",
    ),
    (
        "nested",
        "SELECT * FROM VALUES \
         (1, array('x', 'y', 'x'), map('k', 1, 'l', 2), named_struct('name', 'Ann', 'age', 30), array(3, 1, 2)), \
         (2, CAST(array() AS ARRAY<STRING>), CAST(map() AS MAP<STRING, INT>), named_struct('name', CAST(NULL AS STRING), 'age', CAST(NULL AS INT)), CAST(array() AS ARRAY<INT>)), \
         (3, array('é', NULL), map('k', CAST(NULL AS INT)), named_struct('name', 'Öz', 'age', -1), array(NULL, 7)), \
         (4, CAST(NULL AS ARRAY<STRING>), CAST(NULL AS MAP<STRING, INT>), CAST(NULL AS STRUCT<name: STRING, age: INT>), CAST(NULL AS ARRAY<INT>)) \
         AS t(id, items, facts, who, figures)",
    ),
    (
        "sales",
        "SELECT id, customer, kind, CAST(amount AS INT) amount, CAST(price AS DOUBLE) price, \
         CAST(total AS DECIMAL(12,2)) total, CAST(day AS DATE) day FROM VALUES \
         (1, 1, 'a', 3, 2.5, 7.50, '2024-01-01'), (2, 1, 'b', NULL, 1.0, 10.00, '2024-01-02'), \
         (3, 2, 'a', 5, NULL, 0.01, '2024-01-02'), (4, NULL, 'a', 1, 4.0, NULL, '2024-02-01'), \
         (5, 3, NULL, 2, 0.25, 99.99, NULL), (6, 2, 'b', 8, 1.75, 5.55, '2024-02-10'), \
         (7, 9, 'c', -4, -2.5, -1.00, '2024-03-01'), (8, 1, 'a', 3, 2.5, 7.50, '2024-01-01') \
         AS t(id, customer, kind, amount, price, total, day)",
    ),
    (
        "customers",
        "SELECT * FROM VALUES (1, 'Ann', 'north'), (2, 'Bö', 'south'), (3, NULL, 'north'), (4, 'Cy', NULL), \
         (2, 'Bö again', 'east'), (CAST(NULL AS INT), 'nobody', 'west') AS t(customer, customer_name, region)",
    ),
    (
        "extremes",
        "SELECT * FROM VALUES (1, 2147483647, 9223372036854775807, 'x'), \
         (2, CAST('-2147483648' AS INT), CAST('-9223372036854775808' AS BIGINT), '12'), (3, 0, 0L, '') \
         AS t(id, i, l, text)",
    ),
];

/// A table in another format than Parquet.
pub struct File {
    pub sql: &'static str,
    pub format: &'static str,
    has_header: bool,
    /// What a source says besides id and path.
    pub source: &'static str,
}

impl File {
    /// Spark's options to write it with.
    pub fn written_with(&self) -> serde_json::Value {
        if self.has_header { serde_json::json!({"header": "true"}) } else { serde_json::json!({}) }
    }
}

const PLAIN: &str = "SELECT id, name, code, CAST(price AS DOUBLE) price, flag FROM VALUES \
     (1, 'Größe, \"q\"', '12', '1.5', true), (2, NULL, '', NULL, false), (3, ' x ', '007', '-1e300', NULL), \
     (4, 'a;b', 'NaN', '2', true) AS t(id, name, code, price, flag)";
const NESTED: &str = "SELECT * FROM VALUES \
     (1, 'Größe', array(1, 2), named_struct('a', 'x', 'b', 2.5D)), (2, NULL, array(), named_struct('a', 'y', 'b', NULL)), \
     (3, '', NULL, NULL) AS t(id, name, items, who)";

/// Tables of other formats.
#[rustfmt::skip]
pub const FILES: &[(&str, File)] = &[
    ("csv_guessed", File { sql: PLAIN, format: "csv", has_header: true, source: "type: csv, options: {header: true, inferSchema: true}" }),
    ("csv_header", File { sql: PLAIN, format: "csv", has_header: true, source: "type: csv, options: {header: true}" }),
    ("csv_plain", File { sql: PLAIN, format: "csv", has_header: false, source: "type: csv" }),
    ("csv_typed", File { sql: PLAIN, format: "csv", has_header: true, source: "type: csv, options: {header: true}, schema: \"id INT, name STRING, code STRING, price DOUBLE, flag BOOLEAN\"" }),
    ("json_guessed", File { sql: NESTED, format: "json", has_header: false, source: "type: json" }),
    ("json_typed", File { sql: NESTED, format: "json", has_header: false, source: "type: json, schema: \"id BIGINT, name STRING, items ARRAY<BIGINT>, who STRUCT<a: STRING, b: DOUBLE>\"" }),
    ("lines", File { sql: "SELECT name AS value FROM VALUES ('Größe'), (''), ('a\\tb') AS t(name)", format: "text", has_header: false, source: "type: text" }),
];
