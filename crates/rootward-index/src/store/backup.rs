//! A copy of an index that is in use, as it is at one generation.

use std::path::Path;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use super::connection::{begin_reading, connect, end, open_reader};
use super::fault::{Fault, damaged};
use super::lock::{beside, folder};
use super::meta::Meta;
use super::{publish, remove};
use crate::error::IndexError;

/// Pages that are copied at a time.
const STEP: i32 = 4096;

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How much is done, in pages or documents.
    pub done: u64,
    /// How much there is.
    pub all: u64,
}

/// Copies an index into a file that is not there yet, while others read and change it; returns the generation that was
/// copied. The copy is one file, which is whole or absent.
///
/// # Errors
/// When there is no index, it is damaged or behind what was acknowledged, there is a file at `to` already, or it cannot
/// be written.
pub fn backup(path: &Path, to: &Path, mut progress: impl FnMut(Progress)) -> Result<u64, IndexError> {
    if to.exists() {
        return Err(IndexError::Occupied { path: to.to_owned() });
    }
    if !folder(to).is_dir() {
        return Err(IndexError::NoFolder { path: folder(to).to_owned() });
    }
    let from = open_reader(path)?;
    // The transaction holds the generation, so that no change makes the copy begin anew.
    let meta = begin_reading(&from, path)?;
    let aside = beside(to, "-aside");
    remove(&aside)?;
    let copied = copy(&from, &aside, &meta, &mut progress).map_err(|fault| fault.at(to));
    end(&from);
    let published = copied.and_then(|()| publish(&aside, to));
    if let Err(error) = published {
        // The cause is what the user must know.
        let _ = ["-aside", "-aside-journal"].map(|ending| remove(&beside(to, ending)));
        return Err(error);
    }
    Ok(meta.generation)
}

fn copy(
    from: &rusqlite::Connection,
    to: &Path,
    meta: &Meta,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Fault> {
    let mut copy = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    run(from, &mut copy, progress)?;
    if Meta::load(&copy)? != *meta {
        return damaged("the copy is not what was copied");
    }
    copy.close().map_err(|(_, error)| error.into())
}

/// Copies all pages of one file into another, as one transaction.
pub(super) fn run(
    from: &rusqlite::Connection,
    to: &mut rusqlite::Connection,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Fault> {
    let backup = Backup::new(from, to)?;
    loop {
        let step = backup.step(STEP)?;
        let pages = backup.progress();
        let (all, left) = (pages.pagecount.max(0) as u64, pages.remaining.max(0) as u64);
        progress(Progress { done: all - left.min(all), all });
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
        }
    }
}
