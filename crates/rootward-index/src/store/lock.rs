//! One writer at a time, over all processes: a lock on a file beside the index, which the system lets go of when the
//! process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::IndexError;

/// A file beside the index.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The file of an index: where a link leads. Beside it lie the lock and all else, by whatever name it is opened.
pub(super) fn resolved(path: &Path) -> PathBuf {
    if path.is_symlink() { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The right to change an index, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of an index.
    pub(super) fn take(path: &Path) -> Result<Lock, IndexError> {
        let beside = beside(path, "-lock");
        let open = File::options().create(true).truncate(false).write(true).open(&beside);
        let file = open.map_err(|cause| match cause.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                IndexError::ReadOnly { path: path.to_owned() }
            }
            ErrorKind::NotFound => IndexError::NoFolder { path: folder(path).to_owned() },
            ErrorKind::StorageFull => IndexError::Full { path: path.to_owned() },
            _ => IndexError::File { path: beside.clone(), cause },
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(IndexError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(IndexError::File { path: beside, cause }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that was just begun by this one holds the file, too, until it runs its own program; closing would not
        // let go of the lock then. Where unlocking fails, closing does it.
        let _ = self.file.unlock();
    }
}
