//! Tables and lists of other people become data sets that train.

use serde_json::json;

use crate::program::{Folder, stderr};

#[test]
fn a_list_of_edges_is_imported_inspected_and_learned() {
    let folder = Folder::new();
    folder.write("e.csv", "kid,up,sure\npuppy,dog,1\ndog,animal,0.9\ncat,animal,0.8\ndog,rock,0.1\n");
    let columns = "--child kid --parent up --weight sure --min-weight 0.5";
    let found = folder.json(&format!("import edges e.csv {columns} --out data"));
    assert_eq!((&found["documents"], &found["edges"]), (&json!(4), &json!(3)));
    assert_eq!(found["notes"][0]["what"], "edges of less weight left out");
    assert_eq!(folder.json("inspect data")["hierarchy"]["max_depth"], 2);
    folder.done("train --data data --recipe standard --set stages.0.steps=9 --out model");
    assert!(folder.text("data/corpus.jsonl").starts_with("{\"_id\":\"puppy\",\"title\":\"puppy\""));
}

#[test]
fn a_list_that_runs_down_is_told_with_the_remedy() {
    let folder = Folder::new();
    folder.write("e.tsv", (2..20).map(|node| format!("n{}\tn{node}\n", node / 2)).collect::<String>());
    let said = stderr(&folder.run("import edges e.tsv --out up"));
    assert!(
        said.contains("note: 9 nodes have several parents") && said.contains("--direction down"),
        "{said}"
    );
    let said = stderr(&folder.run("import edges e.tsv --direction down --out down"));
    assert!(!said.contains("note:"), "{said}");
    let error = folder.fails("import edges e.tsv --delimiter ab --out x");
    assert!(error.contains("--delimiter takes one ASCII character"), "{error}");
}

#[test]
fn a_hierarchy_too_deep_to_train_on_is_written_and_told() {
    let folder = Folder::new();
    folder.write("e.tsv", (1..24_000).map(|node| format!("{node}\t{}\n", node - 1)).collect::<String>());
    let said = stderr(&folder.run("import edges e.tsv --out chain"));
    assert!(said.contains("cannot be trained on or inspected: at least "), "{said}");
    assert!(folder.fails("geometry chain").contains("at most 268435456 can be held"));
}

#[test]
fn paths_and_taxa_are_imported() {
    let folder = Folder::new();
    folder.write("p.txt", "# v\n1 - Pets\n3 - Pets > Fish > Live\n");
    let found = folder.json("import paths p.txt --out paths");
    assert_eq!((&found["documents"], &found["edges"]), (&json!(3), &json!(2)));
    folder.write("dump/nodes.dmp", "1\t|\t1\t|\tno rank\t|\n2\t|\t1\t|\tdomain\t|\n");
    folder.write("dump/names.dmp", "2\t|\tBacteria\t|\t\t|\tscientific name\t|\n");
    let found = folder.json("import ncbi dump --out taxa");
    assert_eq!((&found["documents"], &found["edges"]), (&json!(2), &json!(1)));
    assert!(folder.fails("import ncbi p.txt --out x").contains("nodes.dmp; name the folder"));
}
