use sea_orm::DbBackend;
use sea_orm::sea_query::{
    Alias, ColumnDef, Index, IndexCreateStatement, Table, TableCreateStatement,
};

/// A short text that may be indexed: at most 190 characters, so that an index on MySQL (3,072 bytes, 4 a character)
/// holds three of them. Compared byte by byte everywhere.
pub(super) fn name(backend: DbBackend, column: &str) -> Column {
    varchar(backend, column, 190)
}

/// A word out of a small set (a state, a kind): at most 64 characters, otherwise as [`name`].
pub(super) fn word(backend: DbBackend, column: &str) -> Column {
    varchar(backend, column, 64)
}

/// A text of any length, never indexed and never compared.
pub(super) fn text(backend: DbBackend, column: &str) -> Column {
    let mut definition = ColumnDef::new(Alias::new(column));
    match backend {
        // MySQL's TEXT ends at 64 KiB.
        DbBackend::MySql => definition.custom(Alias::new("longtext")),
        _ => definition.text(),
    };
    Column(definition)
}

/// A number, a time in microseconds (`_us`), or a flag (0 or 1).
pub(super) fn integer(column: &str) -> Column {
    let mut definition = ColumnDef::new(Alias::new(column));
    definition.big_integer();
    Column(definition)
}

pub(super) struct Column(ColumnDef);

impl Column {
    pub(super) fn not_null(mut self) -> Self {
        self.0.not_null();
        self
    }
}

pub(super) fn table<const K: usize>(
    table: &str,
    key: [&str; K],
    columns: impl IntoIterator<Item = Column>,
) -> TableCreateStatement {
    let mut primary = Index::create();
    for column in key {
        primary.col(Alias::new(column));
    }
    let mut statement = Table::create();
    statement.table(Alias::new(table)).if_not_exists().primary_key(&mut primary);
    for Column(mut definition) in columns {
        statement.col(&mut definition);
    }
    statement
}

/// An index named after its table and columns.
pub(super) fn index(table: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement
        .if_not_exists()
        .name(format!("{table}_by_{}", columns.join("_")))
        .table(Alias::new(table));
    for column in columns {
        statement.col(Alias::new(*column));
    }
    statement
}

fn varchar(backend: DbBackend, column: &str, length: u32) -> Column {
    let mut definition = ColumnDef::new(Alias::new(column));
    definition.string_len(length);
    match backend {
        DbBackend::MySql => definition.extra("CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        DbBackend::Postgres => definition.extra("COLLATE \"C\""),
        // SQLite compares bytes unless told otherwise.
        _ => &mut definition,
    };
    Column(definition)
}

/// A further BIGINT column of a table that may hold rows, which all get `default`.
pub(super) struct AddColumn {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    pub(super) default: i64,
}

impl super::Ddl for AddColumn {
    fn sql(&self, backend: DbBackend) -> String {
        let Self { table, column, default } = self;
        // Only PostgreSQL knows the clause in every version; the others answer with an error that says so.
        let unless = if backend == DbBackend::Postgres { "IF NOT EXISTS " } else { "" };
        format!("ALTER TABLE {table} ADD COLUMN {unless}{column} BIGINT NOT NULL DEFAULT {default}")
    }

    fn is_done_by(&self, error: &sea_orm::DbErr) -> bool {
        error.to_string().to_lowercase().contains("duplicate column")
    }
}
