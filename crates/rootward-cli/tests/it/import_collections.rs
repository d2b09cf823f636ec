//! Test collections: in, trained on, measured, and out again.

use std::fs::File;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use crate::program::Folder;
use crate::small;

/// Counts of documents, edges, queries and judgements.
fn counts(done: &Value) -> [u64; 4] {
    ["documents", "edges", "queries", "judgements"].map(|name| done[name].as_u64().unwrap())
}

/// A collection of BEIR with a hierarchy, queries of two splits and an odd id.
fn with_beir() -> Folder {
    let folder = Folder::new();
    let corpus = "{\"_id\":1,\"title\":\"one\",\"text\":\"a < b\\n\"}\n{\"_id\":\"t w o\",\"text\":\"two\"}\n{\"_id\":\"3\"}\n";
    folder.write("raw/corpus.jsonl", corpus);
    folder.write("raw/hierarchy.tsv", "child\tparent\n1\tt w o\n");
    folder.write("raw/queries.jsonl", "{\"_id\":7,\"text\":\"?\"}\n{\"_id\":\"8\",\"text\":\"!\"}\n");
    folder.write("raw/qrels/train.tsv", "7\t1\t2\n7\t3\t-1\n");
    folder.write("raw/qrels/test.tsv", "query-id\tcorpus-id\tscore\n8\tt w o\t1\n8\tgone\t1\n");
    folder
}

#[test]
fn a_collection_of_beir_goes_in_and_out_and_in_again() {
    let folder = with_beir();
    let done = folder.json("import beir raw --out data");
    assert_eq!(counts(&done), [3, 1, 2, 3]);
    let left = json!([{"count": 1, "what": "judgements of documents that are not there left out", "examples": ["gone"]}]);
    assert_eq!(done["notes"], left);
    let out = folder.json("export data --to beir --out beir");
    assert_eq!((counts(&out), &out["notes"]), ([3, 1, 2, 3], &json!([])));
    folder.done("import beir beir --out again");
    assert_eq!(folder.files("again"), folder.files("data"));
}

#[test]
fn a_collection_goes_out_as_trec_and_comes_back_without_its_hierarchy() {
    let folder = with_beir();
    folder.done("import beir raw --out data");
    let notes = folder.json("export data --to trec --out trec")["notes"].clone();
    assert_eq!(notes[0]["what"], "edges left out: TREC has no hierarchy");
    assert_eq!(folder.text("trec/qrels.train.txt"), "7\t0\t1\t2\n7\t0\t3\t-1\n");
    let import = "import trec --corpus trec/corpus.sgml --topics trec/topics.tsv \
        --qrels train=trec/qrels.train.txt --qrels trec/qrels.test.txt --out again";
    assert_eq!(counts(&folder.json(import)), [3, 0, 2, 3]);
    for file in ["corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "qrels/test.tsv"] {
        assert_eq!(folder.text(&format!("again/{file}")), folder.text(&format!("data/{file}")));
    }
}

#[test]
fn a_tree_goes_out_as_edges() {
    let folder = small::with_tree();
    folder.done("export tree --to edges --out edges.tsv --nodes nodes.csv");
    assert_eq!(folder.text("edges.tsv"), small::hierarchy());
    assert!(folder.text("nodes.csv").starts_with("id,title,text,synonyms\nn0,node 0,number 0,alias 0\n"));
    folder.done("export tree --to edges --out edges.parquet");
    assert!(folder.read("edges.parquet").starts_with(b"PAR1"));
    let error = folder.fails("export tree --to trec --out trec --nodes nodes.csv");
    assert!(error.starts_with("--nodes goes with `--to edges`"), "{error}");
}

#[test]
fn the_original_files_of_cranfield_are_read_by_position() {
    let folder = Folder::new();
    folder
        .write("cran.all.1400", ".I 1\n.T\nwings\n.A\nb\n.W\nof wings .\n.I 2\n.T\nshear\n.W\nof shear .\n");
    folder.write("cran.qry", ".I 001\n.W\nwhat wings .\n.I 004\n.W\nwhat shear .\n");
    folder.write("cranqrel", "1 1 1\n1 2 4\n2 2 2\n2 1 -1\n");
    let import = "import trec --corpus cran.all.1400 --topics cran.qry --qrels cranqrel --out data";
    let error = folder.fails(import);
    assert!(error.contains("--topic-ids position"), "{error}");
    folder.done(&format!("{import} --topic-ids position --grades 1=4,2=3,3=2,4=1,-1=0"));
    assert_eq!(
        folder.text("data/qrels/test.tsv"),
        "query-id\tcorpus-id\tscore\n1\t1\t4\n1\t2\t1\n2\t1\t0\n2\t2\t3\n"
    );
}

#[test]
fn a_table_of_pairs_becomes_a_data_set() {
    let folder = Folder::new();
    folder.write(
        "clicks.csv",
        "search;product;match;part\nred shoe;boot;close;train\nred shoe;pump;exact;test\n",
    );
    let import =
        "import pairs clicks.csv --query search --document product --grade match --split part --sep ;";
    let error = folder.fails(&format!("{import} --out data"));
    assert!(
        error.contains("clicks.csv:2: a score, which is a whole number, was expected, `close`"),
        "{error}"
    );
    let done = folder.json(&format!("{import} --grades exact=2,close=1 --out data"));
    assert_eq!(counts(&done), [2, 0, 1, 2]);
    assert_eq!(folder.text("data/qrels/train.tsv"), "query-id\tcorpus-id\tscore\nq0\td0\t1\n");
}

#[test]
fn a_folder_of_texts_becomes_a_corpus_of_files_or_passages_with_folders_above_or_not() {
    let folder = Folder::new();
    folder.write("notes/shoes/sandals.md", "# Sandals\n\nOpen shoes.\n\nHeld by straps.\n");
    folder.write("notes/shoes/boots.txt", "Boots\nTall shoes.\n");
    folder.write("notes/.cache/x.txt", "hidden");
    folder.write("notes/empty.txt", "");
    let done = folder.json("import texts notes --out data");
    assert_eq!(counts(&done), [2, 0, 0, 0]);
    let left = json!([{"count": 1, "what": "files without text left out", "examples": ["empty"]}]);
    assert_eq!(done["notes"], left);
    let boots = "{\"_id\":\"shoes/boots\",\"title\":\"Boots\",\"text\":\"Tall shoes.\"}\n";
    assert!(folder.text("data/corpus.jsonl").starts_with(boots), "{}", folder.text("data/corpus.jsonl"));
    assert_eq!(folder.json("inspect data")["documents"], 2);
    assert_eq!(counts(&folder.json("import texts notes --folders --passages 2 --out tree")), [4, 3, 0, 0]);
    assert_eq!(folder.json("inspect tree")["hierarchy"]["edges"], 3);
    let train = "train --data data --recipe text-standard --set stages.0.epochs=1 --set stages.0.batch=2";
    let spans = "--set learn_from=[{spans={each=1,least=2,most=9}}] --out model";
    folder.done(&format!("{train} {spans}"));
    folder.write("notes/bad.txt", b"caf\xe9\n");
    let error = folder.fails("import texts notes --out none");
    assert!(error.contains("notes/bad.txt:1: UTF-8 was expected") && !folder.at("none").exists(), "{error}");
}

/// A value of a column of parquet.
enum Column {
    Text(Vec<String>),
    Number(Vec<i64>),
}

/// Writes a parquet file in one group of rows; texts may be missing, which an empty one is written as.
fn write_parquet(folder: &Folder, name: &str, columns: &[(&str, Column)]) {
    let fields = columns.iter().map(|(name, column)| match column {
        Column::Text(_) => format!("optional binary {name} (UTF8);"),
        Column::Number(_) => format!("required int64 {name};"),
    });
    let schema = format!("message schema {{ {} }}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    folder.write(name, "");
    let file = File::create(folder.at(name)).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, column) in columns {
        let mut into = group.next_column().unwrap().unwrap();
        match column {
            Column::Text(texts) => {
                let is_there: Vec<i16> = texts.iter().map(|text| i16::from(!text.is_empty())).collect();
                let texts = texts.iter().filter(|text| !text.is_empty());
                let texts: Vec<ByteArray> = texts.map(|text| ByteArray::from(text.as_str())).collect();
                into.typed::<ByteArrayType>().write_batch(&texts, Some(&is_there), None).unwrap();
            }
            Column::Number(numbers) => {
                into.typed::<Int64Type>().write_batch(numbers, None, None).unwrap();
            }
        }
        into.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// A judgement: query, product, locale, label, whether it is in the small version, split.
type Example = (usize, usize, &'static str, &'static str, i64, &'static str);

/// The shopping queries data set with the columns that were published: 12 products of `us` and one of `es`, of which
/// `p11` is not judged; a query for each of the first 10 products, which has the next as a substitute.
fn with_esci() -> Folder {
    let folder = Folder::new();
    let mut examples: Vec<Example> = Vec::new();
    for query in 0..10 {
        let split = if query < 8 { "train" } else { "test" };
        let labels = ["E", "S", "C", "I"].into_iter().enumerate();
        examples.extend(labels.map(|(next, label)| (query, (query + next) % 11, "us", label, 1, split)));
    }
    examples.push((10, 3, "us", "Exact", 0, "train"));
    examples.push((11, 12, "es", "Exact", 1, "train"));
    let text = |of: &dyn Fn(&Example) -> String| Column::Text(examples.iter().map(of).collect());
    let number = |of: &dyn Fn(&Example) -> i64| Column::Number(examples.iter().map(of).collect());
    let columns = [
        ("example_id", Column::Number((0..).take(examples.len()).collect())),
        ("query", text(&|row| format!("thing {}", row.0))),
        ("query_id", number(&|row| i64::try_from(row.0).unwrap())),
        ("product_id", text(&|row| format!("p{}", row.1))),
        ("product_locale", text(&|row| row.2.to_owned())),
        ("esci_label", text(&|row| row.3.to_owned())),
        ("small_version", number(&|row| row.4)),
        ("large_version", number(&|_| 1)),
        ("split", text(&|row| row.5.to_owned())),
    ];
    write_parquet(&folder, "esci/shopping_queries_dataset_examples.parquet", &columns);
    let column = |of: &dyn Fn(usize) -> String| Column::Text((0..13).map(of).collect());
    let columns = [
        ("product_id", column(&|at| format!("p{at}"))),
        ("product_title", column(&|at| format!("thing {at}, \"new\""))),
        (
            "product_description",
            column(&|at| if at == 0 { "good\nand cheap".to_owned() } else { String::new() }),
        ),
        ("product_bullet_point", column(&|_| "a point".to_owned())),
        ("product_brand", column(&|_| "Brand".to_owned())),
        ("product_color", column(&|_| String::new())),
        ("product_locale", column(&|at| if at == 12 { "es" } else { "us" }.to_owned())),
    ];
    write_parquet(&folder, "esci/shopping_queries_dataset_products.parquet", &columns);
    folder
}

#[test]
fn shopping_queries_are_imported_trained_on_and_measured_with_grades_as_distances() {
    let folder = with_esci();
    assert_eq!(counts(&folder.json("import esci esci --out data")), [11, 0, 10, 40]);
    let first = "{\"_id\":\"p0\",\"title\":\"thing 0, \\\"new\\\"\",\"text\":\"a point\\ngood\\nand cheap\\nBrand\"}\n";
    assert!(folder.text("data/corpus.jsonl").starts_with(first));
    assert!(folder.text("data/qrels/train.tsv").contains("\n0\tp0\t2\n0\tp1\t1\n0\tp2\t0\n0\tp3\t-1\n"));
    assert_eq!(folder.json("inspect data")["relevant"]["by_distance"], json!([10, 10]));
    folder.done(
        "train --data data --recipe climb --set encoder.dim=8 --set stages.0.steps=40 --set stages.1.steps=40 --out model",
    );
    let found = folder.json("eval --data data --model model --split train");
    assert_eq!((&found["queries"], &found["pairs"]), (&json!(8), &json!(16)));
    assert!(found["recall_by_distance"]["1"].as_f64().unwrap() > 0.5, "{found}");
}

#[test]
fn shopping_queries_are_chosen_by_version_locale_and_products() {
    let folder = with_esci();
    assert_eq!(counts(&folder.json("import esci esci --version large --out large")), [11, 0, 11, 41]);
    assert_eq!(counts(&folder.json("import esci esci --all-products --out all")), [12, 0, 10, 40]);
    assert_eq!(counts(&folder.json("import esci esci --locale es --out es")), [1, 0, 1, 1]);
    let error = folder.fails("import esci esci --locale jp --out jp");
    assert!(
        error.ends_with(
            "judgement for the locale `jp` in the small_version; name a locale that it has: us, es or jp"
        ),
        "{error}"
    );
    let error = folder.fails("import esci es --out none");
    assert!(error.contains("es holds no shopping_queries_dataset_examples.parquet"), "{error}");
}
