use super::*;

const TABLES: [&str; 2] = ["tasks", "stages"];

fn taken(text: &str) -> Query {
    Query::parse(text, &TABLES).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn problem(text: &str) -> String {
    match Query::parse(text, &TABLES) {
        Ok(query) => panic!("was taken: {text} as {}", query.text()),
        Err(error) => {
            assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{text}: no hint");
            error.to_string()
        }
    }
}

#[test]
fn queries_over_the_named_tables_are_taken() {
    for text in [
        "SELECT count(*) FROM tasks",
        "select Stage_Id % 10, sum(executor_run_time_ms) from TASKS group by 1 order by 2 desc limit 5",
        "SELECT * FROM `tasks` t JOIN stages s ON t.stage_id = s.stage_id WHERE t.host LIKE 'a\\d%'",
        "SELECT * FROM tasks t LEFT SEMI JOIN stages s USING (run_id, stage_id)",
        "WITH slow AS (SELECT * FROM tasks), slower AS (SELECT * FROM slow) SELECT count(*) FROM slower",
        "SELECT run_id FROM tasks UNION ALL SELECT run_id FROM stages EXCEPT SELECT 'x'",
        "(SELECT 1) INTERSECT (SELECT 1);  ; -- done",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT percentile_approx(executor_run_time_ms, array(0.5, 0.99)) FROM tasks TABLESAMPLE (10 PERCENT)",
        "SELECT host, row_number() OVER (PARTITION BY host ORDER BY task_id) FROM tasks QUALIFY 1 = 1",
        "SELECT e FROM tasks LATERAL VIEW explode(split(host, '-')) parts AS e",
        "SELECT id FROM range(10) WHERE id IN (SELECT stage_id FROM tasks)",
        "SELECT (SELECT max(stage_id) FROM stages), \"it's\", 'it''s', DATE '2026-01-02', INTERVAL '1' DAY",
        "SELECT filter(array(1, 2), x -> x > 1), CAST('1' AS BIGINT), CASE WHEN true THEN 1 ELSE 2 END",
        "SELECT status, count(*) FILTER (WHERE speculative) FROM tasks GROUP BY ALL HAVING count(*) > 1",
        "SELECT `größe` FROM (SELECT 1 AS `größe`)",
        "SELECT /* all of them */ * -- really\nFROM tasks",
        "SELECT stage_id, count(*) FROM tasks GROUP BY stage_id WITH ROLLUP",
    ] {
        taken(text);
    }
}

#[test]
fn tables_that_are_read_are_known() {
    let query =
        taken("WITH a AS (SELECT * FROM Tasks) SELECT * FROM a JOIN tasks JOIN (SELECT 1) stages");
    assert_eq!(query.tables(), ["tasks"]);
}

#[test]
fn only_queries_are_taken() {
    for (text, word) in [
        ("EXPLAIN SELECT * FROM tasks", "EXPLAIN"),
        ("EXPLAIN EXTENDED SELECT * FROM tasks", "EXPLAIN"),
        ("SET spark.sql.shuffle.partitions = 1", "SET"),
        ("set", "SET"),
        ("ADD JAR '/tmp/a.jar'", "ADD"),
        ("ADD FILE /etc/passwd", "ADD"),
        ("LIST JARS", "LIST"),
        ("CACHE TABLE tasks", "CACHE"),
        ("CACHE LAZY TABLE x AS SELECT 1", "CACHE"),
        ("CREATE TABLE x AS SELECT * FROM tasks", "CREATE"),
        ("CREATE TEMPORARY VIEW x USING parquet OPTIONS (path '/etc')", "CREATE"),
        ("CREATE TEMPORARY FUNCTION f AS 'a.B' USING JAR '/tmp/a.jar'", "CREATE"),
        ("DROP VIEW tasks", "DROP"),
        ("INSERT INTO tasks SELECT * FROM tasks", "INSERT"),
        ("INSERT OVERWRITE DIRECTORY '/tmp/x' USING parquet SELECT * FROM tasks", "INSERT"),
        ("INSERT OVERWRITE LOCAL DIRECTORY '/tmp/x' SELECT * FROM tasks", "INSERT"),
        ("DELETE FROM tasks", "DELETE"),
        ("UPDATE tasks SET host = ''", "UPDATE"),
        ("MERGE INTO tasks USING stages ON true WHEN MATCHED THEN DELETE", "MERGE"),
        ("DESCRIBE tasks", "DESCRIBE"),
        ("SHOW TABLES", "SHOW"),
        ("USE other", "USE"),
        ("REFRESH '/etc'", "REFRESH"),
        ("LOAD DATA INPATH '/etc/passwd' INTO TABLE tasks", "LOAD"),
        ("CALL system.x()", "CALL"),
        ("EXECUTE IMMEDIATE 'DROP VIEW tasks'", "EXECUTE"),
        ("BEGIN SELECT 1; END", "statement"),
        ("DECLARE VARIABLE x = 1", "DECLARE"),
        ("TABLE tasks", "TABLE"),
        ("SELECT 1; DROP VIEW tasks", "more than one statement"),
        ("SELECT 1; /* a */ SELECT 2", "more than one statement"),
        ("", "0 statements"),
        ("-- nothing", "0 statements"),
        ("SELECT * FROM tasks SELECT 1", "cannot be read"),
    ] {
        let problem = problem(text);
        assert!(problem.contains(word), "{text}: {problem}");
    }
}

#[test]
fn queries_that_write_are_refused_wherever_they_stand() {
    for text in [
        "WITH a AS (SELECT 1) INSERT INTO tasks SELECT * FROM a",
        "WITH a AS (INSERT INTO tasks VALUES (1)) SELECT * FROM a",
        "FROM tasks INSERT OVERWRITE TABLE x SELECT *",
        "FROM tasks INSERT OVERWRITE DIRECTORY '/tmp/x' SELECT *",
        "SELECT * INTO x FROM tasks",
        "SELECT * FROM (DELETE FROM tasks RETURNING *)",
        "SELECT * FROM tasks FOR UPDATE",
    ] {
        problem(text);
    }
}

#[test]
fn nothing_but_the_named_tables_can_be_read() {
    for text in [
        "SELECT * FROM parquet.`/etc/passwd`",
        "SELECT * FROM PARQUET . `/etc/passwd`",
        "SELECT * FROM csv.`/etc/passwd`",
        "SELECT * FROM text.`file:///etc/passwd`",
        "SELECT * FROM binaryFile.`/etc/*`",
        "SELECT * FROM delta.`s3://bucket/x`",
        "SELECT * FROM `parquet`.`/etc/passwd`",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM \"parquet\".\"/etc/passwd\"",
        "SELECT * FROM tasks, parquet.`/etc/passwd`",
        "SELECT * FROM tasks JOIN parquet.`/etc/passwd`",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM parquet.`/etc/passwd`))",
        "SELECT 1 WHERE 1 IN (SELECT value FROM text.`/etc/passwd`)",
        "SELECT (SELECT max(value) FROM text.`/etc/passwd`)",
        "SELECT 1 WHERE EXISTS (SELECT * FROM text.`/etc/passwd`)",
        "SELECT * FROM tasks ORDER BY (SELECT max(value) FROM text.`/etc/passwd`)",
        "SELECT * FROM tasks LIMIT (SELECT count(*) FROM text.`/etc/passwd`)",
        "SELECT count(*) OVER (ORDER BY (SELECT 1 FROM text.`/etc/passwd`)) FROM tasks",
        "SELECT * FROM tasks LATERAL VIEW explode((SELECT collect_list(value) FROM text.`/etc/passwd`)) e",
        "SELECT * FROM range((SELECT count(*) FROM text.`/etc/passwd`))",
        "SELECT 1 UNION SELECT * FROM text.`/etc/passwd`",
        "WITH a AS (SELECT * FROM text.`/etc/passwd`) SELECT * FROM a",
        "SELECT * FROM tasks LEFT ANTI JOIN text.`/etc/passwd` ON true",
        "SELECT * FROM tasks, LATERAL (SELECT * FROM text.`/etc/passwd`)",
        "SELECT * FROM tasks PIVOT (count(*) FOR status IN ((SELECT value FROM text.`/etc/passwd`)))",
        "FROM text.`/etc/passwd`",
        "FROM text.`/etc/passwd` SELECT *",
        "FROM text.`/etc/passwd` |> SELECT *",
        "FROM tasks |> UNION ALL (SELECT * FROM text.`/etc/passwd`)",
        "SELECT * FROM tasks |> JOIN text.`/etc/passwd`",
        "TABLE text.`/etc/passwd`",
        "SELECT * FROM (TABLE secrets)",
        "SELECT * FROM explode(TABLE(secrets))",
        "SELECT * FROM secrets",
        "SELECT * FROM default.tasks",
        "SELECT * FROM spark_catalog.default.tasks",
        "SELECT * FROM global_temp.tasks",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_files('/etc/passwd')",
        "SELECT * FROM TABLE(read_parquet('/etc/passwd'))",
        "SELECT * FROM a.explode(array(1))",
        "SELECT * FROM tasks LATERAL VIEW read_text('/etc/passwd') x",
        "SELECT * FROM IDENTIFIER('text.`/etc/passwd`')",
        "SELECT * FROM IDENTIFIER('sec' || 'rets')",
        "SELECT * FROM tasks VERSION AS OF 1",
        "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$'))",
        "SELECT * FROM STREAM tasks",
        "SELECT * FROM STREAM(secrets)",
    ] {
        problem(text);
    }
}

#[test]
fn name_of_a_with_clause_hides_a_table_only_where_it_is_visible() {
    for text in [
        "WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets",
        "WITH a AS (SELECT * FROM secrets), secrets AS (SELECT 1) SELECT * FROM a",
        "SELECT * FROM secrets WHERE 1 IN (WITH secrets AS (SELECT 1) SELECT * FROM secrets)",
        "SELECT * FROM (WITH secrets AS (SELECT 1) SELECT * FROM secrets) JOIN secrets",
        "SELECT 1 IN (WITH secrets AS (SELECT 1) SELECT 1), (SELECT max(x) FROM secrets)",
        "WITH a AS (WITH secrets AS (SELECT 1) SELECT 1) SELECT * FROM secrets",
        "WITH RECURSIVE secrets AS (SELECT 1 UNION ALL SELECT * FROM secrets) SELECT * FROM secrets",
        "WITH a AS (SELECT 1) SELECT * FROM a.b",
        "WITH a (SELECT * FROM secrets) SELECT * FROM a",
    ] {
        problem(text);
    }
    taken(
        "WITH A AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM (SELECT * FROM B WHERE EXISTS (SELECT * FROM a))",
    );
    taken("WITH tasks AS (SELECT 1) SELECT * FROM tasks");
}

#[test]
fn no_query_runs_code() {
    for text in [
        "SELECT reflect('java.lang.System', 'getenv', 'HOME')",
        "SELECT Java_Method('java.util.UUID', 'randomUUID')",
        "SELECT try_reflect('java.lang.System', 'exit', 0)",
        "SELECT `reflect`('java.lang.System', 'getenv')",
        "SELECT IDENTIFIER('reflect')('java.lang.System', 'getenv')",
        "SELECT sum(length(reflect('a.B', 'c'))) OVER () FROM tasks",
        "SELECT builtin.reflect('a.B', 'c')",
        "SELECT system.builtin.reflect('a.B', 'c')",
        "SELECT TRANSFORM(host) USING 'cat' FROM tasks",
        "SELECT TRANSFORM(host) using \"cat\" AS (x) FROM tasks",
        "SELECT TRANSFORM(host) USING/**/'cat' FROM tasks",
        "FROM tasks MAP host USING 'cat'",
        "FROM tasks REDUCE host USING 'cat' AS (x)",
        "SELECT '${env:HOME}'",
        "SELECT ${spark:spark.app.name}",
        "SELECT '${system:java.home}' -- ",
    ] {
        problem(text);
    }
}

/// What one lexer takes for a comment or a text and another for code.
#[test]
fn texts_that_lexers_read_differently_are_refused() {
    for text in [
        // Spark continues the comment, others do not.
        "SELECT 1 -- \\\n 'alias\n UNION SELECT * FROM text.`/etc/passwd` -- '",
        // Comments nest for some.
        "SELECT 1 /* /* */ UNION SELECT * FROM text.`/etc/passwd` -- */",
        "SELECT 1 /*/*/ UNION SELECT 1 /*/*/",
        "SELECT 1 /*! UNION SELECT * FROM text.`/etc/passwd` */",
        "SELECT /*+ BROADCAST(secrets) */ 1",
        "SELECT 1 /* never closed",
        // The backslash escapes for some.
        "SELECT 'a\\' UNION SELECT * FROM text.`/etc/passwd` -- '",
        "SELECT \"a\\\" UNION SELECT * FROM text.`/etc/passwd` -- \"",
        "SELECT 'a\\\\' FROM tasks",
        "SELECT r'a\\' FROM tasks",
        // Texts of other systems.
        "SELECT $$ ' $$ UNION SELECT * FROM text.`/etc/passwd` -- '",
        "SELECT 1 # ' \n UNION SELECT * FROM text.`/etc/passwd` -- '",
        "SELECT {fn now()}",
        "SELECT ?",
        "SELECT @x",
        "SELECT 1\u{a0}FROM tasks",
        "SELECT größe FROM tasks",
        "SELECT 'never closed",
        "SELECT `a``b` FROM tasks",
        "SELECT \\n",
    ] {
        problem(text);
    }
}

#[test]
fn what_is_sent_has_no_comments_and_all_its_texts() {
    let query =
        taken("SELECT/* a */'--x', \"/* ' */\", '/*', `-- y` -- '\r\nFROM(SELECT 1 `-- y`)--;\n;;");
    assert_eq!(
        query.text(),
        "SELECT '--x', \"/* ' */\", '/*', `-- y`  \r\nFROM(SELECT 1 `-- y`) \n"
    );
}

#[test]
fn texts_do_not_count_as_code() {
    taken(
        "SELECT 'FROM parquet.`/etc/passwd`', \"; DROP VIEW tasks\", '* FROM secrets' FROM tasks",
    );
}

#[test]
fn unknown_table_names_the_known_ones() {
    let error = Query::parse("SELECT * FROM task", &TABLES).unwrap_err();
    assert_eq!(error.to_string(), "there is no table called task");
    assert_eq!(error.hint().as_deref(), Some("tables here: tasks, stages"));
}

#[test]
fn deep_and_long_texts_are_refused() {
    problem(&format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)));
    problem(&format!("SELECT {}1", "- ".repeat(20_000)));
    problem(&format!("{}SELECT 1{}", "SELECT * FROM (".repeat(2_000), ")".repeat(2_000)));
    problem(&format!("SELECT '{}'", "x".repeat(LONGEST)));
}
