//! Vectors that another program made: an array of numpy, with the ids of its rows beside it or without.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rootward::matrix::Matrix;

/// Vectors, and which documents they are of.
pub(crate) struct Array {
    path: PathBuf,
    /// `(rows, dim)`
    pub(crate) vectors: Matrix,
    /// The row of each id; none where no ids lie beside the array.
    rows: Option<HashMap<String, usize>>,
}

/// How every such file begins.
const MAGIC: &[u8] = b"\x93NUMPY";

impl Array {
    /// Reads the array of a file, and its ids from the file with `.ids` behind its name, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read, is no array of rows of `f32`, or has another number of rows than ids.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let vectors = read(path)?;
        let beside = PathBuf::from(format!("{}.ids", path.display()));
        let rows = match beside.is_file() {
            false => None,
            true => {
                let text = fs::read_to_string(&beside)
                    .with_context(|| format!("{} could not be read", beside.display()))?;
                let rows: HashMap<String, usize> = text.lines().map(str::to_owned).zip(0..).collect();
                if rows.len() != vectors.n_rows() {
                    bail!(
                        "{} has {} different ids, and {} has {} rows: an id for each row was expected",
                        beside.display(),
                        rows.len(),
                        path.display(),
                        vectors.n_rows()
                    );
                }
                Some(rows)
            }
        };
        Ok(Array { path: path.to_owned(), vectors, rows })
    }

    /// The rows of documents by their ids, or where there are none by their places among as many documents as rows.
    ///
    /// # Errors
    /// When a document has no row.
    pub(crate) fn rows_of<'a>(
        &self,
        ids: impl ExactSizeIterator<Item = &'a str>,
    ) -> anyhow::Result<Vec<usize>> {
        let name = self.path.display();
        let Some(rows) = &self.rows else {
            let (n_docs, n_rows) = (ids.len(), self.vectors.n_rows());
            if n_docs != n_rows {
                bail!(
                    "{name} has {n_rows} rows, and there are {n_docs} documents: a row for each was expected, or \
                       ids beside it in {name}.ids"
                );
            }
            return Ok((0..n_docs).collect());
        };
        ids.map(|id| rows.get(id).copied().with_context(|| format!("{name} has no row for document `{id}`")))
            .collect()
    }

    /// The row of a document by its id.
    ///
    /// # Errors
    /// When it has none, or no ids lie beside the array.
    pub(crate) fn row_of(&self, id: &str) -> anyhow::Result<usize> {
        let name = self.path.display();
        let rows = self.rows.as_ref();
        let rows =
            rows.with_context(|| format!("there is no {name}.ids: an id on each line was expected"))?;
        rows.get(id).copied().with_context(|| format!("{name} has no row for document `{id}`"))
    }
}

/// The numbers of an array: `(rows, dim)`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Matrix> {
    let name = path.display();
    let bytes = fs::read(path).with_context(|| format!("{name} could not be read"))?;
    let Some((header, numbers)) = parts(&bytes) else {
        bail!("{name} is no array of numpy: a file as numpy.save writes it was expected");
    };
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let shape: Vec<usize> = shape
        .map_or(Vec::new(), |(shape, _)| shape.split(',').filter_map(|n| n.trim().parse().ok()).collect());
    let is_plain = header.contains("'descr': '<f4'") && header.contains("'fortran_order': False");
    let (true, &[n_rows, dim]) = (is_plain, &shape[..]) else {
        bail!(
            "{name} has the header {}: rows of float32 were expected, as numpy.ascontiguousarray(vectors, \
             dtype=\"float32\") makes them",
            header.trim()
        );
    };
    let values = numbers.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Matrix::new(n_rows, dim, values).with_context(|| format!("{name} is damaged"))
}

/// Reads the vectors of queries for an index of vectors of `dim` numbers.
///
/// # Errors
/// As [`read`], and when they are of another width or not finite: before anything is done with them.
pub(crate) fn read_queries(path: &Path, dim: usize) -> anyhow::Result<Matrix> {
    let queries = read(path)?;
    let name = path.display();
    if queries.dim() != dim {
        bail!("{name} has queries of {} numbers, the vectors of the index have {dim}", queries.dim());
    }
    if let Some(row) = (0..queries.n_rows()).find(|row| queries.row(*row).iter().any(|x| !x.is_finite())) {
        bail!("{name} holds a number in row {row}, counted from 0, that is not finite");
    }
    Ok(queries)
}

/// The header, and what stands behind it.
fn parts(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (length, rest) = match rest {
        [1, _, low, high, rest @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return None,
    };
    let (header, numbers) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, numbers))
}
