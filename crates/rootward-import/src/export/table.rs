//! Tables, written as text or in columns, by the ending of their name.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use rootward::files::{WriteError, write_aside};

use super::on_one_line;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tabs,
    Commas,
    Columns,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        match ending.to_str() {
            Some("parquet") => Kind::Columns,
            Some("csv") => Kind::Commas,
            _ => Kind::Tabs,
        }
    }
}

/// Whether a cell with one of these texts would be another under that name.
pub(super) fn changes<const N: usize>(path: &Path, texts: [&String; N]) -> bool {
    Kind::of(path) == Kind::Tabs && texts.iter().any(|text| text.contains(char::is_control))
}

/// Writes a table; under a name that means tabs, tabs and line ends in cells become blanks.
///
/// # Errors
/// When it cannot be written; then what was there before is unchanged.
pub(super) fn write<'a, const N: usize>(
    path: &Path,
    header: [&str; N],
    rows: impl Iterator<Item = [Cow<'a, str>; N]>,
) -> Result<(), WriteError> {
    match Kind::of(path) {
        Kind::Columns => write_aside(path, |out| in_columns(out, header, rows).map_err(io::Error::other)),
        kind => write_aside(path, |out| {
            row(out, kind, header)?;
            let mut rows = rows;
            rows.try_for_each(|cells| row(out, kind, cells.each_ref().map(|cell| &**cell)))
        }),
    }
}

fn row<const N: usize>(out: &mut dyn Write, kind: Kind, cells: [&str; N]) -> io::Result<()> {
    for (place, cell) in cells.into_iter().enumerate() {
        match kind {
            Kind::Commas => {
                let comma = if place > 0 { "," } else { "" };
                if cell.contains(['"', ',', '\n', '\r']) {
                    write!(out, "{comma}\"{}\"", cell.replace('"', "\"\""))?;
                } else {
                    write!(out, "{comma}{cell}")?;
                }
            }
            Kind::Tabs | Kind::Columns => {
                let tab = if place > 0 { "\t" } else { "" };
                write!(out, "{tab}{}", on_one_line(cell))?;
            }
        }
    }
    out.write_all(b"\n")
}

fn in_columns<'a, const N: usize>(
    out: &mut (impl Write + Send),
    header: [&str; N],
    rows: impl Iterator<Item = [Cow<'a, str>; N]>,
) -> Result<(), ParquetError> {
    /// Rows that are held at a time.
    const GROUP: usize = 1 << 16;
    let column = |name: &str| {
        let text = Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY);
        let text = text.with_logical_type(Some(LogicalType::String));
        text.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
    };
    let columns = header.into_iter().map(column).collect::<Result<_, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(columns).build()?);
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut writer = SerializedFileWriter::new(out, schema, properties)?;
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut cells: [Vec<ByteArray>; N] = std::array::from_fn(|_| Vec::new());
        for row in rows.by_ref().take(GROUP) {
            for (column, cell) in cells.iter_mut().zip(row) {
                column.push(ByteArray::from(cell.as_bytes().to_vec()));
            }
        }
        let mut group = writer.next_row_group()?;
        for column in &cells {
            if let Some(mut into) = group.next_column()? {
                into.typed::<ByteArrayType>().write_batch(column, None, None)?;
                into.close()?;
            }
        }
        group.close()?;
    }
    writer.close().map(|_| ())
}
