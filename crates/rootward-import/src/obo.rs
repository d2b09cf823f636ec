//! OBO flat files (versions 1.2 and 1.4): terms under the terms that they are a kind of, or part of.
//!
//! A file is stanzas of lines `tag: value`. A value may be quoted, has escapes with `\`, and may be followed by
//! qualifiers in braces and by a comment after `!`. The Gene Ontology and most of biomedicine come in this format.

mod value;

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Queries, Undefined, distinct};
use crate::source::Source;
use value::{free_text, goes_on, next_word, quoted};

/// What to take out of an OBO file.
#[derive(Clone, Debug)]
pub struct OboOptions {
    /// Relations whose targets are parents too, besides `is_a`: names such as `part_of`, or `all` for every one.
    pub relations: Vec<String>,
    /// What is asked.
    pub queries: Queries,
}

/// A term that is being read.
#[derive(Default)]
struct Term {
    doc: Document,
    /// The line that it begins with.
    line: u64,
    /// Ids of parents, with the lines that name them.
    parents: Vec<(String, u64)>,
    is_obsolete: bool,
}

/// What was read so far.
struct Reading<'a> {
    draft: Draft,
    /// The term whose lines are being read; `None` above the first and in stanzas of other kinds.
    term: Option<Term>,
    /// Lines that end with a backslash, to which the next one belongs.
    begun: String,
    /// Each relation that is asked for, and whether the file has it.
    relations: Vec<(&'a str, bool)>,
}

/// The most bytes of a line that is given as several.
const LONGEST_LINE: usize = 1 << 28;

/// Reads an OBO file.
///
/// A document is a term that is not obsolete, in the order of the file: its title is the name, its text the
/// definition, and its synonyms are those of every scope. Edges lead along `is_a` and the relations asked for; those to
/// terms that are not in the file, or obsolete, are left out and counted.
///
/// # Errors
/// At the first line of a term that does not follow the format, when an id is defined twice, when the edges form a
/// cycle, and when a relation is asked for that is nowhere in the file.
pub fn obo(source: &Source<'_>, options: &OboOptions) -> Result<Imported, DataError> {
    let text = source.text(&[".obo"])?;
    let path = text.name().to_owned();
    let relations = options.relations.iter().map(|relation| (&**relation, false)).collect();
    let draft = Draft::new(&path);
    let mut reading = Reading { draft, term: None, begun: String::new(), relations };
    let mut last = 1;
    text.each_line(|line, number| {
        last = number;
        reading.take_line(line, number)
    })?;
    reading.end_term().map_err(|fault| DataError::Line { file: path.clone(), line: last, fault })?;
    if let Some((relation, _)) = reading.relations.iter().find(|(_, is_there)| !is_there) {
        let what = format!("relationship `{}`", excerpt(relation));
        let remedy = "`grep ^relationship:` shows those there are";
        return Err(DataError::Lacks { path, what, remedy });
    }
    let mut draft = reading.draft;
    draft.ask(options.queries)?;
    draft.finish(Undefined::LeaveOut)
}

impl Reading<'_> {
    fn take_line(&mut self, line: &str, number: u64) -> Result<(), Fault> {
        if self.begun.is_empty() && !goes_on(line) {
            return self.take(line.trim(), number);
        }
        let mut begun = std::mem::take(&mut self.begun);
        begun.push_str(line);
        if begun.len() > LONGEST_LINE {
            return Err(Fault::LongLine { most: LONGEST_LINE });
        }
        if goes_on(&begun) {
            begun.pop();
            self.begun = begun;
            return Ok(());
        }
        self.take(begun.trim(), number)
    }

    /// Takes a whole line.
    fn take(&mut self, line: &str, number: u64) -> Result<(), Fault> {
        if line.is_empty() || line.starts_with('!') {
            return Ok(());
        }
        if line.starts_with('[') {
            self.end_term()?;
            self.term = line.starts_with("[Term]").then(|| Term { line: number, ..Term::default() });
            return Ok(());
        }
        let Some(term) = &mut self.term else {
            return Ok(()); // Above the first stanza, or in one that is no term.
        };
        let no_tag = || Fault::Field { expected: "a line `tag: value`", found: excerpt(line) };
        let (tag, value) = line.split_once(':').ok_or_else(no_tag)?;
        match tag.trim_end() {
            "id" if term.doc.id.is_empty() => {
                term.doc.id = next_word(value).0;
                self.draft.check_new(&term.doc.id)?;
            }
            "id" => return Err(Fault::Field { expected: "one id for a term", found: excerpt(line) }),
            "name" if term.doc.title.is_empty() => term.doc.title = free_text(value),
            "def" if term.doc.text.is_empty() => term.doc.text = quoted(value)?,
            "synonym" | "exact_synonym" | "narrow_synonym" | "broad_synonym" | "related_synonym" => {
                term.doc.synonyms.push(quoted(value)?);
            }
            "is_a" => term.parents.push((next_word(value).0, number)),
            "relationship" => {
                let (relation, rest) = next_word(value);
                let of_name = |(name, _): &&mut (&str, bool)| *name == relation || *name == "all";
                let mut is_asked = false;
                for (_, is_there) in self.relations.iter_mut().filter(of_name) {
                    (is_asked, *is_there) = (true, true);
                }
                if is_asked {
                    term.parents.push((next_word(rest).0, number));
                }
            }
            "is_obsolete" => term.is_obsolete = next_word(value).0 == "true",
            _ => {}
        }
        Ok(())
    }

    /// Makes a document of the term that was read, unless it is obsolete.
    fn end_term(&mut self) -> Result<(), Fault> {
        let Some(Term { mut doc, line, parents, is_obsolete }) = self.term.take() else {
            return Ok(());
        };
        if doc.id.is_empty() {
            let found = excerpt(&doc.title);
            return Err(Fault::Field { expected: "a line `id: ..` in the term that ends above", found });
        }
        if is_obsolete {
            self.draft.note("obsolete terms left out", &doc.id);
            return Ok(());
        }
        if doc.title.is_empty() {
            self.draft.note("terms without a name", &doc.id);
        }
        for (parent, line) in parents {
            self.draft.edge(&doc.id, &parent, line)?;
        }
        doc.synonyms = distinct(&doc.title, doc.synonyms);
        self.draft.doc(doc, line)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
