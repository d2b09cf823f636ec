//! Trees over a folder of texts: shown, trained with, drawn, and walked down.

use std::process::Output;

use serde_json::Value;

use crate::program::{Folder, stderr};
use crate::texts::{TRAIN as TRAIN_SHOP, with_texts};

/// Three topics, four texts each.
const NOTES: [(&str, &str); 12] = [
    ("bread/sourdough", "A sourdough starter is flour and water. Feed the bread dough with flour every day."),
    ("bread/kneading", "Knead the bread dough for ten minutes. Wet dough with more flour is folded instead."),
    ("bread/rye", "Rye flour holds more water than wheat flour. Bake rye bread long in the oven."),
    ("bread/crust", "Steam in the oven keeps the crust of bread soft. Dough rises while the oven is hot."),
    ("bicycles/chain", "Oil the chain of the bicycle after rain. A worn bicycle chain wears the gears."),
    (
        "bicycles/brakes",
        "The brake pads of a bicycle wear out. Dirty bicycle wheels make brakes squeak loudly.",
    ),
    ("bicycles/tyres", "Take the tyre off the bicycle wheel. Patch the tube and pump up the tyre."),
    ("bicycles/gears", "The gears of a bicycle jump when the cable is loose. Low bicycle gears climb hills."),
    ("sky/planets", "Five planets are seen in the night sky. Venus is the brightest planet of the sky."),
    ("sky/moon", "The moon turns around the earth. Through a telescope the moon shows its craters."),
    ("sky/comets", "A comet is ice and dust near the sun. In the night sky comets have tails."),
    (
        "sky/telescopes",
        "The mirror of a telescope gathers light of stars. Planets and stars look brighter <&> so.",
    ),
];

/// A folder with the texts as the data set `data`.
fn with_notes() -> Folder {
    let folder = Folder::new();
    for (name, text) in NOTES {
        folder.write(&format!("notes/{name}.txt"), format!("{}\n{text}\n", name.replace('/', ": ")));
    }
    folder.done("import texts notes --out data");
    folder
}

/// The same with a model in `model` that was trained with a tree.
fn with_trained() -> Folder {
    let folder = with_notes();
    folder.done(
        "train --data data --recipe hce-unsupervised --out model --set stages.0.tree.shape.leaf_size=4 --set \
         stages.0.epochs=20",
    );
    folder
}

/// All nodes, parents before children.
fn nodes(node: &Value) -> Vec<&Value> {
    let below = node["children"].as_array().unwrap().iter().flat_map(nodes);
    [node].into_iter().chain(below).collect()
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_corpus_without_a_model_has_a_tree_of_its_topics() {
    let shown = with_notes().json("tree data --leaf-size 4 --docs 9");
    let all = nodes(&shown["tree"]);
    assert_eq!((shown["documents"].as_u64(), shown["nodes"].as_u64()), (Some(12), Some(all.len() as u64)));
    for node in all.iter().filter(|node| node["children"].as_array().unwrap().is_empty()) {
        let ids = node["representatives"].as_array().unwrap().iter();
        let topics: Vec<&str> =
            ids.map(|doc| doc["id"].as_str().unwrap().split('/').next().unwrap()).collect();
        assert!(topics.len() <= 4 && topics.iter().all(|topic| *topic == topics[0]), "{node}");
        assert!(!node["terms"].as_array().unwrap().is_empty(), "{node}");
    }
}

#[test]
fn a_model_shows_its_own_tree_unless_another_is_asked_for_or_its_documents_are_gone() {
    let folder = with_trained();
    let origin = |line: &str| folder.json(line)["origin"]["kind"].as_str().unwrap().to_owned();
    assert_eq!(origin("tree data --model model"), "trained");
    assert_eq!(origin("tree data --model model --grow"), "grown");
    assert_eq!(origin("tree data --model model --branching 2"), "grown");
    folder.write("notes/sky/mars.txt", "Mars\nMars is red.\n");
    folder.done("import texts notes --out more");
    let output = folder.run("tree more --model model");
    assert!(stderr(&output).contains("was trained with a tree over the documents of `data`"));
    assert!(text(&output).contains("more: a tree grown from the vectors of model\n13 documents"));
}

#[test]
fn nodes_are_shown_by_their_paths_and_as_deep_as_asked() {
    let folder = with_notes();
    let line = "tree data --branching 2 --leaf-size 2";
    let whole = folder.json(line);
    let below = folder.json(&format!("{line} --node 2.1"));
    assert_eq!(below["tree"], whole["tree"]["children"][1]["children"][0]);
    assert_eq!(below["documents"], 12, "the numbers are those of the whole tree");
    let flat = folder.json(&format!("{line} --depth 0"));
    assert_eq!(flat["tree"]["nodes_left_out"].as_u64(), Some(whole["nodes"].as_u64().unwrap() - 1));
    let output = folder.run(&format!("{line} --depth 1"));
    assert!(text(&output).contains("\n  1  ") && !text(&output).contains("\n    1.1"), "{}", text(&output));
    assert!(stderr(&output).contains("deeper: --depth 2"), "{}", stderr(&output));
    let error = folder.fails(&format!("{line} --node 1.9"));
    assert_eq!(error, "the tree has no node 1.9: node 1 has the children 1 to 2");
    let error = folder.fails("tree data --leaf-size 12 --node 3");
    assert_eq!(error, "the tree has no node 3: the root is a leaf");
    assert_eq!(folder.run("tree data --node 1.0").status.code(), Some(2));
}

#[test]
fn a_picture_has_a_box_and_a_tooltip_for_every_node() {
    let folder = with_notes();
    let shown = folder.json("tree data --branching 2 --leaf-size 2 --out pictures/tree.svg");
    let svg = folder.text("pictures/tree.svg");
    let n_nodes = shown["nodes"].as_u64().unwrap() as usize;
    assert_eq!(svg.matches("<title>").count(), n_nodes);
    assert_eq!(svg.matches("<rect").count(), n_nodes + 1, "and the ground");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("<script"), "{svg}");
    folder.write("odd/hierarchy.tsv", "child\tparent\n");
    folder.write("odd/corpus.jsonl", "{\"_id\":\"1\",\"title\":\"a <b> & \\u0008c\"}\n");
    folder.done("tree odd --out one.svg");
    assert!(folder.text("one.svg").contains("a &lt;b&gt; &amp;  c"), "{}", folder.text("one.svg"));
}

#[test]
fn what_cannot_be_shown_is_one_line() {
    let folder = with_texts();
    folder.done(&format!("{TRAIN_SHOP} --set stages.0.epochs=1 --out model"));
    folder.write("notes/a.txt", "A\nb c d\n");
    folder.done("import texts notes --out data");
    let error = folder.fails("tree data --model model");
    assert!(error.contains("a vector of its own for each document of `shop`"), "{error}");
    let error = folder.fails("tree data --encoder model");
    assert_eq!(error, "model is a model that was trained here: give it by --model");
    let error = folder.fails("tree data --encoder nowhere");
    assert!(error.starts_with("nowhere is no folder: expected `builtin`"), "{error}");
    folder.write("broken/config.json", "{}");
    assert!(folder.fails("tree data --encoder broken").contains("broken"));
    folder.write("empty/corpus.jsonl", "");
    assert_eq!(folder.fails("tree empty").lines().count(), 1);
    let error = folder.fails("tree data --out tree.png");
    assert_eq!(error, "--out is tree.png: a name that ends in .svg was expected");
}

#[test]
fn a_model_with_a_tree_is_measured_by_the_way_down_it() {
    let folder = with_trained();
    let recall = |line: &str| folder.json(line)["recall_by_distance"]["0"].as_f64().unwrap();
    assert!(recall("eval --data data --model model --decode 99") > 0.9);
    assert!(recall("eval --data data --model model --decode 1") > 0.5);
    folder.done("eval --data data --model model --decode 1 --run-out one.run");
    folder.done("eval --data data --model model --decode 99 --run-out all.run");
    let lines = |name: &str| folder.text(name).lines().count();
    assert!(
        lines("one.run") <= 12 * 4 && lines("all.run") == 12 * 12,
        "{} {}",
        lines("one.run"),
        lines("all.run")
    );
}

#[test]
fn the_tree_of_a_hierarchy_is_shown_and_a_model_without_one_is_not_walked_down() {
    let folder = with_texts();
    let tree = "{from=\"hierarchy\",shape={branching=4,leaf_size=4,balance=2.0,iterations=4,sample=64},\
                centroids={kind=\"learned\",speed=1.0},renew={kind=\"never\"},weight=1.0,beside=1.0,\
                temperature=0.1,level_factor=0.5,documents=4,nodes=4}";
    folder.done(&format!("{TRAIN_SHOP} --set stages.0.tree={tree} --out model"));
    let shown = folder.json("tree shop --model model");
    assert_eq!((shown["nodes"].as_u64(), shown["depth"].as_u64()), (Some(3), Some(1)), "{shown}");
    folder.json("eval --data shop --model model --decode 2");
    folder.done(&format!("{TRAIN_SHOP} --set stages.0.epochs=1 --out plain"));
    let error = folder.fails("eval --data shop --model plain --decode 2");
    assert!(error.starts_with("plain was trained without a document tree: train a recipe"), "{error}");
}

#[test]
fn a_folder_of_documents_alone_is_learned_from_and_searched() {
    let folder = with_notes();
    folder.write("alone/corpus.jsonl", folder.read("data/corpus.jsonl"));
    let trained = folder.run(
        "train --data alone --recipe hce-unsupervised --out model --set stages.0.tree.shape.leaf_size=4",
    );
    let said = stderr(&trained);
    assert!(trained.status.success() && said.contains("next: rootward search --data alone"), "{said}");
    let found = folder.json("search --data alone --model model flour --k 1");
    assert!(found.to_string().contains("bread/"), "{found}");
    // The title of one document, but what is asked for may be in others.
    let text = String::from_utf8(folder.run("search --data alone --bm25 bread/rye").stdout).unwrap();
    assert!(
        text.contains(" retrieved") && !text.contains("1 retrieved") && !text.contains("right"),
        "{text}"
    );
    let resume = "train --recipe hce-unsupervised --out model --set stages.0.tree.shape.leaf_size=4 --resume";
    assert!(stderr(&folder.run(&format!("{resume} --data alone"))).contains("was trained already"));
    folder.write("other/corpus.jsonl", "{\"_id\": \"a\", \"title\": \"one\", \"text\": \"two\"}\n");
    let error = folder.fails(&format!("{resume} --data other"));
    assert!(
        error.contains("model holds a model that was trained on other data, `alone` (12 documents"),
        "{error}"
    );
    let error = folder.fails("train --data alone --recipe hce-supervised --out other");
    assert!(error.contains("neither queries nor a hierarchy"), "{error}");
    assert!(!said.contains("have more words than"), "{said}");
    let joint = folder.run(
        "train --data data --recipe hce-joint --out joint --set stages.0.epochs=1 --set encoder.body.max_tokens=8",
    );
    let said = stderr(&joint);
    assert!(said.contains("note: `data` has no judged queries"), "{said}");
    assert!(said.contains("100 % of the documents have more words than the 8 tokens"), "{said}");
    folder.write("judged/corpus.jsonl", folder.read("data/corpus.jsonl"));
    folder.write("judged/queries.jsonl", "{\"_id\": \"q\", \"text\": \"bread\"}\n");
    folder.json("search --data judged --bm25 flour --k 1");
    folder.json("tree judged --leaf-size 4 --branching 3");
    folder.done("train --data judged --recipe hce-unsupervised --set stages.0.epochs=1 --out unjudged");
    let error = folder.fails("eval --data judged --model unjudged");
    assert!(error.contains("has queries but no judgements"), "{error}");
    folder.write("judged/qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq\tbread/rye\t1\n");
    let joint = "train --data judged --recipe hce-joint --set stages.0.epochs=1";
    let said = stderr(&folder.run(&format!("{joint} --out without")));
    assert!(said.contains("note: `judged` has no training judgements above 0"), "{said}");
    assert!(said.contains("next: rootward search --data judged"), "{said}");
    let error = folder.fails(&format!("{joint} --set stages.0.tree.from=hierarchy --out without-tree"));
    assert!(error.contains("is to be the hierarchy of data set `judged`, which has none"), "{error}");
    let error = folder.fails("train --data judged --recipe transformer-hce-joint --out no-folder");
    assert!(error.contains("--set encoder.body.from=DIR"), "{error}");
}
