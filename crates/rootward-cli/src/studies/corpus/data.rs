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

/// The corpus with training and test queries and without its hierarchy.
pub(super) fn corpus(asked: &Asked) -> anyhow::Result<Dataset> {
    let data = match &asked.data {
        Some(folder) => Dataset::open(folder)?,
        None => definitions(&Dataset::open(&bundled_wordnet()?)?, [10_000, 500, 2_000]),
    };
    if data.is_closed() {
        bail!("data set `{}` has no queries; this study is about queries and a corpus", data.name);
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
    Ok(divide(&flat, By::Query, Shares { dev: 0.1, test: 0.4 }, DIVISION)?.data)
}

/// `WordNet` as a corpus: its definitions are the documents, and the names of the defined ask for them.
///
/// So many of the names, those of random documents, are queries of train, dev and test.
pub(super) fn definitions(wordnet: &Dataset, n_queries: [usize; 3]) -> Dataset {
    let docs: Vec<_> = wordnet
        .docs
        .iter()
        .map(|doc| {
            let mut doc = doc.clone();
            (doc.title, doc.synonyms) = (String::new(), Vec::new());
            doc
        })
        .collect();
    let order = shuffled(docs.len(), &mut stream(DIVISION, Purpose::Divide));
    let (mut queries, mut judgements) = (Vec::new(), Judgements::default());
    let mut left = &order[..];
    for (split, n) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(n_queries) {
        let (mut own, rest) = left.split_at(n.min(left.len()));
        left = rest;
        let mut sorted = own.to_vec();
        sorted.sort_unstable();
        own = &sorted;
        let mut judged = Vec::new();
        for doc in own.iter().map(|doc| DocIdx(*doc)) {
            let names = &wordnet.docs[doc.at()];
            let text =
                std::iter::once(&names.title).chain(&names.synonyms).cloned().collect::<Vec<_>>().join(", ");
            let query = QueryIdx(queries.len() as u32);
            queries.push(Query::new(&names.id, &text));
            judged.push(Judgement { query, doc, grade: 1 });
        }
        *judgements.of_mut(split) = Some(judged);
    }
    let hierarchy = Hierarchy::new(docs.len(), &[]).expect("no edge is no cycle");
    Dataset::judged(String::from("wordnet-definitions"), docs, hierarchy, queries, judgements)
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
