//! The words of SKOS, RDFS and OWL: which say what something is, what it is called, and what lies above it.

/// What a statement says of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// What it is.
    Type,
    /// What lies above it.
    Above,
    /// What lies below it.
    Below,
    /// Its name; the lower the number the better among labels of one language.
    Title(u8),
    /// Another name.
    Synonym,
    /// What it means; the lower the number the better.
    Text(u8),
    /// Whether it is no longer used.
    Deprecated,
}

/// The words of one kind of ontology.
pub(super) struct Vocabulary {
    /// Types of documents.
    pub(super) nodes: &'static [&'static str],
    /// Types of what is no document, whatever else is said of it.
    pub(super) others: &'static [&'static str],
    /// Whether the best kind of label makes its subject a document.
    pub(super) labels_make_nodes: bool,
    /// Whether something above it makes a subject a document.
    pub(super) edges_make_nodes: bool,
    words: &'static [(&'static str, Says)],
}

/// Concepts of SKOS.
pub(super) const CONCEPTS: Vocabulary = Vocabulary {
    nodes: &["http://www.w3.org/2004/02/skos/core#Concept"],
    others: &[
        "http://www.w3.org/2004/02/skos/core#ConceptScheme",
        "http://www.w3.org/2004/02/skos/core#Collection",
        "http://www.w3.org/2004/02/skos/core#OrderedCollection",
    ],
    labels_make_nodes: true,
    edges_make_nodes: false,
    words: &[
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", Says::Type),
        ("http://www.w3.org/2004/02/skos/core#broader", Says::Above),
        ("http://www.w3.org/2004/02/skos/core#narrower", Says::Below),
        ("http://www.w3.org/2004/02/skos/core#prefLabel", Says::Title(0)),
        ("http://www.w3.org/2000/01/rdf-schema#label", Says::Title(1)),
        ("http://www.w3.org/2004/02/skos/core#altLabel", Says::Synonym),
        ("http://www.w3.org/2004/02/skos/core#hiddenLabel", Says::Synonym),
        ("http://www.w3.org/2004/02/skos/core#definition", Says::Text(0)),
        ("http://www.w3.org/2004/02/skos/core#scopeNote", Says::Text(1)),
        ("http://www.w3.org/2002/07/owl#deprecated", Says::Deprecated),
    ],
};

/// Classes of RDFS and OWL, with the words for labels and definitions that biomedical ontologies use.
pub(super) const CLASSES: Vocabulary = Vocabulary {
    nodes: &["http://www.w3.org/2002/07/owl#Class", "http://www.w3.org/2000/01/rdf-schema#Class"],
    others: &[],
    labels_make_nodes: false,
    edges_make_nodes: true,
    words: &[
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", Says::Type),
        ("http://www.w3.org/2000/01/rdf-schema#subClassOf", Says::Above),
        ("http://www.w3.org/2000/01/rdf-schema#label", Says::Title(0)),
        ("http://www.w3.org/2004/02/skos/core#prefLabel", Says::Title(1)),
        ("http://www.w3.org/2004/02/skos/core#altLabel", Says::Synonym),
        ("http://www.w3.org/2004/02/skos/core#hiddenLabel", Says::Synonym),
        ("http://www.geneontology.org/formats/oboInOwl#hasExactSynonym", Says::Synonym),
        ("http://www.geneontology.org/formats/oboInOwl#hasNarrowSynonym", Says::Synonym),
        ("http://www.geneontology.org/formats/oboInOwl#hasBroadSynonym", Says::Synonym),
        ("http://www.geneontology.org/formats/oboInOwl#hasRelatedSynonym", Says::Synonym),
        ("http://purl.obolibrary.org/obo/IAO_0000115", Says::Text(0)),
        ("http://www.w3.org/2004/02/skos/core#definition", Says::Text(1)),
        ("http://www.w3.org/2000/01/rdf-schema#comment", Says::Text(2)),
        ("http://www.w3.org/2002/07/owl#deprecated", Says::Deprecated),
    ],
};

impl Vocabulary {
    /// What a statement with this predicate says, if that matters.
    pub(super) fn says(&self, predicate: &str) -> Option<Says> {
        self.words.iter().find(|(word, _)| *word == predicate).map(|(_, says)| *says)
    }
}
