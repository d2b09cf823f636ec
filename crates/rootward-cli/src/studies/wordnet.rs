//! The nouns of `WordNet` at several dimensions, beside the paper's rows  [HR §5].

use super::{ALL, Asked, Cell, Figure, Numbers, On, Plan, Row, Study, recipe, wordnet_unless_asked};
use crate::paper;

pub(crate) const STUDY: Study = Study {
    name: "wordnet",
    shows: "recall by distance on the nouns of WordNet at 16, 32, 64 and 128 dimensions, beside the paper's",
    takes: "90 minutes",
    plan,
};

const DIMS: [usize; 4] = [16, 32, 64, 128];

/// Where the hyperbolic baseline stands beside the others.
const HYPERBOLIC_DIM: usize = 64;

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let (data, on) = wordnet_unless_asked(asked)?;
    let mut cells = Vec::new();
    for dim in DIMS {
        let climb = if dim <= 32 { "climb-small" } else { "climb" };
        let mut methods = vec!["standard", "pretrain-finetune", climb];
        if dim == HYPERBOLIC_DIM {
            methods.extend(["hyperbolic", "hyperbolic-pretrain-finetune"]);
        }
        for method in methods {
            let row = Row { group: group(dim), label: method.to_owned(), at: None };
            cells.push(Cell::recall(row, recipe(method, &[format!("encoder.dim={dim}")], asked)?));
        }
    }
    let quoted = if on == On::WordNet { quoted() } else { Vec::new() };
    Ok(Plan { quoted, ..Plan::of_recall(data, cells, Figure::ByDistance) })
}

fn group(dim: usize) -> String {
    format!("d = {dim}")
}

fn quoted() -> Vec<(Row, Numbers)> {
    let of = |row: &paper::Reported| {
        let by_distance = (0..).zip(row.recall).map(|(distance, recall)| (distance.to_string(), recall));
        let numbers = by_distance.chain([(ALL.to_owned(), row.all)]).collect();
        (Row { group: group(row.dim), label: row.recipe.to_owned(), at: None }, numbers)
    };
    paper::WORDNET.iter().map(of).collect()
}
