//! How many dimensions a tree needs, against its height and its width: constructed vectors and learned ones  [HR §3].
//!
//! The theorem asks for O(H² log W). So the dimension should grow with the square of the height, a slope of 2 where both
//! axes are logarithms, and evenly with the logarithm of the width.

use std::rc::Rc;

use anyhow::Context;
use rootward::dataset::Split;
use rootward::eval::{Judge, Truth};
use rootward::geometry::{Search, evaluate_construction, smallest_dims};

use super::summary::slope;
use super::{
    Asked, Bench, Better, Cell, Figure, Finding, Found, Numbers, Plan, Row, Study, Summary, Work,
    perfect_tree, recipe, refuse_data,
};
use crate::in_memory::{Steps, stop_if_asked, train_and_evaluate};
use crate::plot::Scale;

pub(crate) const STUDY: Study = Study {
    name: "dimension",
    shows: "the smallest dimension that recalls 95 % and 99 % of a perfect tree, against its height and its width, by \
            the paper's construction and by training",
    takes: "30 minutes",
    plan,
};

const HEIGHTS: [usize; 6] = [3, 4, 5, 6, 7, 8];
const WIDTHS: [usize; 5] = [2, 3, 4, 6, 8];
/// The width of the trees of several heights  [HR §5].
const WIDTH: usize = 2;
const HEIGHT: usize = 4;

const TARGETS: [(f64, &str); 2] = [(0.95, "95 % recall"), (0.99, "99 % recall")];

/// Draws of the construction that count as one seed: a single one is too noisy to bisect on.
const DRAWS: u64 = 20;

/// The greatest dimension that is tried.
const MOST: usize = 1024;

const CONSTRUCTED: &str = "constructed";
const LEARNED: &str = "learned";

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    refuse_data(asked)?;
    let climb = recipe("tree-climb", &[], asked)?;
    let (mut data, mut cells) = (Vec::new(), Vec::new());
    let heights = HEIGHTS.map(|height| (by_height(), height, height, WIDTH));
    let widths = WIDTHS.map(|width| (by_width(), width, HEIGHT, width));
    let works: [(&str, Rc<Work>); 2] = [(CONSTRUCTED, Rc::new(constructed)), (LEARNED, Rc::new(learned))];
    for (group, at, height, width) in heights.into_iter().chain(widths) {
        data.push(perfect_tree(height, width)?);
        for (label, work) in &works {
            let row = Row { group: group.clone(), label: (*label).to_owned(), at: Some(at as f64) };
            let (data, work) = (data.len() - 1, Rc::clone(work));
            let depends_on = format!("{label}, {TARGETS:?}, {DRAWS} draws, at most {MOST}");
            cells.push(Cell { row, data, recipe: climb.clone(), depends_on, work });
        }
    }
    Ok(Plan {
        data,
        cells,
        quoted: Vec::new(),
        columns: TARGETS.map(|(_, name)| name.to_owned()).to_vec(),
        digits: 1,
        better: Better::Less,
        figure: Figure::Against {
            x: "height in levels, or width",
            x_scale: Scale::Log,
            y: "smallest dimension",
            y_scale: Some(Scale::Log),
            columns: &["95 % recall", "99 % recall"],
        },
        conclude: slopes,
    })
}

fn by_height() -> String {
    format!("height H at W = {WIDTH}")
}

fn by_width() -> String {
    format!("width W at H = {HEIGHT}")
}

/// The smallest dimensions of the paper's construction, in the mean of a few draws.
fn constructed(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let pairs = bench.data.pairs(Split::Train).context("a closed hierarchy has training pairs")?;
    let truth = Truth { pairs: &pairs, judge: Judge::Ancestors, names: *bench.names };
    let seeds: Vec<u64> = (0..DRAWS).map(|draw| bench.recipe.seed * DRAWS + draw).collect();
    search(&seeds, |dim, seed| {
        stop_if_asked()?;
        Ok(evaluate_construction(&truth, dim, seed, &|_| {})?.recall.value())
    })
}

/// The smallest dimensions in which the recipe learns.
fn learned(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let mut n_trials = 0;
    search(&[bench.recipe.seed], |dim, _| {
        (bench.progress)(Steps { done: n_trials.min(USUAL_TRIALS - 1), of: USUAL_TRIALS });
        n_trials += 1;
        let mut recipe = bench.recipe.clone();
        recipe.set_dim(dim);
        Ok(train_and_evaluate(bench.data, bench.names, &recipe, &mut |_| {})?.recall.value())
    })
}

/// Dimensions that a search tries, about: how many is only known in the end.
const USUAL_TRIALS: usize = 5;

fn search(seeds: &[u64], recall: impl FnMut(usize, u64) -> anyhow::Result<f64>) -> anyhow::Result<Found> {
    let targets = TARGETS.map(|(target, _)| target);
    let search = Search { targets: &targets, seeds, first: 4, most: MOST };
    let found = smallest_dims(&search, recall, |_| {})?;
    let named = TARGETS.iter().zip(&found).filter_map(|((_, name), found)| Some((name, found.dim()?)));
    Ok(named.map(|(name, dim)| ((*name).to_owned(), dim as f64)).collect::<Numbers>().into())
}

/// Of `log d` against `log H`, and of `d` against `log W`; the paper's are of the construction.
fn slopes(rows: &[Summary]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (group, is_height, paper) in [(by_height(), true, 2.29), (by_width(), false, 16.5)] {
        for label in [CONSTRUCTED, LEARNED] {
            for (_, target) in TARGETS {
                let point = |row: &Summary| {
                    let (at, dim) = (row.row.at?, row.numbers.get(target)?.mean);
                    Some((at.ln(), if is_height { dim.ln() } else { dim }))
                };
                let of_line = rows.iter().filter(|row| row.row.group == group && row.row.label == label);
                let points: Vec<(f64, f64)> = of_line.filter_map(point).collect();
                if points.len() < 2 {
                    continue;
                }
                let what = if is_height { "log d against log H" } else { "d against log W" };
                let name = format!("slope of {what}, {label}, {target}");
                findings.push(Finding {
                    name,
                    value: slope(&points),
                    paper: (label == CONSTRUCTED).then_some(paper),
                    tested: None,
                });
            }
        }
    }
    findings
}
