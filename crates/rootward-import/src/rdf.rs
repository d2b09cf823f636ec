//! RDF as a stream of statements: RDF/XML, and Turtle, of which N-Triples is a part.
//!
//! Which of the two a file is, is told by its first characters. Parsers of the project Oxigraph do the work; what they
//! let pass and should not (a file that ends too early, entities that grow without end) is refused here.

mod watch;

use std::cell::Cell;
use std::io::BufRead;
use std::rc::Rc;

use oxrdf::Triple;
use oxrdfxml::{RdfXmlParseError, RdfXmlParser};
use oxttl::{TurtleParseError, TurtleParser};
use rootward::dataset::{DataError, Fault};

use crate::markup::{ByLine, LONGEST_PIECE, too_long};
use crate::source::{LineOf, Text};
use watch::Watched;

/// What names without a scheme are taken to be relative to, in files that do not say it.
const BASE: &str = "file:///";

/// Calls `take` with every statement and its line, which may be a little too large.
///
/// # Errors
/// When the text cannot be read or is neither format, and the first fault that `take` finds.
pub(crate) fn each_triple(
    mut text: Text<'_>,
    take: impl FnMut(Triple, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let is_xml = is_xml(text.first_bytes()?);
    let (bytes, line) = text.into_parts();
    if is_xml { each_of_xml(bytes, &line, take) } else { each_of_turtle(bytes, &line, take) }
}

/// Whether RDF that begins like this is XML: its first tag has attributes, which no name in brackets of Turtle has.
fn is_xml(first: &[u8]) -> bool {
    let Some(tag) = first.strip_prefix(b"<") else {
        return false;
    };
    let end = tag.iter().position(|byte| *byte == b'>' || byte.is_ascii_whitespace());
    tag.starts_with(b"?") || tag.starts_with(b"!") || end.is_some_and(|end| tag[end] != b'>')
}

fn each_of_xml(
    bytes: impl BufRead,
    line: &LineOf,
    mut take: impl FnMut(Triple, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let unheard = Rc::new(Cell::new(0));
    let (watched, watch) = Watched::new(ByLine::new(bytes, Rc::clone(&unheard)));
    let parser = RdfXmlParser::new().with_base_iri(BASE).expect("this is an IRI");
    for triple in parser.for_reader(watched) {
        let triple = triple.map_err(|error| match error {
            _ if unheard.get() > LONGEST_PIECE => line.fault(too_long()),
            error => match (watch.problem(), error) {
                (Some(problem), _) => line.fault(syntax("RDF/XML", problem)),
                (None, RdfXmlParseError::Io(cause)) => line.unreadable(cause),
                (None, RdfXmlParseError::Syntax(error)) => line.fault(said("RDF/XML", &error)),
            },
        })?;
        unheard.set(0);
        take(triple, line.get()).map_err(|fault| line.fault(fault))?;
    }
    if watch.has_ended() {
        return Ok(());
    }
    Err(line.fault(syntax("RDF/XML", "it ends within an element; fetch or make the file again")))
}

fn each_of_turtle(
    mut bytes: impl BufRead,
    line: &LineOf,
    mut take: impl FnMut(Triple, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let mark = bytes.fill_buf().map_err(|cause| line.unreadable(cause))?.starts_with(b"\xef\xbb\xbf");
    bytes.consume(if mark { 3 } else { 0 });
    let parser = TurtleParser::new().with_base_iri(BASE).expect("this is an IRI");
    for triple in parser.for_reader(bytes) {
        let triple = triple.map_err(|error| match error {
            TurtleParseError::Io(cause) => line.unreadable(cause),
            TurtleParseError::Syntax(error) => {
                line.fault_at(error.location().start.line + 1, said("Turtle", &error.message()))
            }
        })?;
        take(triple, line.get()).map_err(|fault| line.fault(fault))?;
    }
    Ok(())
}

fn syntax(format: &'static str, problem: &str) -> Fault {
    Fault::Syntax { format, problem: problem.to_owned() }
}

/// What a parser says.
fn said(format: &'static str, error: &dyn std::fmt::Display) -> Fault {
    Fault::Syntax { format, problem: format!("the reader says: {error}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::*;
    use crate::source::Source;

    fn triples(text: &[u8]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, text).unwrap();
        let mut found = Vec::new();
        let read = Source::new(&file, &|_| {}).text(&[]).and_then(|text| {
            each_triple(text, |triple, _| {
                found.push(triple.to_string());
                Ok(())
            })
        });
        read.map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f"))?;
        Ok(found)
    }

    const XML: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE rdf:RDF [<!ENTITY e \"http://e/\">]>\n<rdf:RDF \
        xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:e=\"&e;\">\n<rdf:Description \
        rdf:about=\"http://e/a\"><e:p rdf:resource=\"&e;b\"/></rdf:Description>\n</rdf:RDF>\n";

    #[test]
    fn the_same_statement_is_read_in_every_format() {
        let texts = [
            XML,
            &XML[XML.find("<rdf:RDF").unwrap()..].replace("&e;", "http://e/"),
            "\u{feff}@prefix e: <http://e/> .\n e:a e:p e:b .",
            "# a comment\n<http://e/a> <http://e/p> <http://e/b> .\n",
            "\n<http://e/a> <http://e/p> <http://e/b> .\n",
        ];
        for text in texts {
            assert_eq!(triples(text.as_bytes()).unwrap(), ["<http://e/a> <http://e/p> <http://e/b>"]);
        }
        assert!(triples(b"").unwrap().is_empty());
    }

    #[test]
    fn relative_names_need_no_base() {
        assert_eq!(triples(b"<#a> <#b> <#c> .").unwrap(), ["<file:///#a> <file:///#b> <file:///#c>"]);
        let xml = XML.replace("rdf:about=\"http://e/a\"", "rdf:about=\"#a\"");
        assert_eq!(triples(xml.as_bytes()).unwrap(), ["<file:///#a> <http://e/p> <http://e/b>"]);
    }

    #[test]
    fn what_is_no_rdf_is_told_by_line() {
        let cases = [
            (
                "<http://e/a> <http://e/p> .".to_owned(),
                "f:1: well-formed Turtle was expected, but the reader says: ",
            ),
            ("@prefix e: <http://e/> .\n\ne:a e:p f:b .".to_owned(), "f:3: well-formed Turtle was expected"),
            (
                XML.replace("</rdf:Description>", ""),
                "f:5: well-formed RDF/XML was expected, but the reader says: ",
            ),
            (
                XML.replace("</rdf:RDF>", ""),
                "f:6: well-formed RDF/XML was expected, but it ends within an element",
            ),
            (
                "<?xml version=\"1.0\"?>\n<Ontology xmlns=\"http://www.w3.org/2002/07/owl#\">\n</Ontology>"
                    .to_owned(),
                "f:2: well-formed RDF/XML was expected, but this is OWL/XML; save it as RDF/XML or Turtle",
            ),
            (XML.replace("&e;b", "&x;b"), "f:4: well-formed RDF/XML was expected, but the reader says: "),
        ];
        for (text, message) in cases {
            let error = triples(text.as_bytes()).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn entities_that_grow_without_end_are_refused() {
        let mut entities = String::from("<!ENTITY e0 \"http://e/\">");
        for at in 1..40 {
            entities += &format!("\n<!ENTITY e{at} \"{}\">", format!("&e{};", at - 1).repeat(9));
        }
        let text = XML.replace("<!ENTITY e \"http://e/\">", &entities);
        let error = triples(text.as_bytes()).unwrap_err();
        assert!(
            error.starts_with("f:5: well-formed RDF/XML was expected, but an entity stands for more"),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..9), at in 0..XML.len(), cut in 0..40_usize) {
            let mut changed = XML.as_bytes().to_vec();
            let end = XML.len().min(at + cut);
            changed.splice(at..end, bytes);
            let _ = triples(&changed);
        }

        #[test]
        fn no_exchange_of_parts_makes_it_panic(from in 0..XML.len(), length in 0..60_usize, to in 0..XML.len()) {
            let mut changed = XML.as_bytes().to_vec();
            let part = changed[from..XML.len().min(from + length)].to_vec();
            changed.splice(to..to, part);
            let _ = triples(&changed);
        }
    }
}
