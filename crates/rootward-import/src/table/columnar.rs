//! Parquet files, read as rows of text.

mod contained;

use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use rootward::dataset::{DataError, Fault};

use crate::source::Source;
use contained::contained;

/// How every parquet file begins.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// A parquet file that was opened.
pub(super) struct Columnar<'a> {
    source: Source<'a>,
    length: u64,
    reader: SerializedFileReader<File>,
}

impl<'a> Columnar<'a> {
    /// Opens a parquet file.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub(super) fn open(source: &Source<'a>) -> Result<Self, DataError> {
        let cannot = |cause| DataError::Read { path: source.path().to_owned(), cause };
        let file = File::open(source.path()).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let damaged = |error: parquet::errors::ParquetError| fault_in(source, 1, &error);
        let reader = contained(|| SerializedFileReader::new(file)).map_err(damaged)?;
        Ok(Columnar { source: source.again(), length, reader })
    }

    /// The names of its columns.
    pub(super) fn names(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema();
        schema.get_fields().iter().map(|field| field.name().to_owned()).collect()
    }

    /// Calls `take` with some cells of every row and its number, from 1.
    ///
    /// # Errors
    /// When the file is damaged, and the first fault that `take` finds.
    pub(super) fn each(
        self,
        columns: &[Option<usize>],
        mut take: impl FnMut(&[&str], u64) -> Result<(), Fault>,
    ) -> Result<(), DataError> {
        let metadata = self.reader.metadata().file_metadata();
        let n_rows = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let schema = metadata.schema();
        let mut asked: Vec<usize> = columns.iter().flatten().copied().collect();
        asked.sort_unstable();
        asked.dedup();
        let damaged = |row: u64, error: &parquet::errors::ParquetError| fault_in(&self.source, row, error);
        let fields = asked.iter().map(|at| schema.get_fields()[*at].clone()).collect();
        let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
        let projection = projection.map_err(|error| damaged(1, &error))?;
        let rows = contained(|| RowIter::from_file(Some(projection), &self.reader));
        let mut rows = rows.map_err(|error| damaged(1, &error))?;
        let place = |column: &Option<usize>| column.and_then(|column| asked.binary_search(&column).ok());
        let places: Vec<Option<usize>> = columns.iter().map(place).collect();
        for number in 1.. {
            let row = contained(|| rows.next().transpose()).map_err(|error| damaged(number, &error))?;
            let Some(row) = row else { break };
            let cells: Vec<String> = row.into_columns().into_iter().map(|(_, cell)| text(&cell)).collect();
            let chosen = places
                .iter()
                .map(|place| place.and_then(|place| cells.get(place)).map_or("", String::as_str));
            take(&chosen.collect::<Vec<_>>(), number).map_err(|fault| DataError::Line {
                file: self.source.path().to_owned(),
                line: number,
                fault,
            })?;
            if number % 10_000 == 0 && n_rows > 0 {
                self.source.report(self.length / n_rows * number, self.length);
            }
        }
        Ok(())
    }
}

/// What a cell would be in a CSV file.
fn text(cell: &Field) -> String {
    match cell {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        other => other.to_string(),
    }
}

fn fault_in(source: &Source<'_>, row: u64, error: &parquet::errors::ParquetError) -> DataError {
    let fault = Fault::Syntax { format: "parquet", problem: error.to_string() };
    DataError::Line { file: source.path().to_owned(), line: row, fault }
}

#[cfg(test)]
mod tests;
