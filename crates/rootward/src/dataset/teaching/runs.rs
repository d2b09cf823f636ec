//! Runs of words that are drawn from a document to stand for what somebody would ask.
//!
//! What is next to each other in a text is about the same thing, so a piece of a document is a query whose answer is
//! known: a run of its sentences  [Lee et al., ACL 2019, inverse cloze], or any of its words in a row  [Izacard et al.,
//! TMLR 2022]. A word is what stands between blanks. Runs of a document differ from each other.

use std::ops::Range;

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::recipe::Runs;

/// Draws from which no new run comes after which there are taken to be no more.
const PATIENCE: usize = 16;

/// Runs of whole sentences of a text; where a sentence is too long, or the next one would be, it is cut between words.
pub(super) fn spans(title: &str, text: &str, runs: Runs, rng: &mut Pcg64) -> Vec<String> {
    let (mut words, mut ends) = sentences(text);
    let before = title.split_whitespace().count();
    let read = runs.within.map_or(words.len(), |within| words.len().min(within.saturating_sub(before)));
    if read < words.len() {
        words.truncate(read);
        ends.retain(|end| *end < read);
        ends.extend((read > 0).then_some(read));
    }
    let starts = [0].into_iter().chain(ends.iter().copied());
    // What begins with the last few words would be too short.
    let sentences: Vec<Range<usize>> = starts
        .zip(&ends)
        .map(|(start, end)| start..*end)
        .filter(|sentence| sentence.start + runs.least <= words.len())
        .collect();
    if sentences.is_empty() {
        return Vec::new();
    }
    distinct(&words, runs.each, || {
        let first = &sentences[rng.random_range(0..sentences.len())];
        let length = rng.random_range(runs.least..=runs.most);
        if first.len() > runs.most {
            let start = first.start + rng.random_range(0..=first.len() - length);
            return start..start + length;
        }
        // Sentences up to the length that was drawn; else up to the first end that is far enough and not too far.
        let enough = |end: &usize| (runs.least..=runs.most).contains(&end.saturating_sub(first.start));
        let mut whole = ends.iter().copied().filter(enough).peekable();
        let nearest = whole.peek().copied();
        let end = whole.take_while(|end| *end <= first.start + length).last().or(nearest);
        first.start..end.unwrap_or_else(|| words.len().min(first.start + length))
    })
}

/// Runs of words from anywhere in a title and a text.
pub(super) fn crops(title: &str, text: &str, runs: Runs, rng: &mut Pcg64) -> Vec<String> {
    let words = title.split_whitespace().chain(text.split_whitespace());
    let words: Vec<&str> = words.take(runs.within.unwrap_or(usize::MAX)).collect();
    if words.len() < runs.least {
        return Vec::new();
    }
    distinct(&words, runs.each, || {
        let length = rng.random_range(runs.least..=runs.most.min(words.len()));
        let start = rng.random_range(0..=words.len() - length);
        start..start + length
    })
}

/// The words of a text, and for each of its sentences the place after its last word.
///
/// A sentence ends with a word that ends in a full stop, a question mark or an exclamation mark, be they in brackets or
/// quotes or not, and before an empty line.
fn sentences(text: &str) -> (Vec<&str>, Vec<usize>) {
    let (mut words, mut ends) = (Vec::new(), Vec::new());
    for line in text.split('\n') {
        if line.trim().is_empty() && ends.last() != Some(&words.len()) && !words.is_empty() {
            ends.push(words.len());
        }
        for word in line.split_whitespace() {
            words.push(word);
            let bare = word.trim_end_matches([')', ']', '"', '\'', '”', '’', '»', '」']);
            if bare.ends_with(['.', '!', '?', '…', '。', '！', '？']) {
                ends.push(words.len());
            }
        }
    }
    if ends.last() != Some(&words.len()) && !words.is_empty() {
        ends.push(words.len());
    }
    (words, ends)
}

/// The words of some ranges as texts, no two of them the same; fewer than were asked for where `draw` brings no more.
fn distinct(words: &[&str], each: usize, mut draw: impl FnMut() -> Range<usize>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut in_vain = 0;
    while found.len() < each && in_vain < PATIENCE {
        let run = words[draw()].join(" ");
        if found.contains(&run) {
            in_vain += 1;
        } else {
            in_vain = 0;
            found.push(run);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::{Purpose, stream};

    fn rng(doc: usize) -> Pcg64 {
        stream(7, Purpose::Spans { doc })
    }

    fn spans_of(text: &str, each: usize, least: usize, most: usize) -> Vec<String> {
        let mut found = spans("", text, Runs { each, least, most, within: None }, &mut rng(0));
        found.sort();
        found
    }

    #[test]
    fn sentences_end_at_stops_in_quotes_too_and_at_empty_lines() {
        let (words, ends) = sentences("It is (so.) \"Is it?\" Yes\nit is\n\n \na 1.5 m rope");
        assert_eq!((words.len(), ends), (12, vec![3, 5, 8, 12]));
        assert_eq!(sentences(" \n\n"), (vec![], vec![]));
    }

    #[test]
    fn spans_are_whole_sentences_where_these_fit() {
        let text = "One two three. Four five six. Seven eight nine.";
        let all = ["Four five six.", "One two three.", "Seven eight nine."];
        assert_eq!(spans_of(text, 9, 2, 4), all);
        let two = ["Four five six. Seven eight nine.", "One two three. Four five six."];
        assert_eq!(spans_of(text, 9, 5, 7), two);
    }

    #[test]
    fn sentences_that_are_too_long_or_too_short_are_cut_between_words() {
        assert_eq!(spans_of("a b c d e", 9, 3, 3), ["a b c", "b c d", "c d e"]);
        assert_eq!(
            spans_of("One. Two three four five. Six.", 9, 3, 3),
            ["One. Two three", "Two three four", "three four five."]
        );
    }

    #[test]
    fn a_text_of_fewer_words_than_asked_for_gives_none() {
        assert!(spans_of("One two three.", 2, 4, 9).is_empty() && spans_of("", 2, 1, 9).is_empty());
        let runs = Runs { each: 2, least: 4, most: 9, within: None };
        assert!(crops("one", "two three", runs, &mut rng(0)).is_empty());
        assert_eq!(crops("one two", "three four", runs, &mut rng(0)), ["one two three four"]);
    }

    #[test]
    fn runs_are_drawn_from_as_many_words_of_the_title_and_the_text_as_are_asked_for() {
        let of = |within, least, most| {
            let runs = Runs { each: 9, least, most, within: Some(within) };
            let mut spans = spans("The title", "One two three. Four five six. Seven.", runs, &mut rng(0));
            let mut crops = crops("The title", "One two three. Four five six. Seven.", runs, &mut rng(0));
            spans.sort();
            crops.sort();
            (spans, crops)
        };
        let (spans, crops) = of(7, 2, 3);
        assert_eq!(spans, ["Four five", "One two three."], "the second sentence is cut");
        assert!(
            crops.contains(&String::from("The title One")) && crops.iter().all(|crop| !crop.contains("six"))
        );
        assert_eq!(of(2, 1, 3), (vec![], ["The", "The title", "title"].map(String::from).to_vec()));
        assert_eq!(of(1, 2, 3), (vec![], vec![]));
    }

    proptest! {
        #[test]
        fn runs_are_pieces_of_the_text_as_long_as_asked_for_and_no_two_are_the_same(
            text in "([a-c]{1,3}[.]?[ \n]{1,2}){0,40}",
            each in 1usize..6,
            least in 1usize..8,
            more in 0usize..8,
            doc in 0usize..100,
        ) {
            let runs = Runs { each, least, most: least + more, within: None };
            let whole: Vec<&str> = text.split_whitespace().collect();
            let joined = whole.join(" ");
            for found in [spans("", &text, runs, &mut rng(doc)), crops("", &text, runs, &mut rng(doc))] {
                prop_assert!(found.len() <= each);
                prop_assert_eq!(found.is_empty(), whole.len() < least);
                for (at, run) in found.iter().enumerate() {
                    prop_assert!((least..=least + more).contains(&run.split(' ').count()), "{}", run);
                    prop_assert!(joined.contains(run.as_str()) && !found[..at].contains(run), "{}", run);
                }
            }
        }
    }
}
