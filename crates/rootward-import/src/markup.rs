//! XML as a stream: elements, attributes and text, with the lines that they stand on.
//!
//! Names are taken as they are written, with their prefixes. A file that ends within an element is refused, and so is
//! one without an element for very long, or with elements very deep in one another: real files have neither, and both
//! would be held in memory.

mod place;
mod records;

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};
use rootward::dataset::{DataError, Fault, excerpt, utf8};

use crate::source::{LineOf, Text};

pub use place::Place;
pub(crate) use records::each_record;

/// The most bytes without the begin or end of an element.
pub(crate) const LONGEST_PIECE: u64 = 1 << 28;

/// The most elements in one another.
const DEEPEST: u64 = 10_000;

/// Something that the stream holds.
enum Piece<'a> {
    /// An element begins.
    Open(&'a Tag<'a>),
    /// Text within elements, not all of it at once.
    Text(&'a str),
    /// The element that began last and has not ended yet ends.
    Close,
}

/// The begin of an element.
struct Tag<'a> {
    /// Its name, with its prefix if it has one.
    name: &'a str,
    start: &'a BytesStart<'a>,
}

impl Tag<'_> {
    /// The value of an attribute, by its name as it is written.
    ///
    /// # Errors
    /// When an attribute before it is no attribute, or its value has an entity that is not known.
    fn attribute(&self, name: &str) -> Result<Option<String>, Fault> {
        for attribute in self.start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| said(&error))?;
            if attribute.key.as_ref() == name.as_bytes() {
                let value = attribute.unescape_value().map_err(|error| said(&error))?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }
}

/// Calls `take` with every piece of an XML text and its line.
///
/// # Errors
/// When it cannot be read or is no XML, and the first fault that `take` finds.
fn each_piece(
    text: Text<'_>,
    mut take: impl FnMut(Piece<'_>, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let (bytes, line) = text.into_parts();
    let unheard = Rc::new(Cell::new(0));
    let mut reader = Reader::from_reader(ByLine::new(bytes, Rc::clone(&unheard)));
    reader.config_mut().expand_empty_elements = true;
    let (mut buffer, mut depth) = (Vec::new(), 0_u64);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| told(error, &line, unheard.get()))?;
        let at = |fault| line.fault(fault);
        match event {
            Event::Start(start) => {
                unheard.set(0);
                depth += 1;
                if depth > DEEPEST {
                    let problem = format!("elements lie more than {DEEPEST} deep in one another");
                    return Err(at(Fault::Syntax { format: "XML", problem }));
                }
                let name = start.name();
                let name = utf8(name.as_ref()).map_err(at)?;
                take(Piece::Open(&Tag { name, start: &start }), line.get()).map_err(at)?;
            }
            Event::End(_) => {
                unheard.set(0);
                // The reader has checked that it is the end of the element that began last.
                depth = depth.saturating_sub(1);
                take(Piece::Close, line.get()).map_err(at)?;
            }
            Event::Text(text) => {
                let text = utf8(&text).and_then(unescaped).map_err(at)?;
                take(Piece::Text(&text), line.get()).map_err(at)?;
            }
            Event::CData(text) => take(Piece::Text(utf8(&text).map_err(at)?), line.get()).map_err(at)?,
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => {
                let problem = "it ends within an element; fetch or make the file again".to_owned();
                return Err(at(Fault::Syntax { format: "XML", problem }));
            }
            // Empty elements come as a start and an end.
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// What the XML reader says.
fn said(error: &dyn std::error::Error) -> Fault {
    Fault::Syntax { format: "XML", problem: format!("the reader says: {error}") }
}

fn unescaped(text: &str) -> Result<Cow<'_, str>, Fault> {
    quick_xml::escape::unescape(text).map_err(|error| {
        let problem = format!("the reader says: {error}, in `{}`", excerpt(text.trim()));
        Fault::Syntax { format: "XML", problem }
    })
}

/// The error of the XML reader, when that many bytes have gone by since the last element.
fn told(error: Error, line: &LineOf, unheard: u64) -> DataError {
    match error {
        _ if unheard > LONGEST_PIECE => line.fault(too_long()),
        Error::Io(cause) => line.unreadable(io::Error::new(cause.kind(), cause)),
        other => line.fault(said(&other)),
    }
}

/// What is wrong with a file that goes on and on.
pub(crate) fn too_long() -> Fault {
    let problem = format!("no element begins or ends within {LONGEST_PIECE} bytes");
    Fault::Syntax { format: "XML", problem }
}

/// A reader that gives out no more than a line at a time, so that the line is known at which a parser stands, and
/// fails when it has given out too much since its user last set `unheard` to 0.
pub(crate) struct ByLine<R> {
    inner: R,
    unheard: Rc<Cell<u64>>,
}

impl<R: BufRead> ByLine<R> {
    /// The same bytes, in lines.
    pub(crate) fn new(inner: R, unheard: Rc<Cell<u64>>) -> Self {
        ByLine { inner, unheard }
    }
}

impl<R: BufRead> Read for ByLine<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.fill_buf()?;
        let length = line.len().min(buffer.len());
        buffer[..length].copy_from_slice(&line[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for ByLine<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unheard.get() > LONGEST_PIECE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let bytes = self.inner.fill_buf()?;
        // The end of a line comes with the next one: what a parser finds out at a line's last byte is told with it.
        let from = usize::from(bytes.first() == Some(&b'\n'));
        let length = bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| from + at);
        Ok(&bytes[..length])
    }

    fn consume(&mut self, amount: usize) {
        self.unheard.set(self.unheard.get().saturating_add(amount as u64));
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests;
