//! Documents that come and go: what a model is worth for those that training never saw  [HCE §5].

use std::collections::HashSet;
use std::ops::Range;

use anyhow::Context;
use rootward::dataset::Split;
use rootward::doc_tree::DocTree;
use rootward::doc_tree::decode::{Compared, Decoder, Walk};
use rootward::eval::{NOT_FOUND, Products, RankingMeasures, Scorer, Vectors};
use rootward::ids::{DocIdx, QueryIdx};
use rootward::random::{Purpose, shuffled, stream};
use rootward::recipe::{Recipe, TreeContrast};

use super::data::{corpus, without};
use super::measure::{DECODED, evaluate, vectors};
use super::{HCE, IN_BATCH, JOINT, ZERO_SHOT, base, depend_on_encoder, in_batch};
use crate::in_memory::{new_encoder, train};
use crate::studies::{Asked, Bench, Better, Cell, Figure, Found, Numbers, Plan, Study};

pub(crate) const STUDY: Study = Study {
    name: "change",
    shows: "documents that training never saw: added to the tree and searched without training, beside a model that \
            was trained with them; then documents are removed",
    takes: "10 minutes",
    plan,
};

const SEEN: &str = "nDCG@10, seen";
const UNSEEN: &str = "nDCG@10, unseen";
const SEEN_R: &str = "R@10, seen";
const UNSEEN_R: &str = "R@10, unseen";
const DRIFT: &str = "drift %";

/// Share of the documents that come later.
const LATER: f64 = 0.2;

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let data = corpus(asked)?;
    let (supervised, joint) = (base("hce-supervised", asked)?, base("hce-joint", asked)?);
    let flat = in_batch(&supervised);
    let all = [How::Known, How::Later, How::LaterDecoded, How::Removed];
    let methods: [(&str, Recipe, &[How]); 4] = [
        (ZERO_SHOT, flat.clone(), &[How::Untrained]),
        (IN_BATCH, flat, &[How::Known, How::Later]),
        (HCE, supervised, &all),
        (JOINT, joint, &all),
    ];
    let mut cells = Vec::new();
    for (method, recipe, hows) in methods {
        for how in hows.iter().copied() {
            let label = [method, how.words()].join(": ");
            cells.push(Cell::new(&label, recipe.clone(), move |bench: &Bench<'_>| change(bench, how)));
        }
    }
    depend_on_encoder(&mut cells, &data, asked)?;
    Ok(Plan {
        data: vec![data],
        cells,
        quoted: Vec::new(),
        columns: [SEEN, UNSEEN, SEEN_R, UNSEEN_R, DRIFT].map(str::to_owned).to_vec(),
        digits: 1,
        better: Better::Greater,
        figure: Figure::Table,
        conclude: |_| Vec::new(),
    })
}

/// What becomes of a fifth of the documents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Untrained,
    Known,
    Later,
    LaterDecoded,
    Removed,
}

impl How {
    fn words(self) -> &'static str {
        match self {
            How::Untrained => "not trained",
            How::Known => "trained with all documents",
            How::Later => "a fifth added later",
            How::LaterDecoded => "a fifth added to the tree later, decoded",
            How::Removed => "a fifth added, then a fifth of the others removed",
        }
    }
}

/// Trains with or without some documents, searches with all, and measures queries by whether theirs were seen.
fn change(bench: &Bench<'_>, how: How) -> anyhow::Result<Found> {
    let data = bench.data;
    let n_docs = data.docs.len();
    let order = shuffled(n_docs, &mut stream(bench.recipe.seed, Purpose::Hide));
    let n_later = (LATER * n_docs as f64) as usize;
    let later: HashSet<DocIdx> = order[..n_later].iter().map(|doc| DocIdx(*doc)).collect();
    let removed: HashSet<DocIdx> = match how {
        How::Removed => order[n_docs - n_later..].iter().map(|doc| DocIdx(*doc)).collect(),
        _ => HashSet::new(),
    };
    let (kept, kept_docs) = without(data, if how == How::Known { &removed } else { &later });
    let encoder = match how {
        How::Untrained => new_encoder(bench.recipe, data)?,
        _ => train(&kept, bench.recipe, &mut |steps| (bench.progress)(steps))?,
    };
    let (queries, docs) = vectors(&*encoder, data)?;

    // The tree of the trained corpus, under the numbers of the whole one; what comes later is added one by one.
    let settings = bench.recipe.last_tree();
    let grow = |settings: TreeContrast| -> anyhow::Result<DocTree> {
        let mut tree = DocTree::grow_among(&docs, &kept_docs, settings.shape, bench.recipe.seed)?;
        if how != How::Known {
            order[..n_later]
                .iter()
                .try_for_each(|doc| tree.insert(DocIdx(*doc), &docs, DECODED).map(drop))?;
        }
        removed.iter().try_for_each(|doc| tree.remove(*doc, &docs).map(drop))?;
        Ok(tree)
    };
    let tree = settings.map(grow).transpose()?;

    let found = if how == How::LaterDecoded {
        let (tree, settings) = tree.as_ref().zip(settings).context("the recipe has a tree")?;
        let nodes = tree.centroids();
        let compared = Compared { queries: &queries, docs: &docs, nodes: &nodes };
        let walk = Walk { beam: DECODED, temperature: settings.temperature };
        evaluate(&Decoder::new(tree, compared, walk)?, bench)?
    } else {
        let products = Products::new(Vectors { queries: &queries, docs: &docs });
        evaluate(&Without { products, removed: &removed }, bench)?
    };
    let judged = data.judgements(Split::Test).context("the data set was divided")?;
    let mut numbers = Numbers::new();
    if let Some(tree) = &tree {
        numbers.insert(DRIFT.to_owned(), 100.0 * tree.drift(&docs, DECODED).share());
    }
    for (is_later, ndcg, recall) in [(false, SEEN, SEEN_R), (true, UNSEEN, UNSEEN_R)] {
        let asks = |query: QueryIdx| {
            let mut own = judged.iter().filter(|judgement| judgement.query == query && judgement.grade > 0);
            own.all(|judgement| {
                later.contains(&judgement.doc) == is_later && !removed.contains(&judgement.doc)
            })
        };
        let of: Vec<_> = found
            .per_query
            .iter()
            .filter(|result| asks(result.query))
            .filter_map(|result| result.ranking)
            .collect();
        // Where every query has an answer of the other kind, too, there is nothing to say.
        if !of.is_empty() {
            let mean =
                |measure: fn(&RankingMeasures) -> f64| of.iter().map(measure).sum::<f64>() / of.len() as f64;
            numbers.insert(ndcg.to_owned(), 100.0 * mean(|ranking| ranking.ndcg_at_10));
            numbers.insert(recall.to_owned(), 100.0 * mean(|ranking| ranking.recall_at_10));
        }
    }
    Ok(numbers.into())
}

/// The products of a corpus of which some documents are gone: no query finds these.
struct Without<'a> {
    products: Products<'a>,
    removed: &'a HashSet<DocIdx>,
}

impl Scorer for Without<'_> {
    fn n_queries(&self) -> usize {
        self.products.n_queries()
    }

    fn n_docs(&self) -> usize {
        self.products.n_docs()
    }

    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        self.products.score(rows, scores);
        for row in scores.chunks_exact_mut(self.n_docs()) {
            self.removed.iter().for_each(|doc| row[doc.at()] = NOT_FOUND);
        }
    }
}
