//! Other people's formats of hierarchies and test collections, made into data set folders and back.
//!
//! An importer reads a [`Source`] as a stream, in one pass where the format allows it, and returns [`Imported`]: the
//! parts of a data set and notes on what it left out. It is as strict as
//! [`Dataset::open`](rootward::dataset::Dataset::open) and reports in the same errors. What it returns can be written
//! with [`Parts::write`](rootward::dataset::Parts::write), and from then on nobody needs to know where it came from.

mod draft;
mod edges;
mod markup;
mod mesh;
mod names;
mod names;
mod ncbi;
mod obo;
mod paths;
mod rdf;
mod skos;
mod source;
mod table;
mod wordnet;
mod xml;

pub use draft::{Imported, Note};
pub use draft::{Imported, Note, Queries};
pub use edges::{Direction, EdgesOptions, edges};
pub use markup::Place;
pub use mesh::mesh;
pub use ncbi::ncbi;
pub use obo::{OboOptions, obo};
pub use paths::{PathsOptions, paths};
pub use skos::{Above, Ids, SkosOptions, skos};
pub use source::{BytesRead, Progress, Source};
pub use table::{Delimiter, Header, TableOptions};
pub use wordnet::{PartOfSpeech, WordnetOptions, wordnet};
pub use xml::{XmlOptions, xml};
