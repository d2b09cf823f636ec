//! Watching the tags of RDF/XML on their way to the parser.
//!
//! Entities may stand for other entities, so that a few lines stand for more text than there is memory; ontologies use
//! them for the beginnings of names only. And a parser that reads a stream takes the end of the file for the end of the
//! document.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

/// The most bytes that an entity may stand for.
const LONGEST_ENTITY: usize = 4096;

/// A reader whose tags are watched.
pub(super) struct Watched<R> {
    inner: R,
    watch: Watch,
}

/// What was seen so far; shared between the reader and its user.
#[derive(Clone, Default)]
pub(super) struct Watch(Rc<RefCell<Seen>>);

#[derive(Default)]
struct Seen {
    /// What follows the last `<`, up to the length of the longest entity.
    tag: Vec<u8>,
    /// Whether the end of that tag may still come.
    is_open: bool,
    /// The name of the first element.
    root: Option<Vec<u8>>,
    has_ended: bool,
    /// How many bytes each entity stands for.
    lengths: HashMap<Vec<u8>, usize>,
    problem: Option<&'static str>,
}

impl<R: Read> Watched<R> {
    /// The same bytes, watched.
    pub(super) fn new(inner: R) -> (Self, Watch) {
        let watch = Watch::default();
        (Watched { inner, watch: watch.clone() }, watch)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let mut seen = self.watch.0.borrow_mut();
        buffer[..length].iter().for_each(|byte| seen.take(*byte));
        if seen.problem.is_some() { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
    }
}

impl Watch {
    /// Why the reader failed, if it is the one that was at fault.
    pub(super) fn problem(&self) -> Option<&'static str> {
        self.0.borrow().problem
    }

    /// Whether the first element has ended, or there is none.
    pub(super) fn has_ended(&self) -> bool {
        let seen = self.0.borrow();
        seen.has_ended || seen.root.is_none()
    }
}

impl Seen {
    fn take(&mut self, byte: u8) {
        if byte == b'<' {
            self.tag.clear();
            self.is_open = true;
        } else if self.is_open && self.tag.len() < 2 * LONGEST_ENTITY {
            self.tag.push(byte);
            if byte == b'>' {
                self.end_tag();
            }
        } else if self.is_open && self.tag.starts_with(b"!ENTITY") {
            self.problem = Some(TOO_LONG);
        } else if byte == b'>' {
            self.end_tag();
        }
    }

    fn end_tag(&mut self) {
        let tag = self.tag.strip_suffix(b">").unwrap_or(&self.tag);
        if let Some(entity) = tag.strip_prefix(b"!ENTITY") {
            // Its value may hold a `>`, so more of it may come, and it is looked at again.
            let (name, value) = name_and_value(entity);
            let length = self.length(value);
            if length > LONGEST_ENTITY {
                self.problem = Some(TOO_LONG);
            }
            let known = self.lengths.entry(name.to_owned()).or_default();
            *known = length.max(*known);
            return;
        }
        self.is_open = false;
        if let Some(ended) = tag.strip_prefix(b"/") {
            self.has_ended |= self.root.as_deref() == Some(ended.trim_ascii_end());
        } else if self.root.is_none() && !tag.starts_with(b"?") && !tag.starts_with(b"!") {
            self.has_ended = tag.ends_with(b"/");
            let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next();
            self.root = name.map(<[u8]>::to_owned);
            if name.is_some_and(|name| name == b"Ontology" || name.ends_with(b":Ontology")) && !has_rdf(tag) {
                self.problem = Some("this is OWL/XML; save it as RDF/XML or Turtle");
            }
        }
    }

    /// How many bytes the value of an entity stands for.
    fn length(&self, value: &[u8]) -> usize {
        let of_entity = |part: &[u8]| {
            let end = part.iter().position(|byte| *byte == b';');
            end.and_then(|end| self.lengths.get(&part[..end])).copied().unwrap_or_default()
        };
        value.split(|byte| *byte == b'&').skip(1).map(of_entity).fold(value.len(), usize::saturating_add)
    }
}

/// Whether an element that is the first uses the attributes of RDF, as one that describes an ontology does.
fn has_rdf(tag: &[u8]) -> bool {
    tag.windows(7).any(|words| words == b":about=")
}

const TOO_LONG: &str = "an entity stands for more than 4096 bytes; write out what it stands for";

/// The name and the value of an entity, which is as long as can be where it has not ended.
fn name_and_value(entity: &[u8]) -> (&[u8], &[u8]) {
    let entity = entity.trim_ascii_start();
    let entity = entity.strip_prefix(b"%").unwrap_or(entity).trim_ascii_start();
    let end = entity.iter().position(u8::is_ascii_whitespace).unwrap_or(entity.len());
    let (name, rest) = entity.split_at(end);
    let value = rest.iter().position(|byte| *byte == b'"').map_or(&rest[..0], |at| &rest[at + 1..]);
    (name, value.split(|byte| *byte == b'"').next().unwrap_or_default())
}
