//! Corpora for studies: what there is to find, what is asked, and no hierarchy over it.

use std::collections::{HashMap, HashSet};

use anyhow::bail;
use rootward::dataset::{Dataset, Document, Judgement, Judgements, Query, Split};
use rootward::doctor::plain;
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

/// The corpus with training and test queries and without its hierarchy. Where nothing was judged the titles of the
/// documents ask for their texts.
pub(super) fn corpus(asked: &Asked) -> anyhow::Result<Dataset> {
    let data = match &asked.data {
        Some(folder) => Dataset::open_documents(folder)?,
        None => return Ok(definitions(&Dataset::open(&bundled_wordnet()?)?, [10_000, 500, 2_000])),
    };
    if data.is_closed() || Split::ALL.iter().all(|split| data.judgements(*split).is_none()) {
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
/// So many of the names, drawn at random, are queries of train, dev and test.
pub(super) fn definitions(wordnet: &Dataset, n_queries: [usize; 3]) -> Dataset {
    let order = shuffled(wordnet.docs.len(), &mut stream(DIVISION, Purpose::Divide));
    asked_by_names(wordnet, named_alike(wordnet, &order), n_queries, String::from("wordnet-definitions"))
}

/// A corpus that nobody asked anything: half of its titles ask for their documents in training, others in dev and test.
fn asked_by_titles(data: &Dataset) -> anyhow::Result<Dataset> {
    let mut order = shuffled(data.docs.len(), &mut stream(DIVISION, Purpose::Divide));
    let says = |text: &str| !text.trim().is_empty();
    order.retain(|doc| {
        let doc = &data.docs[*doc as usize];
        says(&doc.title) && says(&doc.text)
    });
    let named = named_alike(data, &order);
    if named.len() < TITLES {
        bail!(
            "data set `{}` has no queries, and {} titles of documents with a text: queries, or {TITLES} such titles that \
             ask for their texts, were expected",
            data.name,
            named.len()
        );
    }
    let share = |share: f64| (share * named.len() as f64).round() as usize;
    let (dev, test) = (share(DEV), share(TEST));
    let n_queries = [named.len() - dev - test, dev, test];
    Ok(asked_by_names(data, named, n_queries, data.name.clone()))
}

/// What asks for a document when its title and its synonyms do.
fn names_of(doc: &Document) -> String {
    std::iter::once(&doc.title).chain(&doc.synonyms).cloned().collect::<Vec<_>>().join(", ")
}

/// Documents by what asks for them, in their order: passages of one file have one title, and it must not be learned of one
/// and asked for another.
fn named_alike(data: &Dataset, order: &[u32]) -> Vec<Vec<DocIdx>> {
    let mut named: Vec<Vec<DocIdx>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for doc in order.iter().map(|doc| DocIdx(*doc)) {
        let place = *places.entry(plain(&names_of(&data.docs[doc.at()]))).or_insert(named.len());
        match named.get_mut(place) {
            Some(alike) => alike.push(doc),
            None => named.push(vec![doc]),
        }
    }
    named.iter_mut().for_each(|alike| alike.sort_unstable());
    named
}

/// A corpus whose documents have lost their titles and synonyms, which ask for them: those of the first of `named` in
/// training, of others in dev and test, so many of each.
fn asked_by_names(data: &Dataset, named: Vec<Vec<DocIdx>>, n_queries: [usize; 3], name: String) -> Dataset {
    let nameless = |doc: &Document| Document { title: String::new(), synonyms: Vec::new(), ..doc.clone() };
    let docs: Vec<Document> = data.docs.iter().map(nameless).collect();
    let (mut queries, mut judgements) = (Vec::new(), Judgements::default());
    let mut left = named.into_iter();
    for (split, n) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(n_queries) {
        let mut own: Vec<Vec<DocIdx>> = left.by_ref().take(n).collect();
        own.sort_unstable();
        let mut judged = Vec::new();
        for alike in own {
            let first = &data.docs[alike[0].at()];
            let query = QueryIdx(queries.len() as u32);
            queries.push(Query::new(&first.id, &names_of(first)));
            judged.extend(alike.into_iter().map(|doc| Judgement { query, doc, grade: 1 }));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents with these titles, each with a text of its own.
    fn titled(titles: &[&str]) -> Dataset {
        let doc = |(at, title): (usize, &&str)| Document {
            id: at.to_string(),
            title: (*title).to_owned(),
            text: format!("text {at}"),
            synonyms: Vec::new(),
        };
        let docs: Vec<Document> = titles.iter().enumerate().map(doc).collect();
        let flat = Hierarchy::new(docs.len(), &[]).unwrap();
        Dataset::closed("d".to_owned(), docs, flat)
    }

    #[test]
    fn a_title_of_several_documents_asks_for_all_of_them_in_one_split() {
        let titles = ["a", "b", "A ", "c", "d", "e", "f", "g", "h", "i", "j", "a"];
        let data = asked_by_titles(&titled(&titles)).unwrap();
        assert_eq!(data.queries.len(), 10);
        let judged: Vec<&Judgement> =
            Split::ALL.iter().flat_map(|split| data.judgements(*split).unwrap()).collect();
        let own = |query: QueryIdx| -> Vec<u32> {
            judged
                .iter()
                .filter(|judgement| judgement.query == query)
                .map(|judgement| judgement.doc.0)
                .collect()
        };
        let asked = (0..10).map(QueryIdx).find(|query| data.queries[query.at()].text == "a").unwrap();
        assert_eq!(own(asked), [0, 2, 11]);
        assert_eq!(judged.len(), 12);
        assert!(data.docs.iter().all(|doc| doc.title.is_empty() && !doc.text.is_empty()));
    }

    #[test]
    fn too_few_titles_are_told() {
        let error = asked_by_titles(&titled(&["a"; 20])).unwrap_err().to_string();
        assert!(
            error.starts_with("data set `d` has no queries, and 1 titles of documents with a text"),
            "{error}"
        );
    }
}
