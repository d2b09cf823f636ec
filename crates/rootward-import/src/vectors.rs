//! Vectors on disk, appended row after row: what FAISS, Qdrant and numpy are filled from.
//!
//! Rows go to `FILE.partial` and, where the format has no place for ids, to `FILE.ids.partial`; `FILE.partial.json`
//! says how many of them are surely on disk, of which model and which texts they are. Whoever goes on after an interruption
//! cuts off what came after those, and ends with the bytes of a run that was never interrupted. `FILE` and `FILE.ids`
//! appear when they are whole.

mod columns;
mod error;
mod journal;
mod npy;
mod safetensors;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rootward::files::WriteError;
use rootward::matrix::Matrix;

use columns::Groups;
pub use error::VectorsError;
use journal::Journal;

/// How vectors lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorFormat {
    /// numpy's own: `numpy.load(FILE, mmap_mode="r")` is a matrix of `f32`, `(texts, dim)`.
    Npy,
    /// One tensor `embeddings` of `f32`, `(texts, dim)`.
    Safetensors,
    /// A table with the columns `id` and `vector`.
    Parquet,
}

/// What a file of vectors holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How the vectors lie in it.
    pub format: VectorFormat,
    /// Numbers in a vector.
    pub dim: usize,
    /// Whether the texts have ids.
    pub ids: Ids,
    /// What people call the model.
    pub model: String,
    /// What tells it from every other: vectors of two models are not to stand in one file.
    pub model_checksum: String,
}

/// Whether texts have ids of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// They are kept: as a column of a table, else in `FILE.ids`, one on each line.
    Kept,
    /// They have none.
    None,
}

/// Rows that are in a file from before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// How many.
    pub rows: u64,
    /// [`checksum_of`] their texts.
    pub texts: u32,
}

/// Rows to be appended.
#[derive(Clone, Copy, Debug)]
pub struct NewRows<'a> {
    /// Shape `(rows, dim)`.
    pub vectors: &'a Matrix,
    /// An id for each; they are not looked at where a file has none.
    pub ids: &'a [String],
    /// Of each the [`fingerprint`].
    pub texts: &'a [u32],
}

/// A file of vectors that is being written.
pub struct VectorFile {
    path: PathBuf,
    contents: Contents,
    file: BufWriter<File>,
    ids: Option<BufWriter<File>>,
    body: Body,
    /// What is in the two files, or still in their buffers.
    at: Journal,
}

/// How rows become bytes.
enum Body {
    /// One after another, behind a header that is written last.
    Rows,
    /// Many together.
    Groups(Groups),
}

/// Bytes of the header before the rows of an array.
const HEADER: usize = 192;

impl VectorFormat {
    /// What the ending of a name means.
    ///
    /// # Errors
    /// When it is none of `.npy`, `.safetensors` and `.parquet`.
    pub fn of(path: &Path) -> Result<Self, VectorsError> {
        match path.extension().unwrap_or_default().to_string_lossy().to_lowercase().as_str() {
            "npy" => Ok(VectorFormat::Npy),
            "safetensors" => Ok(VectorFormat::Safetensors),
            "parquet" => Ok(VectorFormat::Parquet),
            _ => Err(VectorsError::Ending { path: path.to_owned() }),
        }
    }
}

/// A number that changes with the id and the words of a text.
pub fn fingerprint(id: &str, text: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id.as_bytes());
    hasher.update(b"\0");
    hasher.update(text.as_bytes());
    hasher.finalize()
}

/// The checksum of texts, given that of those before them, or 0, and their fingerprints.
pub fn checksum_of(before: u32, fingerprints: &[u32]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    fingerprints.iter().for_each(|one| hasher.update(&one.to_le_bytes()));
    hasher.finalize()
}

impl VectorFile {
    /// Begins a file.
    ///
    /// # Errors
    /// When it is there already, whole or begun, or cannot be written.
    pub fn create(path: &Path, contents: Contents) -> Result<Self, VectorsError> {
        refuse_whole(path)?;
        let partial = beside(path, PARTIAL);
        if partial.exists() {
            return Err(VectorsError::Begun { path: path.to_owned(), partial });
        }
        Self::open(path, contents, Journal::default())
    }

    /// Goes on with a file that was begun, or begins it.
    ///
    /// # Errors
    /// When it is there already and whole, was begun with another model or in another form, is damaged, or cannot be
    /// written.
    pub fn resume(path: &Path, contents: Contents) -> Result<Self, VectorsError> {
        let ids = ids_of(path);
        let ids_partial = beside(&ids, PARTIAL);
        if !path.exists() && beside(path, PARTIAL).exists() && ids.exists() && !ids_partial.exists() {
            // The ids take their name first, and what ended between the two is not whole.
            fs::rename(&ids, &ids_partial).map_err(|cause| cannot_write(&ids, cause))?;
        }
        refuse_whole(path)?;
        let journal = Journal::read(&beside(path, JOURNAL), &contents)?;
        Self::open(path, contents, journal.unwrap_or_default())
    }

    /// Opens what there is, and cuts off what is not sure.
    fn open(path: &Path, contents: Contents, mut at: Journal) -> Result<Self, VectorsError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|cause| cannot_write(path, cause))?;
        }
        let is_table = contents.format == VectorFormat::Parquet;
        if at.rows == 0 {
            at = Journal { bytes: if is_table { 0 } else { HEADER as u64 }, ..Journal::default() };
        }
        let partial = beside(path, PARTIAL);
        let mut file = open(&partial)?;
        match file.get_ref().try_lock() {
            Err(TryLockError::WouldBlock) => return Err(VectorsError::Locked { path: path.to_owned() }),
            // Where a file system has no locks there is none to respect.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        cut(&mut file, at.bytes, at.rows > 0, &partial)?;
        let mut ids = None;
        if contents.ids == Ids::Kept && !is_table {
            let partial = beside(&ids_of(path), PARTIAL);
            cut(ids.insert(open(&partial)?), at.id_bytes, at.rows > 0, &partial)?;
        }
        let body = match is_table {
            true => Body::Groups(Groups::find(contents.dim, file.get_mut(), at.bytes, &partial)?),
            false => Body::Rows,
        };
        Ok(VectorFile { path: path.to_owned(), contents, file, ids, body, at })
    }

    /// The rows that are in it from before.
    pub fn begun(&self) -> Begun {
        Begun { rows: self.at.rows, texts: self.at.texts }
    }

    /// Appends rows.
    ///
    /// # Errors
    /// When they cannot be written.
    ///
    /// # Panics
    /// When they are of another width, or there is not one id and one fingerprint for each.
    pub fn append(&mut self, new: NewRows<'_>) -> Result<(), VectorsError> {
        assert_eq!(new.vectors.dim(), self.contents.dim, "every vector of a file is of one width");
        assert_eq!(new.vectors.n_rows(), new.texts.len(), "every row has a fingerprint");
        if self.contents.ids == Ids::Kept {
            assert_eq!(new.vectors.n_rows(), new.ids.len(), "every row has an id");
        }
        let partial = beside(&self.path, PARTIAL);
        match &mut self.body {
            Body::Groups(groups) => groups.append(new, &mut self.file, &mut self.at),
            Body::Rows => {
                let written = append_plain(new.vectors.values(), &mut self.file);
                self.at.bytes += 4 * new.vectors.values().len() as u64;
                let ids = self.ids.as_mut().map_or(Ok(()), |ids| {
                    new.ids.iter().try_for_each(|id| {
                        self.at.id_bytes += id.len() as u64 + 1;
                        ids.write_all(id.as_bytes()).and_then(|()| ids.write_all(b"\n"))
                    })
                });
                self.at.rows += new.texts.len() as u64;
                self.at.texts = checksum_of(self.at.texts, new.texts);
                written.and(ids)
            }
        }
        .map_err(|cause| cannot_write(&partial, cause))
    }

    /// Makes sure that the rows so far are on disk, as far as the format can go on after them: from there the file can
    /// be resumed. Returns how many these are.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&mut self) -> Result<u64, VectorsError> {
        let partial = beside(&self.path, PARTIAL);
        let written = settle(&mut self.file).and_then(|()| self.ids.as_mut().map_or(Ok(()), settle));
        written.map_err(|cause| cannot_write(&partial, cause))?;
        self.at.write(&beside(&self.path, JOURNAL), &self.contents)?;
        Ok(self.at.rows)
    }

    /// Takes away what was begun: nothing stays.
    pub fn discard(self) {
        for gone in
            [beside(&self.path, PARTIAL), beside(&ids_of(&self.path), PARTIAL), beside(&self.path, JOURNAL)]
        {
            // What was never written is not there, and what cannot be removed hinders nobody who resumes.
            let _ = fs::remove_file(gone);
        }
    }

    /// Writes what comes last, and gives the files their names. Returns how many rows there are.
    ///
    /// # Errors
    /// When they cannot be written; then the file can be resumed.
    pub fn finish(mut self) -> Result<u64, VectorsError> {
        self.save()?;
        let partial = beside(&self.path, PARTIAL);
        let ended = self.end().and_then(|()| settle(&mut self.file));
        ended.map_err(|cause| cannot_write(&partial, cause))?;
        let ids = self.ids.is_some().then(|| ids_of(&self.path));
        for last in ids.iter().chain([&self.path]) {
            fs::rename(beside(last, PARTIAL), last).map_err(|cause| cannot_write(last, cause))?;
        }
        let journal = beside(&self.path, JOURNAL);
        fs::remove_file(&journal).map_err(|cause| cannot_write(&journal, cause))?;
        Ok(self.at.rows)
    }

    /// The header of an array, or the footer of a table.
    fn end(&mut self) -> io::Result<()> {
        let (rows, dim) = (self.at.rows, self.contents.dim);
        let header = match (self.contents.format, &mut self.body) {
            (_, Body::Groups(groups)) => return groups.end(&mut self.file, &mut self.at),
            (VectorFormat::Safetensors, Body::Rows) => safetensors::header(rows, dim),
            (_, Body::Rows) => npy::header(rows, dim),
        };
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)
    }
}

/// The endings of what a file is called before it is whole, and of what says how far it has come.
const PARTIAL: &str = ".partial";
const JOURNAL: &str = ".partial.json";

/// Where the ids of an array stand.
fn ids_of(path: &Path) -> PathBuf {
    beside(path, ".ids")
}

/// A name with something behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Refuses a file, or one of ids beside it, that is there.
fn refuse_whole(path: &Path) -> Result<(), VectorsError> {
    match [path, &ids_of(path)].into_iter().find(|path| path.exists()) {
        Some(taken) => Err(VectorsError::Taken { path: taken.to_owned() }),
        None => Ok(()),
    }
}

fn open(path: &Path) -> Result<BufWriter<File>, VectorsError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    Ok(BufWriter::with_capacity(1 << 18, file.map_err(|cause| cannot_write(path, cause))?))
}

/// Cuts a file to the bytes that are sure, and stands at its end; a shorter one is only what was never begun.
fn cut(file: &mut BufWriter<File>, bytes: u64, begun: bool, path: &Path) -> Result<(), VectorsError> {
    let cannot = |cause| cannot_write(path, cause);
    let found = file.get_ref().metadata().map_err(cannot)?.len();
    if begun && found < bytes {
        return Err(VectorsError::Short { path: path.to_owned(), found, expected: bytes });
    }
    file.get_ref().set_len(bytes).map_err(cannot)?;
    file.seek(SeekFrom::Start(bytes)).map(drop).map_err(cannot)
}

fn append_plain(values: &[f32], out: &mut impl Write) -> io::Result<()> {
    let mut bytes = [0u8; 4096];
    for part in values.chunks(bytes.len() / 4) {
        for (place, value) in bytes.chunks_exact_mut(4).zip(part) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        out.write_all(&bytes[..4 * part.len()])?;
    }
    Ok(())
}

fn settle(file: &mut BufWriter<File>) -> io::Result<()> {
    file.flush()?;
    file.get_ref().sync_data()
}

fn cannot_write(path: &Path, cause: io::Error) -> VectorsError {
    VectorsError::Write(WriteError { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests;
