//! The header of numpy's arrays, format 1.0: a magic number, a length, and a Python literal padded with blanks.

use super::HEADER;

/// The header of `rows` rows of `dim` numbers of `f32`, the last byte a line end, as the format asks for.
pub(super) fn header(rows: u64, dim: usize) -> Vec<u8> {
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    header.extend(format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dim}), }}").bytes());
    assert!(header.len() < HEADER, "two numbers of 20 digits leave room");
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}
