//! Named arrays on disk: models and checkpoints, in the safetensors format.
//!
//! The header carries a CRC-32 of names, shapes and numbers, so that a damaged file is refused instead of trained on. Files are
//! written aside and renamed: an interrupted write leaves the previous file.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::files::{WriteError, write_aside};
use crate::matrix::Matrix;

/// Arrays by name, and a few words about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    tensors: BTreeMap<String, Tensor>,
    /// Text kept in the file's header.
    pub notes: BTreeMap<String, String>,
}

/// One array.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: Vec<u8>,
}

/// Tensors could not be read, or are not what was expected.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// The operating system could not read the file.
    #[error("{} could not be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not a safetensors file, or is cut off.
    #[error("{} is damaged: expected a safetensors file, found one that does not parse ({cause}); restore it from a copy or train again", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where parsing stopped.
        #[source]
        cause: safetensors::SafeTensorError,
    },
    /// The numbers are not those that were written.
    #[error("{} is damaged: expected checksum {expected}, found {found}; restore it from a copy or train again", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// In the header.
        expected: String,
        /// Of the numbers.
        found: String,
    },
    /// A tensor is not there.
    #[error("tensor `{name}` is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape than the program needs.
    #[error("tensor `{name}` has shape {found:?}, expected {expected}")]
    Shape {
        /// Its name.
        name: String,
        /// What is needed.
        expected: String,
        /// What the file holds.
        found: Vec<usize>,
    },
    /// A parameter is not a number.
    #[error(
        "tensor `{name}` holds a number that is not finite in row {row}; the training diverged or the file is damaged"
    )]
    NotFinite {
        /// Its name.
        name: String,
        /// The row of the first such number.
        row: usize,
    },
}

impl From<&Matrix> for Tensor {
    fn from(matrix: &Matrix) -> Self {
        let bytes = matrix.values().iter().flat_map(|x| x.to_le_bytes()).collect();
        Tensor { shape: vec![matrix.n_rows(), matrix.dim()], dtype: Dtype::F32, bytes }
    }
}

impl From<&[u32]> for Tensor {
    fn from(counts: &[u32]) -> Self {
        let bytes = counts.iter().flat_map(|x| x.to_le_bytes()).collect();
        Tensor { shape: vec![counts.len()], dtype: Dtype::U32, bytes }
    }
}

impl Tensors {
    /// Adds an array, or replaces the one of that name.
    pub fn insert(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// Whether there is an array of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Adds all arrays of another set, their names behind `prefix`.
    pub fn nest(&mut self, prefix: &str, inner: Tensors) {
        self.tensors.extend(inner.tensors.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    }

    /// The arrays whose names begin with `prefix`, without it; none when no name does.
    pub fn nested(&self, prefix: &str) -> Option<Tensors> {
        let strip = |(name, t): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), t.clone()));
        let tensors: BTreeMap<String, Tensor> = self.tensors.iter().filter_map(strip).collect();
        (!tensors.is_empty()).then(|| Tensors { tensors, notes: BTreeMap::new() })
    }

    /// The names of all arrays, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The first array of f32 with a NaN or an infinity, and the row of the first of these; none where all are finite.
    pub fn not_finite(&self) -> Option<(&str, usize)> {
        let floats = self.tensors.iter().filter(|(_, tensor)| tensor.dtype == Dtype::F32);
        let mut bad = floats.filter_map(|(name, tensor)| {
            let bad = words(&tensor.bytes).position(|word| !f32::from_le_bytes(word).is_finite())?;
            Some((name.as_str(), bad / tensor.row_len()))
        });
        bad.next()
    }

    /// The numbers of an array of any shape, finite, with that shape.
    ///
    /// # Errors
    /// When it is missing, not of f32, f16 or bf16, or holds a NaN or an infinity.
    pub fn floats(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), TensorError> {
        let tensor = self.get(name)?;
        let values = tensor.floats();
        let values = values.ok_or_else(|| tensor.shape_error(name, "numbers of f32, f16 or bf16"))?;
        if let Some(bad) = values.iter().position(|x| !x.is_finite()) {
            let row = bad / tensor.row_len();
            return Err(TensorError::NotFinite { name: name.to_owned(), row });
        }
        Ok((tensor.shape.clone(), values))
    }

    /// Adds a matrix as numbers of one byte, each row scaled by its own greatest number: a quarter of the size.
    pub fn insert_as_bytes(&mut self, name: &str, matrix: &Matrix) {
        let (mut bytes, mut scales) = (Vec::with_capacity(matrix.values().len()), Vec::new());
        for row in (0..matrix.n_rows()).map(|i| matrix.row(i)) {
            let greatest = row.iter().fold(0.0f32, |greatest, x| greatest.max(x.abs()));
            let scale = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
            bytes.extend(row.iter().map(|x| (x / scale).round() as i8 as u8));
            scales.extend(scale.to_le_bytes());
        }
        let shape = vec![matrix.n_rows(), matrix.dim()];
        self.insert(name, Tensor { shape, dtype: Dtype::I8, bytes });
        let scales = Tensor { shape: vec![matrix.n_rows()], dtype: Dtype::F32, bytes: scales };
        self.insert(&scale_of(name), scales);
    }

    /// The matrix of that name, or where there is none, the only matrix there is.
    ///
    /// # Errors
    /// When there is no matrix or there are several, or as [`Tensors::matrix`].
    pub fn only_matrix(&self, name: &str) -> Result<Matrix, TensorError> {
        let mut matrices = self.tensors.iter().filter(|(_, tensor)| tensor.shape.len() == 2);
        match (self.contains(name), matrices.next(), matrices.next()) {
            (false, Some((only, _)), None) => self.matrix(only),
            _ => self.matrix(name),
        }
    }

    /// An array of two dimensions, its numbers finite.
    ///
    /// # Errors
    /// When it is missing, not a matrix of f32, f16, bf16 or scaled bytes with at least one column, or holds a NaN or an
    /// infinity.
    pub fn matrix(&self, name: &str) -> Result<Matrix, TensorError> {
        let tensor = self.get(name)?;
        let [n_rows, dim] = tensor.shape[..] else {
            return Err(tensor.shape_error(name, "a matrix"));
        };
        if dim == 0 {
            return Err(tensor.shape_error(name, "rows of at least one number"));
        }
        let values = match tensor.dtype {
            Dtype::I8 => self.scaled_bytes(name, tensor, n_rows, dim)?,
            _ => tensor.floats().ok_or_else(|| tensor.shape_error(name, "numbers of f32, f16 or bf16"))?,
        };
        if let Some(bad) = values.iter().position(|x| !x.is_finite()) {
            return Err(TensorError::NotFinite { name: name.to_owned(), row: bad / dim });
        }
        Ok(Matrix::new(n_rows, dim, values).expect("safetensors checks the length of every tensor"))
    }

    /// As [`Tensors::matrix`], of a known width.
    ///
    /// # Errors
    /// As there, and when its rows are not of `dim` numbers.
    pub fn matrix_of_width(&self, name: &str, dim: usize) -> Result<Matrix, TensorError> {
        let matrix = self.matrix(name)?;
        if matrix.dim() != dim {
            return Err(self.get(name)?.shape_error(name, &format!("rows of {dim} numbers")));
        }
        Ok(matrix)
    }

    /// As [`Tensors::matrix`], of the shape of another matrix.
    ///
    /// # Errors
    /// As there, and when the shapes differ.
    pub fn matrix_like(&self, name: &str, like: &Matrix) -> Result<Matrix, TensorError> {
        let matrix = self.matrix(name)?;
        if (matrix.n_rows(), matrix.dim()) != (like.n_rows(), like.dim()) {
            return Err(self.get(name)?.shape_error(name, &format!("[{}, {}]", like.n_rows(), like.dim())));
        }
        Ok(matrix)
    }

    /// A list of `n` counts.
    ///
    /// # Errors
    /// When it is missing, not of `u32`, or of another length.
    pub fn counts(&self, name: &str, n: usize) -> Result<Vec<u32>, TensorError> {
        let tensor = self.get(name)?;
        if tensor.dtype != Dtype::U32 || tensor.shape != [n] {
            return Err(tensor.shape_error(name, &format!("[{n}] of u32")));
        }
        Ok(words(&tensor.bytes).map(u32::from_le_bytes).collect())
    }

    /// A list of counts, however long.
    ///
    /// # Errors
    /// When it is missing, or no list of `u32`.
    pub fn list(&self, name: &str) -> Result<Vec<u32>, TensorError> {
        self.counts(name, self.get(name)?.shape.iter().product())
    }

    /// Writes all arrays and notes to a file.
    ///
    /// # Errors
    /// When the file cannot be written; then the file that was there before is unchanged.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let mut notes: HashMap<String, String> = self.notes.clone().into_iter().collect();
        notes.insert(CHECKSUM.to_owned(), self.checksum());
        let views = self.tensors.iter().map(|(name, t)| {
            let view =
                TensorView::new(t.dtype, t.shape.clone(), &t.bytes).expect("a tensor's bytes fill its shape");
            (name.as_str(), view)
        });
        let bytes =
            safetensors::serialize(views, Some(notes)).expect("sorted, complete tensors always serialise");
        write_aside(path, |file| file.write_all(&bytes))
    }

    /// Reads what [`Tensors::write`] wrote; a file without checksum, from another program, is taken as it is.
    ///
    /// # Errors
    /// When the file cannot be read, does not parse, or its numbers are not those of its checksum.
    pub fn read(path: &Path) -> Result<Self, TensorError> {
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&bytes, path),
            Err(cause) => Err(TensorError::Read { path: path.to_owned(), cause }),
        }
    }

    /// What a file at `path` holds, given its bytes.
    ///
    /// # Errors
    /// As [`Tensors::read`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, TensorError> {
        let path = path.to_owned();
        let parse = || -> Result<_, safetensors::SafeTensorError> {
            let (_, header) = SafeTensors::read_metadata(bytes)?;
            Ok((header, SafeTensors::deserialize(bytes)?))
        };
        let (header, file) = match parse() {
            Ok(parsed) => parsed,
            Err(cause) => return Err(TensorError::Format { path, cause }),
        };
        let mut read = Tensors::default();
        for (name, view) in file.iter() {
            let tensor =
                Tensor { shape: view.shape().to_vec(), dtype: view.dtype(), bytes: view.data().to_vec() };
            read.insert(name, tensor);
        }
        read.notes.extend(header.metadata().clone().unwrap_or_default());
        if let Some(expected) = read.notes.remove(CHECKSUM) {
            let found = read.checksum();
            if expected != found {
                return Err(TensorError::Checksum { path, expected, found });
            }
        }
        Ok(read)
    }

    /// The numbers of a matrix of scaled bytes.
    fn scaled_bytes(
        &self,
        name: &str,
        tensor: &Tensor,
        n_rows: usize,
        dim: usize,
    ) -> Result<Vec<f32>, TensorError> {
        let name = scale_of(name);
        let (shape, scales) = self.floats(&name)?;
        if shape != [n_rows] {
            return Err(self.get(&name)?.shape_error(&name, &format!("[{n_rows}]")));
        }
        let rows = tensor.bytes.chunks_exact(dim).zip(scales);
        Ok(rows.flat_map(|(row, scale)| row.iter().map(move |byte| f32::from(*byte as i8) * scale)).collect())
    }

    fn get(&self, name: &str) -> Result<&Tensor, TensorError> {
        self.tensors.get(name).ok_or_else(|| TensorError::Missing { name: name.to_owned() })
    }

    /// CRC-32 of names, notes, shapes and numbers, in the order of the names.
    pub fn checksum(&self) -> String {
        let mut crc = crc32fast::Hasher::new();
        for (name, note) in &self.notes {
            crc.update(name.as_bytes());
            crc.update(note.as_bytes());
        }
        for (name, tensor) in &self.tensors {
            crc.update(name.as_bytes());
            crc.update(format!("{:?} {:?}", tensor.dtype, tensor.shape).as_bytes());
            crc.update(&tensor.bytes);
        }
        format!("{:08x}", crc.finalize())
    }
}

/// Where the checksum stands in the header.
const CHECKSUM: &str = "crc32";

/// The tensor that a matrix of scaled bytes is scaled by, row by row.
fn scale_of(name: &str) -> String {
    format!("{name}.scale")
}

impl Tensor {
    /// The numbers as f32; `None` where they are of another kind.
    fn floats(&self) -> Option<Vec<f32>> {
        let mut values = vec![0.0; self.shape.iter().product()];
        fill_floats(self.dtype, &self.bytes, &mut values).then_some(values)
    }

    /// Numbers in a row, at least 1; a row is the last of its dimensions.
    fn row_len(&self) -> usize {
        self.shape.last().copied().unwrap_or(1).max(1)
    }

    fn shape_error(&self, name: &str, expected: &str) -> TensorError {
        TensorError::Shape { name: name.to_owned(), expected: expected.to_owned(), found: self.shape.clone() }
    }
}

/// Writes the numbers of an array as f32; says no, and writes nothing, where they are not of f32, f16 or bf16.
pub fn fill_floats(dtype: Dtype, bytes: &[u8], to: &mut [f32]) -> bool {
    let halves = bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
    match dtype {
        Dtype::F32 => to.iter_mut().zip(words(bytes)).for_each(|(to, word)| *to = f32::from_le_bytes(word)),
        Dtype::F16 => {
            to.iter_mut().zip(halves).for_each(|(to, half)| *to = f16::from_le_bytes(half).to_f32());
        }
        Dtype::BF16 => {
            to.iter_mut().zip(halves).for_each(|(to, half)| *to = bf16::from_le_bytes(half).to_f32());
        }
        _ => return false,
    }
    true
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Tensors {
        let mut tensors = Tensors::default();
        tensors.insert("a", Tensor::from(&Matrix::new(2, 2, vec![1.0, -2.0, 0.5, 4.0]).unwrap()));
        tensors.insert("n", Tensor::from(&[7u32, 8][..]));
        tensors.notes.insert("step".into(), "3".into());
        tensors
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        example().write(&path).unwrap();
        assert_eq!(Tensors::read(&path).unwrap(), example());
    }

    #[test]
    fn a_flipped_bit_or_a_cut_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        example().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for place in [0, 9, whole.len() / 2, whole.len() - 1] {
            let mut bad = whole.clone();
            bad[place] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(Tensors::read(&path).is_err(), "byte {place}");
        }
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = Tensors::read(&path).unwrap_err().to_string();
            assert!(error.contains("damaged") && error.contains("t.safetensors"), "{error}");
        }
    }

    #[test]
    fn wrong_shapes_and_numbers_that_are_not_finite_are_named() {
        let mut t = example();
        assert_eq!(t.not_finite(), None);
        let said = |r: Result<Matrix, TensorError>| r.unwrap_err().to_string();
        assert_eq!(said(t.matrix("b")), "tensor `b` is missing");
        assert_eq!(said(t.matrix("n")), "tensor `n` has shape [2], expected a matrix");
        assert_eq!(
            said(t.matrix_of_width("a", 3)),
            "tensor `a` has shape [2, 2], expected rows of 3 numbers"
        );
        t.insert("a", Tensor::from(&Matrix::new(2, 1, vec![0.0, f32::NAN]).unwrap()));
        assert!(said(t.matrix("a")).contains("not finite in row 1"));
        assert_eq!(t.not_finite(), Some(("a", 1)));
    }

    #[test]
    fn halves_and_scaled_bytes_are_read_as_numbers() {
        let mut t = Tensors::default();
        let numbers = [1.0f32, -2.0, 0.5, 100.0];
        let halves =
            |half: &dyn Fn(f32) -> [u8; 2]| numbers.iter().flat_map(|x| half(*x)).collect::<Vec<u8>>();
        let tensor = |dtype, bytes| Tensor { shape: vec![2, 2], dtype, bytes };
        t.insert("f", tensor(Dtype::F16, halves(&|x| f16::from_f32(x).to_le_bytes())));
        t.insert("b", tensor(Dtype::BF16, halves(&|x| bf16::from_f32(x).to_le_bytes())));
        assert_eq!(
            (t.matrix("f").unwrap().values(), t.matrix("b").unwrap().values()),
            (&numbers[..], &numbers[..])
        );
        t.insert_as_bytes("i", &Matrix::new(2, 2, numbers.to_vec()).unwrap());
        let near = t.matrix("i").unwrap().values().iter().zip(numbers).all(|(got, x)| (got - x).abs() < 0.5);
        assert!(near && t.matrix("i").unwrap().row(0)[1] == -2.0, "{:?}", t.matrix("i"));
    }

    #[test]
    fn the_only_matrix_is_found_under_any_name() {
        let mut t = example();
        assert_eq!(t.only_matrix("embeddings").unwrap(), t.matrix("a").unwrap());
        t.insert("c", Tensor::from(&Matrix::zeros(1, 1)));
        assert_eq!(t.only_matrix("embeddings").unwrap_err().to_string(), "tensor `embeddings` is missing");
    }

    #[test]
    fn nested_tensors_come_back_without_their_prefix() {
        let mut outer = Tensors::default();
        outer.nest("best.", example());
        assert_eq!(outer.nested("best.").unwrap().matrix("a").unwrap().row(1), &[0.5, 4.0]);
        assert!(outer.nested("other.").is_none());
    }
}
