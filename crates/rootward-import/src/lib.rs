//! Other people's formats of hierarchies and test collections, made into data set folders and back.
//!
//! An importer reads a [`Source`] as a stream, in one pass where the format allows it, and returns [`Imported`]: the
//! parts of a data set and notes on what it left out. It is as strict as
//! [`Dataset::open`](rootward::dataset::Dataset::open) and reports in the same errors. What it returns can be written
//! with [`Parts::write`](rootward::dataset::Parts::write), and from then on nobody needs to know where it came from.
//! Texts to encode are read and their vectors written here too.

mod beir;
mod draft;
mod edges;
mod esci;
mod export;
mod judged;
mod markup;
mod mesh;
mod names;
mod ncbi;
mod obo;
mod pairs;
mod paths;
mod rdf;
mod skos;
mod source;
mod table;
mod text_files;
mod texts;
mod trec;
pub mod vectors;
mod wordnet;
mod xml;

pub use beir::beir;
pub use draft::{Imported, Note, Queries};
pub use edges::{Direction, EdgesOptions, edges};
pub use esci::{EsciOptions, EsciVersion, Products, esci};
pub use export::{to_beir, to_edges, to_trec};
pub use judged::{Grades, GradesError};
pub use markup::Place;
pub use mesh::mesh;
pub use ncbi::ncbi;
pub use obo::{OboOptions, obo};
pub use pairs::{PairsOptions, pairs};
pub use paths::{PathsOptions, paths};
pub use skos::{Above, Ids, SkosOptions, skos};
pub use source::{BytesRead, Progress, Source};
pub use table::{Delimiter, Header, TableOptions};
pub use text_files::{FolderUse, TextFilesOptions, TextUnit, text_files};
pub use texts::{TextForm, TextRow, Texts};
pub use trec::{TopicIds, TrecFiles, TrecOptions, trec};
pub use wordnet::{PartOfSpeech, WordnetOptions, wordnet};
pub use xml::{XmlOptions, xml};
