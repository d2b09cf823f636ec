//! Members of zip archives, read as streams.
//!
//! The crate `zip` reads the directory of an archive; the bytes of a member are read here, because a reader that
//! borrows its archive could not be handed on.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::DeflateDecoder;
use rootward::dataset::DataError;
use zip::{CompressionMethod, ZipArchive};

/// How every zip archive begins.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// A file in an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Where its bytes begin in the archive.
    pub(super) start: u64,
    /// How many they are.
    pub(super) length: u64,
    deflated: bool,
    crc32: u32,
}

/// The files of an archive; those that are compressed in an unusual way are an error when there is no telling which
/// of them will be asked for.
///
/// # Errors
/// When the archive is damaged, encrypted, or compressed by anything but deflate.
pub(super) fn members(path: &Path) -> Result<Vec<Member>, DataError> {
    list(path).map_err(|cause| DataError::Read { path: path.to_owned(), cause })
}

fn list(path: &Path) -> io::Result<Vec<Member>> {
    let mut archive = ZipArchive::new(File::open(path)?).map_err(io::Error::other)?;
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(io::Error::other)?;
        if file.is_dir() {
            continue;
        }
        let deflated = match file.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => return Err(io::Error::other(format!("members compressed by {other} are not read"))),
        };
        let start = file.data_start().ok_or(io::ErrorKind::InvalidData)?;
        let name = file.name().map_err(io::Error::other)?.into_owned();
        found.push(Member { name, start, length: file.compressed_size(), deflated, crc32: file.crc32() });
    }
    Ok(found)
}

/// The only file of an archive with one of these endings, or its only file.
///
/// # Errors
/// When there are several, or none.
pub(super) fn only_member(path: &Path, endings: &[&str]) -> Result<Member, DataError> {
    const REMEDY: &str = "unpack it, and name the file that is meant";
    let mut members = members(path)?;
    if members.len() > 1 {
        members.retain(|member| endings.iter().any(|ending| member.name.ends_with(ending)));
    }
    if members.len() != 1 {
        let what = format!("single file that ends in {}", endings.join(" or "));
        return Err(DataError::Lacks { path: path.to_owned(), what, remedy: REMEDY });
    }
    Ok(members.swap_remove(0))
}

impl Member {
    /// The bytes of the member, out of a reader that stands at its start.
    pub(super) fn unpack<'a>(&self, bytes: impl Read + 'a) -> Checked<Box<dyn Read + 'a>> {
        let packed = bytes.take(self.length);
        let inner: Box<dyn Read + 'a> =
            if self.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        Checked { inner, hasher: crc32fast::Hasher::new(), expected: self.crc32 }
    }
}

/// A reader that fails at its end if its bytes were not the expected ones.
pub(super) struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is another"));
        }
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
