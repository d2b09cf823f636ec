//! Corpora for studies: what there is to find, what is asked, and no hierarchy over it.

use std::collections::HashSet;

use anyhow::bail;
use rootward::dataset::{Dataset, Judgement, Judgements, Query, Split};
use rootward::hierarchy::Hierarchy;
use rootward::ids::{DocIdx, QueryIdx};
use rootward::random::{Purpose, shuffled, stream};
use rootward::splits::{By, Shares, divide};

use crate::builtin::bundled_wordnet;
use crate::studies::Asked;

/// The same draw of queries whatever the seed of a cell.
pub(super) const DIVISION: u64 = 7;

/// Documents with a title and a text that there must be where titles are to ask.
const TITLES: usize = 10;

/// The corpus with training and test queries and without its hierarchy. Where nobody asked anything the titles of the
/// documents ask for their texts.
pub(super) fn corpus(asked: &Asked) -> anyhow::Result<Dataset> {
    let data = match &asked.data {
        Some(folder) => Dataset::open_documents(folder)?,
        None => return Ok(definitions(&Dataset::open(&bundled_wordnet()?)?, [10_000, 500, 2_000])),
    };
    if data.is_closed() {
        return asked_by_titles(&data);
    }
    let judged = |split| data.judgements(split).map(<[Judgement]>::to_vec);
    let judgements =
        Judgements { train: judged(Split::Train), dev: judged(Split::Dev), test: judged(Split::Test) };
    let hierarchy = Hierarchy::new(data.docs.len(), &[])?;
    let flat =
        Dataset::judged(data.name.clone(), data.docs.clone(), hierarchy, data.queries.clone(), judgements);
    if flat.judgements(Split::Train).is_some() && flat.judgements(Split::Test).is_some() {
        return Ok(flat);
    }
    Ok(divide(&flat, By::Query, Shares { dev: DEV, test: TEST }, DIVISION)?.data)
}

/// Shares of the queries where they are divided.
const DEV: f64 = 0.1;
const TEST: f64 = 0.4;

/// `WordNet` as a corpus: its definitions are the documents, and the names of the defined ask for them.
///
/// So many of the names, those of random documents, are queries of train, dev and test.
pub(super) fn definitions(wordnet: &Dataset, n_queries: [usize; 3]) -> Dataset {
    let order = shuffled(wordnet.docs.len(), &mut stream(DIVISION, Purpose::Divide));
    asked_by_names(wordnet, &order, n_queries, String::from("wordnet-definitions"))
}

/// A corpus that nobody asked anything: the titles of half of its documents ask for them in training, others in dev and
/// test.
fn asked_by_titles(data: &Dataset) -> anyhow::Result<Dataset> {
    let mut order = shuffled(data.docs.len(), &mut stream(DIVISION, Purpose::Divide));
    let says = |text: &str| !text.trim().is_empty();
    order.retain(|doc| {
        let doc = &data.docs[*doc as usize];
        says(&doc.title) && says(&doc.text)
    });
    if order.len() < TITLES {
        bail!(
            "data set `{}` has no queries, and {} documents with a title and a text: queries, or {TITLES} such documents \
             whose titles ask for their texts, were expected",
            data.name,
            order.len()
        );
    }
    let share = |share: f64| (share * order.len() as f64).round() as usize;
    let (dev, test) = (share(DEV), share(TEST));
    Ok(asked_by_names(data, &order, [order.len() - dev - test, dev, test], data.name.clone()))
}

/// A corpus whose documents have lost their titles and synonyms, which ask for them: those of the first of `order` in
/// training, of others in dev and test, so many of each.
fn asked_by_names(data: &Dataset, order: &[u32], n_queries: [usize; 3], name: String) -> Dataset {
    let docs: Vec<_> = data
        .docs
        .iter()
        .map(|doc| {
            let mut doc = doc.clone();
            (doc.title, doc.synonyms) = (String::new(), Vec::new());
            doc
        })
        .collect();
    let (mut queries, mut judgements) = (Vec::new(), Judgements::default());
    let mut left = order;
    for (split, n) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(n_queries) {
        let (mut own, rest) = left.split_at(n.min(left.len()));
        left = rest;
        let mut sorted = own.to_vec();
        sorted.sort_unstable();
        own = &sorted;
        let mut judged = Vec::new();
        for doc in own.iter().map(|doc| DocIdx(*doc)) {
            let names = &data.docs[doc.at()];
            let text =
                std::iter::once(&names.title).chain(&names.synonyms).cloned().collect::<Vec<_>>().join(", ");
            let query = QueryIdx(queries.len() as u32);
            queries.push(Query::new(&names.id, &text));
            judged.push(Judgement { query, doc, grade: 1 });
        }
        *judgements.of_mut(split) = Some(judged);
    }
    let hierarchy = Hierarchy::new(docs.len(), &[]).expect("no edge is no cycle");
    Dataset::judged(name, docs, hierarchy, queries, judgements)
}

/// A data set without some documents and what was judged about them, and the numbers that the others had.
pub(super) fn without(data: &Dataset, left_out: &HashSet<DocIdx>) -> (Dataset, Vec<DocIdx>) {
    let kept: Vec<DocIdx> =
        (0..data.docs.len() as u32).map(DocIdx).filter(|doc| !left_out.contains(doc)).collect();
    let docs = kept.iter().map(|doc| data.docs[doc.at()].clone()).collect();
    let mut judgements = Judgements::default();
    for split in Split::ALL {
        let renumbered = |judged: &[Judgement]| -> Vec<Judgement> {
            let place = |judgement: &Judgement| {
                let doc = DocIdx(kept.binary_search(&judgement.doc).ok()? as u32);
                Some(Judgement { doc, ..*judgement })
            };
            judged.iter().filter_map(place).collect()
        };
        *judgements.of_mut(split) = data.judgements(split).map(renumbered);
    }
    let hierarchy = Hierarchy::new(kept.len(), &[]).expect("no edge is no cycle");
    (Dataset::judged(data.name.clone(), docs, hierarchy, data.queries.clone(), judgements), kept)
}
