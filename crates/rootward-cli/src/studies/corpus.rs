//! The hierarchical corpus encoder against everything that it should beat, on one corpus and with one budget  [HCE §5].
//!
//! Every row is the same encoder, batch, rate and length, and differs in what it is told apart from and in what it learns
//! from. A hierarchy that the data set has is left out: here the tree is learned. Where a data set has no training
//! queries, half of its queries are divided off, always the same ones.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Context;
use rootward::bm25::{Bm25, LUCENE};
use rootward::dataset::{Dataset, Split};
use rootward::encoder::Keep;
use rootward::ids::DocIdx;
use rootward::recipe::{By, Centroids, Mined, MinedBy, Recipe, Renew, Sampling, Stage, TreeContrast};
use rootward::significance::{Difference, Resampling, holm, paired};

mod change;
mod climb;
mod data;
mod measure;

use data::{DIVISION, corpus, definitions, without};
use measure::{NDCG, R10, R100, decoded, evaluate, found, measured, trained};

use super::{Asked, Bench, Better, Cell, Figure, Finding, Found, Plan, Row, Study, Summary, Tested, recipe};
use crate::builtin::bundled_wordnet;
use crate::in_memory::new_encoder;

pub(crate) use change::STUDY as CHANGE;
pub(crate) use climb::STUDY as CLIMB;

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

// The same recipes without their tree, and nothing else changed: made queries ask again and again for the same documents,
// which masks and deduplication are for.
const UNSUPERVISED_IN_BATCH: &str = "in-batch, unsupervised";
const JOINT_IN_BATCH: &str = "in-batch, joint";

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    plan_of(corpus(asked)?, cells(asked)?, asked)
}

/// All rows.
fn cells(asked: &Asked) -> anyhow::Result<Vec<Cell>> {
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
            // As the recipe begins: it reads as many tokens of a text as the trained ones do.
            measured(&found(&*new_encoder(bench.recipe, bench.data)?, bench)?)
        }),
    ];
    let mut add = |label: &str, recipe: Recipe| cells.push(Cell::new(label, recipe, trained));
    add(IN_BATCH, in_batch(&supervised));
    add(CORRECTED, flat(&supervised, |stage| stage.negatives.alpha = Some(0.0)));
    add("uniform", flat(&supervised, |stage| stage.negatives.uniform = 4 * stage.batch));
    let mined = |by: MinedBy, margin: f32| {
        move |stage: &mut Stage| {
            stage.negatives.mined = Some(Mined { each: 1, every: 30, among: 50, margin, by });
        }
    };
    add("mined by words", flat(&supervised, mined(MinedBy::Words, -1e6)));
    add("mined by the encoder (ANCE)", flat(&supervised, mined(MinedBy::Encoder, 0.05)));
    add(
        "topic batches (TAS-B)",
        flat(&supervised, |stage| {
            stage.sampling = Sampling::Topics { by: By::Pair, topics: TOPICS };
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
            if let Some(every) = tree.renew.every() {
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
    add(UNSUPERVISED_IN_BATCH, flat(&unsupervised, |_| {}));
    add(UNSUPERVISED, unsupervised);
    add(JOINT_IN_BATCH, flat(&joint, |_| {}));
    add("mined by words, joint", flat(&joint, mined(MinedBy::Words, -1e6)));
    add(JOINT, joint);
    cells.push(Cell::new("siblings alone, decoded", tree(&supervised, &|tree| tree.beside = 0.0), decoded));
    Ok(cells)
}

/// A recipe without its tree, and with each of its stages changed.
fn flat(recipe: &Recipe, change: impl Fn(&mut Stage)) -> Recipe {
    let mut recipe = recipe.clone();
    for stage in &mut recipe.stages {
        stage.tree = None;
        change(stage);
    }
    recipe
}

/// A recipe with plain in-batch negatives in place of its tree, neither deduplicated nor masked.
fn in_batch(recipe: &Recipe) -> Recipe {
    flat(recipe, |stage| (stage.negatives.deduplicate, stage.negatives.mask_known) = (false, false))
}

fn plan_of(data: Dataset, mut cells: Vec<Cell>, asked: &Asked) -> anyhow::Result<Plan> {
    depend_on_encoder(&mut cells, &data, asked)?;
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

/// Recipes name the folder of a Transformer, whose parameters may be others tomorrow.
fn depend_on_encoder(cells: &mut [Cell], data: &Dataset, asked: &Asked) -> anyhow::Result<()> {
    if asked.encoder.is_some() {
        let sum = new_encoder(&cells[0].recipe, data)?.tensors(Keep::Model).checksum();
        cells.iter_mut().for_each(|cell| cell.depends_on.push_str(&format!(", encoder {sum}")));
    }
    Ok(())
}

/// The rows of the first experiment.
const FIRST: &[&str] = &[BM25, ZERO_SHOT, IN_BATCH, CORRECTED, SIBLINGS, FROZEN, HCE];

fn plan_small(asked: &Asked) -> anyhow::Result<Plan> {
    let data = if asked.data.is_some() { corpus(asked)? } else { animals()? };
    let mut cells = cells(asked)?;
    cells.retain(|cell| FIRST.contains(&cell.row.label.as_str()));
    plan_of(data, cells, asked)
}

/// The definitions of the animals of `WordNet`.
fn animals() -> anyhow::Result<Dataset> {
    let wordnet = Dataset::open(&bundled_wordnet()?)?;
    let animal = wordnet.docs.iter().position(|doc| doc.title == "animal").context("there are animals")?;
    let animals = wordnet.hierarchy.descendants(DocIdx(animal as u32));
    let all: HashSet<DocIdx> = (0..wordnet.docs.len() as u32).map(DocIdx).collect();
    let below: HashSet<DocIdx> = animals.iter().map(|below| below.doc).collect();
    let (animals, _) = without(&wordnet, &(&all - &below));
    Ok(definitions(&animals, [2_000, 200, 1_000]))
}

/// Topics that queries are divided into.
const TOPICS: usize = 16;

/// A recipe of the study, or its like with the Transformer that was asked for.
fn base(name: &str, asked: &Asked) -> anyhow::Result<Recipe> {
    match &asked.encoder {
        None => recipe(name, &[], asked),
        Some(folder) => {
            let from = format!("encoder.body.from={}", toml_string(&folder.to_string_lossy()));
            recipe(&format!("transformer-{name}"), &[from], asked)
        }
    }
}

/// A string as TOML writes it.
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
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

/// The claims, each as a difference in points of nDCG@10, tested over the queries on the means of the seeds that both rows
/// have; p is corrected for the number of claims  [Holm 1979].
fn verdicts(rows: &[Summary]) -> Vec<Finding> {
    let how = Resampling { draws: 10_000, confidence: 0.95, seed: DIVISION };
    let row = |label: &str| rows.iter().find(|row| row.row.label == label);
    let tested = CLAIMS.iter().filter_map(|(claim, first, second)| {
        let (seeds, first_of, second_of) = row(first)?.side_by_side(row(second)?)?;
        let difference = paired(&first_of, &second_of, &how).ok()?;
        Some((format!("{claim}: {first} over {second}, points of nDCG@10"), seeds, difference))
    });
    let tested: Vec<_> = tested.collect();
    let corrected = holm(&tested.iter().map(|(.., difference)| difference.p).collect::<Vec<_>>());
    let finding = |((name, seeds, difference), p): ((String, usize, Difference), f64)| Finding {
        name,
        value: 100.0 * difference.mean,
        paper: None,
        tested: Some(Tested { p, seeds }),
    };
    tested.into_iter().zip(corrected).map(finding).collect()
}
