//! Concepts, classes, languages and ids.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::*;

const PREFIXES: &str = "@prefix s: <http://www.w3.org/2004/02/skos/core#> .\n\
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\
    @prefix owl: <http://www.w3.org/2002/07/owl#> .\n\
    @prefix : <http://e/t#> .\n";

const CONCEPTS: &str = ":scheme a s:ConceptScheme ; s:prefLabel \"all\"@en .
:dog a s:Concept ; s:prefLabel \"Hund\"@de, \"dog\"@en ; s:altLabel \"hound\"@en, \"dog\", \"K\u{f6}ter\"@de ;
  s:hiddenLabel \"dgo\"@en ; s:broader :animal ; s:scopeNote \"note\"@en ; s:definition \"barks\"@en ; s:related :cat .
:animal s:narrower :dog, :cat ; s:prefLabel \"animal\" .
:cat s:prefLabel \"Katze\"@de ; s:broader :animal, :gone, [ s:prefLabel \"no name\" ] .
:old a s:Concept ; owl:deprecated true .
:nameless a s:Concept .
";

fn options() -> SkosOptions {
    SkosOptions { above: Above::Broader, language: "en".to_owned(), ids: Ids::Short, queries: Queries::Nodes }
}

fn import(turtle: &[u8], options: &SkosOptions) -> Result<Imported, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f.ttl");
    std::fs::write(&file, [PREFIXES.as_bytes(), turtle].concat()).unwrap();
    skos(&Source::new(&file, &|_| {}), options)
        .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f.ttl"))
}

fn ids(imported: &Imported) -> Vec<&str> {
    imported.parts.docs.iter().map(|doc| &*doc.id).collect()
}

fn edges(imported: &Imported) -> Vec<(u32, u32)> {
    imported.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect()
}

#[test]
fn concepts_lie_under_broader_ones_whichever_way_that_is_said() {
    let imported = import(CONCEPTS.as_bytes(), &options()).unwrap();
    assert_eq!(ids(&imported), ["dog", "animal", "cat", "nameless"]);
    assert_eq!((edges(&imported), &*imported.parts.docs[3].title), (vec![(0, 1), (2, 1)], "nameless"));
    let notes: Vec<_> = imported.notes.iter().map(|note| (note.count, note.what)).collect();
    assert_eq!(
        notes,
        [
            (1, "concepts without a label in the language asked for, labelled in another"),
            (1, "deprecated concepts left out"),
            (1, "concepts without a label, called by the last part of their names"),
            (1, "edges to nodes that are not in the file left out"),
        ]
    );
}

#[test]
fn labels_definitions_and_synonyms_are_those_of_the_language() {
    let told = |language: &str| {
        let options = SkosOptions { language: language.to_owned(), ..options() };
        let dog = import(CONCEPTS.as_bytes(), &options).unwrap().parts.docs.swap_remove(0);
        (dog.title, dog.text, dog.synonyms.join("|"))
    };
    assert_eq!(told("en"), ("dog".to_owned(), "barks".to_owned(), "hound|dgo".to_owned()));
    assert_eq!(told("de"), ("Hund".to_owned(), "barks".to_owned(), "K\u{f6}ter".to_owned()));
}

#[test]
fn short_ids_that_two_share_stay_whole() {
    let file =
        "<http://a/x> s:prefLabel \"1\" . <http://b#x> s:prefLabel \"2\" . <http://b/y/> s:prefLabel \"3\" .";
    let short = import(file.as_bytes(), &options()).unwrap();
    assert_eq!(ids(&short), ["http://a/x", "http://b#x", "http://b/y/"]);
    assert_eq!(short.notes[0].count, 2);
    let whole = import(CONCEPTS.as_bytes(), &SkosOptions { ids: Ids::Whole, ..options() }).unwrap();
    assert_eq!(ids(&whole)[0], "http://e/t#dog");
}

#[test]
fn classes_lie_under_their_superclasses() {
    let file = "
        :dog a owl:Class ; rdfs:label \"dog\" ; rdfs:comment \"barks\" ; rdfs:subClassOf :animal, [ a owl:Restriction ] .
        :animal a owl:Class . :cat rdfs:subClassOf :animal . :eats a owl:ObjectProperty ; rdfs:label \"eats\" .";
    let imported = import(file.as_bytes(), &SkosOptions { above: Above::Superclass, ..options() }).unwrap();
    assert_eq!((ids(&imported), edges(&imported)), (vec!["dog", "animal", "cat"], vec![(0, 1), (2, 1)]));
    assert_eq!(&*imported.parts.docs[0].text, "barks");
}

#[test]
fn cycles_and_files_without_concepts_are_told() {
    let told = |file: &str| import(file.as_bytes(), &options()).unwrap_err();
    let cycle = ":a s:prefLabel \"a\" ; s:broader :b . :b s:prefLabel \"b\" ; s:broader :a .";
    assert_eq!(told(cycle), "f.ttl has a cycle: a → b → a; delete one of these edges");
    assert_eq!(told(":a :b :c ."), "f.ttl holds no document; at least one was expected");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), at in 0..CONCEPTS.len()) {
        let mut changed = CONCEPTS.as_bytes().to_vec();
        changed.splice(at.., bytes);
        let _ = import(&changed, &options());
    }
}
