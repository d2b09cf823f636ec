//! Every form in the shape of a collection that has it.

use std::fs;

use proptest::prelude::*;

use super::*;

/// Imports a collection of these three files; in the message of an error their path is left out.
fn import(files: [&str; 3], topic_ids: Option<TopicIds>, grades: Grades) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    let [corpus, topics, qrels] = ["corpus", "topics", "qrels"].map(|name| folder.path().join(name));
    for (path, content) in [&corpus, &topics, &qrels].into_iter().zip(files) {
        fs::write(path, content).unwrap();
    }
    let files = TrecFiles { corpus, topics, qrels: vec![(Split::Test, qrels)] };
    let outside = format!("{}/", folder.path().display());
    trec(&files, &TrecOptions { topic_ids, grades }, &|_| {})
        .map_err(|error| error.to_string().replace(&outside, ""))
}

fn plain(files: [&str; 3]) -> Result<Imported, String> {
    import(files, None, Grades::as_written())
}

fn docs(imported: &Imported) -> Vec<(&str, &str, &str)> {
    imported.parts.docs.iter().map(|doc| (&*doc.id, &*doc.title, &*doc.text)).collect()
}

fn queries(imported: &Imported) -> Vec<(&str, &str)> {
    let asked = imported.parts.asked.as_ref().unwrap();
    asked.queries.iter().map(|query| (&*query.id, &*query.text)).collect()
}

/// The judgements, by the places of query and document.
fn judged(imported: &Imported) -> Vec<(u32, u32, i32)> {
    let test = imported.parts.asked.as_ref().unwrap().judgements.of(Split::Test).unwrap();
    test.iter().map(|j| (j.query.0, j.doc.0, j.grade)).collect()
}

fn notes(imported: &Imported) -> Vec<(u64, &str)> {
    imported.notes.iter().map(|note| (note.count, note.what)).collect()
}

const NEWS: &str = "<DOC>\n<DOCNO> FT911-1 </DOCNO>\n<PROFILE>x</PROFILE>\n<HEADLINE>\n<P>Mobs &amp; men</P>\n</HEADLINE>\n\
    <TEXT>\n<P>\nIf 3 < 4,\nthey  say\n</P>\n<!-- PJG <P> 0012 --><!-- two\nlines <TEXT> -->\n<P>so</P>\n</TEXT>\n</DOC>\n\n\
    <doc><docno>AP-2</docno><text>two</text></doc>\n<DOC>\n<DOCNO>AP-3</DOCNO>\n</DOC>\n";
const TOPICS: &str = "<top>\n\n<num> Number: 051 \n<title> Topic:  Organized\nCrime\n\n<desc> Description:\nWhich?\n\n\
    <narr> Narrative:\nAll.\n</top>\n<top>\n<num>302</num>\n<desc> Description: \nPolio?\n</top>\n";

#[test]
fn a_collection_of_trec_is_read_with_its_titles_and_descriptions() {
    let imported =
        plain([NEWS, TOPICS, "51 0 AP-2 1\n51 0\tFT911-1  -2\n302 0 XX-9 1\n\n999 0 AP-2 1\n"]).unwrap();
    let expected =
        [("FT911-1", "Mobs & men", "If 3 < 4, they say so"), ("AP-2", "", "two"), ("AP-3", "", "")];
    assert_eq!(docs(&imported), expected);
    assert_eq!(queries(&imported), [("051", "Organized Crime"), ("302", "Polio?")]);
    assert_eq!(judged(&imported), [(0, 0, -2), (0, 1, 1)]);
    let told = [
        (1, "documents without a title and a text"),
        (1, "topics without a title, the description taken"),
        (1, "judgements of queries that are not there left out"),
        (1, "judgements of documents that are not there left out"),
    ];
    assert_eq!(notes(&imported), told);
}

const CRAN: &str = ".I 1\n.T\nwings in\na slipstream .\n.A\nbrenckman,m.\n.B\nj. ae. scs. 25, 1958, 324.\n.W\nwings in\n\
    .5 of a slipstream .\n.I 2\n.T\nshear\n.A\n.B\n.W\n";
const CRAN_QUERIES: &str = ".I 001\n.W\nwhat laws\nmust be obeyed .\n.I 004\n.W\nwhat of shear .\n";

#[test]
fn a_collection_of_smart_is_read_by_position_and_its_grades_are_turned() {
    let grades = "1=4,2=3,3=2,4=1,-1=0".parse().unwrap();
    let qrels = "1 2 1\n2 1  -1\n2 2 4\n";
    let imported = import([CRAN, CRAN_QUERIES, qrels], Some(TopicIds::Position), grades).unwrap();
    assert_eq!(
        docs(&imported),
        [("1", "wings in a slipstream .", "wings in .5 of a slipstream ."), ("2", "shear", "")]
    );
    assert_eq!(queries(&imported), [("1", "what laws must be obeyed ."), ("2", "what of shear .")]);
    assert_eq!(judged(&imported), [(0, 1, 4), (1, 0, 0), (1, 1, 1)]);
}

#[test]
fn numbers_of_smart_topics_that_are_no_positions_must_be_explained() {
    let error = plain([CRAN, CRAN_QUERIES, "1 0 1 1\n"]).unwrap_err();
    assert!(
        error.starts_with("topics:5: a topic that is numbered by its place (otherwise say by `--topic-ids"),
        "{error}"
    );
    let given = import([CRAN, CRAN_QUERIES, "4 0 1 1\n"], Some(TopicIds::Given), Grades::as_written());
    assert_eq!(judged(&given.unwrap()), [(1, 0, 1)]);
}

#[test]
fn tables_are_read_with_or_without_a_header() {
    let odd = plain(["<x\t<a>\n", ".I 7\t<b>\n", ".I 7\t0\t<x\t1\n"]).unwrap();
    assert_eq!((docs(&odd), queries(&odd)), (vec![("<x", "", "<a>")], vec![(".I 7", "<b>")]));
    let tables = ["docid\ttext\ttitle\nd 1\ta \"b\"\tA\nd2\tc\n", "q 1\twho?\n", "q 1\t0\td 1\t1\n"];
    let imported = plain(tables).unwrap();
    assert_eq!(docs(&imported), [("d 1", "A", "a \"b\""), ("d2", "", "c")]);
    assert_eq!((queries(&imported), judged(&imported)), (vec![("q 1", "who?")], vec![(0, 0, 1)]));
}

#[test]
fn what_is_wrong_is_told_by_file_and_line() {
    let (corpus, topics, qrels) = ("a\tx\n", "q\ty\n", "q 0 a 1\n");
    let doc = "`<DOC>` before a document and `</DOC>` after it was expected";
    let cases: [([&str; 3], &str); 12] = [
        (["", topics, qrels], "corpus holds no record"),
        ([corpus, "", qrels], "topics holds no record"),
        ([corpus, topics, ""], "qrels holds no judgement"),
        (["a\tx\na\ty\n", topics, qrels], "corpus:2: a new id was expected, `a` is that of line 1 too"),
        (["a x\n", topics, qrels], "corpus:1: an id, a tab and a text was expected, `a x` was found"),
        (["<DOC>\n<DOCNO>a</DOCNO>\n", topics, qrels], &format!("corpus:2: {doc}, `end of file` was found")),
        (["<DOC>\n<DOC>\n", topics, qrels], &format!("corpus:2: {doc}, `<DOC>` was found")),
        ([TOPICS, topics, qrels], &format!("corpus:3: {doc}, `Number: 051` was found")),
        (["<DOC>\n</DOC>\n", topics, qrels], "corpus:1: an id without tabs and line breaks, not empty,"),
        ([".I 1\nx\n", topics, qrels], "corpus:2: a field such as `.T` or `.W` was expected, `x` was found"),
        (
            [corpus, topics, "q 0 a 1\nq a 1\n"],
            "qrels:2: `query 0 document grade`, or `query document grade`",
        ),
        ([corpus, topics, "q 0 a x\n"], "qrels:1: a score, which is a whole number, was expected, `x`"),
    ];
    for (files, message) in cases {
        let error = plain(files).unwrap_err();
        assert!(error.starts_with(message), "`{message}` was expected, `{error}` was told");
    }
}

#[test]
fn a_long_line_without_ends_of_tags_is_read_at_once() {
    let opened = ["< ", "<a ", "<!-- ", "&"].map(|part| part.repeat(200_000));
    let docs = opened.map(|line| format!("<DOC>\n<DOCNO>a</DOCNO>\n<TEXT>\n{line}\n--></TEXT>\n</DOC>\n"));
    for doc in docs {
        assert_eq!(plain([&doc, "q\ty\n", "q 0 a 1\n"]).unwrap().parts.docs.len(), 1);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        corpus in "(<DOC>|</DOC>|<DOCNO>a</DOCNO>|<TEXT>|</TEXT>|<!--|-->|<|>|&#|9;|\\.I 1|\\.W|\n|\t|a| |ü){0,25}",
        topics in "(<top>|</top>|<num>1|<title>|\\.I 1|\\.W|\n|\t|a| ){0,12}",
        qrels in "(q|a|1|0|\t|\n| |-1){0,20}",
    ) {
        let _ = plain([&corpus, &topics, &qrels]);
    }
}
