//! Parquet files, sound and damaged.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::source::Source;
use crate::table::{Delimiter, Header, Table, TableOptions, Wanted};

/// A file of three rows: texts, whole numbers that may be missing, and numbers.
fn file(compression: Compression) -> Vec<u8> {
    let schema =
        "message rows { required binary child (UTF8); optional int64 parent; required double weight; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = ["a", "\u{fc}", "c"].map(ByteArray::from);
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[7, -8], Some(&[1, 0, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[0.5, 1.0, 1e-9], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// The rows of a file with these bytes, weight first.
fn rows(path: &Path, bytes: &[u8]) -> Result<Vec<String>, String> {
    std::fs::write(path, bytes).unwrap();
    let options = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
    let mut found = Vec::new();
    let table = Table::open(&Source::new(path, &|_| {}), options, &[]);
    let read = table.and_then(|table| {
        let column = |name| table.needed(Wanted { asked: Some(name), names: &[], place: None });
        let columns = [column("weight")?, column("1")?, column("parent")?].map(Some);
        table.each(columns, |cells, row| {
            found.push(format!("{row}: {}", cells.join(",")));
            Ok(())
        })
    });
    read.map(|()| found).map_err(|error| error.to_string().replace(&*path.to_string_lossy(), "t"))
}

#[test]
fn rows_of_columns_are_rows_of_text() {
    let dir = tempfile::tempdir().unwrap();
    let packed = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())];
    for compression in packed {
        let found = rows(&dir.path().join("t"), &file(compression)).unwrap();
        assert_eq!(found, ["1: 0.5,a,7", "2: 1,\u{fc},", "3: 0.000000001,c,-8"]);
    }
}

#[test]
fn a_column_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    std::fs::write(&path, file(Compression::SNAPPY)).unwrap();
    let options = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
    let table = Table::open(&Source::new(&path, &|_| {}), options, &[]).unwrap();
    let column = |asked| table.needed(Wanted { asked: Some(asked), names: &[], place: None });
    assert_eq!(column("3").unwrap(), 2);
    assert!(column("4").is_err() && column("0").is_err() && column("Weight").is_err());
}

#[test]
fn a_damaged_file_is_an_error_or_other_rows_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let sound = file(compression);
        for length in 4..sound.len() {
            let message = rows(&path, &sound[..length]).unwrap_err();
            assert!(
                message.starts_with("t:1: well-formed parquet was expected, but "),
                "{length}: {message}"
            );
        }
        for (at, turn) in (4..sound.len()).flat_map(|at| [1, 0x10, 0x80, 0xff].map(|turn| (at, turn))) {
            let mut damaged = sound.clone();
            damaged[at] ^= turn;
            let _ = rows(&path, &damaged);
        }
    }
}
