//! Databases by JDBC, document stores and warehouses.

use super::NodeKind::{Sink, Source};
use super::ParameterType::{Boolean, Count, OneOf, Text};
use super::files::{MODE, NONE, OPTIONS, SCHEMA};
use super::parameter::{ONE, optional, required, with_default};
use super::{Component, Parameter};
use crate::operation::build_database as build;

/// Source: `JDBCOptions` of `org.apache.spark.sql.execution.datasources.jdbc`.
const ISOLATION_LEVELS: &[&str] =
    &["NONE", "READ_UNCOMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"];

const URL: Parameter = optional("url", Text, "the whole URL, instead of its parts");
const HOST: Parameter = optional("host", Text, "name of the server");
const PORT: Parameter = with_default("port", Count(1), "the database's own", "its port");
const DATABASE: Parameter =
    optional("database", Text, "name of the database; of Oracle, of the service");
const DRIVER: Parameter =
    with_default("driver", Text, "by the URL", "class of the driver, for databases not known here");
const USER: Parameter = optional("user", Text, "name of the user");
const PASSWORD: Parameter = optional("password", Text, "its password: `${secret:NAME}`");
const TABLE: Parameter = optional("table", Text, "table to read");
const QUERY: Parameter = optional("query", Text, "query whose rows are read, instead of a table");
const PARTITION_COLUMN: Parameter =
    optional("partition_column", Text, "number, date or time by which tasks divide the rows");
const LOWER: Parameter = optional("lower_bound", Text, "where the division begins");
const UPPER: Parameter =
    optional("upper_bound", Text, "where it ends; rows beyond are read by the last task");
const PARTITIONS: Parameter = optional("partitions", Count(1), "how many tasks, and connections");
const FETCH_SIZE: Parameter = optional("fetch_size", Count(0), "rows of a round trip");
const TARGET: Parameter = required("table", Text, "table to write");
const BATCH_SIZE: Parameter = optional("batch_size", Count(1), "rows of an insert");
const ISOLATION: Parameter =
    optional("isolation_level", OneOf(ISOLATION_LEVELS), "of each task's transaction");
const TRUNCATE: Parameter =
    optional("truncate", Boolean, "with `mode: overwrite`: keep the table and empty it");

const READ_DATABASE: &[Parameter] = &[
    URL,
    HOST,
    PORT,
    DATABASE,
    DRIVER,
    USER,
    PASSWORD,
    TABLE,
    QUERY,
    PARTITION_COLUMN,
    LOWER,
    UPPER,
    PARTITIONS,
    FETCH_SIZE,
    OPTIONS,
];
const WRITE_DATABASE: &[Parameter] = &[
    URL, HOST, PORT, DATABASE, DRIVER, USER, PASSWORD, TARGET, MODE, BATCH_SIZE, ISOLATION,
    TRUNCATE, PARTITIONS, OPTIONS,
];
const JDBC_URL: Parameter = required("url", Text, "URL of the database, `jdbc:…`");

const MONGO_URI: Parameter =
    required("uri", Text, "`mongodb://…` without a password; or as a whole `${secret:NAME}`");
const MONGO_DATABASE: Parameter = required("database", Text, "name of the database");
const COLLECTION: Parameter = required("collection", Text, "name of the collection");

const SNOWFLAKE_URL: Parameter = required("url", Text, "`ACCOUNT.snowflakecomputing.com`");
const SNOWFLAKE_DATABASE: Parameter = required("database", Text, "name of the database");
const SNOWFLAKE_SCHEMA: Parameter = optional("schema", Text, "schema in it");
const WAREHOUSE: Parameter = optional("warehouse", Text, "warehouse that computes");
const ROLE: Parameter = optional("role", Text, "role of the user");
const PRIVATE_KEY: Parameter =
    optional("private_key", Text, "key in PEM's form, instead of a password: `${secret:NAME}`");

const PROJECT: Parameter = optional("project", Text, "project that is billed");
const CREDENTIALS: Parameter =
    optional("credentials", Text, "key of a service account in Base64: `${secret:NAME}`");
const CREDENTIALS_FILE: Parameter = optional("credentials_file", Text, "file with that key");
const BIGQUERY_TABLE: &str = "`dataset.table`, or with the project before it";

macro_rules! database {
    ($name:literal, $purpose:literal, $written:literal, $read:literal, $write:literal) => {
        (
            Component {
                name: $name,
                kind: Source,
                purpose: $purpose,
                parameters: READ_DATABASE,
                inputs: NONE,
                example: $read,
                build: build::read_jdbc,
            },
            Component {
                name: $name,
                kind: Sink,
                purpose: $written,
                parameters: WRITE_DATABASE,
                inputs: ONE,
                example: $write,
                build: build::write_jdbc,
            },
        )
    };
}

const POSTGRESQL: (Component, Component) = database!(
    "postgresql",
    "Reads a table or query of PostgreSQL.",
    "Writes a table of PostgreSQL.",
    "{type: postgresql, host: db, database: sales, user: etl, password: '${secret:DB}', table: customers}",
    "{type: postgresql, host: db, database: sales, user: etl, password: '${secret:DB}', table: totals, mode: append}"
);
const MYSQL: (Component, Component) = database!(
    "mysql",
    "Reads a table or query of MySQL or MariaDB.",
    "Writes a table of MySQL or MariaDB.",
    "{type: mysql, host: db, database: sales, user: etl, password: '${secret:DB}', table: customers}",
    "{type: mysql, host: db, database: sales, user: etl, password: '${secret:DB}', table: totals, mode: append}"
);
const ORACLE: (Component, Component) = database!(
    "oracle",
    "Reads a table or query of Oracle.",
    "Writes a table of Oracle.",
    "{type: oracle, host: db, database: SALES, user: etl, password: '${secret:DB}', table: CUSTOMERS}",
    "{type: oracle, host: db, database: SALES, user: etl, password: '${secret:DB}', table: TOTALS, mode: append}"
);
const SQLSERVER: (Component, Component) = database!(
    "sqlserver",
    "Reads a table or query of SQL Server.",
    "Writes a table of SQL Server.",
    "{type: sqlserver, host: db, database: sales, user: etl, password: '${secret:DB}', table: customers}",
    "{type: sqlserver, host: db, database: sales, user: etl, password: '${secret:DB}', table: totals, mode: append}"
);
const REDSHIFT: (Component, Component) = database!(
    "redshift",
    "Reads a table or query of Amazon Redshift.",
    "Writes a table of Amazon Redshift.",
    "{type: redshift, host: cluster.example.com, database: dev, user: etl, password: '${secret:DB}', table: customers}",
    "{type: redshift, host: cluster.example.com, database: dev, user: etl, password: '${secret:DB}', table: totals, mode: append}"
);

pub(super) static SOURCES: &[Component] = &[
    Component {
        name: "jdbc",
        kind: Source,
        purpose: "Reads a table or query of a database.",
        parameters: &[
            JDBC_URL,
            DRIVER,
            USER,
            PASSWORD,
            TABLE,
            QUERY,
            PARTITION_COLUMN,
            LOWER,
            UPPER,
            PARTITIONS,
            FETCH_SIZE,
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: jdbc, url: 'jdbc:postgresql://db/sales', user: etl, password: '${secret:DB}', table: customers}",
        build: build::read_jdbc,
    },
    POSTGRESQL.0,
    MYSQL.0,
    ORACLE.0,
    SQLSERVER.0,
    REDSHIFT.0,
    Component {
        name: "mongodb",
        kind: Source,
        purpose: "Reads a collection of MongoDB.",
        parameters: &[MONGO_URI, MONGO_DATABASE, COLLECTION, SCHEMA, OPTIONS],
        inputs: NONE,
        example: "{type: mongodb, uri: '${secret:MONGO_URI}', database: sales, collection: customers}",
        build: build::read_mongodb,
    },
    Component {
        name: "snowflake",
        kind: Source,
        purpose: "Reads a table or query of Snowflake.",
        parameters: &[
            SNOWFLAKE_URL,
            USER,
            PASSWORD,
            PRIVATE_KEY,
            SNOWFLAKE_DATABASE,
            SNOWFLAKE_SCHEMA,
            WAREHOUSE,
            ROLE,
            TABLE,
            QUERY,
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: snowflake, url: account.snowflakecomputing.com, user: etl, password: '${secret:SF}', database: SALES, table: CUSTOMERS}",
        build: build::read_snowflake,
    },
    Component {
        name: "bigquery",
        kind: Source,
        purpose: "Reads a table or query of BigQuery.",
        parameters: &[
            optional("table", Text, BIGQUERY_TABLE),
            QUERY,
            optional("materialization_dataset", Text, "dataset for the rows of a `query`"),
            PROJECT,
            CREDENTIALS,
            CREDENTIALS_FILE,
            OPTIONS,
        ],
        inputs: NONE,
        example: "{type: bigquery, table: sales.customers}",
        build: build::read_bigquery,
    },
];

pub(super) static SINKS: &[Component] = &[
    Component {
        name: "jdbc",
        kind: Sink,
        purpose: "Writes a table of a database.",
        parameters: &[
            JDBC_URL, DRIVER, USER, PASSWORD, TARGET, MODE, BATCH_SIZE, ISOLATION, TRUNCATE,
            PARTITIONS, OPTIONS,
        ],
        inputs: ONE,
        example: "{type: jdbc, url: 'jdbc:postgresql://db/sales', user: etl, password: '${secret:DB}', table: totals, mode: append}",
        build: build::write_jdbc,
    },
    POSTGRESQL.1,
    MYSQL.1,
    ORACLE.1,
    SQLSERVER.1,
    REDSHIFT.1,
    Component {
        name: "mongodb",
        kind: Sink,
        purpose: "Writes a collection of MongoDB.",
        parameters: &[MONGO_URI, MONGO_DATABASE, COLLECTION, MODE, OPTIONS],
        inputs: ONE,
        example: "{type: mongodb, uri: '${secret:MONGO_URI}', database: sales, collection: totals, mode: append}",
        build: build::write_mongodb,
    },
    Component {
        name: "snowflake",
        kind: Sink,
        purpose: "Writes a table of Snowflake.",
        parameters: &[
            SNOWFLAKE_URL,
            USER,
            PASSWORD,
            PRIVATE_KEY,
            SNOWFLAKE_DATABASE,
            SNOWFLAKE_SCHEMA,
            WAREHOUSE,
            ROLE,
            TARGET,
            MODE,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: snowflake, url: account.snowflakecomputing.com, user: etl, password: '${secret:SF}', database: SALES, table: TOTALS, mode: append}",
        build: build::write_snowflake,
    },
    Component {
        name: "bigquery",
        kind: Sink,
        purpose: "Writes a table of BigQuery.",
        parameters: &[
            required("table", Text, BIGQUERY_TABLE),
            optional(
                "temporary_bucket",
                Text,
                "bucket for files on the way; without it rows are sent",
            ),
            PROJECT,
            CREDENTIALS,
            CREDENTIALS_FILE,
            MODE,
            OPTIONS,
        ],
        inputs: ONE,
        example: "{type: bigquery, table: sales.totals, mode: append}",
        build: build::write_bigquery,
    },
];
