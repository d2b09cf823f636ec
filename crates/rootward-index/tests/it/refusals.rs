//! Bad input: one clear error each, and the index is untouched.

use std::fs;
use std::path::{Path, PathBuf};

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rootward_index::filter::{Filter, Value};
use rootward_index::store::{Changes, Reader, Record, SetId, Settings, Store, Writer, verify};
use rootward_index::{Editor, IndexError};
use serde_json::{Map, json};

struct Folder {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn folder() -> Folder {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    Folder { _dir: dir, path }
}

fn record(id: &str, vector: &[f32]) -> Record {
    let (title, text) = (String::new(), "some words".to_owned());
    Record { id: id.to_owned(), title, text, metadata: Map::new(), vector: vector.to_vec() }
}

/// An index of two numbers with a document `a`.
fn small(path: &Path) -> Writer {
    let mut writer = Store::create(path, &Settings { dim: 2, model: None }).unwrap();
    let mut changes = writer.begin().unwrap();
    changes.add(&record("a", &[1.0, 2.0])).unwrap();
    changes.commit().unwrap();
    writer
}

fn check(change: impl FnOnce(&mut Changes<'_>) -> Result<(), IndexError>, expected: &str) {
    let folder = folder();
    let mut writer = small(&folder.path);
    let mut changes = writer.begin().unwrap();
    let error = change(&mut changes).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(changes.commit().unwrap(), 1);
    let mut reader = Reader::open(&folder.path).unwrap();
    let reading = reader.snapshot().unwrap();
    assert_eq!((reading.generation(), reading.n_docs()), (1, 1));
}

#[test]
fn documents_that_make_no_sense_are_refused() {
    let add = |record: Record| move |changes: &mut Changes<'_>| changes.add(&record).map(|_| ());
    check(add(record("b", &[1.0])), "document `b` has 1 numbers, the index holds vectors of 2");
    check(add(record("b", &[1.0, f32::NAN])), "the vector of document `b` is not finite");
    check(add(record("b", &[f32::INFINITY, 1.0])), "the vector of document `b` is not finite");
    check(add(record("", &[1.0, 2.0])), "empty id");
    check(add(record("a", &[1.0, 2.0])), "document `a` is in the index already; update it");
    let with = |key: &str, value| Record {
        metadata: Map::from_iter([(key.to_owned(), value)]),
        ..record("b", &[1.0, 2.0])
    };
    check(add(with("k", json!(null))), "has null under `k`");
    check(add(with("k", json!([["x"]]))), "has a list of lists under `k`");
    check(add(with("k", json!({}))), "has an object under `k`");
}

#[test]
fn what_is_not_there_is_neither_updated_nor_removed() {
    check(
        |changes| changes.update(&record("b", &[1.0, 2.0])).map(|_| ()),
        "document `b` is not in the index, or not any more",
    );
    check(|changes| changes.remove("b").map(|_| ()), "document `b` is not in the index");
    check(|changes| changes.switch(SetId(7)), "there is no set of vectors 7; there are 1");
}

#[test]
fn an_id_cannot_come_twice_in_a_batch_or_go_twice() {
    let folder = folder();
    let mut writer = small(&folder.path);
    let mut changes = writer.begin().unwrap();
    changes.add(&record("b", &[1.0, 2.0])).unwrap();
    assert!(matches!(changes.add(&record("b", &[1.0, 2.0])), Err(IndexError::Present { .. })));
    changes.remove("a").unwrap();
    assert!(matches!(changes.remove("a"), Err(IndexError::Absent { .. })));
    changes.commit().unwrap();
    assert_eq!(Reader::open(&folder.path).unwrap().snapshot().unwrap().n_docs(), 1);
}

#[test]
fn homes_of_no_document_are_refused_and_take_the_transaction_with_them() {
    let folder = folder();
    let mut writer = small(&folder.path);
    let mut changes = writer.begin().unwrap();
    let error = changes.set_homes(SetId(1), [(DocIdx(5), NodeIdx(0))]).unwrap_err();
    assert!(matches!(error, IndexError::NoDocument { row: 5 }));
    assert!(matches!(changes.commit(), Err(IndexError::Failed { .. })));
    assert_eq!(writer.generation().unwrap(), 1);
}

#[test]
fn a_transaction_that_is_dropped_changes_nothing() {
    let folder = folder();
    let mut writer = small(&folder.path);
    let mut changes = writer.begin().unwrap();
    changes.remove("a").unwrap();
    changes.add(&record("b", &[1.0, 2.0])).unwrap();
    drop(changes);
    assert_eq!(Reader::open(&folder.path).unwrap().snapshot().unwrap().row_of("a").unwrap(), Some(DocIdx(0)));
    assert_eq!(verify(&folder.path).unwrap().problems, Vec::<String>::new());
}

#[test]
fn there_is_one_writer_at_a_time() {
    let folder = folder();
    let writer = small(&folder.path);
    let error = Writer::open(&folder.path).unwrap_err().to_string();
    assert!(error.contains("is being changed by another process"), "{error}");
    drop(writer);
    assert!(Writer::open(&folder.path).is_ok());
}

#[test]
fn files_that_are_no_index_are_told_apart() {
    let folder = folder();
    let path = &folder.path;
    let check = |expected: &str| {
        for error in
            [Reader::open(path).unwrap_err(), Writer::open(path).unwrap_err(), verify(path).unwrap_err()]
        {
            assert!(error.to_string().contains(expected), "{error}");
        }
    };
    check("there is no index; make one with `rootward index build`");
    fs::write(path, b"").unwrap();
    check("this is no index of rootward");
    fs::write(path, "some text that is longer than what SQLite begins with".repeat(100)).unwrap();
    check("this is no index of rootward");
    let error = Store::create(path, &Settings { dim: 2, model: None }).unwrap_err();
    assert!(matches!(error, IndexError::Occupied { .. }));
    fs::remove_file(path).unwrap();
    drop(small(path));
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    check("the index has format 2, this version reads up to 1");
}

#[test]
fn vectors_without_numbers_make_no_index() {
    let folder = folder();
    let error = Store::create(&folder.path, &Settings { dim: 0, model: None }).unwrap_err();
    assert!(matches!(error, IndexError::NoNumbers) && !folder.path.exists());
}

#[test]
fn a_set_takes_over_only_when_it_is_complete() {
    let folder = folder();
    let mut writer = small(&folder.path);
    let set = writer.begin_set(&Settings { dim: 3, model: None }).unwrap();
    let mut changes = writer.begin().unwrap();
    assert!(matches!(changes.switch(set), Err(IndexError::Incomplete { missing: 1, .. })));
    changes.put_vectors(set, [(DocIdx(0), &[1.0, 2.0, 3.0][..])]).unwrap();
    changes.switch(set).unwrap();
    assert!(matches!(changes.add(&record("b", &[1.0, 2.0])), Err(IndexError::Dim { expected: 3, .. })));
    changes.commit().unwrap();
    assert!(matches!(writer.drop_set(set), Err(IndexError::InUse { .. })));
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let folder = folder();
    drop(small(&folder.path));
    let mut reader = Reader::open(&folder.path).unwrap();
    let reading = reader.snapshot().unwrap();
    let check = |filter: Filter, expected: &str| {
        let error = reading.matching(&filter, &|_| Vec::new()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(Filter::Below("x".to_owned()), "below `x`, which is neither a document nor in the hierarchy");
    let range = |least, most| Filter::Range { key: "k".to_owned(), least: Some(least), most: Some(most) };
    check(range(Value::Number(1.0), Value::Text("b".to_owned())), "the range of `k`");
    check(range(Value::Bool(false), Value::Bool(true)), "the range of `k`");
}

#[test]
fn queries_of_any_text_are_answered() {
    let folder = folder();
    drop(small(&folder.path));
    let mut reader = Reader::open(&folder.path).unwrap();
    let reading = reader.snapshot().unwrap();
    let ask = |text: &str| reading.words(text, 3, &|_| true).unwrap().len();
    assert_eq!([ask("\"word* AND (NEAR"), ask(""), ask("'-:^"), ask("other")], [1, 0, 0, 0]);
    assert_eq!(ask(&"long words ".repeat(2_000)), 1);
    assert_eq!(reading.words("words", 3, &|_| false).unwrap(), []);
}

/// Names the index that [`who_may_not_write`] is given.
const READ_ONLY: &str = "ROOTWARD_READ_ONLY";

#[cfg(unix)]
#[test]
fn an_index_in_a_folder_that_cannot_be_written_is_read_and_not_changed() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    let folder = folder();
    drop(small(&folder.path));
    let dir = folder.path.parent().unwrap();
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    fs::remove_file(dir.join("index-lock")).unwrap();
    allow(&folder.path, 0o444);
    let before = fs::read(&folder.path).unwrap();
    // Another user may not reach this program where it was built.
    let program = tempfile::tempdir().unwrap();
    allow(program.path(), 0o755);
    fs::copy(std::env::current_exe().unwrap(), program.path().join("test")).unwrap();
    allow(dir, 0o555);
    let mut command = Command::new(program.path().join("test"));
    command.args(["--exact", "refusals::who_may_not_write", "--nocapture"]).env(READ_ONLY, &folder.path);
    // Whoever may write everywhere asks another one, "nobody".
    if fs::File::create(dir.join("probe")).is_ok() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output();
    allow(dir, 0o755);
    let (output, after) = (output.unwrap(), fs::read(&folder.path).unwrap());
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("read, and not changed"), "{output:?}");
    assert!(before == after, "the index is untouched");
}

/// Reads and does not change an index that may not be written; without its variable it is no test of anything.
#[test]
fn who_may_not_write() {
    let Ok(path) = std::env::var(READ_ONLY) else { return };
    let path = Path::new(&path);
    let mut reader = Reader::open(path).unwrap();
    assert_eq!(reader.snapshot().unwrap().n_docs(), 1);
    assert!(matches!(Writer::open(path), Err(IndexError::ReadOnly { .. })));
    let error = Editor::open(path).map(drop).unwrap_err().to_string();
    assert!(error.contains("cannot be written; make the file and its folder writable"), "{error}");
    println!("read, and not changed");
}
