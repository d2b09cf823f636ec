//! The card in a model's folder: written when training ends, extended by measurements.

use crate::program::Folder;
use crate::small::{TRAIN, with_model, with_tree};

/// What stands in a row of the card's first table.
fn row<'a>(card: &'a str, name: &str) -> &'a str {
    let mut rows = card.lines().filter_map(|line| line.strip_prefix(&format!("| {name} | ")));
    rows.next().unwrap_or_else(|| panic!("no row `{name}` in {card}"))
}

fn card(folder: &Folder) -> String {
    folder.text("model/README.md")
}

#[test]
fn a_card_says_what_the_model_is_and_its_command_makes_it_again() {
    let folder = with_tree();
    folder.done(&format!("{TRAIN} --seed 3 --out model"));
    let card = card(&folder);
    assert!(row(&card, "trained on").starts_with("`tree`: 63 documents, 62 edges, 63 queries; fingerprint "));
    assert!(row(&card, "recipe").starts_with("`climb`"), "{card}");
    assert_eq!(row(&card, "seed"), "3 |");
    assert!(row(&card, "training").starts_with("124 steps in ") && card.contains("all of them trained too"));
    let command = card.lines().find(|line| line.starts_with("rootward train ")).unwrap();
    folder.done(&command["rootward ".len()..].replace("--out model", "--out again"));
    assert_eq!(folder.model("again"), folder.model("model"));
}

#[test]
fn a_measurement_is_put_on_the_card_and_a_second_takes_its_place() {
    let folder = with_model();
    let before = card(&folder);
    let eval = "eval --data tree --model model --card";
    folder.done(eval);
    let once = card(&folder);
    let section = once.strip_prefix(&before).unwrap();
    assert!(section.starts_with("\n## Measured on test of tree\n"), "{section}");
    assert!(section.contains(&format!("rootward {eval}\n")) && section.contains("63 queries"), "{section}");
    folder.write("model/README.md", format!("{once}\n## Mine\n\nas it was"));
    folder.done(&format!("{eval} --ancestors"));
    let twice = card(&folder);
    assert!(
        twice.starts_with(&before) && twice.ends_with("--ancestors\n```\n\n## Mine\n\nas it was"),
        "{twice}"
    );
    assert_eq!(twice.matches("## Measured").count(), 1);
}

#[test]
fn a_model_without_a_card_gets_one_that_says_what_is_known() {
    let folder = with_model();
    std::fs::remove_file(folder.at("model/README.md")).unwrap();
    folder.done("eval --data tree --model model --card");
    assert!(card(&folder).starts_with("## Measured on test of tree\n"));
    let refused = folder.run("eval --data tree --run none.txt --card");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_card_of_somebody_else_is_not_overwritten() {
    let folder = with_tree();
    folder.write("model/README.md", "mine");
    let error = folder.fails(&format!("{TRAIN} --out model"));
    assert!(error.contains("model holds other files (README.md): choose another --out"), "{error}");
    assert_eq!(card(&folder), "mine");
}
