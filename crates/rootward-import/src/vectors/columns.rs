//! A table of ids and vectors in parquet, row group after row group.
//!
//! Each group is made as a parquet file of its own and appended as it is, so that what is on disk can be gone on from:
//! its own footer says what is in it. The footer of the whole table comes last and names the columns of all groups where
//! they lie; readers follow it alone, and pass over the footers in between.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
    RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::journal::Journal;
use super::{NewRows, VectorsError, checksum_of};

/// Rows of a group.
pub(super) const GROUP: usize = 1 << 14;

/// The groups that are written, and the rows that wait for theirs to be full.
pub(super) struct Groups {
    dim: usize,
    ids: Vec<String>,
    values: Vec<f32>,
    texts: Vec<u32>,
    written: Vec<RowGroupMetaData>,
}

/// The last bytes of a parquet file: the length of its footer, and a magic number.
const END: u64 = 8;

impl Groups {
    /// Those of vectors of `dim` numbers that the first bytes of a file hold; the file then stands at the end of them.
    ///
    /// # Errors
    /// When the file cannot be read, or these bytes do not consist of groups.
    pub(super) fn find(
        dim: usize,
        file: &mut (impl Read + Seek),
        bytes: u64,
        path: &Path,
    ) -> Result<Self, VectorsError> {
        let damaged = |cause| VectorsError::Damaged { path: path.to_owned(), cause };
        let (mut found, mut end) = (Vec::new(), bytes);
        while end > 0 {
            let (metadata, start) = footer_before(file, end).map_err(damaged)?;
            found.push((metadata, start));
            end = start;
        }
        let (ids, values, texts, written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut groups = Groups { dim, ids, values, texts, written };
        for (metadata, start) in found.into_iter().rev() {
            groups.keep(&metadata, start).map_err(|error| damaged(io::Error::other(error)))?;
        }
        file.seek(SeekFrom::Start(bytes)).map_err(damaged)?;
        Ok(groups)
    }

    /// Takes rows, and writes the groups that are full.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn append(
        &mut self,
        new: NewRows<'_>,
        out: &mut impl Write,
        at: &mut Journal,
    ) -> io::Result<()> {
        let mut begin = 0;
        while begin < new.texts.len() {
            let n = (GROUP - self.ids.len()).min(new.texts.len() - begin);
            let rows = begin..begin + n;
            self.ids.extend_from_slice(&new.ids[rows.clone()]);
            self.texts.extend_from_slice(&new.texts[rows.clone()]);
            self.values.extend_from_slice(&new.vectors.values()[rows.start * self.dim..rows.end * self.dim]);
            begin += n;
            if self.ids.len() == GROUP {
                self.write(out, at)?;
            }
        }
        Ok(())
    }

    /// Writes the last group and the footer of the table.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn end(&mut self, out: &mut impl Write, at: &mut Journal) -> io::Result<()> {
        // A table without rows has a group of none, from which its schema is read.
        if !self.ids.is_empty() || self.written.is_empty() {
            self.write(out, at)?;
        }
        let empty = group(&[], &[], self.dim).map_err(io::Error::other)?;
        let (empty, _) = footer_before(&mut Cursor::new(&empty), empty.len() as u64)?;
        let description = empty.file_metadata();
        let rows = self.written.iter().map(RowGroupMetaData::num_rows).sum();
        let file = FileMetaData::new(
            description.version(),
            rows,
            description.created_by().map(str::to_owned),
            description.key_value_metadata().cloned(),
            description.schema_descr_ptr(),
            None,
        );
        let whole =
            ParquetMetaDataBuilder::new(file).set_row_groups(std::mem::take(&mut self.written)).build();
        let mut footer = Vec::new();
        ParquetMetaDataWriter::new(&mut footer, &whole).finish().map_err(io::Error::other)?;
        out.write_all(&footer)?;
        at.bytes += footer.len() as u64;
        Ok(())
    }

    /// Writes the rows that wait, as a group.
    fn write(&mut self, out: &mut impl Write, at: &mut Journal) -> io::Result<()> {
        let bytes = group(&self.ids, &self.values, self.dim).map_err(io::Error::other)?;
        // Read back, as whoever goes on reads it: the footer of the table is the same then.
        let (metadata, _) = footer_before(&mut Cursor::new(&bytes), bytes.len() as u64)?;
        self.keep(&metadata, at.bytes).map_err(io::Error::other)?;
        out.write_all(&bytes)?;
        at.bytes += bytes.len() as u64;
        at.rows += self.ids.len() as u64;
        at.texts = checksum_of(at.texts, &self.texts);
        self.ids.clear();
        self.values.clear();
        self.texts.clear();
        Ok(())
    }

    /// Keeps where the columns of a group lie, whose own file begins at a place in the table's.
    fn keep(&mut self, metadata: &ParquetMetaData, start: u64) -> Result<(), ParquetError> {
        let by = start as i64;
        for group in metadata.row_groups() {
            let columns = group.columns().iter().map(|column| {
                let (page, dictionary) = (column.data_page_offset(), column.dictionary_page_offset());
                let moved = column.clone().into_builder().set_data_page_offset(page + by);
                moved.set_dictionary_page_offset(dictionary.map(|at| at + by)).build()
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let ordinal = i32::try_from(self.written.len()).unwrap_or(i32::MAX);
            let moved = group.clone().into_builder().set_column_metadata(columns).set_ordinal(ordinal);
            let moved = match group.file_offset() {
                Some(at) => moved.set_file_offset(at + by),
                None => moved,
            };
            self.written.push(moved.build()?);
        }
        Ok(())
    }
}

/// A parquet file of one group of rows.
fn group(ids: &[String], values: &[f32], dim: usize) -> Result<Vec<u8>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        // Numbers and ids hardly repeat: a dictionary of them would be tried for nothing.
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema()?, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    if let Some(mut column) = rows.next_column()? {
        let ids: Vec<ByteArray> = ids.iter().map(|id| ByteArray::from(id.as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&ids, None, None)?;
        column.close()?;
    }
    if let Some(mut column) = rows.next_column()? {
        // Every number is there, and a row begins at every `dim`th.
        let present = vec![1; values.len()];
        let begins: Vec<i16> = (0..values.len()).map(|at| i16::from(at % dim != 0)).collect();
        column.typed::<FloatType>().write_batch(values, Some(&present), Some(&begins))?;
        column.close()?;
    }
    rows.close()?;
    writer.close()?;
    Ok(bytes)
}

/// The columns `id`, a string, and `vector`, a list of numbers.
fn schema() -> Result<TypePtr, ParquetError> {
    let id = Type::primitive_type_builder("id", PhysicalType::BYTE_ARRAY);
    let id = id.with_repetition(Repetition::REQUIRED).with_logical_type(Some(LogicalType::String)).build()?;
    let element = Type::primitive_type_builder("element", PhysicalType::FLOAT);
    let element = element.with_repetition(Repetition::REQUIRED).build()?;
    let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
    let list = list.with_fields(vec![Arc::new(element)]).build()?;
    let vector = Type::group_type_builder("vector").with_repetition(Repetition::REQUIRED);
    let vector =
        vector.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(list)]).build()?;
    let fields = vec![Arc::new(id), Arc::new(vector)];
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?))
}

/// The footer that ends at a place of a file, and where the file of its group begins.
fn footer_before(file: &mut (impl Read + Seek), end: u64) -> io::Result<(ParquetMetaData, u64)> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a group of rows was expected to end there");
    let mut last = [0; END as usize];
    file.seek(SeekFrom::Start(end.checked_sub(END).ok_or_else(wrong)?))?;
    file.read_exact(&mut last)?;
    let length = u64::from(u32::from_le_bytes([last[0], last[1], last[2], last[3]]));
    let footer = (end - END).checked_sub(length).filter(|_| &last[4..] == MAGIC).ok_or_else(wrong)?;
    let mut bytes = vec![0; length as usize];
    file.seek(SeekFrom::Start(footer))?;
    file.read_exact(&mut bytes)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes).map_err(io::Error::other)?;
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let held = columns.map(|column| column.compressed_size().max(0).cast_unsigned()).sum::<u64>();
    let start = footer.checked_sub(held + MAGIC.len() as u64).ok_or_else(wrong)?;
    Ok((metadata, start))
}

/// How every parquet file begins and ends.
const MAGIC: &[u8] = b"PAR1";
