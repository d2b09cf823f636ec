//! The last generation that was acknowledged, in a file beside the index.
//!
//! SQLite takes a log of writes that was cut short for one that ends there, and falls back to an earlier generation
//! without a word. Therefore each generation is written here before its writer hears of it. The file has two slots that are written
//! in turns, so that one is whole whatever happens to the other.
//!
//! It is not waited for until it is on the disk, which would be a second wait in every commit: the log of SQLite is there
//! already, and only if power and a part of that log were lost together would a loss go unnoticed.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rootward::files::write_aside;

use super::lock::beside;
use super::seal::checksum;
use crate::error::IndexError;

/// Identity, generation and checksum.
const SLOT: usize = 20;

/// The path of the file.
pub(super) fn path_of(index: &Path) -> PathBuf {
    beside(index, "-ack")
}

/// The file of an index that is changed.
#[derive(Debug)]
pub(super) struct Ack {
    path: PathBuf,
    file: File,
    identity: i64,
}

impl Ack {
    /// Opens the file of an index, or makes one; an index that is new in its place gets a new one.
    pub(super) fn open(index: &Path, identity: i64, generation: u64) -> Result<Ack, IndexError> {
        let path = path_of(index);
        if read(index)?.is_none_or(|found| found.identity != identity) {
            replace(index, identity, generation)?;
        }
        let file = File::options().write(true).open(&path);
        let file = file.map_err(|cause| IndexError::File { path: path.clone(), cause })?;
        Ok(Ack { path, file, identity })
    }

    /// Writes a generation; when this returns it survives the end of the process.
    pub(super) fn write(&mut self, generation: u64) -> Result<(), IndexError> {
        let at = generation % 2 * SLOT as u64;
        let written = self.file.seek(SeekFrom::Start(at));
        let written = written.and_then(|_| self.file.write_all(&slot(self.identity, generation)));
        written.map_err(|cause| IndexError::File { path: self.path.clone(), cause })
    }
}

/// Writes the file anew.
pub(super) fn replace(index: &Path, identity: i64, generation: u64) -> Result<(), IndexError> {
    let written = write_aside(&path_of(index), |file| {
        file.write_all(&slot(identity, generation))?;
        file.write_all(&slot(identity, generation))
    });
    written.map_err(|error| IndexError::File { path: error.path, cause: error.cause })
}

fn slot(identity: i64, generation: u64) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&identity.to_le_bytes());
    slot[8..16].copy_from_slice(&generation.to_le_bytes());
    let sum = checksum(0, &[&slot[..16]]);
    slot[16..].copy_from_slice(&sum.to_le_bytes());
    slot
}

/// What was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    pub(super) identity: i64,
    pub(super) generation: u64,
}

/// What stands in the file of an index; nothing where there is none.
pub(super) fn read(index: &Path) -> Result<Option<Acknowledged>, IndexError> {
    let path = path_of(index);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(IndexError::File { path, cause }),
    };
    let slots = bytes.chunks_exact(SLOT).take(2).filter_map(|found| {
        let identity = i64::from_le_bytes(found[..8].try_into().expect("8 bytes"));
        let generation = u64::from_le_bytes(found[8..16].try_into().expect("8 bytes"));
        (found == slot(identity, generation)).then_some(Acknowledged { identity, generation })
    });
    let last = slots.max_by_key(|slot| slot.generation);
    last.map(Some).ok_or_else(|| IndexError::Damaged {
        path,
        what: "what was acknowledged cannot be read, `rootward index verify --accept` goes on without"
            .to_owned(),
    })
}

/// Refuses an index that is behind what was acknowledged.
pub(super) fn check(
    index: &Path,
    acknowledged: Option<Acknowledged>,
    found: Acknowledged,
) -> Result<(), IndexError> {
    match acknowledged {
        Some(Acknowledged { identity, generation })
            if identity == found.identity && generation > found.generation =>
        {
            let path = index.to_owned();
            Err(IndexError::Lost { path, acknowledged: generation, found: found.generation })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_generation_is_read_though_a_slot_is_torn() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        let mut ack = Ack::open(&index, 7, 3).unwrap();
        ack.write(4).unwrap();
        ack.write(5).unwrap();
        assert_eq!(read(&index).unwrap(), Some(Acknowledged { identity: 7, generation: 5 }));
        let mut bytes = fs::read(path_of(&index)).unwrap();
        bytes[SLOT + 8] ^= 1;
        fs::write(path_of(&index), &bytes).unwrap();
        assert_eq!(read(&index).unwrap(), Some(Acknowledged { identity: 7, generation: 4 }));
        bytes[8] ^= 1;
        fs::write(path_of(&index), &bytes).unwrap();
        assert!(read(&index).unwrap_err().to_string().contains("--accept"));
    }

    #[test]
    fn an_index_behind_what_was_acknowledged_is_refused_and_another_one_is_not() {
        let found = Acknowledged { identity: 7, generation: 3 };
        let acknowledged = |identity, generation| Some(Acknowledged { identity, generation });
        let check = |before| check(Path::new("a"), before, found);
        assert!(
            check(acknowledged(7, 4)).unwrap_err().to_string().contains("generation 3, 4 was acknowledged")
        );
        assert!(
            check(acknowledged(8, 4)).is_ok() && check(acknowledged(7, 3)).is_ok() && check(None).is_ok()
        );
    }
}
