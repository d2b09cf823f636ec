//! Tables of text and of columns give the same rows.

use std::fs;

use super::*;

/// The rows of a file with this content: two columns, and whether the first row was a header.
fn rows(content: &[u8], header: Header) -> Result<Vec<(String, String, u64)>, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t");
    fs::write(&file, content).unwrap();
    let read = || -> Result<_, DataError> {
        let options = TableOptions { delimiter: Delimiter::Detect, header };
        let table = Table::open(&Source::new(&file, &|_| {}), options, &["child"])?;
        let child = table.needed(Wanted { asked: None, names: &["child"], place: Some(0) })?;
        let parent = table.needed(Wanted { asked: None, names: &["parent"], place: Some(1) })?;
        let mut found = Vec::new();
        table.each([Some(child), Some(parent)], |[child, parent], line| {
            found.push((child.to_owned(), parent.to_owned(), line));
            Ok(())
        })?;
        Ok(found)
    };
    read().map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "t"))
}

fn row(child: &str, parent: &str, line: u64) -> (String, String, u64) {
    (child.to_owned(), parent.to_owned(), line)
}

#[test]
fn the_delimiter_and_the_header_are_told_from_the_first_line() {
    assert_eq!(rows(b"a,b\nc,\"d,e\"\n", Header::Detect), Ok(vec![row("a", "b", 1), row("c", "d,e", 2)]));
    assert_eq!(rows(b"Parent\tx\tCHILD\r\nb\t\ta\"\r\n", Header::Detect), Ok(vec![row("a\"", "b", 2)]));
    assert_eq!(rows(b"\xef\xbb\xbfa;b", Header::Detect), Ok(vec![row("a", "b", 1)]));
}

#[test]
fn what_is_wrong_is_told_by_line() {
    let message = |content: &[u8]| rows(content, Header::Detect).unwrap_err();
    assert_eq!(message(b""), "t holds no row; at least one was expected");
    assert_eq!(message(b"a,b\nc\n"), "t:2: at least 2 columns were expected, the line has 1: `c`");
    assert_eq!(
        message(b"child,x\na,b\n"),
        "t holds no column called parent; name the column by its header or by its number, from 1"
    );
    assert!(message(b"a,b\n\xff,c\n").starts_with("t:2: UTF-8 was expected, byte 0xff at column 1"));
}
