//! The header of a safetensors file: a length, and JSON padded with blanks.

use super::HEADER;

/// The header of the tensor `embeddings`, `rows` rows of `dim` numbers of `f32`.
pub(super) fn header(rows: u64, dim: usize) -> Vec<u8> {
    let bytes = 4 * rows * dim as u64;
    let mut header = ((HEADER - 8) as u64).to_le_bytes().to_vec();
    let tensor = format!(
        "{{\"embeddings\":{{\"dtype\":\"F32\",\"shape\":[{rows},{dim}],\"data_offsets\":[0,{bytes}]}}}}"
    );
    header.extend(tensor.bytes());
    assert!(header.len() <= HEADER, "three numbers of 20 digits leave room");
    header.resize(HEADER, b' ');
    header
}
