//! What goes wrong inside the store, before it is said of which file.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::IndexError;

/// Something went wrong; the file is not named yet.
#[derive(Debug)]
pub(super) enum Fault {
    /// In SQLite.
    Sql(rusqlite::Error),
    /// What was read is not what was written.
    Damaged(String),
    /// An error that says all already.
    Told(IndexError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sql(error)
    }
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        Fault::Told(error)
    }
}

/// A fault for what was found damaged.
pub(super) fn damaged<T>(what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Damaged(what.into()))
}

impl Fault {
    /// The error of a file.
    pub(super) fn at(self, path: &Path) -> IndexError {
        let path = path.to_owned();
        match self {
            Fault::Told(error) => error,
            Fault::Damaged(what) => IndexError::Damaged { path, what },
            Fault::Sql(cause) => match cause.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    IndexError::Damaged { path, what: cause.to_string() }
                }
                Some(ErrorCode::DiskFull) => IndexError::Full { path },
                Some(ErrorCode::ReadOnly) => IndexError::ReadOnly { path },
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => IndexError::Locked { path },
                Some(_) => IndexError::Sql { path, cause },
                // A column of another type, a text that is no text, a row that is not there: SQLite keeps what is put.
                None => IndexError::Damaged { path, what: cause.to_string() },
            },
        }
    }
}
