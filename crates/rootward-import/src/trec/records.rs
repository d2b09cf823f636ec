//! Documents and topics out of the three forms that test collections have: SGML, SMART, and tables with tabs.
//!
//! A reader is given line after line and hands on every record that is complete; it holds one at a time.

use rootward::dataset::{Fault, excerpt};

use super::flow::Flow;

/// A document or a topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
    /// The line of its start.
    pub(super) line: u64,
}

/// Is given every record.
pub(super) type Take<'a> = dyn FnMut(Record) -> Result<(), Fault> + 'a;

/// What records are called in SGML, in small letters.
pub(super) struct Names {
    /// The element that is a record.
    pub(super) record: &'static str,
    /// What errors expect.
    pub(super) expected: &'static str,
    pub(super) id: &'static [&'static str],
    pub(super) title: &'static [&'static str],
    pub(super) text: &'static [&'static str],
    /// Whether a field lasts to its end tag; otherwise to the next tag, whatever that is.
    pub(super) are_closed: bool,
    /// Labels before the content of a field, which are no part of it.
    pub(super) labels: &'static [&'static str],
}

/// Documents: `<DOC> <DOCNO>..</DOCNO> <TITLE>..</TITLE> <TEXT>..</TEXT> </DOC>`.
pub(super) const DOCS: Names = Names {
    record: "doc",
    expected: "`<DOC>` before a document and `</DOC>` after it",
    id: &["docno"],
    title: &["title", "headline", "head", "hl", "ti", "ttl"],
    text: &["text"],
    are_closed: true,
    labels: &[],
};

/// Topics: `<top> <num> Number: 301 <title> .. <desc> Description: .. </top>`.
pub(super) const TOPICS: Names = Names {
    record: "top",
    expected: "`<top>` before a topic and `</top>` after it",
    id: &["num"],
    title: &["title"],
    text: &["desc"],
    are_closed: false,
    labels: &["Number:", "Topic:", "Description:"],
};

/// How a comment begins, after its `<`.
const COMMENT: &str = "!--";
/// How it ends.
const END_OF_COMMENT: &str = "-->";

/// Which form a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Sgml,
    Smart,
    Tsv,
}

/// The form of a file with this first line.
pub(super) fn form_of(line: &str) -> Form {
    // An id may look like the beginning of a tag, but hardly like a whole one.
    let has_cells = line.split_once('\t').is_some_and(|(id, _)| !id.trim_end().ends_with('>') && id != ".I");
    if has_cells {
        Form::Tsv
    } else if line.trim_start().starts_with('<') {
        Form::Sgml
    } else if line.starts_with(".I") {
        Form::Smart
    } else {
        Form::Tsv
    }
}

/// A reader of any form.
pub(super) struct Reader {
    names: &'static Names,
    form: Option<Form>,
    open: Option<Open>,
    /// Whether the last line ended within a comment of SGML.
    in_comment: bool,
}

/// A record that is being read.
struct Open {
    line: u64,
    /// Where words go, and the tag or letter that said so.
    field: Option<(Field, String)>,
    id: Flow,
    title: Flow,
    text: Flow,
}

#[derive(Clone, Copy)]
enum Field {
    Id,
    Title,
    Text,
    Other,
}

impl Reader {
    /// A reader of a file with these records.
    pub(super) fn new(names: &'static Names) -> Self {
        Reader { names, form: None, open: None, in_comment: false }
    }

    /// The form, once a line was read.
    pub(super) fn form(&self) -> Option<Form> {
        self.form
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// When it does not follow the form, and what `take` finds.
    pub(super) fn line(&mut self, line: &str, number: u64, take: &mut Take<'_>) -> Result<(), Fault> {
        match *self.form.get_or_insert_with(|| form_of(line)) {
            Form::Sgml => self.sgml(line, number, take),
            Form::Smart => self.smart(line, number, take),
            Form::Tsv => self.row(line, number, take),
        }
    }

    /// Takes the end of the file.
    ///
    /// # Errors
    /// When it ends within a record, and what `take` finds.
    pub(super) fn end(mut self, take: &mut Take<'_>) -> Result<(), Fault> {
        match self.open.take() {
            open if self.form == Some(Form::Sgml) && (open.is_some() || self.in_comment) => {
                Err(self.misplaced("end of file"))
            }
            Some(open) => open.finish(self.names, take),
            None => Ok(()),
        }
    }

    fn row(&self, line: &str, number: u64, take: &mut Take<'_>) -> Result<(), Fault> {
        let columns: Vec<&str> = line.split('\t').collect();
        let (id, text, title) = match columns[..] {
            [id, text] => (id, text, ""),
            [id, text, title] => (id, text, title),
            _ => {
                let found = excerpt(line);
                return Err(Fault::Field { expected: "an id, a tab and a text", found });
            }
        };
        if number == 1 && is_header(id, text) {
            return Ok(());
        }
        take(Record { id: id.to_owned(), title: title.to_owned(), text: text.to_owned(), line: number })
    }

    fn smart(&mut self, line: &str, number: u64, take: &mut Take<'_>) -> Result<(), Fault> {
        if let Some(id) = line.strip_prefix(".I").filter(|rest| rest.starts_with([' ', '\t'])) {
            if let Some(open) = self.open.take() {
                open.finish(self.names, take)?;
            }
            let mut open = Open::at(number);
            open.id.push_plain(id);
            self.open = Some(open);
            return Ok(());
        }
        let Some(open) = &mut self.open else {
            return Err(Fault::Field { expected: "`.I` and the number of a record", found: excerpt(line) });
        };
        if let [b'.', letter @ b'A'..=b'Z'] = *line.trim_end().as_bytes() {
            let field = match letter {
                b'T' => Field::Title,
                b'W' => Field::Text,
                _ => Field::Other,
            };
            open.field = Some((field, String::new()));
            return Ok(());
        }
        if open.field.is_none() {
            return Err(Fault::Field { expected: "a field such as `.T` or `.W`", found: excerpt(line) });
        }
        if let Some(words) = open.words() {
            words.part();
            words.push_plain(line);
        }
        Ok(())
    }

    fn sgml(&mut self, line: &str, number: u64, take: &mut Take<'_>) -> Result<(), Fault> {
        let mut rest = line;
        if self.in_comment {
            let Some(end) = line.find(END_OF_COMMENT) else { return Ok(()) };
            self.in_comment = false;
            rest = &line[end + END_OF_COMMENT.len()..];
        }
        while !rest.is_empty() {
            let (words, tag, after) = next_tag(rest);
            self.words(words)?;
            self.in_comment = tag == Some(COMMENT);
            if let Some(tag) = tag {
                self.tag(tag, number, take)?;
            }
            rest = after;
        }
        if let Some(words) = self.open.as_mut().and_then(Open::words) {
            words.part();
        }
        Ok(())
    }

    fn words(&mut self, words: &str) -> Result<(), Fault> {
        let Some(open) = &mut self.open else {
            return if words.trim().is_empty() { Ok(()) } else { Err(self.misplaced(words.trim())) };
        };
        if let Some(flow) = open.words() {
            flow.push(words);
        }
        Ok(())
    }

    fn tag(&mut self, tag: &str, number: u64, take: &mut Take<'_>) -> Result<(), Fault> {
        let (name, is_end) = match tag.strip_prefix('/') {
            Some(name) => (name, true),
            None => (tag, false),
        };
        let name = name.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        if name == self.names.record {
            return match (is_end, self.open.take()) {
                (false, None) => {
                    self.open = Some(Open::at(number));
                    Ok(())
                }
                (true, Some(open)) => open.finish(self.names, take),
                (_, _) => Err(self.misplaced(&format!("<{tag}>"))),
            };
        }
        let names = self.names;
        let Some(open) = &mut self.open else {
            return Ok(()); // An element around all records.
        };
        if let Some(words) = open.words() {
            words.part();
        }
        let is_over = match &open.field {
            None => true,
            Some((_, of)) => !names.are_closed || (is_end && *of == name),
        };
        if is_over {
            let field = if is_end { None } else { names.field(&name).map(|field| (field, name)) };
            open.field = field;
        }
        Ok(())
    }

    fn misplaced(&self, found: &str) -> Fault {
        Fault::Field { expected: self.names.expected, found: excerpt(found) }
    }
}

impl Names {
    fn field(&self, name: &str) -> Option<Field> {
        let fields = [(self.id, Field::Id), (self.title, Field::Title), (self.text, Field::Text)];
        fields.into_iter().find(|(names, _)| names.contains(&name)).map(|(_, field)| field)
    }

    /// The content of a field, without its label.
    fn content(&self, words: Flow) -> String {
        let words = words.finish();
        let label = self.labels.iter().find_map(|label| words.strip_prefix(label));
        label.map(|rest| rest.trim_start().to_owned()).unwrap_or(words)
    }
}

impl Open {
    fn at(line: u64) -> Self {
        let (id, title, text) = Default::default();
        Open { line, field: None, id, title, text }
    }

    /// Where words go at present.
    fn words(&mut self) -> Option<&mut Flow> {
        match self.field.as_ref()?.0 {
            Field::Id => Some(&mut self.id),
            Field::Title => Some(&mut self.title),
            Field::Text => Some(&mut self.text),
            Field::Other => None,
        }
    }

    fn finish(self, names: &Names, take: &mut Take<'_>) -> Result<(), Fault> {
        let Open { line, id, title, text, .. } = self;
        let [id, title, text] = [id, title, text].map(|words| names.content(words));
        take(Record { id, title, text, line })
    }
}

/// The words before the next tag, what stands between `<` and `>` of the tag, and what comes after it. Comments are
/// tags too, [`COMMENT`] if they go on in the next line; a `<` that begins neither is a word.
fn next_tag(text: &str) -> (&str, Option<&str>, &str) {
    let mut from = 0;
    while let Some(at) = text[from..].find('<').map(|at| at + from) {
        let inside = &text[at + 1..];
        let name = inside.strip_prefix('/').unwrap_or(inside);
        if let Some(comment) = inside.strip_prefix(COMMENT) {
            return match comment.find(END_OF_COMMENT) {
                Some(end) => (&text[..at], Some("!"), &comment[end + END_OF_COMMENT.len()..]),
                None => (&text[..at], Some(COMMENT), ""),
            };
        }
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) || inside.starts_with(['!', '?']) {
            // Without an end nothing that follows is a tag either.
            let Some(end) = inside.find('>') else { break };
            return (&text[..at], Some(&inside[..end]), &inside[end + 1..]);
        }
        from = at + 1;
    }
    (text, None, "")
}

/// Whether the first row of a table names its columns.
fn is_header(id: &str, text: &str) -> bool {
    const IDS: [&str; 9] = ["id", "_id", "docid", "doc_id", "docno", "pid", "qid", "query_id", "query-id"];
    const TEXTS: [&str; 6] = ["text", "body", "contents", "passage", "query", "title"];
    IDS.iter().any(|name| name.eq_ignore_ascii_case(id))
        && TEXTS.iter().any(|name| name.eq_ignore_ascii_case(text))
}
