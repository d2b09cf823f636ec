//! The tables of an index, and how the file says that it is one.

use rusqlite::Connection;

use super::SetId;
use super::fault::Fault;

/// "RWIX": what SQLite's header calls the application.
pub(super) const APPLICATION: u32 = 0x5257_4958;

/// The format that is written, and the newest that is read.
pub(super) const FORMAT: u32 = 1;

/// Small pages make small transactions, since a removal writes the pages that its rows lie in. On a busy machine with two
/// cores, 1,000 removals and 1,000 additions among a million documents took 29 and 49 ms with pages of 1 KiB (two runs), 32
/// and 36 ms with 2 KiB (two runs), 41 ms with 4 KiB and 64 ms with 8 KiB (one run each); one thread read all vectors in
/// 0.68 to 0.92 s, 0.53 to 0.58 s, 0.51 to 0.87 s and 0.45 to 0.47 s (`benches/store.rs`).
const PAGE_BYTES: u32 = 2048;

/// - `meta` holds all numbers about the index, as JSON.
/// - `document`: `checksum` stands before what may be long, so that it is read without it.
/// - `alive` has a bit for each row, in blocks.
/// - `attribute` has a row for each value of a document's metadata: numbers as REAL, texts as TEXT, booleans as a BLOB.
/// - `edge` is the given hierarchy, by ids.
/// - `change` is the log: for each generation the first row that was free behind it, and what it removed and moved.
/// - `tree` is the tree of a set of vectors.
/// - `words` keeps no texts, and `word_block` and `word_segment` the checksums of the tables that it is made of.
const TABLES: &str = "
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE document (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL, checksum INTEGER NOT NULL,
    metadata TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL
);
CREATE UNIQUE INDEX document_id ON document (id);
CREATE TABLE alive (block INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE attribute (key TEXT, value, row INTEGER, PRIMARY KEY (key, value, row)) WITHOUT ROWID;
CREATE TABLE edge (parent TEXT, child TEXT, PRIMARY KEY (parent, child)) WITHOUT ROWID;
CREATE TABLE change (
    generation INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, next_row INTEGER NOT NULL,
    tree INTEGER NOT NULL, removed BLOB NOT NULL, moved BLOB NOT NULL
);
CREATE TABLE tree (vectors INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, settings TEXT NOT NULL, parents BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (
    title, text, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
);
CREATE TABLE word_block (id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL);
CREATE TABLE word_segment (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, sum INTEGER NOT NULL);
";

/// Sets what a file must be told before anything is in it.
pub(super) fn prepare(connection: &Connection) -> Result<(), Fault> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    Ok(())
}

/// Makes the tables of an index in an empty file, without any set of vectors.
pub(super) fn create(connection: &Connection) -> Result<(), Fault> {
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch(TABLES)?;
    Ok(())
}

/// Makes the tables of a set of vectors: its vectors by row, little endian, and the node that owns each row, in blocks.
pub(super) fn create_set(connection: &Connection, set: SetId) -> Result<(), Fault> {
    let SetId(set) = set;
    connection.execute_batch(&format!(
        "CREATE TABLE vectors_{set} (row INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, vector BLOB NOT NULL);
         CREATE TABLE homes_{set} (block INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL);"
    ))?;
    Ok(())
}

/// Drops what [`create_set`] made, and the set's tree.
pub(super) fn drop_set(connection: &Connection, set: SetId) -> Result<(), Fault> {
    let SetId(set) = set;
    connection.execute_batch(&format!(
        "DROP TABLE vectors_{set}; DROP TABLE homes_{set}; DELETE FROM tree WHERE vectors = {set};"
    ))?;
    Ok(())
}
