//! Files that are not what they should be.

use crate::detail::application;
use crate::folder;
use tinderbox_table::{
    Error, PackOptions, PackWriter, Table, read_detail, write_detail, write_table,
};

#[test]
fn a_detail_file_that_is_cut_short_is_named() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    write_detail(&path, &application()).expect("writes");
    let whole = std::fs::read(&path).expect("reads");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("writes");
        let error = read_detail(&path).expect_err("is cut short");
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
        assert!(error.to_string().contains("run.json.zst"));
    }
}

#[test]
fn a_detail_file_with_a_changed_byte_is_never_read_as_something_else() {
    let folder = folder();
    let path = folder.path().join("run.json.zst");
    write_detail(&path, &application()).expect("writes");
    let whole = std::fs::read(&path).expect("reads");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, changed).expect("writes");
        if let Ok(read) = read_detail(&path) {
            assert_eq!(read, application(), "byte {at}");
        }
    }
}

#[test]
fn a_foreign_file_is_no_detail_file() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "jobs:\n".repeat(10_000)).expect("writes");
    assert!(matches!(read_detail(&path), Err(Error::Damaged { .. })));
    // Compressed, but without a first line of ours.
    let zeros = zstd::encode_all(vec![0; 1 << 20].as_slice(), 3).expect("encodes");
    std::fs::write(&path, zeros).expect("writes");
    assert!(matches!(read_detail(&path), Err(Error::Damaged { .. })));
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder();
    let path = folder.path().join("none");
    let error = read_detail(&path).expect_err("is missing");
    assert!(matches!(error, Error::Open { .. }));
    assert!(error.to_string().starts_with("cannot open ") && error.to_string().ends_with("none"));
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("writes");
    let path = file.join("tasks.pack");
    let error = PackWriter::create(&path, PackOptions::default()).expect_err("is no folder");
    assert!(matches!(error, Error::Write { .. }));
    assert!(error.to_string().ends_with("file/tasks.pack"), "{error}");
    assert!(matches!(write_table(&path, Table::Stages, &[]), Err(Error::Write { .. })));
    assert!(matches!(write_detail(&path, &application()), Err(Error::Write { .. })));
}
