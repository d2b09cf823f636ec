//! Princeton WordNet: sets of synonyms, each a document, under the sets that they are a kind of.
//!
//! The format is that of the manual page wndb(5): one line for each set, fields parted by blanks,
//! `offset file type count (word id)... count (pointer offset part-of-speech words)... | gloss`. It is the same in all
//! versions, and for all parts of speech but for the sentence frames that end a verb.

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Queries, Undefined};
use crate::source::Source;

/// What kind of words to read; each is a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOfSpeech {
    /// `data.noun`: hypernyms, of kinds and of instances, are parents.
    Noun,
    /// `data.verb`: hypernyms are parents.
    Verb,
    /// `data.adj`: an adjective that is the head of a cluster is the parent of the satellites that are similar to it.
    Adjective,
    /// `data.adv`, which says of no adverb what lies above it.
    Adverb,
}

/// What to take out of a WordNet.
#[derive(Clone, Debug)]
pub struct WordnetOptions {
    /// Which words, in the order in which they become documents; at least one kind.
    pub parts_of_speech: Vec<PartOfSpeech>,
    /// What is asked.
    pub queries: Queries,
}

impl PartOfSpeech {
    /// All of them, in the order of their files.
    pub const ALL: [PartOfSpeech; 4] =
        [PartOfSpeech::Noun, PartOfSpeech::Verb, PartOfSpeech::Adjective, PartOfSpeech::Adverb];

    fn file(self) -> &'static str {
        match self {
            PartOfSpeech::Noun => "data.noun",
            PartOfSpeech::Verb => "data.verb",
            PartOfSpeech::Adjective => "data.adj",
            PartOfSpeech::Adverb => "data.adv",
        }
    }

    /// The letters of the types that its sets may have, the first of them that of parents; and what messages call them.
    fn types(self) -> (&'static [&'static str], &'static str) {
        match self {
            PartOfSpeech::Noun => (&["n"], "the type `n` of a noun"),
            PartOfSpeech::Verb => (&["v"], "the type `v` of a verb"),
            PartOfSpeech::Adjective => (&["a", "s"], "the type `a` or `s` of an adjective"),
            PartOfSpeech::Adverb => (&["r"], "the type `r` of an adverb"),
        }
    }

    /// A word without what is said of its place in a sentence: `(p)` after an adjective that follows its noun.
    fn word(self, word: &str) -> &str {
        let marks: &[&str] = if self == PartOfSpeech::Adjective { &["(a)", "(p)", "(ip)"] } else { &[] };
        marks.iter().find_map(|mark| word.strip_suffix(mark)).unwrap_or(word)
    }

    /// Whether a pointer of this kind, from a set of this type, leads to a parent.
    fn is_up(self, pointer: &str, kind: &str) -> bool {
        match self {
            PartOfSpeech::Adjective => kind == "s" && pointer == "&",
            _ => matches!(pointer, "@" | "@i"),
        }
    }
}

/// Reads a WordNet's data files: the folder with `data.noun` and the like in it.
///
/// A document is a set of synonyms, in the order of the file: its id is the offset with the type, `00001740-n`, its title
/// the first word, its synonyms are the others, its text is the gloss. What its parents are depends on the
/// [`PartOfSpeech`].
///
/// # Errors
/// When there is no such file, and at the first line that does not follow the format.
pub fn wordnet(source: &Source<'_>, options: &WordnetOptions) -> Result<Imported, DataError> {
    const REMEDY: &str = "name the folder with the data files of WordNet, which is /usr/share/wordnet where `apt-get \
                          install wordnet-base` has put them";
    let mut draft = Draft::new(source.path());
    for &part in &options.parts_of_speech {
        let text = source.needed_file(part.file(), REMEDY)?;
        draft.next_file(text.name())?;
        text.each_line(|line, number| {
            if line.starts_with("  ") {
                return Ok(()); // The licence stands above the data, indented.
            }
            let (doc, above) = synset(line, part)?;
            for parent in above {
                draft.edge(&doc.id, &parent, number)?;
            }
            draft.doc(doc, number)?;
            Ok(())
        })?;
    }
    draft.ask(options.queries)?;
    draft.finish(Undefined::Refuse)
}

/// The document of a line, and the ids of those above it.
fn synset(line: &str, part: PartOfSpeech) -> Result<(Document, Vec<String>), Fault> {
    let gloss_missing = || Fault::Field { expected: "a gloss after ` | `", found: excerpt(line) };
    let (data, gloss) = line.split_once(" | ").ok_or_else(gloss_missing)?;
    let mut fields = Fields(data.split(' '));
    let offset = fields.next("an offset")?;
    fields.next("a file number")?;
    let (types, expected) = part.types();
    let kind = fields.next_that(expected, |kind| types.contains(&kind).then_some(kind))?;
    let id = id(offset, kind)?;
    let n_words =
        fields.next_that("a count of words in hexadecimal, not 0,", |n| {
            match u32::from_str_radix(n, 16) {
                Ok(0) | Err(_) => None,
                Ok(n_words) => Some(n_words),
            }
        })?;
    let mut words = Vec::new();
    for _ in 0..n_words {
        words.push(part.word(fields.next("a word")?).replace('_', " "));
        fields.next("the number of a word")?;
    }
    let n_pointers = fields.next_that("a count of pointers in decimal", |n| n.parse::<u32>().ok())?;
    let mut above = Vec::new();
    for _ in 0..n_pointers {
        let pointer = fields.next("a pointer")?;
        let offset = fields.next("the offset of a pointer")?;
        let part_of_speech = fields.next("the part of speech of a pointer")?;
        fields.next("the words of a pointer")?;
        if part.is_up(pointer, kind) && part_of_speech == types[0] {
            above.push(self::id(offset, types[0])?);
        }
    }
    if part == PartOfSpeech::Verb {
        let n_frames =
            fields.next_that("a count of sentence frames in decimal", |n| n.parse::<u32>().ok())?;
        for _ in 0..n_frames {
            for expected in ["the `+` of a frame", "the number of a frame", "the word of a frame"] {
                fields.next(expected)?;
            }
        }
    }
    if let Some(rest) = fields.0.next() {
        return Err(Fault::Field { expected: "` | ` after the last pointer", found: excerpt(rest) });
    }
    let synonyms = words.split_off(1);
    let title = words.swap_remove(0);
    Ok((Document { id, title, text: gloss.trim().to_owned(), synonyms }, above))
}

/// The id of the set of synonyms of a type at an offset.
fn id(offset: &str, kind: &str) -> Result<String, Fault> {
    if offset.len() == 8 && offset.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(format!("{offset}-{kind}"));
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

    /// Imports a dictionary of nouns of these lines.
    fn import(lines: &str) -> Result<Imported, String> {
        import_all(&[(PartOfSpeech::Noun, lines)])
    }

    /// Imports the files of these lines, each under a line of licence.
    fn import_all(files: &[(PartOfSpeech, &str)]) -> Result<Imported, String> {
        let folder = tempfile::tempdir().unwrap();
        for (part, lines) in files {
            let text = format!("  1 This software is being provided to you\n{lines}\n");
            std::fs::write(folder.path().join(part.file()), text).unwrap();
        }
        let parts_of_speech = files.iter().map(|(part, _)| *part).collect();
        wordnet(
            &Source::new(folder.path(), &|_| {}),
            &WordnetOptions { parts_of_speech, queries: Queries::Nodes },
        )
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
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

    const BREATHE: &str = "00000001 29 v 01 breathe 0 001 + 00001740 n 0000 02 + 02 00 + 08 00 | draw air";
    const SNORE: &str = "00000002 29 v 01 snore 0 001 @ 00000001 v 0000 00 | breathe noisily";
    const ABLE: &str = "00000001 00 a 01 able 0 002 & 00000002 a 0000 & 00000003 a 0000 | having the means";
    const CAPABLE: &str = "00000002 00 s 01 capable(p) 0 001 & 00000001 a 0000 | able too";

    #[test]
    fn verbs_have_hypernyms_satellites_have_a_head_and_adverbs_have_nothing_above() {
        let able = ABLE.replace("002 & 00000002 a 0000 & 00000003 a 0000", "001 & 00000002 a 0000");
        let files = [
            (PartOfSpeech::Verb, &*[BREATHE, SNORE].join("\n")),
            (PartOfSpeech::Adjective, &[&*able, CAPABLE].join("\n")),
            (PartOfSpeech::Adverb, "00000001 02 r 01 ably 0 001 \\ 00000001 a 0101 | in an able way"),
        ];
        let parts = import_all(&files).unwrap().parts;
        let ids: Vec<_> = parts.docs.iter().map(|doc| &*doc.id).collect();
        assert_eq!(ids, ["00000001-v", "00000002-v", "00000001-a", "00000002-s", "00000001-r"]);
        let edges: Vec<_> = parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect();
        assert_eq!(edges, [(1, 0), (3, 2)]);
        assert_eq!(parts.docs[3].title, "capable");
    }

    #[test]
    fn an_error_names_the_file_that_it_is_in() {
        let bad = [(PartOfSpeech::Verb, SNORE), (PartOfSpeech::Adverb, "")];
        let error = import_all(&bad).unwrap_err();
        assert!(
            error.starts_with("data.verb:2: the id of a document was expected, `00000001-v` is none"),
            "{error}"
        );
        let bad = SNORE.replace(" 00 |", " 01 + 02 |");
        let error = import_all(&[(PartOfSpeech::Verb, &bad)]).unwrap_err();
        assert_eq!(error, "data.verb:2: the word of a frame was expected, `end of line` was found");
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
        let options = WordnetOptions { parts_of_speech: vec![PartOfSpeech::Noun], queries: Queries::Nodes };
        let error = wordnet(&Source::new(folder.path(), &|_| {}), &options).unwrap_err().to_string();
        assert!(error.ends_with("where `apt-get install wordnet-base` has put them"), "{error}");
    }

    #[test]
    fn a_dictionary_of_licence_only_is_refused() {
        assert_eq!(import("").unwrap_err(), "data.noun holds no document; at least one was expected");
    }
}
