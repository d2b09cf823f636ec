//! Connections to the file of an index: how they are set, and what file is refused.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::ack::{self, Acknowledged};
use super::fault::Fault;
use super::lock::beside;
use super::meta::Meta;
use super::schema::{APPLICATION, FORMAT};
use crate::error::IndexError;

/// How long a connection waits for another one that recovers the log, which is the only thing that anybody waits for.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// Statements that a connection keeps.
const STATEMENTS: usize = 128;
/// Pages of the log that are moved into the file at a time; the more, the fewer transactions wait for it.
const CHECKPOINT_PAGES: u32 = 16_000;
/// What is left of a log that has become longer, once nobody reads it.
const LOG_BYTES: u32 = 64 << 20;
/// Memory for pages of a writer, and of a reader, in KiB.
const WRITER_KIB: i32 = 128 << 10;
const READER_KIB: i32 = 16 << 10;

/// Opens a file that may be written.
pub(super) fn open_writer(path: &Path) -> Result<Connection, IndexError> {
    exists(path)?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|fault| fault.at(path))?;
    let set = || -> Result<(), Fault> {
        identify(&connection, path)?;
        connection.pragma_update(None, "cache_size", -WRITER_KIB)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(())
    };
    set().map_err(|fault| fault.at(path))?;
    if connection.is_readonly("main").map_err(|error| Fault::from(error).at(path))? {
        return Err(IndexError::ReadOnly { path: path.to_owned() });
    }
    Ok(connection)
}

/// Opens a file that is only read, in a folder that may be read-only, too.
pub(super) fn open_reader(path: &Path) -> Result<Connection, IndexError> {
    exists(path)?;
    match try_reader(path, Names::Path) {
        // Where no file can be made beside it, SQLite reads an index alone if it is told that nobody changes it.
        Err(Fault::Sql(error)) if cannot_be_shared(&error) && !has_log(path) => {
            try_reader(path, Names::Alone)
        }
        tried => tried,
    }
    .map_err(|fault| fault.at(path))
}

/// How a file is named to SQLite.
#[derive(Clone, Copy)]
enum Names {
    Path,
    /// As one that nobody else has open.
    Alone,
}

fn try_reader(path: &Path, names: Names) -> Result<Connection, Fault> {
    let connection = match names {
        Names::Path => connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?,
        Names::Alone => {
            let text = path.to_string_lossy();
            let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let uri = format!("file:{escaped}?immutable=1");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            connect(Path::new(&uri), flags)?
        }
    };
    identify(&connection, path)?;
    connection.pragma_update(None, "query_only", "on")?;
    connection.pragma_update(None, "cache_size", -READER_KIB)?;
    Ok(connection)
}

fn cannot_be_shared(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn has_log(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

fn exists(path: &Path) -> Result<(), IndexError> {
    match path {
        path if path.is_file() => Ok(()),
        path if path.is_dir() => Err(IndexError::Folder { path: path.to_owned() }),
        path => Err(IndexError::NoIndex { path: path.to_owned() }),
    }
}

/// A connection with what all have in common.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cell_size_check", "on")?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    connection.pragma_update(None, "foreign_keys", "off")?;
    Ok(connection)
}

/// Refuses a file that is no index, or one of a later version.
fn identify(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = match number("application_id") {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => 0,
        read => read?,
    };
    if application != i64::from(APPLICATION) {
        return Err(IndexError::NotAnIndex { path: path.to_owned() }.into());
    }
    let found = number("user_version")? as u32;
    if found != FORMAT {
        return Err(IndexError::Newer { path: path.to_owned(), found, known: FORMAT }.into());
    }
    Ok(())
}

/// Begins to read, and refuses what is behind the generation that was acknowledged before.
pub(super) fn begin_reading(connection: &Connection, path: &Path) -> Result<Meta, IndexError> {
    let acknowledged = ack::read(path)?;
    connection.execute_batch("BEGIN").map_err(|error| Fault::from(error).at(path))?;
    let checked = || {
        let meta = Meta::load(connection).map_err(|fault| fault.at(path))?;
        let found = Acknowledged { identity: meta.identity, generation: meta.generation };
        ack::check(path, acknowledged, found).map(|()| meta)
    };
    checked().inspect_err(|_| end(connection))
}

/// Takes back, or ends, what was begun; what was not begun is none the worse.
pub(super) fn end(connection: &Connection) {
    if !connection.is_autocommit() {
        // Where this fails SQLite has rolled back itself.
        let _ = connection.execute_batch("ROLLBACK");
    }
}
