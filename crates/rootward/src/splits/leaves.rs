//! Leaves that are taken out of a hierarchy and asked for: what a catalogue has no node for yet.
//!
//! Each document is a query in its own words. The queries are divided by leaf; those of dev and test leave the documents,
//! and what they should find are the parents that they had, and all ancestors of these.

use std::collections::HashSet;

use super::{By, DivideError, Division, Shares, divide};
use crate::dataset::{Dataset, Document, Judgement, Judgements, Query, Split};
use crate::doctor::plain;
use crate::encoder::Text;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};

/// Takes shares of the leaves out of a hierarchy in which each document is its own query.
///
/// Leaves that say the same, capitals and blanks aside, stay together; a leaf that says the same as a document with
/// children, and one without parents, is not taken out.
///
/// # Errors
/// When the data set has queries of its own, the shares are none, or a split with a share would stay empty.
pub fn take_leaves_out(data: &Dataset, shares: Shares, seed: u64) -> Result<Division, DivideError> {
    if !data.is_closed() {
        return Err(DivideError::NotClosed { name: data.name.clone() });
    }
    let own = in_own_words(data);
    let Division { data: asked, mut counts } = divide(&own.asked, By::Node, shares, seed)?;
    let (mut out, mut judgements) = (HashSet::new(), Judgements::default());
    for split in [Split::Dev, Split::Test] {
        for own in asked.judgements(split).unwrap_or_default() {
            out.insert(own.doc);
            let parents = data.hierarchy.parents(own.doc).iter();
            let asked = parents.map(|parent| Judgement { doc: *parent, ..*own });
            judgements.of_mut(split).get_or_insert_default().extend(asked);
        }
    }
    let mut train = asked.judgements(Split::Train).unwrap_or_default().to_vec();
    train.extend(own.staying.iter().map(|leaf| ask(*leaf)));
    judgements.train = Some(train);
    let part = &mut counts.splits[0];
    for leaf in own.staying {
        part.queries += 1;
        part.units += 1;
        *part.by_depth.entry(data.hierarchy.depth(leaf)).or_default() += 1;
    }

    let mut place = vec![None; data.docs.len()];
    let stays = (0..).map(DocIdx).zip(&data.docs).filter(|(doc, _)| !out.contains(doc));
    let docs: Vec<Document> = stays
        .zip(0..)
        .map(|((doc, document), new)| {
            place[doc.at()] = Some(DocIdx(new));
            document.clone()
        })
        .collect();
    let at = |doc: DocIdx| place[doc.at()].expect("a document with children stays");
    let edges = data.hierarchy.edges().filter(|edge| !out.contains(&edge.child));
    let edges: Vec<Edge> =
        edges.map(|edge| Edge { child: at(edge.child), parent: at(edge.parent) }).collect();
    let hierarchy = Hierarchy::new(docs.len(), &edges).expect("a part of a hierarchy has no cycle");
    for (split, part) in Split::ALL.into_iter().zip(&mut counts.splits) {
        let Some(judgements) = judgements.of_mut(split) else { continue };
        judgements.iter_mut().for_each(|judgement| judgement.doc = at(judgement.doc));
        judgements.sort_unstable();
        part.judgements = judgements.len();
    }
    let data = Dataset::judged(data.name.clone(), docs, hierarchy, asked.queries, judgements);
    Ok(Division { data, counts })
}

/// Documents that ask for themselves.
struct Own {
    /// The same data set with a query for each document, of all that it says of itself, judged but for roots that are
    /// leaves, which ask nothing, and for those that stay.
    asked: Dataset,
    /// Leaves that say the same as a document with children.
    staying: Vec<DocIdx>,
}

fn in_own_words(data: &Dataset) -> Own {
    let query =
        |doc: &Document| Query { id: doc.id.clone(), text: Text::of(doc).whole().into_owned(), group: None };
    let queries: Vec<Query> = data.docs.iter().map(query).collect();
    let hierarchy = &data.hierarchy;
    let is_leaf = |doc: &DocIdx| hierarchy.children(*doc).is_empty();
    let says = |doc: &DocIdx| plain(&queries[doc.at()].text);
    let all = || (0..data.docs.len() as u32).map(DocIdx);
    let inner: HashSet<String> = all().filter(|doc| !is_leaf(doc)).map(|doc| says(&doc)).collect();
    let asking = all().filter(|doc| !is_leaf(doc) || !hierarchy.parents(*doc).is_empty());
    let stays = |doc: &DocIdx| is_leaf(doc) && !says(doc).is_empty() && inner.contains(&says(doc));
    let (staying, asking): (Vec<DocIdx>, Vec<DocIdx>) = asking.partition(stays);
    let train = Some(asking.into_iter().map(ask).collect());
    let judgements = Judgements { train, ..Judgements::default() };
    let asked = Dataset::judged(data.name.clone(), data.docs.clone(), hierarchy.clone(), queries, judgements);
    Own { asked, staying }
}

/// A document asks for itself.
fn ask(doc: DocIdx) -> Judgement {
    Judgement { query: QueryIdx(doc.0), doc, grade: 1 }
}
