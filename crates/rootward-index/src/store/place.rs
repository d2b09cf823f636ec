//! An index as a whole: given another place, or removed, with the files that stand beside it.

use std::path::Path;

use super::lock::{Lock, beside, resolved};
use super::writer::Writer;
use super::{publish, remove};
use crate::error::IndexError;

/// The files that may stand beside an index, but for the one that is locked.
const BESIDE: [&str; 5] = ["-wal", "-shm", "-ack", "-aside", "-aside-journal"];

/// Gives an index that nobody uses another place, in place of the index that is there, if there is one; whoever opens
/// `to` finds one or the other, whole.
///
/// # Errors
/// When another process changes one of the two, there is no index at `from`, what is at `to` is no index, or a file cannot
/// be written.
pub fn move_to(from: &Path, to: &Path) -> Result<(), IndexError> {
    let to = &resolved(to);
    // What stands in the log goes into the file, which is then all of the index.
    Writer::open(from)?.checkpoint()?;
    match Writer::open(to) {
        Ok(replaced) => replaced.checkpoint()?,
        // What is lost or damaged may be replaced; what is no index was not meant.
        Err(IndexError::NoIndex { .. } | IndexError::Lost { .. } | IndexError::Damaged { .. }) => {}
        Err(error) => return Err(error),
    }
    let _lock = Lock::take(to)?;
    // What the replaced index left beside its file must not be taken for this one's.
    BESIDE.iter().try_for_each(|ending| remove(&beside(to, ending)))?;
    publish(from, to)?;
    discard(from)
}

/// Removes an index that nobody uses, whole or not, with the files beside it.
///
/// # Errors
/// When another process changes it, or a file cannot be removed.
pub fn discard(path: &Path) -> Result<(), IndexError> {
    let _lock = Lock::take(path)?;
    remove(path)?;
    BESIDE.iter().chain(&["-lock"]).try_for_each(|ending| remove(&beside(path, ending)))
}
