//! Vectors as files for other programs.

use std::fs::File;
use std::io::{BufWriter, Write};

use rootward::matrix::Matrix;

/// Writes vectors as `NumPy` reads them.
pub(crate) fn write_npy(path: &str, vectors: &Matrix) -> std::io::Result<()> {
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
        vectors.n_rows(),
        vectors.dim()
    );
    // Numbers begin at a multiple of 64, and the header ends with a line.
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for value in vectors.values() {
        file.write_all(&value.to_le_bytes())?;
    }
    file.flush()
}
