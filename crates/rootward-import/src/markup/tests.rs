//! Elements, places, and files that are no XML.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::records::Record;
use super::*;
use crate::source::Source;

const FILE: &str = r#"<?xml version="1.0"?>
<!DOCTYPE all>
<all>
  <node key="1&amp;2"><name lang="en">one
      <i>two</i> </name><name>x</name>
    <!-- no --><text><![CDATA[a < b]]></text>
    <node key="3"><name/><in><note kind="a">n1</note><note kind="b">n2</note></in></node>
    <text>after</text>
  </node>
</all>
"#;

/// The records of a file as lines.
fn records(text: &[u8], places: &[&str]) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f.xml");
    std::fs::write(&file, text).unwrap();
    let places: Vec<Place> = places.iter().map(|place| place.parse().unwrap()).collect();
    let mut found = Vec::new();
    let read = Source::new(&file, &|_| {}).text(&[]).and_then(|text| {
        each_record(text, &["node"], &places, |record| {
            let Record { number, parent, line, values, .. } = record;
            let values: Vec<String> = values.iter().map(|values| values.join("|")).collect();
            let parent = parent.map_or("-".to_owned(), |parent| parent.to_string());
            found.push(format!("{number} in {parent}, line {line}: {}", values.join("; ")));
            Ok(())
        })
    });
    read.map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f.xml"))?;
    Ok(found)
}

#[test]
fn a_record_has_the_values_of_its_places_and_not_those_of_nodes_within_it() {
    let found =
        records(FILE.as_bytes(), &["@key", "name", "name/@lang", "text", "in/note[@kind=b]", "i"]).unwrap();
    assert_eq!(
        found,
        ["1 in 0, line 7: 3; ; ; ; n2; ", "0 in -, line 4: 1&2; one two|x; en; a < b|after; ; ",]
    );
}

#[test]
fn what_is_no_xml_is_told_by_line() {
    let cases: [(&[u8], &str); 8] = [
        (b"<a>\n<b>\n", "f.xml:3: well-formed XML was expected, but it ends within an element"),
        (b"<a>\n</b>", "f.xml:2: well-formed XML was expected, but the reader says: "),
        (b"<a>\n&nbsp;</a>", "f.xml:2: well-formed XML was expected, but the reader says: "),
        (b"<a>\n\n<node key=\"&x;\"/></a>", "f.xml:3: well-formed XML was expected, but the reader says: "),
        (b"<a>\n<node x></node></a>", "f.xml:2: well-formed XML was expected, but the reader says: "),
        (b"<a>\n\xff</a>", "f.xml:2: UTF-8 was expected, byte 0xff"),
        (b"<a>\n<\xff></a>", "f.xml:2: "),
        (b"<a", "f.xml:1: well-formed XML was expected"),
    ];
    for (text, message) in cases {
        let error = records(text, &["@key"]).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    let deep = records("<a>".repeat(10_001).as_bytes(), &[]).unwrap_err();
    assert!(deep.ends_with("but elements lie more than 10000 deep in one another"), "{deep}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), at in 0..FILE.len()) {
        let mut changed = FILE.as_bytes().to_vec();
        changed.splice(at.., bytes);
        let _ = records(&changed, &["@key", "name", "text"]);
    }
}
