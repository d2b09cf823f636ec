//! What is surely on disk of vectors that are being written, and what they are of.

use std::io::{ErrorKind, Write};
use std::path::Path;

use rootward::files::write_aside;
use serde::{Deserialize, Serialize};

use super::{Contents, Ids, VectorFormat, VectorsError};

/// How far a file has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// Rows.
    pub(super) rows: u64,
    /// The checksum of their texts.
    pub(super) texts: u32,
    /// Bytes of the vectors' file.
    pub(super) bytes: u64,
    /// Bytes of the file of ids.
    pub(super) id_bytes: u64,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: VectorFormat,
    dim: usize,
    ids: Ids,
    model: String,
    model_checksum: String,
    rows: u64,
    texts: u32,
    bytes: u64,
    id_bytes: u64,
}

impl Journal {
    /// What a journal says; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is of other contents.
    pub(super) fn read(path: &Path, contents: &Contents) -> Result<Option<Self>, VectorsError> {
        let text = match std::fs::read_to_string(path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(VectorsError::Read { path: path.to_owned(), cause }),
            Ok(text) => text,
        };
        let found: Written = serde_json::from_str(&text)
            .map_err(|cause| VectorsError::Journal { path: path.to_owned(), cause })?;
        if found.model_checksum != contents.model_checksum {
            return Err(VectorsError::OtherModel {
                path: path.to_owned(),
                begun: found.model,
                begun_checksum: found.model_checksum,
                given: contents.model.clone(),
                given_checksum: contents.model_checksum.clone(),
            });
        }
        let form = |format, dim, ids| format!("{format:?} of {dim} numbers, {}", said(ids)).to_lowercase();
        let begun = form(found.format, found.dim, found.ids);
        let given = form(contents.format, contents.dim, contents.ids);
        if begun != given {
            return Err(VectorsError::OtherForm { path: path.to_owned(), begun, given });
        }
        let Written { rows, texts, bytes, id_bytes, .. } = found;
        Ok(Some(Journal { rows, texts, bytes, id_bytes }))
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path, contents: &Contents) -> Result<(), VectorsError> {
        let Journal { rows, texts, bytes, id_bytes } = *self;
        let Contents { format, dim, ids, model, model_checksum } = contents.clone();
        let written = Written { format, dim, ids, model, model_checksum, rows, texts, bytes, id_bytes };
        let text = serde_json::to_string_pretty(&written).expect("a journal is plain data");
        Ok(write_aside(path, |file| writeln!(file, "{text}"))?)
    }
}

fn said(ids: Ids) -> &'static str {
    match ids {
        Ids::Kept => "with ids",
        Ids::None => "without ids",
    }
}
