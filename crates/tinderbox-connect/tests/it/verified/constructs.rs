//! What SQL has besides functions, and functions that have no examples. Names in capitals are words and signs as they
//! stand in a text, one after another: by them a text is known to use a construct.

/// Name, and queries that use it.
pub const CONSTRUCTS: &[(&str, &[&str])] = &[
    ("!=", &["SELECT 1 != 2, NULL != 1", "SELECT 'a' != 'b'"]),
    (
        "<>",
        &[
            "SELECT 1 <> 2, NULL <> 1",
            "SELECT x <> 1 FROM VALUES (1.5D), (CAST('NaN' AS DOUBLE)) AS t(x)",
        ],
    ),
    ("||", &["SELECT 'a' || 'b', 'a' || NULL", "SELECT 1 || 'b'", "SELECT array(1) || array(2)"]),
    ("case", &["SELECT CASE 1 WHEN 1 THEN 'a' ELSE 'b' END", "SELECT CASE WHEN NULL THEN 1 END"]),
    ("bigint", &["SELECT bigint('5'), bigint(5.7D)"]),
    ("binary", &["SELECT binary('ö')"]),
    ("boolean", &["SELECT boolean('true'), boolean(0)"]),
    ("date", &["SELECT date('2024-02-29'), date(TIMESTAMP'2024-01-01 10:00:00')"]),
    ("decimal", &["SELECT decimal('5'), decimal(5)"]),
    ("double", &["SELECT double('5'), double(5), double(' 1e3 ')"]),
    ("float", &["SELECT float('5.5'), float(5)"]),
    ("int", &["SELECT int('5'), int(5.7D), int(true)"]),
    ("smallint", &["SELECT smallint('5'), smallint(5)"]),
    ("string", &["SELECT string(5), string(true), string(DATE'2024-01-01')"]),
    ("time", &["SELECT time('12:30:00')"]),
    ("timestamp", &["SELECT timestamp('2024-01-01 10:00:00'), timestamp(DATE'2024-01-01')"]),
    ("tinyint", &["SELECT tinyint('5'), tinyint(5)"]),
    (
        "CAST text AS INT",
        &[
            "SELECT try_cast(x AS INT) FROM VALUES ('5'), (' 5 '), ('+5'), ('5.5'), ('x'), (''), ('99999999999'), ('007'), (NULL) AS t(x)",
        ],
    ),
    (
        "CAST text AS BIGINT",
        &[
            "SELECT try_cast(x AS BIGINT) FROM VALUES ('5'), (' -5 '), ('5.5'), ('x'), ('99999999999999999999'), (NULL) AS t(x)",
        ],
    ),
    (
        "CAST text AS DOUBLE",
        &[
            "SELECT try_cast(x AS DOUBLE) FROM VALUES ('5'), (' 1e3 '), ('x'), ('Infinity'), ('-inf'), ('NaN'), ('') AS t(x)",
        ],
    ),
    (
        "CAST text AS BOOLEAN",
        &[
            "SELECT try_cast(x AS BOOLEAN) FROM VALUES ('true'), ('F'), ('yes'), ('0'), ('x'), (' true ') AS t(x)",
        ],
    ),
    (
        "CAST text AS DATE",
        &[
            "SELECT try_cast(x AS DATE) FROM VALUES ('2024-01-05'), ('2024-1-5'), ('2024'), ('2024-02'), ('2024-02-30'), ('x'), (' 2024-01-05 '), ('2024-01-05 10:00:00') AS t(x)",
        ],
    ),
    (
        "CAST text AS TIMESTAMP",
        &[
            "SELECT try_cast(x AS TIMESTAMP) FROM VALUES ('2024-01-05 10:00:00'), ('2024-01-05T10:00:00Z'), ('2024-01-05 10:00'), ('2024-01-05'), ('2024-01-05 10:00:00+02:00'), ('2024'), ('x') AS t(x)",
        ],
    ),
    (
        "CAST text AS DECIMAL",
        &[
            "SELECT try_cast(x AS DECIMAL(10,2)) FROM VALUES ('5'), ('5.555'), ('-5.545'), ('x'), ('1e2'), ('99999999999') AS t(x)",
        ],
    ),
    (
        "CAST double AS INT",
        &[
            "SELECT CAST(x AS INT) FROM VALUES (1.9D), (-1.9D), (0D), (NULL) AS t(x)",
            "SELECT CAST(CAST('NaN' AS DOUBLE) AS INT)",
        ],
    ),
    (
        "CAST double AS BIGINT",
        &[
            "SELECT CAST(x AS BIGINT) FROM VALUES (1.9D), (-1e10D), (NULL) AS t(x)",
            "SELECT CAST(1e30D AS BIGINT)",
        ],
    ),
    (
        "CAST double AS DECIMAL",
        &["SELECT CAST(x AS DECIMAL(10,1)) FROM VALUES (2.25D), (-2.35D), (0.05D), (NULL) AS t(x)"],
    ),
    (
        "CAST double AS STRING",
        &[
            "SELECT CAST(x AS STRING) FROM VALUES (2.25D), (-1e300D), (1e7D), (CAST('NaN' AS DOUBLE)), (CAST('Infinity' AS DOUBLE)), (-0.0D) AS t(x)",
        ],
    ),
    (
        "CAST double AS FLOAT",
        &["SELECT CAST(x AS FLOAT) FROM VALUES (2.25D), (-1e300D), (0.1D), (NULL) AS t(x)"],
    ),
    ("CAST integer AS STRING", &["SELECT CAST(x AS STRING) FROM VALUES (5), (-7), (NULL) AS t(x)"]),
    (
        "CAST integer AS BOOLEAN",
        &["SELECT CAST(x AS BOOLEAN) FROM VALUES (0), (1), (-5), (NULL) AS t(x)"],
    ),
    (
        "CAST integer AS DOUBLE",
        &["SELECT CAST(x AS DOUBLE) FROM VALUES (0), (9007199254740993), (NULL) AS t(x)"],
    ),
    (
        "CAST integer AS DECIMAL",
        &[
            "SELECT CAST(x AS DECIMAL(20,3)) FROM VALUES (5), (-7), (NULL) AS t(x)",
            "SELECT CAST(12345 AS DECIMAL(3,1))",
        ],
    ),
    (
        "CAST integer AS TIMESTAMP",
        &["SELECT CAST(x AS TIMESTAMP) FROM VALUES (1700000000), (-1), (NULL) AS t(x)"],
    ),
    (
        "CAST integer AS INT",
        &[
            "SELECT CAST(x AS INT) FROM VALUES (5L), (-7L), (NULL) AS t(x)",
            "SELECT CAST(5000000000 AS INT)",
        ],
    ),
    (
        "CAST decimal AS STRING",
        &["SELECT CAST(x AS STRING) FROM VALUES (2.50), (-0.01), (NULL) AS t(x)"],
    ),
    ("CAST decimal AS INT", &["SELECT CAST(x AS INT) FROM VALUES (2.50), (-2.99), (NULL) AS t(x)"]),
    (
        "CAST decimal AS DOUBLE",
        &["SELECT CAST(x AS DOUBLE) FROM VALUES (2.50), (-0.01), (NULL) AS t(x)"],
    ),
    (
        "CAST decimal AS DECIMAL",
        &[
            "SELECT CAST(x AS DECIMAL(10,1)) FROM VALUES (2.25), (-2.35), (2.35), (NULL) AS t(x)",
            "SELECT CAST(x AS DECIMAL(10,4)) FROM VALUES (2.25) AS t(x)",
        ],
    ),
    (
        "CAST boolean AS STRING",
        &["SELECT CAST(x AS STRING) FROM VALUES (true), (false), (NULL) AS t(x)"],
    ),
    ("CAST boolean AS INT", &["SELECT CAST(x AS INT) FROM VALUES (true), (false), (NULL) AS t(x)"]),
    (
        "CAST date AS STRING",
        &[
            "SELECT CAST(x AS STRING) FROM VALUES (DATE'2024-01-05'), (DATE'0099-01-05'), (NULL) AS t(x)",
        ],
    ),
    (
        "CAST date AS TIMESTAMP",
        &[
            "SELECT CAST(x AS TIMESTAMP) FROM VALUES (DATE'2024-02-29'), (DATE'1900-01-01'), (NULL) AS t(x)",
        ],
    ),
    (
        "CAST timestamp AS STRING",
        &[
            "SELECT CAST(x AS STRING) FROM VALUES (TIMESTAMP'2024-01-05 10:00:00.120'), (TIMESTAMP'1900-01-01 00:00:00') AS t(x)",
        ],
    ),
    (
        "CAST timestamp AS DATE",
        &[
            "SELECT CAST(x AS DATE) FROM VALUES (TIMESTAMP'2024-02-29 23:59:59'), (TIMESTAMP'1969-12-31 23:59:59'), (NULL) AS t(x)",
        ],
    ),
    (
        "CAST timestamp AS BIGINT",
        &[
            "SELECT CAST(TIMESTAMP'2024-01-01 00:00:00.9' AS BIGINT), CAST(TIMESTAMP'1969-12-31 23:59:59.1' AS BIGINT)",
        ],
    ),
    (
        "CAST nested AS STRING",
        &[
            "SELECT CAST(array(1, NULL) AS STRING)",
            "SELECT CAST(named_struct('a', NULL) AS STRING)",
            "SELECT CAST(map('a', 1) AS STRING)",
        ],
    ),
    (
        "SUBSTRING of text from a place",
        &[
            "SELECT substring(x, 1, 2), substring(x, 2), substring(x, 5, 3), substr(x, 3), substring(x FROM 2 FOR 1) FROM VALUES ('abc'), ('ö日😀xyz'), (''), (NULL) AS t(x)",
        ],
    ),
    (
        "PIVOT (",
        &[
            "SELECT * FROM VALUES (1, 'a', 10), (1, 'b', 20), (2, 'a', 30) AS t(id, kind, n) PIVOT (sum(n) FOR kind IN ('a', 'b'))",
            "SELECT * FROM (SELECT 1 AS id, 'a' AS kind, 10 AS n) PIVOT (sum(n) FOR kind IN ('a', 'b'))",
        ],
    ),
    ("UNPIVOT (", &["SELECT * FROM (SELECT 1 AS id, 2 AS a, 3 AS b) UNPIVOT (v FOR k IN (a, b))"]),
    (
        "LATERAL VIEW",
        &["SELECT id, e FROM (SELECT 1 AS id, array(1, 2) AS xs) LATERAL VIEW explode(xs) t AS e"],
    ),
    (
        "LATERAL VIEW OUTER",
        &[
            "SELECT id, e FROM (SELECT 1 AS id, CAST(array() AS ARRAY<INT>) AS xs) LATERAL VIEW OUTER explode(xs) t AS e",
        ],
    ),
    ("LATERAL (", &["SELECT * FROM VALUES (1), (2) AS t(x), LATERAL (SELECT x + 1 AS y)"]),
    ("GROUP BY ALL", &["SELECT x, count(*) FROM VALUES (1), (1), (2) AS t(x) GROUP BY ALL"]),
    (
        "GROUPING SETS",
        &[
            "SELECT x, y, count(*) FROM VALUES (1, 'a'), (1, 'b') AS t(x, y) GROUP BY GROUPING SETS ((x), (y), ())",
            "SELECT x, y, count(*) FROM VALUES (1, 'a'), (1, 'b') AS t(x, y) WHERE false GROUP BY GROUPING SETS ((x), (y), ())",
        ],
    ),
    (
        "WITH ROLLUP",
        &[
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) GROUP BY x WITH ROLLUP",
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) WHERE false GROUP BY x WITH ROLLUP",
        ],
    ),
    (
        "WITH CUBE",
        &[
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) GROUP BY x WITH CUBE",
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) WHERE false GROUP BY x WITH CUBE",
        ],
    ),
    (
        "ROLLUP (",
        &[
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) GROUP BY ROLLUP (x)",
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) WHERE false GROUP BY ROLLUP (x)",
        ],
    ),
    (
        "CUBE (",
        &[
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) GROUP BY CUBE (x)",
            "SELECT x, count(*) FROM VALUES (1), (2) AS t(x) WHERE false GROUP BY CUBE (x)",
        ],
    ),
    (
        "QUALIFY",
        &["SELECT x FROM VALUES (1), (2) AS t(x) QUALIFY row_number() OVER (ORDER BY x) = 1"],
    ),
    ("TABLESAMPLE", &["SELECT count(*) FROM range(10) TABLESAMPLE (100 PERCENT)"]),
    (
        "EXISTS (",
        &[
            "SELECT x FROM VALUES (1), (2) AS t(x) WHERE EXISTS (SELECT 1 FROM VALUES (2) AS u(y) WHERE y = x)",
        ],
    ),
    (
        "IN ( SELECT",
        &[
            "SELECT x FROM VALUES (1), (2), (NULL) AS t(x) WHERE x IN (SELECT y FROM VALUES (2), (NULL) AS u(y))",
            "SELECT x FROM VALUES (1), (2) AS t(x) WHERE x NOT IN (SELECT y FROM VALUES (2), (NULL) AS u(y))",
        ],
    ),
    ("LIKE ANY", &["SELECT 'abc' LIKE ANY ('a%', 'z%')"]),
    ("LIKE ALL", &["SELECT 'abc' LIKE ALL ('a%', '%c')"]),
    ("ESCAPE", &["SELECT 'a%b' LIKE 'a/%b' ESCAPE '/'"]),
    ("IS DISTINCT FROM", &["SELECT 1 IS DISTINCT FROM NULL, NULL IS DISTINCT FROM NULL"]),
    ("IS TRUE", &["SELECT true IS TRUE, NULL IS TRUE"]),
    ("BETWEEN", &["SELECT 2 BETWEEN 1 AND 3, NULL BETWEEN 1 AND 2, 2 NOT BETWEEN 1 AND 3"]),
    ("::", &["SELECT '5'::INT, 1::STRING"]),
    (
        "INTERVAL",
        &[
            "SELECT DATE'2024-01-31' + INTERVAL 1 MONTH",
            "SELECT TIMESTAMP'2024-01-01 00:00:00' + INTERVAL '1' DAY",
            "SELECT TIMESTAMP'2024-01-01 00:00:00' - INTERVAL '1 02:03:04' DAY TO SECOND",
            "SELECT INTERVAL '1-2' YEAR TO MONTH",
            "SELECT INTERVAL 2 HOURS",
            "SELECT TIMESTAMP'2024-01-31 00:00:00' + INTERVAL 1 MONTH 2 DAYS",
        ],
    ),
    (
        "TIMESTAMP_NTZ",
        &[
            "SELECT CAST('2024-01-01 00:00:00' AS TIMESTAMP_NTZ)",
            "SELECT TIMESTAMP_NTZ'2024-01-01 00:00:00'",
        ],
    ),
    (
        "OVER (",
        &[
            "SELECT x, sum(x) OVER (ORDER BY x) FROM VALUES (1), (2), (2) AS t(x)",
            "SELECT x, row_number() OVER (PARTITION BY x % 2 ORDER BY x DESC NULLS LAST) FROM VALUES (1), (2), (3), (NULL) AS t(x)",
        ],
    ),
    (
        "ROWS BETWEEN",
        &[
            "SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM VALUES (1), (2), (3) AS t(x)",
        ],
    ),
    (
        "RANGE BETWEEN",
        &[
            "SELECT x, sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM VALUES (1), (2), (4) AS t(x)",
        ],
    ),
    ("WINDOW", &["SELECT x, sum(x) OVER w FROM VALUES (1), (2) AS t(x) WINDOW w AS (ORDER BY x)"]),
    (
        "IGNORE NULLS",
        &[
            "SELECT x, first_value(y) IGNORE NULLS OVER (ORDER BY x) FROM VALUES (1, NULL), (2, 5) AS t(x, y)",
        ],
    ),
    ("FILTER (", &["SELECT count(*) FILTER (WHERE x > 1) FROM VALUES (1), (2) AS t(x)"]),
    (
        "DISTINCT",
        &[
            "SELECT count(DISTINCT x), sum(DISTINCT x) FROM VALUES (1), (1), (2) AS t(x)",
            "SELECT DISTINCT x FROM VALUES (1), (1) AS t(x)",
            "SELECT DISTINCT x FROM VALUES (0.0D), (-0.0D), (CAST('NaN' AS DOUBLE)), (CAST('NaN' AS DOUBLE)) AS t(x)",
        ],
    ),
    (
        "UNION",
        &[
            "SELECT 1 UNION SELECT 1",
            "SELECT 1 UNION ALL SELECT 2L",
            "SELECT 1 AS a UNION ALL SELECT 2.5D",
        ],
    ),
    (
        "INTERSECT",
        &[
            "SELECT x FROM VALUES (1), (1), (2) AS t(x) INTERSECT SELECT 1",
            "SELECT x FROM VALUES (1.5D), (NULL) AS t(x) INTERSECT SELECT NULL",
        ],
    ),
    (
        "INTERSECT ALL",
        &[
            "SELECT x FROM VALUES (1), (1) AS t(x) INTERSECT ALL SELECT 1",
            "SELECT 1 INTERSECT ALL SELECT x FROM VALUES (1), (1) AS t(x)",
            "SELECT x FROM VALUES (1), (1) AS t(x) INTERSECT ALL SELECT x FROM VALUES (1), (1), (2) AS t(x)",
        ],
    ),
    (
        "EXCEPT ALL",
        &[
            "SELECT x FROM VALUES (1), (1), (1) AS t(x) EXCEPT ALL SELECT x FROM VALUES (1), (1) AS t(x)",
            "SELECT x FROM VALUES (1), (NULL), (NULL) AS t(x) EXCEPT ALL SELECT NULL",
        ],
    ),
    (
        "EXCEPT",
        &[
            "SELECT x FROM VALUES (1), (1), (2) AS t(x) EXCEPT SELECT 2",
            "SELECT x FROM VALUES (1), (1) AS t(x) EXCEPT ALL SELECT 1",
        ],
    ),
    ("MINUS", &["SELECT x FROM VALUES (1), (2) AS t(x) MINUS SELECT 2"]),
    ("* EXCEPT", &["SELECT * EXCEPT (y) FROM VALUES (1, 2) AS t(x, y)"]),
    ("CROSS JOIN", &["SELECT * FROM VALUES (1), (2) AS t(x) CROSS JOIN VALUES ('a') AS u(y)"]),
    (
        "NATURAL JOIN",
        &["SELECT * FROM VALUES (1, 2) AS t(x, y) NATURAL JOIN VALUES (1, 3) AS u(x, z)"],
    ),
    (
        "FULL OUTER JOIN",
        &["SELECT * FROM VALUES (1), (2) AS t(x) FULL OUTER JOIN VALUES (2), (3) AS u(y) ON x = y"],
    ),
    (
        "SEMI JOIN",
        &["SELECT * FROM VALUES (1), (2) AS t(x) LEFT SEMI JOIN VALUES (2) AS u(y) ON x = y"],
    ),
    (
        "ANTI JOIN",
        &["SELECT * FROM VALUES (1), (2) AS t(x) LEFT ANTI JOIN VALUES (2) AS u(y) ON x = y"],
    ),
    ("USING", &["SELECT * FROM VALUES (1, 2) AS t(x, y) JOIN VALUES (1, 3) AS u(x, z) USING (x)"]),
    ("WITH", &["WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b"]),
    (
        "ORDER BY",
        &["SELECT x FROM VALUES (2), (1), (NULL) AS t(x) ORDER BY x DESC NULLS FIRST LIMIT 2"],
    ),
    ("OFFSET", &["SELECT x FROM VALUES (2), (1), (3) AS t(x) ORDER BY x LIMIT 1 OFFSET 1"]),
    (
        "HAVING",
        &["SELECT x, count(*) AS n FROM VALUES (1), (1), (2) AS t(x) GROUP BY x HAVING n > 1"],
    ),
    (
        "VALUES",
        &["VALUES (1, 'a'), (2, NULL)", "SELECT * FROM VALUES (1, 2.5), (NULL, 3) AS t(x, y)"],
    ),
    ("|>", &["FROM VALUES (1), (2) AS t(x) |> WHERE x > 1"]),
    ("->", &["SELECT transform(array(1, 2), x -> x + 1)"]),
    ("=>", &["SELECT explode(collection => array(1, 2))"]),
    ("/ 0", &["SELECT x / 0 FROM VALUES (7D) AS t(x)"]),
    ("% 0", &["SELECT x % 0 FROM VALUES (7) AS t(x)"]),
    ("- 2147483648", &["SELECT -2147483648"]),
    ("CURRENT_DATE", &["SELECT typeof(CURRENT_DATE)"]),
    ("COLLATE", &["SELECT 'a' = 'A' COLLATE UTF8_LCASE"]),
    ("AS VARIANT", &["SELECT CAST(1 AS VARIANT)", "SELECT parse_json('{\"a\": 1}')"]),
];

/// More of functions whose own examples are all about one of their forms.
pub const MORE: &[(&str, &[&str])] = &[
    ("regexp", &["SELECT 'ö' REGEXP '\\\\w'"]),
    ("regexp_like", &["SELECT regexp_like('ö', '\\\\w')"]),
    ("regexp_extract", &["SELECT regexp_extract('öa', '(\\\\w+)', 1)"]),
    ("regexp_extract_all", &["SELECT regexp_extract_all('öa', '(\\\\w+)', 1)"]),
    ("regexp_instr", &["SELECT regexp_instr('öa', '\\\\w')"]),
    (
        "substring",
        &["SELECT substring(x, 2), substring(x, 1, 2) FROM VALUES ('abc'), ('ö'), ('') AS t(x)"],
    ),
    (
        "explode",
        &[
            "SELECT explode(map('a', 1, 'b', 2))",
            "SELECT explode(x) FROM VALUES (array(1, 2)), (CAST(array() AS ARRAY<INT>)), (NULL) AS t(x)",
        ],
    ),
    (
        "explode_outer",
        &[
            "SELECT explode_outer(map('a', 1))",
            "SELECT id, explode_outer(x) FROM VALUES (1, array(1, 2)), (2, CAST(array() AS ARRAY<INT>)), (3, NULL) AS t(id, x)",
        ],
    ),
    (
        "posexplode",
        &[
            "SELECT posexplode(map('a', 1, 'b', 2))",
            "SELECT id, posexplode(x) FROM VALUES (1, array(1, 2)), (3, NULL) AS t(id, x)",
        ],
    ),
    (
        "posexplode_outer",
        &[
            "SELECT id, posexplode_outer(x) FROM VALUES (1, array(1, 2)), (2, CAST(array() AS ARRAY<INT>)), (3, NULL) AS t(id, x)",
        ],
    ),
    (
        "window",
        &[
            "SELECT window(x, '10 minutes') FROM VALUES (TIMESTAMP'2024-01-01 00:09:59'), (TIMESTAMP'1969-12-31 23:59:59'), (NULL) AS t(x)",
            "SELECT window(x, '10 minutes', '5 minutes', '1 minute') FROM VALUES (TIMESTAMP'2024-01-01 00:09:59') AS t(x)",
        ],
    ),
    (
        "regexp_replace",
        &[
            "SELECT regexp_replace(x, '[0-9]+', '<$0>') FROM VALUES ('a12'), (''), (NULL) AS t(x)",
            "SELECT regexp_replace('aXb', '(?i)x', '-')",
            "SELECT regexp_replace(x, '\\\\s', '') FROM VALUES ('a\\tb'), ('a b'), ('a\u{a0}b'), ('a\u{3000}b') AS t(x)",
            "SELECT regexp_replace('größe', '\\\\w', '.')",
        ],
    ),
    (
        "rlike",
        &[
            "SELECT x RLIKE '^[0-9]+$' FROM VALUES ('12'), ('1x'), (NULL) AS t(x)",
            "SELECT 'ö' RLIKE '\\\\w', 'ö' RLIKE '\\\\S'",
            "SELECT 'aa' RLIKE '(?=a)a'",
        ],
    ),
    ("upper", &["SELECT upper(x) FROM VALUES ('ß'), ('ı'), ('ǆ'), ('é') AS t(x)"]),
    ("lower", &["SELECT lower(x) FROM VALUES ('ẞ'), ('İ'), ('ΑΣ'), ('É') AS t(x)"]),
    ("trim", &["SELECT trim(x) FROM VALUES ('  a '), ('\\t a'), (NULL) AS t(x)"]),
    ("length", &["SELECT length(x) FROM VALUES ('😀'), ('ö'), (''), (NULL) AS t(x)"]),
    (
        "substring",
        &[
            "SELECT substring(x, 2, 1), substring(x, -1), substring(x, 0, 2) FROM VALUES ('😀bc'), ('ö'), (NULL) AS t(x)",
        ],
    ),
    (
        "from_json",
        &[
            "SELECT from_json(x, 'a INT, b ARRAY<STRING>') FROM VALUES ('{\"a\": 1, \"b\": [\"x\"]}'), ('nope'), (NULL), ('{\"a\": \"x\"}') AS t(x)",
        ],
    ),
    (
        "to_json",
        &[
            "SELECT to_json(named_struct('a', x, 'b', NULL)) FROM VALUES (1.5D), (1e300D), (NULL) AS t(x)",
            "SELECT to_json(named_struct('d', DATE'2024-01-05', 't', TIMESTAMP'2024-01-05 10:00:00.5'))",
        ],
    ),
    (
        "+",
        &[
            "SELECT x + 1 FROM VALUES (2147483647) AS t(x)",
            "SELECT x + y FROM VALUES (1, 2.5D), (NULL, 1D), (3, CAST('NaN' AS DOUBLE)) AS t(x, y)",
            "SELECT DATE'2024-02-28' + 2",
            "SELECT x + 1 FROM VALUES (CAST(2.50 AS DECIMAL(10,2))) AS t(x)",
        ],
    ),
    (
        "-",
        &[
            "SELECT x - 1 FROM VALUES (CAST('-2147483648' AS INT)) AS t(x)",
            "SELECT x - y FROM VALUES (1, 2.5D), (NULL, 1D) AS t(x, y)",
            "SELECT -x FROM VALUES (1.5D), (0D), (NULL) AS t(x)",
            "SELECT x - 1 FROM VALUES (CAST(2.50 AS DECIMAL(10,2))) AS t(x)",
        ],
    ),
    (
        "*",
        &[
            "SELECT x * 2 FROM VALUES (9223372036854775807) AS t(x)",
            "SELECT x * y FROM VALUES (2, 2.5D), (NULL, 1D) AS t(x, y)",
            "SELECT x * y FROM VALUES (2, 3L) AS t(x, y)",
            "SELECT x * 2 FROM VALUES (CAST(2.50 AS DECIMAL(10,2))) AS t(x)",
        ],
    ),
    (
        "/",
        &[
            "SELECT x / y FROM VALUES (1, 0) AS t(x, y)",
            "SELECT x / y FROM VALUES (7, 2), (NULL, 1) AS t(x, y)",
            "SELECT x / y FROM VALUES (1.5D, 2), (-0.0D, 3) AS t(x, y)",
            "SELECT x / 3 FROM VALUES (CAST(2.50 AS DECIMAL(10,2))) AS t(x)",
        ],
    ),
    (
        "%",
        &[
            "SELECT x % y FROM VALUES (1, 0) AS t(x, y)",
            "SELECT x % y FROM VALUES (7, 2), (-7, 3), (NULL, 1) AS t(x, y)",
            "SELECT x % y FROM VALUES (7.5D, 2), (-7.5D, 2) AS t(x, y)",
            "SELECT x % 2 FROM VALUES (CAST(2.50 AS DECIMAL(10,2))) AS t(x)",
        ],
    ),
    (
        "div",
        &[
            "SELECT x div y FROM VALUES (1, 0) AS t(x, y)",
            "SELECT x div y FROM VALUES (7, 2), (-7, 2), (NULL, 1) AS t(x, y)",
        ],
    ),
    (
        "rank",
        &["SELECT x, rank() OVER (ORDER BY x DESC) FROM VALUES (1), (2), (2), (NULL) AS t(x)"],
    ),
    (
        "dense_rank",
        &["SELECT x, dense_rank() OVER (ORDER BY x) FROM VALUES (1), (2), (2), (NULL) AS t(x)"],
    ),
    (
        "percent_rank",
        &["SELECT x, percent_rank() OVER (ORDER BY x) FROM VALUES (1), (2), (2), (NULL) AS t(x)"],
    ),
    (
        "hash",
        &[
            "SELECT hash('Spark', 2, 5L, true)",
            "SELECT hash(x) FROM VALUES ('ö'), (NULL), ('') AS t(x)",
            "SELECT hash(x) FROM VALUES (1.5D), (-0.0D) AS t(x)",
        ],
    ),
    (
        "max",
        &[
            "SELECT k, max(x) FROM VALUES ('a', 0D), ('a', CAST('NaN' AS DOUBLE)), ('a', 2.5D), ('b', CAST('NaN' AS DOUBLE)), ('b', 1D) AS t(k, x) GROUP BY k",
            "SELECT max(x) FROM VALUES (1.5D), (CAST('NaN' AS DOUBLE)) AS t(x)",
            "SELECT k, max(x) FROM VALUES ('a', 1.5D), ('a', CAST('NaN' AS DOUBLE)), ('b', 1D) AS t(k, x) GROUP BY k",
        ],
    ),
    (
        "min",
        &[
            "SELECT k, min(x) FROM VALUES ('a', 1.5D), ('a', CAST('NaN' AS DOUBLE)), ('b', CAST('NaN' AS DOUBLE)) AS t(k, x) GROUP BY k",
        ],
    ),
    (
        "greatest",
        &["SELECT greatest(x, 1D) FROM VALUES (CAST('NaN' AS DOUBLE)), (NULL), (0D) AS t(x)"],
    ),
    ("least", &["SELECT least(x, 1D) FROM VALUES (CAST('NaN' AS DOUBLE)), (NULL), (0D) AS t(x)"]),
    (
        "sum",
        &[
            "SELECT k, sum(x), sum(y) FROM VALUES ('a', 1, 2.5D), ('a', NULL, 1e300D), ('b', NULL, NULL) AS t(k, x, y) GROUP BY k",
        ],
    ),
    (
        "avg",
        &[
            "SELECT k, avg(x), avg(y) FROM VALUES ('a', 1, 2.5D), ('a', 2, CAST('NaN' AS DOUBLE)), ('b', NULL, NULL) AS t(k, x, y) GROUP BY k",
        ],
    ),
    ("weekday", &["SELECT weekday(x) FROM VALUES (DATE'2024-03-31'), (DATE'2024-04-01') AS t(x)"]),
    (
        "dayofweek",
        &["SELECT dayofweek(x) FROM VALUES (DATE'2024-03-31'), (DATE'2024-04-01') AS t(x)"],
    ),
];
