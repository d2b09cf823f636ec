//! The hierarchical corpus encoder against everything that it should beat, on one corpus and with one budget  [HCE §5].
//!
//! Every row is the same encoder, batch, rate and length, and differs in what it is told apart from and in what it learns
//! from. A hierarchy that the data set has is left out: here the tree is learned. Where a data set has no training
//! queries, half of its queries are divided off, always the same ones.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::{Context, bail};
use rootward::bm25::{Bm25, LUCENE};
use rootward::dataset::{Dataset, Judgement, Judgements, Query, Split};
use rootward::doc_tree::DocTree;
use rootward::doc_tree::decode::{Compared, Decoder, Walk};
use rootward::encoder::Encoder;
use rootward::eval::{Evaluation, Judge, Names, Products, Scorer, Truth, Vectors, evaluate_scores};
use rootward::hierarchy::Hierarchy;
use rootward::ids::{DocIdx, QueryIdx};
use rootward::matrix::Matrix;
use rootward::random::{Purpose, shuffled, stream};
use rootward::recipe::{
    BodyConfig, Centroids, EncoderConfig, Mined, MinedBy, Period, Recipe, Renew, Sampling, Stage,
    TreeContrast,
};
use rootward::significance::{Resampling, paired};
use rootward::splits::{By, Shares, divide};

use super::{Asked, Bench, Better, Cell, Figure, Finding, Found, Numbers, Plan, Row, Study, Summary, recipe};
use crate::answers::{doc_vectors, query_vectors};
use crate::bodies::{open_body, zero_shot};
use crate::builtin::bundled_wordnet;
use crate::in_memory::{Trained, train, train_with_tree};

pub(crate) const STUDY: Study = Study {
    name: "corpus",
    shows: "sibling contrast in a learned tree against in-batch, uniform, mined and topic negatives, supervised, from \
            documents alone and jointly, with tests",
    takes: "an hour",
    plan,
};

pub(crate) const SMALL: Study = Study {
    name: "contrast",
    shows: "siblings against flat negatives on a small corpus, the definitions of the animals of WordNet: the paper's \
            first experiment",
    takes: "a minute",
    plan: plan_small,
};

pub(crate) const CHANGE: Study = Study {
    name: "change",
    shows: "documents that training never saw: added to the tree and searched without training, beside a model that \
            was trained with them; then documents are removed",
    takes: "10 minutes",
    plan: plan_change,
};

const NDCG: &str = "nDCG@10";
const R10: &str = "R@10";
const R100: &str = "R@100";

const BM25: &str = "BM25";
const ZERO_SHOT: &str = "zero-shot";
const IN_BATCH: &str = "in-batch";
const CORRECTED: &str = "in-batch, corrected";
const SIBLINGS: &str = "siblings alone";
const FROZEN: &str = "HCE, frozen tree";
const HCE: &str = "HCE";
const UNSUPERVISED: &str = "HCE, unsupervised";
const JOINT: &str = "HCE, joint";

/// Rows that a verdict compares: the claim, the first row and the one that it should beat.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("B4", SIBLINGS, IN_BATCH),
    ("B4", SIBLINGS, CORRECTED),
    ("B4", HCE, IN_BATCH),
    ("B4", HCE, CORRECTED),
    ("B5", HCE, FROZEN),
    ("B8", JOINT, HCE),
    ("B8", JOINT, UNSUPERVISED),
    ("aim", JOINT, IN_BATCH),
    ("aim", JOINT, JOINT_IN_BATCH),
    ("aim", UNSUPERVISED, ZERO_SHOT),
    ("aim", UNSUPERVISED, UNSUPERVISED_IN_BATCH),
];

const UNSUPERVISED_IN_BATCH: &str = "in-batch, unsupervised";
const JOINT_IN_BATCH: &str = "in-batch, joint";

/// The same draw of queries whatever the seed of a cell.
const DIVISION: u64 = 7;

/// Uniform negatives of a step.
const UNIFORM: usize = 256;

/// Nodes that decoding looks at on each level.
const DECODED: usize = 10;

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let data = corpus(asked)?;
    let supervised = base("hce-supervised", asked)?;
    let unsupervised = base("hce-unsupervised", asked)?;
    let joint = base("hce-joint", asked)?;
    let mut cells = vec![
        Cell::new(BM25, supervised.clone(), |bench: &Bench<'_>| {
            let index = Bm25::new(&bench.data.docs, LUCENE);
            let test = bench.data.pairs(Split::Test).context("the data set was divided")?;
            let texts = test.queries().iter().map(|query| bench.data.queries[query.at()].text.as_str());
            let scores = index.ask(texts);
            measured(&evaluate(&scores, bench)?)
        }),
        Cell::new(ZERO_SHOT, supervised.clone(), |bench: &Bench<'_>| {
            let from = match &bench.recipe.encoder {
                EncoderConfig::Text(config) => match &config.body {
                    BodyConfig::Static { from, .. } | BodyConfig::Transformer { from, .. } => from.clone(),
                },
                EncoderConfig::Table(_) => bail!("a table reads no texts"),
            };
            let encoder = zero_shot(from.as_ref(), bench.data.docs.len(), &open_body);
            measured(&found(&encoder.map_err(anyhow::Error::from_boxed)?, bench)?)
        }),
    ];
    let mut add = |label: &str, recipe: Recipe| cells.push(Cell::new(label, recipe, trained));
    let flat = |recipe: &Recipe, change: &dyn Fn(&mut Stage)| {
        let mut recipe = recipe.clone();
        for stage in &mut recipe.stages {
            stage.tree = None;
            change(stage);
        }
        recipe
    };
    let plain = |stage: &mut Stage| {
        (stage.negatives.deduplicate, stage.negatives.mask_known) = (false, false);
    };
    add(IN_BATCH, flat(&supervised, &plain));
    add(CORRECTED, flat(&supervised, &|stage| stage.negatives.alpha = Some(0.0)));
    add("uniform", flat(&supervised, &|stage| stage.negatives.uniform = UNIFORM));
    let mined = |by: MinedBy, margin: f32| {
        move |stage: &mut Stage| {
            stage.negatives.mined = Some(Mined { each: 1, every: 30, among: 50, margin, by });
        }
    };
    add("mined by words", flat(&supervised, &mined(MinedBy::Words, -1e6)));
    add("mined by the encoder (ANCE)", flat(&supervised, &mined(MinedBy::Encoder, 0.05)));
    add(
        "topic batches (TAS-B)",
        flat(&supervised, &|stage| {
            stage.sampling = Sampling::Topics { by: rootward::recipe::By::Pair, topics: TOPICS };
        }),
    );
    let tree = |recipe: &Recipe, change: &dyn Fn(&mut TreeContrast)| {
        let mut recipe = recipe.clone();
        recipe.stages.iter_mut().filter_map(|stage| stage.tree.as_mut()).for_each(change);
        recipe
    };
    add(SIBLINGS, tree(&supervised, &|tree| tree.beside = 0.0));
    add(FROZEN, tree(&supervised, &|tree| tree.renew = Renew::Never {}));
    add(
        "HCE, moving centroids",
        tree(&supervised, &|tree| {
            if let Some(every) = every(tree.renew) {
                tree.renew = Renew::Move { every, momentum: 0.5 };
            }
        }),
    );
    add(
        "HCE, learned centroids",
        tree(&supervised, &|tree| {
            tree.centroids = Centroids::Learned { speed: 1.0 };
        }),
    );
    add(HCE, supervised.clone());
    add(UNSUPERVISED_IN_BATCH, flat(&unsupervised, &plain));
    add(UNSUPERVISED, unsupervised);
    add(JOINT_IN_BATCH, flat(&joint, &plain));
    add(JOINT, joint);
    cells.push(Cell::new("siblings alone, decoded", tree(&supervised, &|tree| tree.beside = 0.0), decoded));
    Ok(Plan {
        data: vec![data],
        cells,
        quoted: Vec::new(),
        columns: [NDCG, R10, R100].map(str::to_owned).to_vec(),
        digits: 1,
        better: Better::Greater,
        figure: Figure::Table,
        conclude: verdicts,
    })
}

/// The rows of the first experiment.
const FIRST: &[&str] = &[BM25, ZERO_SHOT, IN_BATCH, CORRECTED, SIBLINGS, FROZEN, HCE];

fn plan_small(asked: &Asked) -> anyhow::Result<Plan> {
    let mut plan = plan(asked)?;
    if asked.data.is_none() {
        let wordnet = Dataset::open(&bundled_wordnet()?)?;
        let animal =
            wordnet.docs.iter().position(|doc| doc.title == "animal").context("there are animals")?;
        let animals = wordnet.hierarchy.descendants(DocIdx(animal as u32));
        let all: HashSet<DocIdx> = (0..wordnet.docs.len() as u32).map(DocIdx).collect();
        let below: HashSet<DocIdx> = animals.iter().map(|below| below.doc).collect();
        let (animals, _) = without(&wordnet, &all - &below);
        plan.data = vec![definitions(&animals, [2_000, 200, 1_000])];
    }
    plan.cells.retain(|cell| FIRST.contains(&cell.row.label.as_str()));
    Ok(plan)
}

/// Topics that queries are divided into.
const TOPICS: usize = 16;

fn every(renew: Renew) -> Option<Period> {
    match renew {
        Renew::Never {} => None,
        Renew::Regrow { every } | Renew::Move { every, .. } => Some(every),
    }
}

/// A recipe of the study, with the Transformer that was asked for.
fn base(name: &str, asked: &Asked) -> anyhow::Result<Recipe> {
    let mut settings = Vec::new();
    if let Some(folder) = &asked.encoder {
        let from = toml_string(&folder.to_string_lossy());
        settings.push(format!(
            "encoder.body={{ kind = \"transformer\", from = {from}, max_tokens = 128, clip = 1.0 }}"
        ));
        for setting in TRANSFORMER {
            settings.push((*setting).to_owned());
        }
        let epochs = if name == "hce-supervised" { 4 } else { 1 };
        settings.push(format!("stages.0.epochs={epochs}"));
    }
    recipe(name, &settings, asked)
}

/// What a Transformer learns by in place of token vectors.
const TRANSFORMER: &[&str] = &[
    "stages.0.batch=32",
    "stages.0.optimiser={ kind = \"adam\", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, lazy = false, decay = 0.01 }",
    "stages.0.rate={ start = 5e-5, end = 0.0, warm_up = 0.1 }",
    "stages.0.loss.temperature=0.05",
    "stages.0.tree.temperature=0.05",
    "stages.0.tree.documents=2",
];

/// A string as TOML writes it.
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

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
fn definitions(wordnet: &Dataset, n_queries: [usize; 3]) -> Dataset {
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

impl Cell {
    fn new(
        label: &str,
        recipe: Recipe,
        work: impl Fn(&Bench<'_>) -> anyhow::Result<Found> + 'static,
    ) -> Self {
        Cell { row: Row::of(label), data: 0, recipe, depends_on: label.to_owned(), work: Rc::new(work) }
    }
}

/// Trains the recipe and searches by inner products.
fn trained(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let encoder = train(bench.data, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    measured(&found(&*encoder, bench)?)
}

/// Trains the recipe and searches by going down the tree, as generative models do.
fn decoded(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let Trained { encoder, tree } =
        train_with_tree(bench.data, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    let (tree, nodes) = tree.context("the recipe has a tree")?;
    let temperature = bench.recipe.stages.iter().filter_map(|stage| stage.tree).next_back();
    let temperature = temperature.context("the recipe has a tree")?.temperature;
    let (queries, docs) = vectors(&*encoder, bench.data)?;
    let compared = Compared { queries: &queries, docs: &docs, nodes: &nodes };
    let decoder = Decoder::new(&tree, compared, Walk { beam: DECODED, temperature })?;
    measured(&evaluate(&decoder, bench)?)
}

/// The vectors of the test queries and of all documents.
fn vectors<E: Encoder + ?Sized>(encoder: &E, data: &Dataset) -> anyhow::Result<(Matrix, Matrix)> {
    let test = data.pairs(Split::Test).context("the data set was divided")?;
    Ok((query_vectors(encoder, data, test.queries())?, doc_vectors(encoder, data)?))
}

fn found<E: Encoder + ?Sized>(encoder: &E, bench: &Bench<'_>) -> anyhow::Result<Evaluation> {
    let (queries, docs) = vectors(encoder, bench.data)?;
    evaluate(&Products::new(Vectors { queries: &queries, docs: &docs }), bench)
}

fn evaluate(scorer: &dyn Scorer, bench: &Bench<'_>) -> anyhow::Result<Evaluation> {
    evaluate_on(scorer, bench.data, bench.names)
}

fn evaluate_on(scorer: &dyn Scorer, data: &Dataset, names: &Names<'_>) -> anyhow::Result<Evaluation> {
    let pairs = data.pairs(Split::Test).context("the data set was divided")?;
    let judged = data.judgements(Split::Test).context("the data set was divided")?;
    let truth = Truth { pairs: &pairs, judge: Judge::Qrels(judged), names: *names };
    Ok(evaluate_scores(scorer, &truth, &|_| {})?)
}

fn measured(found: &Evaluation) -> anyhow::Result<Found> {
    let ranking = found.ranking;
    let shares = [(NDCG, ranking.ndcg_at_10), (R10, ranking.recall_at_10), (R100, ranking.recall_at_100)];
    let numbers = shares.map(|(name, share)| (name.to_owned(), 100.0 * share));
    let ndcg = found.per_query.iter().map(|query| query.ranking.unwrap_or_default().ndcg_at_10);
    Ok(Found { numbers: numbers.into_iter().collect(), per_query: ndcg.collect() })
}

/// The claims, each as a difference in points of nDCG@10, tested over the queries on the means of the seeds.
fn verdicts(rows: &[Summary]) -> Vec<Finding> {
    let how = Resampling { draws: 10_000, confidence: 0.95, seed: DIVISION };
    let row = |label: &str| rows.iter().find(|row| row.row.label == label && !row.per_query.is_empty());
    let finding = |(claim, first, second): &(&str, &str, &str)| {
        let (one, other) = (row(first)?, row(second)?);
        let difference = paired(&one.per_query, &other.per_query, &how).ok()?;
        let name = format!("{claim}: {first} over {second}, points of nDCG@10");
        Some(Finding { name, value: 100.0 * difference.mean, paper: None, p: Some(difference.p) })
    };
    CLAIMS.iter().filter_map(finding).collect()
}

const SEEN: &str = "nDCG@10, seen";
const UNSEEN: &str = "nDCG@10, unseen";
const SEEN_R: &str = "R@10, seen";
const UNSEEN_R: &str = "R@10, unseen";
const DRIFT: &str = "drift %";

/// Share of the documents that come later.
const LATER: f64 = 0.2;

fn plan_change(asked: &Asked) -> anyhow::Result<Plan> {
    let data = corpus(asked)?;
    let mut cells = Vec::new();
    for (method, name) in [("HCE", "hce-supervised"), ("HCE, joint", "hce-joint")] {
        for how in [How::Known, How::Later, How::LaterDecoded, How::Removed] {
            let label = format!("{method}: {}", how.words());
            cells.push(Cell::new(&label, base(name, asked)?, move |bench: &Bench<'_>| change(bench, how)));
        }
    }
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
    Known,
    Later,
    LaterDecoded,
    Removed,
}

impl How {
    fn words(self) -> &'static str {
        match self {
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
    let (kept, kept_docs) = without(data, if how == How::Known { HashSet::new() } else { later.clone() });
    let Trained { encoder, tree } =
        train_with_tree(&kept, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    let (_, _) = tree.context("the recipe has a tree")?;
    let (queries, docs) = vectors(&*encoder, data)?;

    // The tree of the trained corpus, under the numbers of the whole one; what comes later is added one by one.
    let settings = bench.recipe.stages.iter().filter_map(|stage| stage.tree).next_back();
    let settings = settings.context("the recipe has a tree")?;
    let mut tree = DocTree::grow_among(&docs, &kept_docs, settings.shape, bench.recipe.seed)?;
    if how != How::Known {
        order[..n_later].iter().try_for_each(|doc| tree.insert(DocIdx(*doc), &docs, DECODED))?;
    }
    removed.iter().try_for_each(|doc| tree.remove(*doc, &docs))?;

    let found = if how == How::LaterDecoded {
        let nodes = tree.centroids();
        let compared = Compared { queries: &queries, docs: &docs, nodes: &nodes };
        let walk = Walk { beam: DECODED, temperature: settings.temperature };
        evaluate(&Decoder::new(&tree, compared, walk)?, bench)?
    } else {
        let mut present = docs.clone();
        // What is gone scores as nothing does; queries that asked for it are not measured.
        removed.iter().for_each(|doc| present.row_mut(doc.at()).fill(0.0));
        evaluate(&Products::new(Vectors { queries: &queries, docs: &present }), bench)?
    };
    let judged = data.judgements(Split::Test).context("the data set was divided")?;
    let mut numbers = Numbers::new();
    numbers.insert(DRIFT.to_owned(), 100.0 * tree.drift(&docs, DECODED).share());
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
        let mean = |of: &dyn Fn(usize) -> f64, n: usize| (0..n).map(of).sum::<f64>() / n.max(1) as f64;
        numbers.insert(ndcg.to_owned(), 100.0 * mean(&|at| of[at].ndcg_at_10, of.len()));
        numbers.insert(recall.to_owned(), 100.0 * mean(&|at| of[at].recall_at_10, of.len()));
    }
    Ok(numbers.into())
}

/// A data set without some documents and what was judged about them, and the numbers that the others had.
fn without(data: &Dataset, left_out: HashSet<DocIdx>) -> (Dataset, Vec<DocIdx>) {
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
