//! Texts to encode: a file with one on each line, or JSON Lines with ids and titles, read as a stream.
//!
//! A line of plain text is a text even where it is empty, so that row `i` of what is made of them belongs to line `i + 1`.
//! In JSON Lines an empty line carries nothing and is let pass, as in `corpus.jsonl`, and a title stands before its text
//! as wherever an encoder reads.

use std::path::Path;

use rootward::dataset::{DOCUMENT_LINE, DataError, Document, check_id, from_json};
use rootward::encoder;

use crate::source::{Source, Text};

/// How texts lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// One on each line.
    Lines,
    /// An object with `_id`, `title` and `text` on each line, of which `title`, `text` or both may be left out.
    Json,
}

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRow {
    /// Its id, or without ids the number of its line.
    pub id: String,
    /// What an encoder reads.
    pub text: String,
}

/// Texts of a file or of standard input, one after another.
pub struct Texts<'a> {
    text: Text<'a>,
    form: TextForm,
    line: Vec<u8>,
}

impl TextForm {
    /// What the name of a file says: `.jsonl`, compressed or not, is JSON Lines.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        if plain.ends_with(".jsonl") { TextForm::Json } else { TextForm::Lines }
    }
}

impl<'a> Texts<'a> {
    /// The texts of a file, compressed or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(source: &Source<'a>, form: TextForm) -> Result<Self, DataError> {
        Ok(Texts::of(source.text(&["jsonl", "txt"])?, form))
    }

    /// The texts that another program sends.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub fn stdin(form: TextForm) -> Result<Self, DataError> {
        Ok(Texts::of(Text::stdin()?, form))
    }

    fn of(text: Text<'a>, form: TextForm) -> Self {
        Texts { text, form, line: Vec::new() }
    }
}

impl Iterator for Texts<'_> {
    type Item = Result<TextRow, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let number = self.text.line();
            let line = match self.text.next_line(&mut self.line) {
                Ok(line) => line?,
                Err(error) => return Some(Err(error)),
            };
            let row = match self.form {
                TextForm::Lines => Ok(TextRow { id: number.to_string(), text: line.to_owned() }),
                TextForm::Json if line.is_empty() => continue,
                TextForm::Json => from_json::<Document>(line, DOCUMENT_LINE).and_then(|doc| {
                    check_id(&doc.id)?;
                    Ok(TextRow { text: encoder::Text::of(&doc).whole().into_owned(), id: doc.id })
                }),
            };
            let file = self.text.name().to_owned();
            return Some(row.map_err(|fault| DataError::Line { file, line: number, fault }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file of that name, and the error that ended them.
    fn read(name: &str, content: &[u8]) -> (Vec<(String, String)>, Option<String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        let (mut rows, mut fault) = (Vec::new(), None);
        for row in Texts::open(&Source::new(&path, &|_| ()), TextForm::of(&path)).unwrap() {
            match row {
                Ok(TextRow { id, text }) => rows.push((id, text)),
                Err(error) => {
                    fault = Some(error.to_string().replace(&*path.to_string_lossy(), name));
                    break;
                }
            }
        }
        (rows, fault)
    }

    fn named(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_line_is_a_text_even_an_empty_one() {
        let rows = named(&[("1", "a sandal"), ("2", ""), ("3", "a boot ")]);
        assert_eq!(read("t.txt", b"\xef\xbb\xbfa sandal\r\n\na boot "), (rows, None));
        assert_eq!(read("t.txt", b""), (Vec::new(), None));
    }

    #[test]
    fn a_title_stands_before_its_text_and_empty_lines_of_json_are_let_pass() {
        let lines = br#"{"_id":"a","title":"sandal","text":"a shoe"}

{"_id":"b","text":"a boot","group":"x"}
{"_id":"c"}"#;
        let rows = named(&[("a", "sandal a shoe"), ("b", "a boot"), ("c", "")]);
        assert_eq!(read("t.jsonl", lines), (rows, None));
        assert_eq!(TextForm::of(Path::new("dir.jsonl/t.JSONL.zst")), TextForm::Json);
        assert_eq!(TextForm::of(Path::new("dir.jsonl/t.gz")), TextForm::Lines);
    }

    #[test]
    fn a_line_that_is_no_text_or_has_no_id_is_named() {
        let (rows, fault) = read("t.txt", b"a sandal\na b\xf6\xf6t\n");
        assert_eq!(rows, named(&[("1", "a sandal")]));
        let fault = fault.unwrap();
        assert!(fault.starts_with("t.txt:2: UTF-8 was expected, byte 0xf6 at column 4"), "{fault}");
        for (line, said) in [
            ("{\"text\":\"a\"}", "`_id`"),
            ("{\"_id\":\"a\\tb\"}", "an id without tabs"),
            ("sandal", "an object {\"_id\""),
        ] {
            let fault = read("t.jsonl", format!("\n{line}\n").as_bytes()).1.unwrap();
            assert!(fault.starts_with("t.jsonl:2: ") && fault.contains(said), "{fault}");
        }
    }
}
