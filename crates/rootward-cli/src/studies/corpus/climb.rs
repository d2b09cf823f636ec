//! Climb with a tree: whether the two papers gain from each other where there is a hierarchy.
//!
//! The recipe of the text data sets as it is, with the given hierarchy as the tree of the contrast, and with clusters.

use std::rc::Rc;

use anyhow::{Context, bail};
use rootward::dataset::{Dataset, Split};
use rootward::eval::{Judge, Truth, Vectors, evaluate};

use super::measure::vectors;
use crate::in_memory::train;
use crate::studies::{Asked, Bench, Cell, Figure, Found, Plan, Row, Study, percents, recipe};

pub(crate) const STUDY: Study = Study {
    name: "climb-tree",
    shows: "text-climb as it is, with the contrast of siblings in the given hierarchy, and in learned clusters: recall by \
            distance of test queries",
    takes: "5 minutes",
    plan,
};

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let Some(folder) = &asked.data else {
        bail!("give --data: a data set with a hierarchy, and with queries of train and test");
    };
    let data = Dataset::open(folder)?;
    if data.hierarchy.n_edges() == 0 {
        bail!("data set `{}` has no hierarchy", data.name);
    }
    let mut cells = Vec::new();
    for (label, from) in [
        ("climb", None),
        ("climb, hierarchy as tree", Some("hierarchy")),
        ("climb, clusters", Some("clusters")),
    ] {
        let tree = from.map(|from| format!("stages.0.tree={{ from = \"{from}\", {TREE} }}"));
        let recipe = recipe("text-climb", &tree.into_iter().collect::<Vec<_>>(), asked)?;
        let (row, depends_on) = (Row::of(label), String::new());
        cells.push(Cell { row, data: 0, recipe, depends_on, work: Rc::new(climbed) });
    }
    Ok(Plan::of_recall(data, cells, Figure::ByDistance))
}

/// The contrast, but for where the tree comes from.
const TREE: &str = "shape = { branching = 16, leaf_size = 32, balance = 2.0, iterations = 10, sample = 256 }, \
                    centroids = { kind = \"members\" }, renew = { kind = \"regrow\", every = { epochs = 1 } }, \
                    weight = 0.3, beside = 1.0, temperature = 0.1, level_factor = 1.0, documents = 8, nodes = 16";

/// Trains, and measures recall by distance on the test queries.
fn climbed(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let encoder = train(bench.data, bench.recipe, &mut |steps| (bench.progress)(steps))?;
    let pairs =
        bench.data.pairs(Split::Test).context("the data set has no test queries: expected qrels/test.tsv")?;
    let (queries, docs) = vectors(&*encoder, bench.data)?;
    let truth = Truth { pairs: &pairs, judge: Judge::Ancestors, names: *bench.names };
    let found = evaluate(Vectors { queries: &queries, docs: &docs }, &truth, &|_| {})?;
    Ok(percents(&found).into())
}
