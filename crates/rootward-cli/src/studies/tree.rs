//! The small tree of the paper, H = 4, W = 5, d = 3: what standard training loses and what brings it back  [HR §5].

use super::{
    ALL, Asked, Cell, Figure, Finding, Numbers, On, Plan, Row, Study, Summary, recipe, tree_unless_asked,
};

pub(crate) const STUDY: Study = Study {
    name: "tree",
    shows: "recall by distance on a perfect tree of height 4 and width 5 in 3 dimensions: standard training loses far \
            ancestors, rebalancing trades near for far, pretrain-finetune and climb do not",
    takes: "10 minutes",
    plan,
};

/// Shares of regular pairs; the others are far.
const REBALANCED: [f64; 6] = [0.03, 0.1, 0.3, 0.5, 0.7, 0.9];

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let (data, on) = tree_unless_asked(asked)?;
    let mut cells = Vec::new();
    for method in ["standard", "pretrain-finetune", "climb"] {
        cells.push(Cell::recall(Row::of(method), recipe(&on.recipe(method), &[], asked)?));
    }
    for p in REBALANCED {
        let row = Row::of(format!("{REBALANCED_LABEL}{p}"));
        let settings = [format!("stages.0.sampling.p={p:?}")];
        cells.push(Cell::recall(row, recipe(&on.recipe("rebalanced"), &settings, asked)?));
    }
    let quoted = if on == On::SmallTree { quoted() } else { Vec::new() };
    Ok(Plan { quoted, conclude: best_rebalanced, ..Plan::of_recall(data, cells, Figure::ByDistance) })
}

/// What the paper tells of its tree, in percent.
fn quoted() -> Vec<(Row, Numbers)> {
    let of = |label: &str, numbers: &[(&str, f64)]| {
        (Row::of(label), numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
    };
    vec![
        of("standard", &[("0", 100.0), (ALL, 66.0)]),
        of("rebalanced, p = 0.03", &[("0", 2.8), (ALL, 40.7)]),
        of("pretrain-finetune", &[(ALL, 97.0)]),
    ]
}

const REBALANCED_LABEL: &str = "rebalanced, p = ";

fn best_rebalanced(rows: &[Summary]) -> Vec<Finding> {
    let rebalanced = rows.iter().filter(|row| row.row.label.starts_with(REBALANCED_LABEL));
    let means = rebalanced.filter_map(|row| row.numbers.get(ALL)).map(|spread| spread.mean);
    let best = means.max_by(f64::total_cmp);
    let finding = |value| Finding {
        name: String::from("recall of all pairs by the best rebalancing, %"),
        value,
        paper: Some(70.0),
        tested: None,
    };
    best.map(finding).into_iter().collect()
}
