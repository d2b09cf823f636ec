//! What was measured of a model, as a section of its card that is put there or takes the place of an older one.
//!
//! Everything else on the card stays byte for byte, whoever wrote it.

use rootward::dataset::{Dataset, Split};
use rootward::digits::grouped;
use rootward::eval::Evaluation;
use rootward::model::TrainedOn;

use super::{Asked, add, fenced, percent, plain, table};

/// A measurement, and how to repeat it.
pub(crate) struct Measured<'a> {
    /// What was found.
    pub(crate) found: &'a Evaluation,
    /// The queries that were measured.
    pub(crate) split: Split,
    /// Whether the ranking measures took ancestors as relevant.
    pub(crate) ancestors: bool,
    /// What the measured queries have to do with those that were trained.
    pub(crate) queries: String,
    /// Name of the data set.
    pub(crate) data: &'a str,
    /// The command line that measured it.
    pub(crate) command: String,
}

/// What the queries that were measured have to do with those of the model's training.
pub(crate) fn trained_on(found: &Evaluation, data: &Dataset, trained_on: &TrainedOn) -> String {
    if *trained_on != TrainedOn::of(data) {
        let name = plain(&trained_on.name);
        return format!("{} queries of other data than it was trained on, `{name}`.", grouped(found.queries));
    }
    let split = data.judgements(Split::Train).unwrap_or_default();
    // Judgements are sorted by query.
    let is_trained = |query| split.binary_search_by_key(&query, |judgement| judgement.query).is_ok();
    let trained = found.per_query.iter().filter(|result| is_trained(result.query)).count();
    Asked { queries: found.queries, trained }.words("in the training split")
}

/// The card with the section of a measurement, in place of the one with the same heading or at the end.
pub(crate) fn put(card: &str, measured: &Measured<'_>) -> String {
    let heading = format!("## Measured on {} of {}", measured.split, plain(measured.data));
    let section = format!("{heading}\n\n{}", body(measured));
    match place(card, &heading) {
        Some((from, to)) => {
            let gap = if to < card.len() { "\n" } else { "" };
            [&card[..from], &section, gap, &card[to..]].concat()
        }
        None => {
            let end = if card.is_empty() || card.ends_with('\n') { "" } else { "\n" };
            let gap = if card.is_empty() { "" } else { "\n" };
            [card, end, gap, &section].concat()
        }
    }
}

/// Where the section of a heading begins and ends: at the next heading that is as high, outside of blocks of code.
fn place(card: &str, heading: &str) -> Option<(usize, usize)> {
    let (mut at, mut from, mut fence) = (0, None, None);
    for line in card.split_inclusive('\n') {
        let bare = line.trim_end();
        let ticks = bare.bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open && ticks == bare.len() => fence = None,
            None if from.is_some() && (bare.starts_with("# ") || bare.starts_with("## ")) => break,
            None if from.is_none() && bare == heading => from = Some(at),
            _ => {}
        }
        at += line.len();
    }
    from.map(|from| (from, at))
}

fn body(measured: &Measured<'_>) -> String {
    let found = measured.found;
    let heads: Vec<String> = found.recall_by_distance.keys().map(u32::to_string).collect();
    let heads: Vec<String> = heads.into_iter().chain(["all".to_owned(), "whole sets".to_owned()]).collect();
    let all = || found.recall_by_distance.values().chain([&found.recall, &found.exact_sets]);
    let recall = all().map(|share| percent(share.value())).collect();
    let of = all().map(|share| grouped(share.of)).collect();
    let mut text = format!(
        "Recall in % among the first |S(q)| of the whole corpus, by distance, on {}\n\n",
        measured.queries
    );
    text.push_str(&table("distance", &heads, &[("recall", recall), ("of", of)]));
    let judged = grouped(found.queries - found.left_out);
    let relevant = if measured.ancestors {
        "queries, exact matches and ancestors all relevant"
    } else {
        "queries with a document that is judged relevant"
    };
    add(&mut text, format_args!("\nMean over the {judged} {relevant}:\n\n"));
    let m = &found.ranking;
    let measures = [
        ("ndcg@10", m.ndcg_at_10),
        ("recall@1", m.recall_at_1),
        ("recall@10", m.recall_at_10),
        ("recall@100", m.recall_at_100),
        ("mrr@10", m.mrr_at_10),
        ("map", m.map),
    ];
    let heads: Vec<String> = measures.iter().map(|(name, _)| (*name).to_owned()).collect();
    let values = measures.iter().map(|(_, value)| format!("{value:.4}")).collect();
    text.push_str(&table("measure", &heads, &[("value", values)]));
    text.push('\n');
    text.push_str(&fenced(&measured.command));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::expect;
    use rootward::eval::{RankingMeasures, Share};

    use super::*;

    /// What is put on a card for these recalls at distance 0 and 1.
    fn with_recall(card: &str, found: [usize; 2]) -> String {
        let shares = found.map(|found| Share { found, of: 4 });
        let found = Evaluation {
            queries: 4,
            pairs: 8,
            recall_by_distance: BTreeMap::from([(0, shares[0]), (1, shares[1])]),
            recall: Share { found: found[0] + found[1], of: 8 },
            exact_sets: Share { found: 1, of: 4 },
            ranking: RankingMeasures { ndcg_at_10: 0.5, ..RankingMeasures::default() },
            left_out: 1,
            per_query: Vec::new(),
        };
        let (queries, command) = ("4 queries.".to_owned(), "rootward eval --card".to_owned());
        put(
            card,
            &Measured { found: &found, split: Split::Test, ancestors: false, queries, data: "shop", command },
        )
    }

    #[test]
    fn a_measurement_is_a_section_with_its_command() {
        expect![[r#"
            ## Measured on test of shop

            Recall in % among the first |S(q)| of the whole corpus, by distance, on 4 queries.

            | distance | 0 | 1 | all | whole sets |
            |---|---|---|---|---|
            | recall | 100.0 | 50.0 | 75.0 | 25.0 |
            | of | 4 | 4 | 8 | 4 |

            Mean over the 3 queries with a document that is judged relevant:

            | measure | ndcg@10 | recall@1 | recall@10 | recall@100 | mrr@10 | map |
            |---|---|---|---|---|---|---|
            | value | 0.5000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |

            ```sh
            rootward eval --card
            ```
        "#]]
        .assert_eq(&with_recall("", [4, 2]));
    }

    #[test]
    fn a_section_takes_the_place_of_its_like_and_nothing_else_moves() {
        let (above, below) =
            ("# Mine\r\n\n````\n```\n## Measured on test of shop\n````\n", "## Later\n  as it was");
        let once = with_recall(above, [1, 1]);
        let twice = with_recall(&format!("{once}\n{below}"), [4, 2]);
        assert_eq!(twice, format!("{}\n{below}", with_recall(above, [4, 2])));
        assert_eq!(with_recall(&twice, [4, 2]), twice);
        assert!(twice.starts_with(above) && twice.matches("recall | 100.0").count() == 1, "{twice}");
    }

    #[test]
    fn a_card_without_an_end_of_line_gets_one() {
        assert!(with_recall("# Mine", [1, 1]).starts_with("# Mine\n\n## Measured on test of shop\n"));
    }
}
