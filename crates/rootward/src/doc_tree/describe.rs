//! What the nodes of a tree are about: the documents nearest their centroids, and the words that set them off.
//!
//! A tree that was learned has no names. A word tells a node from its siblings when many of the node's documents have
//! it and few of those of the node above: `share · ln(share / share_above)`, its part in the divergence of the two. What
//! a word is, is what BM25 takes for one; it is shown in the form that it has most often.

use std::collections::HashMap;

use rayon::prelude::*;
use rootward_kernels::dot;

use super::{DocTree, NodeIdx, TreeError};
use crate::bm25::Words;
use crate::dataset::Document;
use crate::ids::DocIdx;
use crate::matrix::Matrix;
use crate::rows::Rows;

/// How much is to be said of each node, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Documents.
    pub docs: usize,
    /// Terms.
    pub terms: usize,
}

/// What a node is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The node.
    pub node: NodeIdx,
    /// The documents at or below it whose directions are nearest its centroid, nearest first.
    pub docs: Vec<DocIdx>,
    /// What sets it off from its siblings, most telling first; nothing of the root, which has none.
    pub terms: Vec<Term>,
}

/// A word of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// In its most frequent form, in lower case.
    pub word: String,
    /// How many documents at or below the node have it in any form.
    pub n_docs: usize,
    /// How much it tells, above 0.
    pub weight: f64,
}

/// What some nodes are about, in their order.
///
/// `vectors` has a row for each document; only directions count, as in growing. Words are those of title, text and
/// synonyms, without stop words and numbers; ties go by document and by word.
///
/// # Errors
/// When a document of the tree has no text, or no vector that is fit for the tree.
///
/// # Panics
/// When a node is none of the tree's.
pub fn describe(
    tree: &DocTree,
    nodes: &[NodeIdx],
    vectors: &Matrix,
    docs: &[Document],
    length: Length,
) -> Result<Vec<Description>, TreeError> {
    let members = tree.members();
    for doc in members.row(DocTree::ROOT.at()) {
        tree.check_vector(*doc, vectors)?;
        if doc.at() >= docs.len() {
            return Err(TreeError::NoText { doc: *doc, n_docs: docs.len() });
        }
    }
    let vocabulary = Vocabulary::of(members.row(DocTree::ROOT.at()), docs);
    let mut compared: Vec<NodeIdx> = nodes.iter().filter_map(|at| tree.node(*at).parent).collect();
    compared.extend(nodes);
    compared.sort_unstable();
    compared.dedup();
    let count = |at: NodeIdx| (at, vocabulary.counts(members.row(at.at())));
    let counts: HashMap<NodeIdx, Vec<Count>> = compared.into_par_iter().map(count).collect();
    let describe = |at: &NodeIdx| {
        let docs = nearest(vectors, members.row(at.at()), tree.unit(*at), length.docs);
        let counted = |at: NodeIdx| Counted { counts: &counts[&at], n_docs: tree.node(at).n_docs };
        let parent = tree.node(*at).parent;
        let terms = parent.map(|parent| vocabulary.telling(counted(*at), counted(parent), length.terms));
        Description { node: *at, docs, terms: terms.unwrap_or_default() }
    };
    Ok(nodes.par_iter().map(describe).collect())
}

/// How many documents have a stem.
#[derive(Clone, Copy)]
struct Count {
    stem: u32,
    n_docs: u32,
}

/// The stems of a node.
#[derive(Clone, Copy)]
struct Counted<'a> {
    counts: &'a [Count],
    n_docs: usize,
}

/// The stems of documents.
struct Vocabulary {
    /// By document, ascending, each once.
    stems: Rows<u32>,
    /// By stem, its most frequent form.
    forms: Vec<String>,
}

impl Vocabulary {
    /// The words of some documents; the others have none.
    fn of(wanted: &[DocIdx], docs: &[Document]) -> Self {
        let mut words = Words::new();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut forms: Vec<HashMap<String, u32>> = Vec::new();
        let mut wanted = wanted.iter().peekable();
        let mut stems = Rows::empty();
        for (doc, document) in (0..).map(DocIdx).zip(docs) {
            let mut own = Vec::new();
            if wanted.next_if(|next| **next == doc).is_some() {
                for field in [&document.title, &document.text].into_iter().chain(&document.synonyms) {
                    words.each_form(field, |form, stem| {
                        if !form.chars().any(char::is_alphabetic) {
                            return;
                        }
                        let number = *numbers.entry(stem.to_owned()).or_insert_with(|| {
                            forms.push(HashMap::new());
                            forms.len() as u32 - 1
                        });
                        own.push(number);
                        *forms[number as usize].entry(form.to_owned()).or_insert(0) += 1;
                    });
                }
            }
            own.sort_unstable();
            own.dedup();
            stems.push(own);
        }
        Vocabulary { stems, forms: forms.into_iter().map(most_frequent).collect() }
    }

    /// How many of some documents have each stem, by stem.
    fn counts(&self, docs: &[DocIdx]) -> Vec<Count> {
        let mut all: Vec<u32> = docs.iter().flat_map(|doc| self.stems.row(doc.at())).copied().collect();
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(|run| Count { stem: run[0], n_docs: run.len() as u32 }).collect()
    }

    /// The most telling words of a node, held against the node above it.
    fn telling(&self, node: Counted<'_>, above: Counted<'_>, n: usize) -> Vec<Term> {
        let term = |count: &Count| {
            let at = above.counts.binary_search_by_key(&count.stem, |count| count.stem);
            let at = at.expect("what a document has, the node above has too");
            let share = f64::from(count.n_docs) / node.n_docs as f64;
            let share_above = f64::from(above.counts[at].n_docs) / above.n_docs as f64;
            let weight = share * (share / share_above).ln();
            let word = &self.forms[count.stem as usize];
            (weight > 0.0).then_some((weight, word, count.n_docs as usize))
        };
        let mut terms: Vec<_> = node.counts.iter().filter_map(term).collect();
        terms.sort_unstable_by(|(a, word, _), (b, other, _)| b.total_cmp(a).then(word.cmp(other)));
        terms.truncate(n);
        let owned =
            |(weight, word, n_docs): (f64, &String, usize)| Term { word: word.clone(), n_docs, weight };
        terms.into_iter().map(owned).collect()
    }
}

/// The form that was met most often, of equal ones the first in the alphabet.
fn most_frequent(forms: HashMap<String, u32>) -> String {
    let most = forms.into_iter().max_by(|(a, n), (b, m)| n.cmp(m).then(b.cmp(a)));
    most.map_or(String::new(), |(form, _)| form)
}

/// The documents whose directions have the greatest inner products with a centroid.
fn nearest(vectors: &Matrix, docs: &[DocIdx], centroid: &[f32], n: usize) -> Vec<DocIdx> {
    let cosine = |doc: &DocIdx| {
        let vector = vectors.row(doc.at());
        let length = dot(vector, vector).sqrt();
        let cosine = if length > 0.0 { dot(vector, centroid) / length } else { 0.0 };
        (cosine, *doc)
    };
    let mut scored: Vec<(f32, DocIdx)> = docs.iter().map(cosine).collect();
    scored.sort_unstable_by(|(a, doc), (b, other)| b.total_cmp(a).then(doc.cmp(other)));
    scored.into_iter().take(n).map(|(_, doc)| doc).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::doc_tree::TreeShape;

    const SHAPE: TreeShape = TreeShape { branching: 2, leaf_size: 4, balance: 1.9, iterations: 5, sample: 9 };

    fn texts(texts: &[&str]) -> Vec<Document> {
        let document = |(at, text): (usize, &&str)| Document {
            id: at.to_string(),
            title: String::new(),
            text: (*text).to_owned(),
            synonyms: Vec::new(),
        };
        texts.iter().enumerate().map(document).collect()
    }

    /// Documents in two directions: those whose text has a `!` in the second.
    fn check(docs: &[&str], expect: &Expect) {
        let directions = docs.iter().enumerate().flat_map(|(at, text)| {
            let aside = 0.01 * at as f32;
            if text.contains('!') { [aside, 1.0] } else { [1.0, aside] }
        });
        let vectors = Matrix::new(docs.len(), 2, directions.collect()).unwrap();
        let tree = DocTree::grow(&vectors, SHAPE, 7).unwrap();
        let length = Length { docs: 2, terms: 3 };
        let mut lines: Vec<String> = Vec::new();
        let nodes: Vec<NodeIdx> = tree.nodes().map(|(at, _)| at).collect();
        for Description { docs, terms, .. } in
            describe(&tree, &nodes, &vectors, &texts(docs), length).unwrap()
        {
            let docs: Vec<u32> = docs.iter().map(|doc| doc.0).collect();
            let term = |term: &Term| format!("{} {} {:.2}", term.word, term.n_docs, term.weight);
            lines.push(
                format!("{docs:?} {}", terms.iter().map(term).collect::<Vec<_>>().join(", "))
                    .trim()
                    .to_owned(),
            );
        }
        lines.sort_unstable();
        expect.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn words_that_set_a_node_off_come_first() {
        check(
            &[
                "a dog runs",
                "two dogs run 12",
                "the dogs sleep",
                "a cat sleeps!",
                "cats and cats run!",
                "the cats!",
            ],
            &expect![[r#"
                [1, 2] dogs 3 0.69, two 1 0.23, run 2 0.19
                [4, 5] cats 3 0.69
                [5, 2]"#]],
        );
    }

    #[test]
    fn documents_without_words_are_described_by_themselves() {
        check(
            &["", "", "", "!", "the !", "12 !"],
            &expect![[r#"
                [1, 2]
                [4, 5]
                [5, 2]"#]],
        );
    }

    #[test]
    fn a_document_without_text_is_refused() {
        let vectors = Matrix::new(2, 1, vec![1.0, 2.0]).unwrap();
        let tree = DocTree::grow(&vectors, SHAPE, 7).unwrap();
        let length = Length { docs: 1, terms: 1 };
        let error = describe(&tree, &[DocTree::ROOT], &vectors, &texts(&["one"]), length).unwrap_err();
        assert_eq!(error.to_string(), "document 1 has no text, there are 1");
    }
}
