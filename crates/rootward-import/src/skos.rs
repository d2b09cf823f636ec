//! SKOS thesauri, and the classes of OWL and RDFS ontologies: concepts under broader ones, classes under their
//! superclasses.
//!
//! Statements come in any order, so what is said of a concept is gathered first: of its labels those of the best
//! language that it has, and never more.

mod label;
mod vocabulary;

use std::collections::{HashMap, HashSet};

use oxrdf::{NamedOrBlankNode, Term, Triple};
use rootward::dataset::{DataError, Document};

use crate::draft::{Draft, Imported, Queries, Undefined, distinct};
use crate::names::{Symbol, Symbols};
use crate::rdf::each_triple;
use crate::source::Source;
use label::{Best, Label};
use vocabulary::{CLASSES, CONCEPTS, Says, Vocabulary};

/// What lies above what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// Concepts of SKOS under those that are `skos:broader`.
    Broader,
    /// Classes of RDFS or OWL under those that they are `rdfs:subClassOf`.
    Superclass,
}

/// What documents are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Their whole names.
    Whole,
    /// What follows the last `#` or `/` of their names, where no other document has the same.
    Short,
}

/// What to take out of an ontology.
#[derive(Clone, Debug)]
pub struct SkosOptions {
    /// What lies above what.
    pub above: Above,
    /// The language of titles, texts and synonyms, such as `en`, which counts `en-GB` too.
    pub language: String,
    /// What documents are called.
    pub ids: Ids,
    /// What is asked.
    pub queries: Queries,
}

/// What is said of one thing that has a name.
#[derive(Default)]
struct Thing {
    /// Whether it is said to be a document.
    is_node: bool,
    /// Whether it is said to be something else, such as a concept scheme.
    is_other: bool,
    is_deprecated: bool,
    title: Best,
    text: Best,
    synonyms: Best,
}

/// What was read so far.
struct Reading<'a> {
    vocabulary: &'a Vocabulary,
    language: &'a str,
    names: Symbols,
    things: Vec<Thing>,
    /// Child, parent and line.
    edges: Vec<(Symbol, Symbol, u64)>,
    known: HashSet<(Symbol, Symbol)>,
}

/// Reads concepts of SKOS, or classes of RDFS and OWL, from RDF/XML, Turtle or N-Triples.
///
/// A document is a concept, or a class, in the order in which the file names them first, with a preferred label as
/// title, a definition (or else a note) as text, and other labels as synonyms: each in the language asked for, where
/// there is none without a language, and else in the first by its tag. One without a label has the last part of its name
/// as its title. An edge that is given both ways, broader and
/// narrower, is one edge; those to what is not in the file are left out and counted, and so is what is deprecated. Things
/// without a name of their own (blank nodes), such as the restrictions of OWL, are passed over.
///
/// # Errors
/// When the file is no RDF, holds no concept or class, or the edges form a cycle.
pub fn skos(source: &Source<'_>, options: &SkosOptions) -> Result<Imported, DataError> {
    let text = source.text(&[".rdf", ".owl", ".xml", ".ttl", ".nt", ".skos"])?;
    let path = text.name().to_owned();
    let vocabulary = match options.above {
        Above::Broader => &CONCEPTS,
        Above::Superclass => &CLASSES,
    };
    let (language, names) = (&*options.language, Symbols::default());
    let (things, edges, known) = (Vec::new(), Vec::new(), HashSet::new());
    let mut reading = Reading { vocabulary, language, names, things, edges, known };
    each_triple(text, |triple, line| {
        reading.take(triple, line);
        Ok(())
    })?;
    let mut draft = Draft::new(&path);
    let ids = reading.ids(options.ids, &mut draft);
    let Reading { things, edges, .. } = reading;
    let told = |line, fault| DataError::Line { file: path.clone(), line, fault };
    for (thing, id) in things.into_iter().zip(&ids) {
        if let Some(mut doc) = document(thing, id, &mut draft) {
            if doc.title.is_empty() {
                doc.title = local(id).to_owned();
            }
            draft.doc(doc, 1).map_err(|fault| told(1, fault))?;
        }
    }
    for (child, parent, line) in edges {
        draft.edge(&ids[child.at()], &ids[parent.at()], line).map_err(|fault| told(line, fault))?;
    }
    draft.ask(options.queries)?;
    draft.finish(Undefined::LeaveOut)
}

impl Thing {
    fn is_document(&self) -> bool {
        self.is_node && !self.is_other && !self.is_deprecated
    }
}

/// The document that a thing is, if it is one.
fn document(thing: Thing, id: &str, draft: &mut Draft) -> Option<Document> {
    if thing.is_node && thing.is_deprecated {
        draft.note("deprecated concepts left out", id);
    }
    if !thing.is_document() {
        return None;
    }
    match thing.title.language() {
        None => draft.note("concepts without a label, called by the last part of their names", id),
        Some(language) if language.is_another() => {
            draft.note("concepts without a label in the language asked for, labelled in another", id);
        }
        Some(_) => {}
    }
    let mut titles = thing.title.labels();
    let title = titles.next().unwrap_or_default();
    // A second preferred label is as good a name as any other.
    let synonyms = distinct(&title, titles.chain(thing.synonyms.labels()).collect());
    let text = thing.text.labels().next().unwrap_or_default();
    Some(Document { id: id.to_owned(), title, text, synonyms })
}

impl Reading<'_> {
    fn take(&mut self, triple: Triple, line: u64) {
        let NamedOrBlankNode::NamedNode(subject) = triple.subject else {
            return;
        };
        let Some(says) = self.vocabulary.says(triple.predicate.as_str()) else {
            return;
        };
        let vocabulary = self.vocabulary;
        match (says, triple.object) {
            (Says::Type, Term::NamedNode(kind)) => {
                if vocabulary.nodes.contains(&kind.as_str()) {
                    self.thing(subject.as_str()).is_node = true;
                } else if vocabulary.others.contains(&kind.as_str()) {
                    self.thing(subject.as_str()).is_other = true;
                }
            }
            (Says::Above, Term::NamedNode(parent)) => self.edge(subject.as_str(), parent.as_str(), line),
            (Says::Below, Term::NamedNode(child)) => self.edge(child.as_str(), subject.as_str(), line),
            (Says::Deprecated, Term::Literal(value)) => {
                self.thing(subject.as_str()).is_deprecated = matches!(value.value(), "true" | "1");
            }
            (Says::Title(order), Term::Literal(label)) => {
                let label = Label::new(&label, self.language, order);
                let is_node = order == 0 && vocabulary.labels_make_nodes;
                let thing = self.thing(subject.as_str());
                thing.is_node |= is_node;
                thing.title.add(label);
            }
            (Says::Synonym, Term::Literal(label)) => {
                let label = Label::new(&label, self.language, 0);
                self.thing(subject.as_str()).synonyms.add(label);
            }
            (Says::Text(order), Term::Literal(label)) => {
                let label = Label::new(&label, self.language, order);
                self.thing(subject.as_str()).text.add(label);
            }
            _ => {}
        }
    }

    fn edge(&mut self, child: &str, parent: &str, line: u64) {
        self.thing(child).is_node |= self.vocabulary.edges_make_nodes;
        self.thing(parent);
        let edge = (self.names.add(child), self.names.add(parent));
        if self.known.insert(edge) {
            self.edges.push((edge.0, edge.1, line));
        }
    }

    fn thing(&mut self, name: &str) -> &mut Thing {
        let symbol = self.names.add(name);
        if symbol.at() == self.things.len() {
            self.things.push(Thing::default());
        }
        &mut self.things[symbol.at()]
    }

    /// What each thing is called as a document.
    fn ids(&self, ids: Ids, draft: &mut Draft) -> Vec<String> {
        let names: Vec<&str> = (0..).take(self.names.len()).map(|at| self.names.name(Symbol(at))).collect();
        if ids == Ids::Whole {
            return names.into_iter().map(str::to_owned).collect();
        }
        let mut uses: HashMap<&str, u32> = HashMap::new();
        for (name, thing) in names.iter().zip(&self.things) {
            *uses.entry(local(name)).or_default() += u32::from(thing.is_document());
        }
        let of_name = |(name, thing): (&str, &Thing)| {
            if uses[local(name)] <= 1 && thing.is_document() {
                return local(name).to_owned();
            }
            if thing.is_document() {
                draft.note("names whose last part others share, kept whole", name);
            }
            name.to_owned()
        };
        names.into_iter().zip(&self.things).map(of_name).collect()
    }
}

/// What follows the last `#` or `/` of a name, or all of it where that is nothing.
fn local(name: &str) -> &str {
    name.rsplit(['#', '/']).next().filter(|last| !last.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests;
