//! Test collections as TREC and SMART have them: documents, topics, and judgements in files of their own.
//!
//! Documents and topics are SGML, SMART's `.I .T .W`, or a table with tabs, told by their first line; judgements are
//! `query 0 document grade`, with blanks or tabs.

mod flow;
mod records;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rootward::dataset::{DataError, Document, Fault, Query, Split, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::judged::Grades;
use crate::source::{Progress, Source, Text};
pub(crate) use flow::escaped;
use records::{Form, Names, Reader, Record};

/// The files of a collection.
#[derive(Clone, Debug)]
pub struct TrecFiles {
    /// Its documents.
    pub corpus: PathBuf,
    /// Its queries.
    pub topics: PathBuf,
    /// Its judgements, and the split that each file is.
    pub qrels: Vec<(Split, PathBuf)>,
}

/// How a collection is read where its files do not say.
#[derive(Clone, Debug)]
pub struct TrecOptions {
    /// What judgements mean by the number of a topic; must be said only of SMART topics that are not numbered 1, 2, 3.
    pub topic_ids: Option<TopicIds>,
    /// What grades are worth.
    pub grades: Grades,
}

/// What judgements mean by the number of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicIds {
    /// The number that the topic has.
    Given,
    /// Its place in the file, from 1.
    Position,
}

/// Reads a collection of TREC or SMART.
///
/// A document's title and text are those of the elements `TITLE` or `HEADLINE` (also `HEAD`, `HL`, `TI`, `TTL`) and
/// `TEXT`, of the fields `.T` and `.W`, or of the third column and the second. A query is the title of its topic, or
/// the description where it has no title. Judgements of queries or documents that are not there are left out and
/// counted.
///
/// # Errors
/// When a file cannot be read, and at the first line that does not follow its format.
pub fn trec(
    files: &TrecFiles,
    options: &TrecOptions,
    progress: &Progress<'_>,
) -> Result<Imported, DataError> {
    let open = |path: &Path| Source::new(path, progress).text(&[".sgml", ".xml", ".txt", ".tsv"]);
    let corpus = open(&files.corpus)?;
    let mut draft = Draft::new(corpus.name());
    each_record(corpus, &records::DOCS, |record, _, _| {
        let Record { id, title, text, line } = record;
        if title.is_empty() && text.is_empty() {
            draft.note("documents without a title and a text", &id);
        }
        draft.doc(Document { id, title, text, synonyms: Vec::new() }, line)?;
        Ok(())
    })?;
    let topics = open(&files.topics)?;
    draft.reads(topics.name());
    let numbers = read_topics(topics, options.topic_ids, &mut draft)?;
    for (split, path) in &files.qrels {
        read_judgements(open(path)?, *split, options, &numbers, &mut draft)?;
    }
    draft.finish(Undefined::LeaveOut)
}

/// Calls `take` with every record of a file, the form of the file, and the record's place, from 1.
fn each_record(
    text: Text<'_>,
    names: &'static Names,
    mut take: impl FnMut(Record, Form, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let file = text.name().to_owned();
    let mut reader = Reader::new(names);
    let (mut place, mut last, mut wrong) = (0, 1, None);
    let mut form = Form::Tsv;
    let mut take = |record: Record, form: Form| {
        place += 1;
        let line = record.line;
        take(record, form, place).inspect_err(|_| wrong = Some(line))
    };
    let read = text.each_line(|line, number| {
        last = number;
        if reader.form().is_none() {
            form = records::form_of(line);
        }
        reader.line(line, number, &mut |record| take(record, form))
    });
    let read = read.and_then(|()| {
        let at_end = reader.end(&mut |record| take(record, form));
        at_end.map_err(|fault| DataError::Line { file: file.clone(), line: last, fault })
    });
    match (read, wrong) {
        // What is wrong with a record is told at its start, not where it was complete.
        (Err(DataError::Line { file, fault, .. }), Some(line)) => {
            return Err(DataError::Line { file, line, fault });
        }
        (read, _) => read?,
    }
    if place == 0 {
        return Err(DataError::Empty { file, what: "record" });
    }
    Ok(())
}

/// The ids of topics that are numbers, by what is left of them without zeros in front; `None` where two are the same.
type Numbers = HashMap<String, Option<String>>;

fn read_topics(text: Text<'_>, ids: Option<TopicIds>, draft: &mut Draft) -> Result<Numbers, DataError> {
    let mut numbers = Numbers::new();
    each_record(text, &records::TOPICS, |record, form, place| {
        let Record { id, title, text, line } = record;
        let is_place = without_zeros(&id).is_some_and(|number| number == place.to_string());
        if form == Form::Smart && ids.is_none() && !is_place {
            const EXPECTED: &str = "a topic that is numbered by its place (otherwise say by `--topic-ids given` or \
                                    `--topic-ids position` what judgements mean by a number)";
            return Err(Fault::Field { expected: EXPECTED, found: format!(".I {}", excerpt(&id)) });
        }
        let id = if ids == Some(TopicIds::Position) { place.to_string() } else { id };
        let text = match form {
            Form::Sgml if !title.is_empty() => title,
            Form::Sgml => {
                draft.note("topics without a title, the description taken", &id);
                text
            }
            Form::Smart | Form::Tsv => text,
        };
        if let Some(number) = without_zeros(&id) {
            let known = numbers.entry(number.to_owned());
            known.and_modify(|id| *id = None).or_insert_with(|| Some(id.clone()));
        }
        draft.query(Query::new(&id, &text), line)
    })?;
    Ok(numbers)
}

/// What is left of a number without zeros in front; `None` where it is no number.
fn without_zeros(id: &str) -> Option<&str> {
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.trim_start_matches('0'))
}

fn read_judgements(
    text: Text<'_>,
    split: Split,
    options: &TrecOptions,
    numbers: &Numbers,
    draft: &mut Draft,
) -> Result<(), DataError> {
    draft.reads(text.name());
    let mut expected = None;
    text.each_line(|line, number| {
        let by_tabs: Vec<&str> = line.split('\t').collect();
        let cells = if matches!(by_tabs.len(), 3 | 4) { by_tabs } else { line.split_whitespace().collect() };
        if cells.is_empty() {
            return Ok(());
        }
        let (query, doc, grade) = match cells[..] {
            [query, _, doc, grade] if expected != Some(3) => (query, doc, grade),
            [query, doc, grade] if expected != Some(4) => (query, doc, grade),
            _ => {
                let columns = "`query 0 document grade`, or `query document grade` on every line,";
                return Err(Fault::Field { expected: columns, found: excerpt(line) });
            }
        };
        expected = Some(cells.len());
        let grade = options.grades.worth(grade)?;
        let as_number = || numbers.get(without_zeros(query)?)?.as_deref();
        let known = if draft.query_of(query).is_some() { Some(query) } else { as_number() };
        match known {
            Some(query) => draft.judge(split, (query, doc), grade, number),
            None => {
                draft.note("judgements of queries that are not there left out", query);
                Ok(())
            }
        }
    })
}

#[cfg(test)]
mod tests;
