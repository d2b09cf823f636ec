//! Studies: many training runs that show one thing, as data.
//!
//! A study is a list of cells; a cell is a recipe on a data set, and what is measured of it. What runs the cells
//! ([`engine`]), what makes means, tables and pictures of them ([`summary`], [`figure`]) know no study, and a study knows
//! neither. Every cell is run once for each seed.

pub(crate) mod engine;
pub(crate) mod figure;
pub(crate) mod summary;

mod corpus;
mod dimension;
mod finetune;
mod hyperlex;
mod negatives;
mod tree;
mod wordnet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::bail;
use rootward::dataset::Dataset;
use rootward::eval::{Evaluation, Names};
use rootward::recipe::Recipe;
use rootward::synth::{FanOut, Shape, synth};
use serde::{Deserialize, Serialize};

use crate::builtin::{bundled_wordnet, read_recipe};
use crate::in_memory::Steps;

pub(crate) use figure::Figure;
pub(crate) use summary::{Better, Finding, Summary, Tested};

/// A question, and the cells that answer it.
pub(crate) struct Study {
    pub(crate) name: &'static str,
    /// What it shows, in a sentence.
    pub(crate) shows: &'static str,
    /// About how long it takes on two cores with three seeds.
    pub(crate) takes: &'static str,
    /// Makes the plan; nothing is trained yet.
    pub(crate) plan: fn(&Asked) -> anyhow::Result<Plan>,
}

/// What the command line asks of a study.
#[derive(Default)]
pub(crate) struct Asked {
    /// Another data set than the study's own.
    pub(crate) data: Option<PathBuf>,
    /// The folder of a Transformer, in place of the static encoder.
    pub(crate) encoder: Option<PathBuf>,
    /// The file of graded judgements.
    pub(crate) hyperlex: Option<PathBuf>,
    /// Changes to every recipe.
    pub(crate) set: Vec<String>,
}

/// What a study does and how it is shown.
pub(crate) struct Plan {
    pub(crate) data: Vec<Dataset>,
    pub(crate) cells: Vec<Cell>,
    /// What others report, under the rows beside which it stands.
    pub(crate) quoted: Vec<(Row, Numbers)>,
    /// The numbers that the table shows, in its order; those that no cell has are left out.
    pub(crate) columns: Vec<String>,
    /// Digits after the point.
    pub(crate) digits: usize,
    pub(crate) better: Better,
    pub(crate) figure: Figure,
    /// What follows from all rows together.
    pub(crate) conclude: fn(&[Summary]) -> Vec<Finding>,
}

/// A run to be made for each seed.
pub(crate) struct Cell {
    pub(crate) row: Row,
    /// Place of its data set in the plan.
    pub(crate) data: usize,
    /// What is trained; its seed is replaced.
    pub(crate) recipe: Recipe,
    /// What the numbers depend on besides data and recipe.
    pub(crate) depends_on: String,
    /// Trains and measures.
    pub(crate) work: Rc<Work>,
}

/// What a cell does with its bench.
pub(crate) type Work = dyn Fn(&Bench<'_>) -> anyhow::Result<Found>;

/// What came of a cell.
pub(crate) struct Found {
    pub(crate) numbers: Numbers,
    /// What is tested between rows, query by query; empty where nothing is.
    pub(crate) per_query: Vec<f64>,
}

impl From<Numbers> for Found {
    fn from(numbers: Numbers) -> Self {
        Found { numbers, per_query: Vec::new() }
    }
}

/// What was measured, by name.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Where a cell stands in table and picture, whatever the seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Rows of a group share a panel; empty where there is one group only.
    pub(crate) group: String,
    /// What it is called within its group.
    pub(crate) label: String,
    /// Where it stands on the axis of a figure that has one.
    pub(crate) at: Option<f64>,
}

/// All that a cell works with.
pub(crate) struct Bench<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) names: &'a Names<'a>,
    pub(crate) recipe: &'a Recipe,
    /// Folder for what several cells begin with.
    pub(crate) beginnings: &'a Path,
    /// Is told how far the cell has come.
    pub(crate) progress: &'a dyn Fn(Steps),
}

/// All studies, in the order of telling.
pub(crate) const STUDIES: &[Study] = &[
    tree::STUDY,
    dimension::STUDY,
    wordnet::STUDY,
    finetune::STUDY,
    negatives::ALPHA,
    negatives::SIBLINGS,
    hyperlex::STUDY,
    corpus::SMALL,
    corpus::STUDY,
    corpus::CHANGE,
    corpus::CLIMB,
];

impl Row {
    /// A row of a study with one group.
    pub(crate) fn of(label: impl Into<String>) -> Self {
        Row { label: label.into(), ..Row::default() }
    }

    /// What names it in tables and on the command line.
    pub(crate) fn name(&self) -> String {
        let at = self.at.map(|at| at.to_string());
        let parts = [Some(self.group.clone()), Some(self.label.clone()), at];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl Plan {
    /// Cells that measure recall by distance on one data set, with nothing quoted and nothing concluded.
    pub(crate) fn of_recall(data: Dataset, cells: Vec<Cell>, figure: Figure) -> Self {
        Plan {
            data: vec![data],
            cells,
            quoted: Vec::new(),
            columns: recall_columns(),
            digits: 1,
            better: Better::Greater,
            figure,
            conclude: no_findings,
        }
    }
}

impl Cell {
    /// A cell that trains its recipe on the first data set and measures recall by distance.
    pub(crate) fn recall(row: Row, recipe: Recipe) -> Self {
        let work = |bench: &Bench<'_>| {
            let progress = &mut |steps| (bench.progress)(steps);
            let found =
                crate::in_memory::train_and_evaluate(bench.data, bench.names, bench.recipe, progress)?;
            Ok(percents(&found).into())
        };
        Cell { row, data: 0, recipe, depends_on: String::new(), work: Rc::new(work) }
    }
}

/// Recall in percent, under the distance at which it was measured, and of all pairs under `all`.
pub(crate) fn percents(found: &Evaluation) -> Numbers {
    let by_distance = found.recall_by_distance.iter();
    let mut numbers: Numbers =
        by_distance.map(|(at, share)| (at.to_string(), 100.0 * share.value())).collect();
    numbers.insert(ALL.to_owned(), 100.0 * found.recall.value());
    numbers
}

/// The number of all pairs.
pub(crate) const ALL: &str = "all";

/// Distances that tables show, as the paper's do.
const SHOWN: usize = 9;

/// The columns of recall by distance, as far as the paper's tables go, and of all pairs.
fn recall_columns() -> Vec<String> {
    (0..SHOWN).map(|distance| distance.to_string()).chain([ALL.to_owned()]).collect()
}

/// A perfect tree: height counts levels.
pub(crate) fn perfect_tree(height: usize, width: usize) -> anyhow::Result<Dataset> {
    Ok(synth(&Shape { height, width, fan_out: FanOut::Even, extra_parents: 0.0 }, 0)?)
}

/// A recipe that comes with the program, with the study's settings and then the user's.
pub(crate) fn recipe(name: &str, settings: &[String], asked: &Asked) -> anyhow::Result<Recipe> {
    read_recipe(Path::new(name), &[settings, &asked.set[..]].concat())
}

/// The data set that was asked for, or the small tree of the paper; and which of the two it is.
pub(crate) fn tree_unless_asked(asked: &Asked) -> anyhow::Result<(Dataset, On)> {
    match &asked.data {
        Some(folder) => Ok((Dataset::open(folder)?, On::Other)),
        None => Ok((perfect_tree(4, 5)?, On::SmallTree)),
    }
}

/// The data set that was asked for, or the nouns of `WordNet`; and which of the two it is.
pub(crate) fn wordnet_unless_asked(asked: &Asked) -> anyhow::Result<(Dataset, On)> {
    match &asked.data {
        Some(folder) => Ok((Dataset::open(folder)?, On::Other)),
        None => Ok((Dataset::open(&bundled_wordnet()?)?, On::WordNet)),
    }
}

/// What a study runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// The paper's small tree.
    SmallTree,
    /// The nouns of `WordNet`.
    WordNet,
    /// What the user has.
    Other,
}

impl On {
    /// The recipe of a method for this data: the small tree has its own.
    pub(crate) fn recipe(self, method: &str) -> String {
        if self == On::SmallTree { format!("tree-{method}") } else { method.to_owned() }
    }
}

/// A study that makes its own data takes no other.
pub(crate) fn refuse_data(asked: &Asked) -> anyhow::Result<()> {
    match &asked.data {
        Some(folder) => bail!("this study makes its own data: leave --data {} out", folder.display()),
        None => Ok(()),
    }
}

/// For studies that draw no conclusion beyond their table.
fn no_findings(_: &[Summary]) -> Vec<Finding> {
    Vec::new()
}
