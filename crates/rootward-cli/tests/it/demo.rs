//! The demo: three recipes, one table, one report that opens anywhere.

use crate::program::{Folder, stderr};
use crate::small::with_tree;

const DEMO: &str = "demo --data tree --out out --set encoder.dim=8 --set stages.0.epochs=40";

fn text_and_log(folder: &Folder, line: &str) -> (String, String) {
    let output = folder.run(line);
    assert!(output.status.success(), "{}", stderr(&output));
    (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

#[test]
fn the_demo_prints_its_table_answers_what_it_can_and_reuses_its_models() {
    let folder = with_tree();
    let (table, log) = text_and_log(&folder, &format!("{DEMO} --query n40 --query unicorn"));
    for words in ["standard", "pretrain-finetune", "climb", "node 40 (n40)", "`unicorn` is not a query"] {
        assert!(table.contains(words), "`{words}` was expected in:\n{table}");
    }
    assert!(log.contains("wrote out/report.html"), "{log}");
    assert!(!table.contains("the paper") && !table.contains("earlier"), "{table}");

    let models =
        || ["standard", "pretrain-finetune", "climb"].map(|name| folder.files(&format!("out/{name}")));
    let before = models();
    let (again, _) = text_and_log(&folder, DEMO);
    assert_eq!(again.matches("earlier").count(), 3, "{again}");
    assert_eq!(models(), before);
}

#[test]
fn the_report_is_one_file_that_loads_nothing() {
    let folder = with_tree();
    folder.done(DEMO);
    let page = folder.text("out/report.html");
    assert!(page.contains("<svg") && page.contains("</html>"));
    assert!(page.contains("What the numbers mean") && page.contains("<li>"));
    for load in ["src=", "href=", "<link", "<script", "url(", "@import"] {
        assert!(!page.contains(load), "the page loads something by `{load}`");
    }
    assert!(page.contains("rootward demo --data tree"), "the page says how it was made");
    assert!(folder.text("out/recall-by-distance.svg").starts_with("<svg"));
}

#[test]
fn the_demo_as_json_has_the_recall_of_each_recipe() {
    let found = with_tree().json(DEMO);
    assert_eq!(found["data"], "tree");
    let recipes = found["recipes"].as_array().unwrap();
    assert_eq!(recipes.len(), 3);
    for recipe in recipes {
        let keys: Vec<&String> = recipe.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["recall", "recall_by_distance", "recipe", "seconds"]);
        assert_eq!(recipe["recall_by_distance"].as_array().unwrap().len(), 6);
    }
}

#[test]
fn the_demo_refuses_queries_that_are_not_nodes() {
    let folder = with_tree();
    folder.write("tree/queries.jsonl", "{\"_id\":\"q\",\"text\":\"first\"}\n");
    folder.write("tree/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq\tn31\t1\n");
    let error = folder.fails(DEMO);
    assert!(error.contains("use train and eval"), "{error}");
    assert!(folder.files("out").is_empty());
}
