//! What paths become in each of their forms.

use std::fs;

use rootward::ids::DocIdx;

use super::*;
use crate::table::{Delimiter, Header};

fn detected() -> PathsOptions {
    let table = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
    PathsOptions { separator: None, table, levels: Vec::new(), path: None, id: None }
}

/// "id title < parent" of every document, and the notes.
fn import(content: &str, options: &PathsOptions) -> Result<(Vec<String>, Vec<String>), String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p");
    fs::write(&file, content).unwrap();
    let imported = paths(&Source::new(&file, &|_| {}), options)
        .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "p"))?;
    let docs = &imported.parts.docs;
    let shown = |(at, doc): (u32, &rootward::dataset::Document)| {
        let above = imported.parts.graph.parents(DocIdx(at));
        let above: Vec<&str> = above.iter().map(|parent| &*docs[parent.at()].id).collect();
        format!("{} {} < {}", doc.id, doc.title, above.join(","))
    };
    let notes = imported.notes.iter().map(|note| format!("{} {}", note.count, note.what)).collect();
    Ok(((0..).zip(docs).map(shown).collect(), notes))
}

fn check(content: &str, expected: &[&str]) {
    assert_eq!(import(content, &detected()).unwrap().0, expected, "{content}");
}

#[test]
fn lines_with_ids_and_without_are_told_apart() {
    let google = "# Version: 2021\n1 - Animals & Pets\n3237 - Animals & Pets > Live / Fish\n";
    check(google, &["1 Animals & Pets < ", "3237 Live / Fish < 1"]);
    check("# Version\nA\nA > B - C\n", &["A A < ", "A > B - C B - C < A"]);
    let shopify = "# v1\ngid://s/T/ap   : Pets\ngid://s/T/ap-1 : Pets > Live\n";
    check(shopify, &["gid://s/T/ap Pets < ", "gid://s/T/ap-1 Live < gid://s/T/ap"]);
}

#[test]
fn a_separator_is_found_or_given() {
    for separator in [" > ", ">", "::", "|", "/"] {
        let path = ["A", "B"].join(separator);
        check(&format!("{path}\n"), &["A A < ", &format!("{path} B < A")]);
    }
    check("/A/B/\n", &["A A < ", "A/B B < A"]);
    let dots = PathsOptions { separator: Some(".".to_owned()), ..detected() };
    assert_eq!(import("a.b/c\n", &dots).unwrap().0, ["a a < ", "a.b/c b/c < a"]);
}

#[test]
fn beginnings_without_a_line_and_lines_given_again_are_counted() {
    let (docs, notes) = import("7 - A > B\n8 - A > B\n7 - A > B\n2 - A > B > C\n", &detected()).unwrap();
    assert_eq!(docs, ["A A < ", "7 B < A", "2 C < 7", "8 B < A"]);
    let expected = [
        "1 paths given again with another id, made documents of their own",
        "1 paths given more than once, the first kept",
        "1 beginnings of paths have no line of their own, their id is the path",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn nested_intervals_make_a_tree() {
    let lines = "# x\n 1 | [ 1- 6] | A\n   2 | [ 2- 3] | B | b\n   4 | [4-5] | C\n 9 | [7-8] | D\n";
    check(lines, &["1 A < ", "2 B | b < 1", "4 C < 1", "9 D < "]);
    check("2 | [2-3] | B\n1 | [1-4] | A\n", &["2 B < 1", "1 A < "]);
    let message =
        |last: &str| import(&format!("1 | [1-6] | A\n2 | [2-3] | B\n{last}\n"), &detected()).unwrap_err();
    assert!(
        message("3 | [4-7] | C").starts_with("p:3: an interval that ends within the one that it begins in")
    );
    assert!(message("3 | [2-4] | C").starts_with("p:3: an interval of its own"));
    assert!(message("3 | [5-4] | C").starts_with("p:3: an interval of its own"));
}

#[test]
fn levels_are_columns_of_parts_or_of_whole_paths() {
    let expected = ["A A < ", "A > B B < A", "A > B > C C < A > B"];
    check("lvl0,lvl1,lvl2\nA,B,C\n", &expected);
    check("x,categories.lvl1,categories.lvl0,categories.lvl2\n1,A > B,A,A > B > C\n", &expected);
    let asked = PathsOptions {
        levels: ["3", "1"].map(str::to_owned).to_vec(),
        id: Some("2".to_owned()),
        ..detected()
    };
    assert_eq!(import("B;7;A\n;1;A\n", &asked).unwrap().0, ["1 A < ", "7 B < 1"]);
    let (docs, notes) = import("level1\tlevel2\tlevel3\nA\t\tC\n", &detected()).unwrap();
    assert_eq!(
        (&*docs[1], &*notes[0]),
        ("A > C C < A", "1 rows with an empty level above another, passed over")
    );
}

#[test]
fn a_column_of_a_table_holds_the_whole_path() {
    check("id,name,path\n1,x,A/B\n2,y,\"A\"\n", &["2 A < ", "1 B < 2"]);
    let asked = PathsOptions { path: Some("2".to_owned()), ..detected() };
    assert_eq!(import("x,A > B\n", &asked).unwrap().0, ["A A < ", "A > B B < A"]);
}

#[test]
fn what_is_wrong_is_told_by_line() {
    let message = |content| import(content, &detected()).unwrap_err();
    assert_eq!(message("A/B\nA//B\n"), "p:2: a path without empty parts was expected, `A//B` was found");
    assert_eq!(message("1 - A\n1 - B\n"), "p:2: a new id was expected, `1` is that of line 1 too");
    assert_eq!(message("# only\n"), "p holds no document; at least one was expected");
    let late = format!("{}B > C\n", "1 - A\n".repeat(600));
    assert!(
        message(&late).starts_with("p:601: an id and a path after it, as in the first lines, was expected")
    );
}
