//! The nouns of Princeton WordNet: sets of synonyms, each a document, under the sets that they are a kind of.
//!
//! The format is that of the manual page wndb(5): one line for each set, fields parted by blanks,
//! `offset file type count (word id)... count (pointer offset part-of-speech words)... | gloss`.

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::source::Source;

/// Reads the nouns of a WordNet's data files: the folder with `data.noun` in it.
///
/// A document is a set of synonyms, in the order of the file: its id is `00001740-n`, its title the first word, its
/// synonyms are the others, its text is the gloss. Edges lead to hypernyms, of kinds (`@`) and of instances (`@i`).
///
/// # Errors
/// When there is no such file, and at the first line that does not follow the format.
pub fn wordnet(source: &Source<'_>) -> Result<Imported, DataError> {
    const REMEDY: &str = "name the folder with the data files of WordNet, which is /usr/share/wordnet where `apt-get \
                          install wordnet-base` has put them";
    let text = source.needed_file("data.noun", REMEDY)?;
    let mut draft = Draft::new(text.name());
    text.each_line(|line, number| {
        if line.starts_with("  ") {
            return Ok(()); // The licence stands above the data, indented.
        }
        let (doc, hypernyms) = synset(line)?;
        for parent in hypernyms {
            draft.edge(&doc.id, &parent, number)?;
        }
        draft.doc(doc, number)?;
        Ok(())
    })?;
    draft.finish(Undefined::Refuse)
}

/// The document of a line, and the ids of its hypernyms.
fn synset(line: &str) -> Result<(Document, Vec<String>), Fault> {
    let gloss_missing = || Fault::Field { expected: "a gloss after ` | `", found: excerpt(line) };
    let (data, gloss) = line.split_once(" | ").ok_or_else(gloss_missing)?;
    let mut fields = Fields(data.split(' '));
    let id = noun_id(fields.next("an offset")?)?;
    fields.next("a file number")?;
    fields.next_that("the type `n` of a noun", |kind| (kind == "n").then_some(()))?;
    let n_words =
        fields.next_that("a count of words in hexadecimal, not 0,", |n| {
            match u32::from_str_radix(n, 16) {
                Ok(0) | Err(_) => None,
                Ok(n_words) => Some(n_words),
            }
        })?;
    let mut words = Vec::new();
    for _ in 0..n_words {
        words.push(fields.next("a word")?.replace('_', " "));
        fields.next("the number of a word")?;
    }
    let n_pointers = fields.next_that("a count of pointers in decimal", |n| n.parse::<u32>().ok())?;
    let mut hypernyms = Vec::new();
    for _ in 0..n_pointers {
        let kind = fields.next("a pointer")?;
        let offset = fields.next("the offset of a pointer")?;
        let part_of_speech = fields.next("the part of speech of a pointer")?;
        fields.next("the words of a pointer")?;
        if matches!(kind, "@" | "@i") && part_of_speech == "n" {
            hypernyms.push(noun_id(offset)?);
        }
    }
    if let Some(rest) = fields.0.next() {
        return Err(Fault::Field { expected: "` | ` after the last pointer", found: excerpt(rest) });
    }
    let synonyms = words.split_off(1);
    let title = words.swap_remove(0);
    Ok((Document { id, title, text: gloss.trim().to_owned(), synonyms }, hypernyms))
}

/// The id of the set of synonyms at an offset.
fn noun_id(offset: &str) -> Result<String, Fault> {
    if offset.len() == 8 && offset.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(format!("{offset}-n"));
    }
    Err(Fault::Field { expected: "an offset of eight digits", found: excerpt(offset) })
}

/// The fields of a line that are still to be read.
struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    fn next(&mut self, expected: &'static str) -> Result<&'a str, Fault> {
        self.next_that(expected, Some)
    }

    /// The next field, if it is what it should be.
    fn next_that<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, Fault> {
        let Some(field) = self.0.next() else {
            return Err(Fault::Field { expected, found: "end of line".to_owned() });
        };
        read(field).ok_or_else(|| Fault::Field { expected, found: excerpt(field) })
    }
}

#[cfg(test)]
mod tests {
    use rootward::ids::DocIdx;

    use super::*;

    /// Imports a dictionary of these lines, under a line of licence.
    fn import(lines: &str) -> Result<Imported, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data.noun");
        std::fs::write(&file, format!("  1 This software is being provided to you\n{lines}\n")).unwrap();
        wordnet(&Source::new(folder.path(), &|_| {}))
            .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "data.noun"))
    }

    const ENTITY: &str = "00001740 03 n 01 entity 0 001 ~ 00001930 n 0000 | that which is; \"it | is\"  ";
    const THING: &str =
        "00001930 03 n 02 physical_thing 0 thing 0 002 @ 00001740 n 0000 + 00000009 v 0101 | an entity  ";
    const EARTH: &str =
        "00001940 17 n 01 Earth 0 002 @i 00001930 n 0000 @ 00001740 n 0000 | the third planet  ";

    #[test]
    fn a_set_of_synonyms_is_a_document_and_its_hypernyms_are_parents() {
        let nouns = import(&[ENTITY, THING, EARTH].join("\n")).unwrap().parts;
        let thing = &nouns.docs[1];
        assert_eq!((&*thing.id, &*thing.title, &*thing.text), ("00001930-n", "physical thing", "an entity"));
        assert_eq!(
            (&thing.synonyms[..], &*nouns.docs[0].text),
            (&["thing".to_owned()][..], "that which is; \"it | is\"")
        );
        assert_eq!(nouns.graph.parents(DocIdx(2)), [DocIdx(0), DocIdx(1)]);
        assert_eq!(nouns.graph.n_edges(), 3);
        assert!(nouns.asked.is_none());
    }

    #[test]
    fn words_are_counted_in_hexadecimal() {
        let words: String = (0..16).map(|i| format!("w{i} 0 ")).collect();
        let nouns = import(&format!("00001740 03 n 10 {words}000 | all of them")).unwrap();
        assert_eq!(nouns.parts.docs[0].synonyms.len(), 15);
    }

    #[test]
    fn bad_lines_are_told_by_file_and_line() {
        let cases = [
            (
                "1740 03 n 01 a 0 000 | x",
                "data.noun:3: an offset of eight digits was expected, `1740` was found",
            ),
            (
                "00000007 03 v 01 a 0 000 | x",
                "data.noun:3: the type `n` of a noun was expected, `v` was found",
            ),
            (
                "00000007 03 n 0g a 0 000 | x",
                "data.noun:3: a count of words in hexadecimal, not 0, was expected, `0g` was found",
            ),
            (
                "00000007 03 n 01 a 0 0x1 | x",
                "data.noun:3: a count of pointers in decimal was expected, `0x1` was found",
            ),
            (
                "00000007 03 n 01 a 0 001 @ 00001740 n | x",
                "data.noun:3: the words of a pointer was expected, `end of line` was found",
            ),
            (
                "00000007 03 n 01 a 0 000 @ | x",
                "data.noun:3: ` | ` after the last pointer was expected, `@` was found",
            ),
            (
                "00000007 03 n 01 a 0 000",
                "data.noun:3: a gloss after ` | ` was expected, `00000007 03 n 01 a 0 000` was found",
            ),
            (
                "00000007 03 n 01 a 0 001 @ 00000008 n 0000 | x",
                "data.noun:3: the id of a document was expected, `00000008-n` is none; add it to the corpus, or delete this line",
            ),
            (
                "00001740 03 n 01 a 0 000 | x",
                "data.noun:3: a new id was expected, `00001740-n` is that of line 2 too",
            ),
        ];
        for (line, message) in cases {
            let entity = ENTITY.replace("001 ~ 00001930 n 0000", "000");
            assert_eq!(import(&format!("{entity}\n{line}")).unwrap_err(), message);
        }
    }

    #[test]
    fn a_folder_without_nouns_is_told_where_to_find_them() {
        let folder = tempfile::tempdir().unwrap();
        let error = wordnet(&Source::new(folder.path(), &|_| {})).unwrap_err().to_string();
        assert!(error.ends_with("where `apt-get install wordnet-base` has put them"), "{error}");
    }

    #[test]
    fn a_dictionary_of_licence_only_is_refused() {
        assert_eq!(import("").unwrap_err(), "data.noun holds no document; at least one was expected");
    }
}
