//! Which negatives: how strongly frequent documents count, and how many siblings a query is told apart from.

use super::{ALL, Asked, Cell, Figure, Plan, Row, Study, recipe, tree_unless_asked, wordnet_unless_asked};
use crate::plot::Scale;

pub(crate) const ALPHA: Study = Study {
    name: "alpha",
    shows: "standard training with each document once a step and negatives weighed by frequency^alpha: what in-batch \
            negatives lose is lost to the popularity of ancestors",
    takes: "5 minutes",
    plan: plan_alpha,
};

pub(crate) const SIBLINGS: Study = Study {
    name: "siblings",
    shows: "climb on WordNet at 16 dimensions with 0 to 8 sibling negatives of the exact match, and with or without \
            those of its ancestors",
    takes: "10 minutes",
    plan: plan_siblings,
};

const ALPHAS: [f64; 6] = [0.0, 0.1, 0.3, 0.5, 0.7, 1.0];

const N_SIBLINGS: [u32; 5] = [0, 1, 2, 4, 8];

/// Distances that are drawn, as far as there are pairs.
const DRAWN: &[&str] = &["0", "1", "2", "3", "5", "8", ALL];

fn plan_alpha(asked: &Asked) -> anyhow::Result<Plan> {
    let (data, on) = tree_unless_asked(asked)?;
    let mut cells = Vec::new();
    for alpha in ALPHAS {
        let negatives =
            format!("stages.0.negatives={{ from = \"batch\", deduplicate = true, alpha = {alpha:?} }}");
        let row = Row { label: String::from("alpha"), at: Some(alpha), ..Row::default() };
        cells.push(Cell::recall(row, recipe(&on.recipe("standard"), &[negatives], asked)?));
    }
    let x = "alpha: a negative weighs its frequency to this power";
    let figure = Figure::Against { x, x_scale: Scale::Linear, y: "recall", y_scale: None, columns: DRAWN };
    Ok(Plan::of_recall(data, cells, figure))
}

fn plan_siblings(asked: &Asked) -> anyhow::Result<Plan> {
    let (data, _) = wordnet_unless_asked(asked)?;
    let n_stages = recipe("climb", &[], asked)?.stages.len();
    let mut cells = Vec::new();
    for (group, share) in [("without siblings of ancestors", 0.0), ("a sibling of every fifth ancestor", 0.2)]
    {
        for siblings in N_SIBLINGS {
            let mut settings = vec![String::from("encoder.dim=16")];
            for stage in 0..n_stages {
                settings.push(format!("stages.{stage}.negatives.siblings={siblings}"));
                settings.push(format!("stages.{stage}.negatives.ancestor_siblings={share:?}"));
            }
            let (label, at) = (String::from("siblings"), Some(siblings.into()));
            let row = Row { group: group.to_owned(), label, at };
            cells.push(Cell::recall(row, recipe("climb", &settings, asked)?));
        }
    }
    let x = "siblings of each exact match in a step";
    let figure = Figure::Against { x, x_scale: Scale::Linear, y: "recall", y_scale: None, columns: DRAWN };
    Ok(Plan::of_recall(data, cells, figure))
}
