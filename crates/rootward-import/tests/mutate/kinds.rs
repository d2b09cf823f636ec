//! Small files in every format that is imported, and who imports them.

use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rootward::dataset::{DataError, Split};
use rootward_import::{
    Above, Delimiter, EdgesOptions, EsciOptions, EsciVersion, FolderUse, Grades, Header, Ids, Imported,
    OboOptions, PairsOptions, PartOfSpeech, PathsOptions, Products, Queries, SkosOptions, Source,
    TableOptions, TextFilesOptions, TextUnit, TrecFiles, TrecOptions, WordnetOptions, XmlOptions,
};

/// An importer, and files that it reads.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Name and content of each; one of them is damaged at a time.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    /// Given the folder of the files.
    pub(crate) import: fn(&Path) -> Result<Imported, DataError>,
}

const TABLE: TableOptions = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };

fn source(path: &Path) -> Source<'static> {
    Source::new(path, &|_| {})
}

fn text(name: &'static str, content: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![(name, content.as_bytes().to_vec())]
}

/// Every kind.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "obo",
            files: text("f", OBO),
            import: |folder| {
                let options = OboOptions { relations: vec!["part_of".to_owned()], queries: Queries::Names };
                rootward_import::obo(&source(&folder.join("f")), &options)
            },
        },
        Kind {
            name: "skos-turtle",
            files: text("f.ttl", TURTLE),
            import: |folder| skos(&folder.join("f.ttl")),
        },
        Kind {
            name: "skos-ntriples",
            files: text("f.nt", TRIPLES),
            import: |folder| skos(&folder.join("f.nt")),
        },
        Kind {
            name: "skos-rdfxml",
            files: text("f.rdf", RDFXML),
            import: |folder| skos(&folder.join("f.rdf")),
        },
        Kind {
            name: "mesh-xml",
            files: text("f.xml", MESH),
            import: |folder| rootward_import::mesh(&source(&folder.join("f.xml")), Queries::Names),
        },
        Kind {
            name: "mesh-list",
            files: text("f.bin", TREE_NUMBERS),
            import: |folder| rootward_import::mesh(&source(&folder.join("f.bin")), Queries::Nodes),
        },
        Kind {
            name: "xml",
            files: text("f.xml", NESTED),
            import: |folder| {
                let place = |name: &str| vec![name.parse().expect("it names a place")];
                let options = XmlOptions {
                    nodes: vec!["chapter".to_owned(), "diag".to_owned()],
                    ids: [place("@id"), place("name")].concat(),
                    titles: place("desc"),
                    texts: place("note"),
                    synonyms: place("term"),
                    queries: Queries::Nodes,
                };
                rootward_import::xml(&source(&folder.join("f.xml")), &options)
            },
        },
        Kind {
            name: "wordnet",
            files: vec![
                ("data.noun", NOUNS.as_bytes().to_vec()),
                ("data.adj", ADJECTIVES.as_bytes().to_vec()),
            ],
            import: |folder| {
                let parts_of_speech = vec![PartOfSpeech::Noun, PartOfSpeech::Adjective];
                rootward_import::wordnet(
                    &source(folder),
                    &WordnetOptions { parts_of_speech, queries: Queries::Nodes },
                )
            },
        },
        Kind {
            name: "edges",
            files: vec![
                ("f.csv", EDGES.as_bytes().to_vec()),
                ("nodes.tsv", b"id\ttitle\ttext\na\tA\tfirst\nb\tB\t\n".to_vec()),
            ],
            import: |folder| edges(&folder.join("f.csv"), Some(folder.join("nodes.tsv"))),
        },
        Kind {
            name: "edges-gzip",
            files: vec![("f.gz", packed(EDGES))],
            import: |folder| edges(&folder.join("f.gz"), None),
        },
        Kind {
            name: "edges-zip",
            files: vec![("f.zip", zipped(EDGES))],
            import: |folder| edges(&folder.join("f.zip"), None),
        },
        Kind {
            name: "edges-zstd",
            files: vec![("f.zst", zstd::encode_all(EDGES.as_bytes(), 3).expect("it packs"))],
            import: |folder| edges(&folder.join("f.zst"), None),
        },
        Kind {
            name: "edges-parquet",
            files: vec![(
                "f.parquet",
                parquet(&["child", "parent"], &[&["a", "b"], &["b", "c"], &["d", "c"], &["a", "c"]]),
            )],
            import: |folder| edges(&folder.join("f.parquet"), None),
        },
        Kind {
            name: "paths",
            files: text("f.txt", PATHS),
            import: |folder| paths(&folder.join("f.txt"), &[]),
        },
        Kind {
            name: "paths-nested-set",
            files: text("f.txt", NESTED_SET),
            import: |folder| paths(&folder.join("f.txt"), &[]),
        },
        Kind {
            name: "paths-levels",
            files: text("f.csv", LEVELS),
            import: |folder| paths(&folder.join("f.csv"), &["lvl0", "lvl1", "lvl2"]),
        },
        Kind {
            name: "ncbi",
            files: vec![("nodes.dmp", NODES.as_bytes().to_vec()), ("names.dmp", NAMES.as_bytes().to_vec())],
            import: |folder| rootward_import::ncbi(&source(folder)),
        },
        Kind {
            name: "trec-sgml",
            files: vec![
                ("docs", DOCS.as_bytes().to_vec()),
                ("topics", TOPICS.as_bytes().to_vec()),
                ("qrels", b"301 0 d1 1\n301 0 d2 -1\n302 0 d2 2\n".to_vec()),
            ],
            import: trec,
        },
        Kind {
            name: "trec-smart",
            files: vec![
                ("docs", SMART.as_bytes().to_vec()),
                ("topics", b".I 1\n.W\nwhat is lift\n.I 2\n.W\nwhat is drag\n".to_vec()),
                ("qrels", b"1 1 2\n1 2 -1\n2 2 4\n".to_vec()),
            ],
            import: trec,
        },
        Kind {
            name: "pairs",
            files: text("f.tsv", PAIRS),
            import: |folder| {
                let options = PairsOptions {
                    table: TABLE,
                    query: None,
                    query_id: None,
                    document: None,
                    document_id: None,
                    grade: None,
                    split: None,
                    grades: Grades::as_written(),
                };
                rootward_import::pairs(&source(&folder.join("f.tsv")), &options)
            },
        },
        Kind {
            name: "esci",
            files: vec![
                (
                    "shopping_queries_dataset_examples.parquet",
                    parquet(
                        &[
                            "query",
                            "query_id",
                            "product_id",
                            "product_locale",
                            "esci_label",
                            "small_version",
                            "large_version",
                            "split",
                        ],
                        &[
                            &["shoe", "1", "p1", "us", "E", "1", "1", "train"],
                            &["shoe", "1", "p2", "us", "S", "1", "1", "train"],
                            &["hat", "2", "p2", "us", "I", "1", "1", "test"],
                        ],
                    ),
                ),
                (
                    "shopping_queries_dataset_products.parquet",
                    parquet(
                        &[
                            "product_id",
                            "product_title",
                            "product_description",
                            "product_bullet_point",
                            "product_brand",
                            "product_color",
                            "product_locale",
                        ],
                        &[
                            &["p1", "a shoe", "good", "soft", "b", "red", "us"],
                            &["p2", "a hat", "", "", "", "", "us"],
                        ],
                    ),
                ),
            ],
            import: |folder| {
                let options = EsciOptions {
                    locale: "us".to_owned(),
                    version: EsciVersion::Small,
                    products: Products::Judged,
                };
                rootward_import::esci(&source(folder), &options)
            },
        },
        Kind {
            name: "texts",
            files: vec![("a.md", MARKDOWN.as_bytes().to_vec()), ("b.txt", b"Boots\n\nTall.\n".to_vec())],
            import: |folder| {
                let (unit, above) = (TextUnit::Passages { words: 3 }, FolderUse::Hierarchy);
                rootward_import::text_files(&source(folder), TextFilesOptions { unit, above })
            },
        },
        Kind {
            name: "beir",
            files: vec![
                (
                    "corpus.jsonl",
                    b"{\"_id\": \"1\", \"title\": \"a\", \"text\": \"b\", \"metadata\": {}}\n{\"_id\": 2}\n"
                        .to_vec(),
                ),
                ("queries.jsonl", b"{\"_id\": \"q\", \"text\": \"what?\"}\n".to_vec()),
                ("test.tsv", b"query-id\tcorpus-id\tscore\nq\t1\t1\nq\t2\t0\n".to_vec()),
            ],
            import: |folder| {
                let qrels = folder.join("qrels");
                std::fs::create_dir(&qrels).expect("the folder is new");
                std::fs::rename(folder.join("test.tsv"), qrels.join("test.tsv")).expect("it is there");
                rootward_import::beir(&source(folder))
            },
        },
    ]
}

fn skos(path: &Path) -> Result<Imported, DataError> {
    let (language, queries) = ("en".to_owned(), Queries::Nodes);
    rootward_import::skos(
        &source(path),
        &SkosOptions { above: Above::Broader, language, ids: Ids::Short, queries },
    )
}

fn edges(path: &Path, nodes: Option<std::path::PathBuf>) -> Result<Imported, DataError> {
    let options = EdgesOptions {
        table: TABLE,
        child: None,
        parent: None,
        direction: None,
        weight: None,
        min_weight: None,
        nodes,
        title: None,
        text: None,
    };
    rootward_import::edges(&source(path), &options)
}

fn paths(path: &Path, levels: &[&str]) -> Result<Imported, DataError> {
    let levels = levels.iter().map(|&level| level.to_owned()).collect();
    rootward_import::paths(
        &source(path),
        &PathsOptions { separator: None, table: TABLE, levels, path: None, id: None },
    )
}

fn trec(folder: &Path) -> Result<Imported, DataError> {
    let files = TrecFiles {
        corpus: folder.join("docs"),
        topics: folder.join("topics"),
        qrels: vec![(Split::Test, folder.join("qrels"))],
    };
    rootward_import::trec(&files, &TrecOptions { topic_ids: None, grades: Grades::as_written() }, &|_| {})
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zipped(text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("f.csv", zip::write::SimpleFileOptions::default()).expect("memory takes it");
    std::io::Write::write_all(&mut writer, text.as_bytes()).expect("memory takes it");
    writer.finish().expect("memory takes it").into_inner()
}

/// A parquet file of text columns.
fn parquet(names: &[&str], rows: &[&[&str]]) -> Vec<u8> {
    let fields: String = names.iter().map(|name| format!("required binary {name} (utf8); ")).collect();
    let schema =
        Arc::new(parse_message_type(&format!("message schema {{ {fields} }}")).expect("it is a schema"));
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::builder().build()))
            .expect("memory takes it");
    let mut group = writer.next_row_group().expect("memory takes it");
    for column in 0..names.len() {
        let mut out = group.next_column().expect("memory takes it").expect("there is a column for each name");
        if let ColumnWriter::ByteArrayColumnWriter(column_out) = out.untyped() {
            let values: Vec<ByteArray> = rows.iter().map(|row| row[column].into()).collect();
            column_out.write_batch(&values, None, None).expect("memory takes it");
        }
        out.close().expect("memory takes it");
    }
    group.close().expect("memory takes it");
    writer.into_inner().expect("memory takes it")
}

const MARKDOWN: &str = "---\nauthor: x\n---\n# Sandals\n\nOpen shoes for the summer.\n\nThey have straps, and few of them have heels.\n";
const OBO: &str = "format-version: 1.2
ontology: small

[Term]
id: X:1
name: thing
def: \"A \\\"thing\\\", any.\" [source:1, \"b\"]
synonym: \"object\" EXACT []
synonym: \"entity\" RELATED LAYPERSON [a:1] {x=\"y\"}

[Term]
id: X:2 ! dog
name: dog {a=\"b\"}
is_a: X:1 {source=\"z\"} ! thing
relationship: part_of X:3 ! pack
alt_id: X:9

[Term]
id: X:3
name: pack
is_a: X:1
comment: x \\! not a comment

[Term]
id: X:4
is_obsolete: true

[Typedef]
id: part_of
name: part of
";
const TURTLE: &str = "@prefix s: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <http://e/t#> .
:dog a s:Concept ; s:prefLabel \"Hund\"@de, \"dog\"@en ; s:altLabel \"hound\"@en ; s:broader :animal ; s:definition \"\"\"barks\"\"\"@en .
:animal s:narrower :dog, :cat ; s:prefLabel \"animal\" .
:cat s:prefLabel \"cat\"@en ; s:broader [ s:prefLabel \"x\" ] .
";
const TRIPLES: &str = "<http://e/a> <http://www.w3.org/2004/02/skos/core#broader> <http://e/b> .
<http://e/a> <http://www.w3.org/2004/02/skos/core#prefLabel> \"a\\u00e9\"@en .
<http://e/b> <http://www.w3.org/2004/02/skos/core#prefLabel> \"b\" .
_:x <http://www.w3.org/2004/02/skos/core#prefLabel> \"blank\" .
";
const RDFXML: &str = "<?xml version=\"1.0\"?>
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:s=\"http://www.w3.org/2004/02/skos/core#\">
  <s:Concept rdf:about=\"http://e/a\"><s:prefLabel xml:lang=\"en\">a &amp; b</s:prefLabel><s:broader rdf:resource=\"http://e/b\"/></s:Concept>
  <s:Concept rdf:about=\"http://e/b\"><s:prefLabel>b</s:prefLabel><s:narrower><s:Concept rdf:about=\"http://e/c\"><s:prefLabel>c</s:prefLabel></s:Concept></s:narrower></s:Concept>
</rdf:RDF>
";
const MESH: &str = "<?xml version=\"1.0\"?>
<!DOCTYPE DescriptorRecordSet SYSTEM \"desc2017.dtd\">
<DescriptorRecordSet LanguageCode=\"eng\">
<DescriptorRecord><DescriptorUI>D1</DescriptorUI><DescriptorName><String>Body Regions</String></DescriptorName>
<TreeNumberList><TreeNumber>A01</TreeNumber></TreeNumberList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D2</DescriptorUI><DescriptorName><String>Abdomen</String></DescriptorName>
<TreeNumberList><TreeNumber>A01.047</TreeNumber><TreeNumber>C02</TreeNumber></TreeNumberList>
<ConceptList><Concept PreferredConceptYN=\"Y\"><ScopeNote>That portion &lt;of&gt; the body.</ScopeNote>
<TermList><Term><String>Abdomens</String></Term></TermList></Concept></ConceptList></DescriptorRecord>
</DescriptorRecordSet>
";
const TREE_NUMBERS: &str = "Body Regions;A01\nAbdomen;A01.047\nAbdominal Cavity;A01.047.025\nAbdomen;C02\n";
const NESTED: &str =
    "<all><chapter id=\"1\"><desc>one &#65;</desc><diag><name>A0</name><desc>zero</desc><note>n</note>
<diag><name>A0.1</name><desc><![CDATA[deep]]></desc><term>t</term></diag></diag></chapter><!-- end --></all>
";
const NOUNS: &str = "  1 This software is being provided to you
00001740 03 n 01 entity 0 001 ~ 00001930 n 0000 | that which is
00001930 03 n 02 physical_thing 0 thing 0 002 @ 00001740 n 0000 + 00000009 v 0101 | an entity
";
const ADJECTIVES: &str = "00002098 00 a 01 unable 0 001 & 00002312 a 0000 | not able
00002312 00 s 02 dorsal(p) 0 back 1 001 & 00002098 a 0000 | at the back
";
const EDGES: &str =
    "child,parent,weight\na,b,0.5\nb,\"c, the top\",1\na,\"c, the top\",0.1\na,b,0.5\nd,d,1\n";
const PATHS: &str = "# Google_Product_Taxonomy_Version: 2021-09-21
1 - Animals & Pet Supplies
3237 - Animals & Pet Supplies > Live Animals
2 - Animals & Pet Supplies > Pet Supplies
3 - Animals & Pet Supplies > Pet Supplies > Bird Supplies
";
const NESTED_SET: &str = "# a comment

   1 | [   1-  4] | Animals
   2 | [   2-  3] |   Pets
   3 | [   3-  3] |     Birds
   4 | [   5-  5] | Hats
";
const LEVELS: &str = "lvl0,lvl1,lvl2\nA,A > B,A > B > C\nA,A > D,\nE,,\n";
const NODES: &str =
    "1\t|\t1\t|\tno rank\t|\t\t|\n2\t|\t1\t|\tsuperkingdom\t|\t\t|\n9\t|\t2\t|\tspecies\t|\tBA\t|\n";
const NAMES: &str = "1\t|\troot\t|\t\t|\tscientific name\t|\n2\t|\tBacteria\t|\tBacteria <bacteria>\t|\tscientific name\t|\n2\t|\teubacteria\t|\t\t|\tgenbank common name\t|\n9\t|\tBuchnera\t|\t\t|\tscientific name\t|\n";
const DOCS: &str = "<DOC>\n<DOCNO> d1 </DOCNO>\n<HEADLINE>one</HEADLINE>\n<TEXT>\nfirst &amp; last\n</TEXT>\n</DOC>\n<DOC>\n<DOCNO>d2</DOCNO>\n<TEXT>two</TEXT>\n</DOC>\n";
const TOPICS: &str = "<top>\n<num> Number: 301\n<title> organised crime\n<desc> Description:\nwhat is it\n</top>\n<top>\n<num> Number: 302\n<title> polio\n</top>\n";
const SMART: &str = ".I 1\n.T\nlift of wings\n.A\nsomebody\n.B\nsomewhere\n.W\nlift of wings in air .\n.I 2\n.T\ndrag\n.W\ndrag in air\n";
const PAIRS: &str = "query\tdocument\tgrade\nshoe\ta shoe\t2\nshoe\ta hat\t0\nhat\ta hat\t1\n";
