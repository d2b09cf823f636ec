//! The same text, however it is packed.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const TEXT: &str = "one\n\nthree\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The lines of a file with these bytes, and the bytes that were reported.
fn lines(bytes: &[u8]) -> Result<(Vec<(String, u64)>, u64), String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    fs::write(&file, bytes).unwrap();
    let reported = Cell::new(0);
    let progress = |read: BytesRead| reported.set(read.done);
    let source = Source::new(&file, &progress);
    let mut found = Vec::new();
    let read = source.text(&[".txt"]).and_then(|text| {
        text.each_line(|line, number| {
            found.push((line.to_owned(), number));
            Ok(())
        })
    });
    read.map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f"))?;
    Ok((found, reported.get()))
}

#[test]
fn a_text_is_read_however_it_is_packed() {
    let expected = vec![("one".to_owned(), 1), ("three".to_owned(), 3)];
    let packed = [
        TEXT.as_bytes().to_vec(),
        gzip(TEXT.as_bytes()),
        [gzip(b"one\n"), gzip(b"\nthree\n")].concat(),
        zstd::encode_all(TEXT.as_bytes(), 3).unwrap(),
        zip_of(&[("a/b.txt", TEXT)]),
        zip_of(&[("readme.md", "no"), ("b.txt", TEXT)]),
    ];
    for bytes in packed {
        let (found, reported) = lines(&bytes).unwrap();
        assert_eq!(found, expected);
        assert!(reported > 0 && reported <= bytes.len() as u64);
    }
}

#[test]
fn damage_is_told_with_the_file() {
    let mut cut = gzip(TEXT.as_bytes());
    cut.truncate(15);
    let message = lines(&cut).unwrap_err();
    assert!(message.starts_with("f:2: gzip data were expected, but here they end"), "{message}");
    let mut turned = zip_of(&[("b.txt", &TEXT.repeat(99))]);
    turned[60] ^= 1;
    let message = lines(&turned).unwrap_err();
    assert!(message.starts_with("f/b.txt:") && message.contains("zip data were expected"), "{message}");
    let several = zip_of(&[("a.txt", ""), ("b.txt", "")]);
    let message = lines(&several).unwrap_err();
    assert!(message.starts_with("f holds no single file that ends in .txt"), "{message}");
}

#[test]
fn files_of_a_folder_and_of_an_archive_are_found_by_name() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.dmp.gz"), gzip(TEXT.as_bytes())).unwrap();
    fs::write(dir.path().join("t.zip"), zip_of(&[("x/a.dmp", TEXT), ("b.dmp", "")])).unwrap();
    let archive = dir.path().join("t.zip");
    for source in [Source::new(dir.path(), &|_| {}), Source::new(&archive, &|_| {})] {
        let mut n_lines = 0;
        let count = |_: &str, _| {
            n_lines += 1;
            Ok(())
        };
        source.needed_file("a.dmp", "").unwrap().each_line(count).unwrap();
        assert_eq!(n_lines, 2);
        assert!(source.file("c.dmp").unwrap().is_none());
        let message = source.needed_file("c.dmp", "fetch it").map(|_| ()).unwrap_err().to_string();
        assert!(message.ends_with("holds no c.dmp; fetch it"), "{message}");
    }
}

#[test]
fn a_reader_that_a_parser_takes_still_tells_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    fs::write(&file, TEXT).unwrap();
    let (mut reader, line) = Source::new(&file, &|_| {}).text(&[]).unwrap().into_parts();
    assert_eq!(line.get(), 1);
    let mut first = [0; 5];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(line.get(), 3);
    assert!(line.fault(Fault::Binary).to_string().contains("f:3: text was expected"));
}

#[cfg(unix)]
#[test]
fn a_pipe_that_has_a_name_is_read_from_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, TEXT).unwrap()
    });
    let source = Source::new(&pipe, &|_| ());
    let mut found = Vec::new();
    let text = source.text(&[".txt"]).unwrap();
    text.each_line(|line, _| {
        found.push(line.to_owned());
        Ok(())
    })
    .unwrap();
    writer.join().unwrap();
    assert_eq!(found, ["one", "three"], "empty lines are passed over");
}
