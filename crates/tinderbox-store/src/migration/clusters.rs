use super::Ddl;
use super::portable::{index, integer, name, table, text, word};
use sea_orm::DbBackend;
use sea_orm::sea_query::TableCreateStatement;

/// Step 5: cluster profiles, all versions of them.
pub(super) fn statements(backend: DbBackend) -> Vec<Box<dyn Ddl>> {
    vec![
        Box::new(cluster_profiles(backend)),
        Box::new(index("cluster_profiles", &["workspace", "is_current"])),
    ]
}

fn cluster_profiles(backend: DbBackend) -> TableCreateStatement {
    let columns = [
        name(backend, "workspace").not_null(),
        name(backend, "name").not_null(),
        integer("version").not_null(),
        integer("is_current").not_null(),
        word(backend, "engine").not_null(),
        text(backend, "document").not_null(),
        integer("created_us").not_null(),
    ];
    table("cluster_profiles", ["workspace", "name", "version"], columns)
}
