//! A document tree as it is shown: its numbers, and what its nodes are about.
//!
//! Text, JSON and picture are made of this one view, so that they never disagree. Nodes are known by paths that count
//! children from 1 at every level; the children of a node stand in the order of the tree, which stays while documents
//! come and go.

mod figures;
mod page;
mod picture;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use anyhow::bail;
use rootward::dataset::Document;
use rootward::digits::grouped;
use rootward::doc_tree::describe::{Description, Length, Term, describe};
use rootward::doc_tree::{DocTree, NodeIdx, TreeShape};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use serde::Serialize;

use figures::Figures;
pub(crate) use page::page;
pub(crate) use picture::picture;

/// All that is shown of a tree.
#[derive(Serialize)]
pub(crate) struct View {
    /// The name of the data set, or where the index is.
    data: String,
    origin: Origin,
    #[serde(flatten)]
    figures: Figures,
    /// The node that was asked for, and what lies below it.
    tree: Branch,
}

/// Where a tree comes from.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// A model was trained with it.
    Trained {
        /// Its folder.
        model: String,
    },
    /// An index searches by it.
    Index {
        /// Its file.
        index: String,
    },
    /// It was grown to be shown.
    Grown {
        /// Whose vectors.
        encoder: String,
        branching: usize,
        leaf_size: usize,
        seed: u64,
    },
}

/// A node and what lies below it, as far down as was asked for.
#[derive(Serialize)]
struct Branch {
    /// Empty of the root.
    path: NodePath,
    /// At or below it.
    documents: usize,
    /// Those of them that no node below it has.
    own: usize,
    /// What sets it off from its siblings, most telling first.
    terms: Vec<Word>,
    /// The documents nearest its centroid, nearest first.
    representatives: Vec<Representative>,
    children: Vec<Branch>,
    /// Nodes below it that are deeper than was asked for.
    nodes_left_out: usize,
}

/// A term of a node.
#[derive(Serialize)]
struct Word {
    word: String,
    /// How many documents at or below the node have it.
    documents: usize,
    weight: f64,
}

/// A document of a node.
#[derive(Serialize)]
struct Representative {
    id: String,
    /// Its title, or the beginning of its text, or its id.
    title: String,
}

/// The way down to a node: the number of a child, from 1, at each level; none for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodePath(Vec<usize>);

/// A tree and what it is over.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) tree: &'a DocTree,
    /// A row for each document.
    pub(crate) vectors: &'a Matrix,
    /// What the documents are together.
    pub(crate) name: &'a str,
    pub(crate) docs: &'a [Document],
}

/// What is to be seen of it.
pub(crate) struct Wanted {
    /// The node to begin at.
    pub(crate) node: NodePath,
    /// Levels below it.
    pub(crate) levels: usize,
    /// How much of each node.
    pub(crate) length: Length,
}

/// Characters of the beginning of a text that stand for a missing title, at most.
const BEGINNING: usize = 60;

impl View {
    /// Looks at a tree.
    ///
    /// # Errors
    /// When there is no such node, or vectors do not go with the tree.
    pub(crate) fn of(seen: Seen<'_>, origin: Origin, wanted: &Wanted) -> anyhow::Result<Self> {
        let Seen { tree, vectors, name, docs } = seen;
        let start = find(tree, &wanted.node)?;
        // First: it refuses vectors that the figures could not be made of.
        let nodes = down_to(tree, start, wanted.levels);
        let described = describe(tree, &nodes, vectors, docs, wanted.length)?;
        let described = described.into_iter().map(|description| (description.node, description)).collect();
        let mut reader = Reader { tree, docs, described };
        Ok(View {
            data: name.to_owned(),
            origin,
            figures: Figures::of(tree, vectors),
            tree: reader.branch(start, wanted.node.clone(), wanted.levels),
        })
    }

    /// Whether some nodes are deeper than `levels` below the one that is shown.
    pub(crate) fn goes_on_below(&self, levels: usize) -> bool {
        self.tree.depth() > levels || self.tree.leaves_out()
    }
}

impl Origin {
    /// A tree that was grown from vectors of an encoder.
    pub(crate) fn grown(encoder: String, shape: TreeShape, seed: u64) -> Self {
        Origin::Grown { encoder, branching: shape.branching, leaf_size: shape.leaf_size, seed }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Trained { model } => write!(f, "the tree that {model} was trained with"),
            Origin::Index { index } => write!(f, "the tree that {index} is searched by"),
            Origin::Grown { encoder, .. } => write!(f, "a tree grown from the vectors of {encoder}"),
        }
    }
}

/// Turns nodes into branches, each once.
struct Reader<'a> {
    tree: &'a DocTree,
    docs: &'a [Document],
    described: HashMap<NodeIdx, Description>,
}

impl Reader<'_> {
    fn branch(&mut self, at: NodeIdx, path: NodePath, levels: usize) -> Branch {
        let described = self.described.remove(&at).expect("what is shown is described, and shown once");
        let (tree, docs) = (self.tree, self.docs);
        let node = tree.node(at);
        let (children, nodes_left_out) = match levels {
            0 => (Vec::new(), below(tree, at)),
            _ => {
                let below = (1..).zip(&node.children);
                let branch =
                    |(number, child): (usize, &NodeIdx)| self.branch(*child, path.child(number), levels - 1);
                (below.map(branch).collect(), 0)
            }
        };
        let word = |Term { word, n_docs, weight }| Word { word, documents: n_docs, weight };
        let representative = |doc: DocIdx| Representative::of(&docs[doc.at()]);
        Branch {
            path,
            documents: node.n_docs,
            own: node.docs.len(),
            terms: shared(described.terms).into_iter().map(word).collect(),
            representatives: described.docs.into_iter().map(representative).collect(),
            children,
            nodes_left_out,
        }
    }
}

impl Branch {
    /// Steps down to the deepest branch.
    fn depth(&self) -> usize {
        self.children.iter().map(|child| child.depth() + 1).max().unwrap_or(0)
    }

    /// Nodes below it, shown or left out.
    fn n_below(&self) -> usize {
        self.nodes_left_out + self.children.iter().map(|child| child.n_below() + 1).sum::<usize>()
    }

    fn leaves_out(&self) -> bool {
        self.nodes_left_out > 0 || self.children.iter().any(Branch::leaves_out)
    }

    /// The branches with nothing shown below them.
    fn n_ends(&self) -> usize {
        self.children.iter().map(Branch::n_ends).sum::<usize>().max(1)
    }
}

impl Representative {
    fn of(document: &Document) -> Self {
        let title = [&document.title, &document.text, &document.id]
            .into_iter()
            .map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "))
            .find(|words| !words.is_empty())
            .unwrap_or_default();
        Representative { id: document.id.clone(), title: cut(&title, BEGINNING) }
    }
}

/// The terms that several documents have, where there are such: that of a single one says nothing of the others.
fn shared(mut terms: Vec<Term>) -> Vec<Term> {
    if terms.iter().any(|term| term.n_docs > 1) {
        terms.retain(|term| term.n_docs > 1);
    }
    terms
}

/// So many things of a name, in words.
fn count(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { more })
}

/// A text of at most so many characters, cut between words where that loses little.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let begin: String = text.chars().take(most.saturating_sub(1)).collect();
    let whole = begin.rsplit_once(' ').map_or(&*begin, |(whole, _)| whole);
    let kept = if whole.chars().count() * 3 >= most * 2 { whole } else { &begin };
    format!("{}…", kept.trim_end())
}

/// A node and those so many levels below it.
fn down_to(tree: &DocTree, start: NodeIdx, levels: usize) -> Vec<NodeIdx> {
    let (mut nodes, mut level) = (vec![start], vec![start]);
    for _ in 0..levels {
        level = level.iter().flat_map(|at| &tree.node(*at).children).copied().collect();
        if level.is_empty() {
            break;
        }
        nodes.extend(&level);
    }
    nodes
}

/// Nodes below one, however deep.
fn below(tree: &DocTree, at: NodeIdx) -> usize {
    let mut open = tree.node(at).children.clone();
    let mut n_nodes = 0;
    while let Some(node) = open.pop() {
        n_nodes += 1;
        open.extend(&tree.node(node).children);
    }
    n_nodes
}

/// The node at the end of a path.
///
/// # Errors
/// When there is none.
pub(crate) fn find(tree: &DocTree, path: &NodePath) -> anyhow::Result<NodeIdx> {
    let mut at = DocTree::ROOT;
    for (level, number) in path.0.iter().enumerate() {
        let children = &tree.node(at).children;
        let Some(child) = children.get(number - 1) else {
            let above = match level {
                0 => String::from("the root"),
                _ => format!("node {}", NodePath(path.0[..level].to_vec())),
            };
            match children.len() {
                0 => bail!("the tree has no node {path}: {above} is a leaf"),
                n => bail!("the tree has no node {path}: {above} has the children 1 to {n}"),
            }
        };
        at = *child;
    }
    Ok(at)
}

impl NodePath {
    fn child(&self, number: usize) -> Self {
        NodePath(self.0.iter().copied().chain([number]).collect())
    }
}

impl FromStr for NodePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |part: &str| part.parse().ok().filter(|number| *number > 0);
        let path: Option<Vec<usize>> = text.split('.').map(number).collect();
        path.map(NodePath).ok_or("numbers of children from 1, such as 3.1.4, were expected")
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join("."))
    }
}

impl Serialize for NodePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_one() {
        let read = |text: &str| text.parse::<NodePath>().map(|path| path.to_string());
        assert_eq!(read("3.1.4").as_deref(), Ok("3.1.4"));
        for bad in ["", "0", "1.", "1.x", ".1", "-1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_words() {
        assert_eq!(cut("one two", 7), "one two");
        assert_eq!(cut("one two three four", 10), "one two…");
        assert_eq!(cut("a pneumonoultramicroscopic", 12), "a pneumonou…");
        assert_eq!(cut("äöüäöü", 4), "äöü…");
    }
}
