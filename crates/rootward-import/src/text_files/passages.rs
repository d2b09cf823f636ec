//! Long texts cut at the borders of their paragraphs.

/// The passages of a text, each of as many whole paragraphs as have at most so many words together; at least one.
///
/// Paragraphs are parted by empty lines. One of more than twice as many words is cut between words first.
pub(super) fn passages(text: &str, words: usize) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let (mut passage, mut n_words) = (String::new(), 0);
    for paragraph in paragraphs(text).iter().flat_map(|paragraph| pieces(paragraph, words)) {
        let own = paragraph.split_whitespace().count();
        if n_words > 0 && n_words + own > words {
            done.push(std::mem::take(&mut passage));
            n_words = 0;
        }
        if n_words > 0 {
            passage.push_str("\n\n");
        }
        passage.push_str(&paragraph);
        n_words += own;
    }
    if n_words > 0 || done.is_empty() {
        done.push(passage);
    }
    done
}

/// The runs of lines that are not empty.
fn paragraphs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let runs = lines.split(|line| line.trim().is_empty());
    runs.filter(|run| !run.is_empty()).map(|run| run.join("\n")).collect()
}

/// A paragraph as it is, or cut into pieces of so many words where it has more than twice as many.
fn pieces(paragraph: &str, words: usize) -> Vec<String> {
    let all: Vec<&str> = paragraph.split_whitespace().collect();
    if all.len() <= words.saturating_mul(2) {
        return vec![paragraph.to_owned()];
    }
    all.chunks(words.max(1)).map(|piece| piece.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stay_whole_and_fill_passages() {
        let text = "a b\nc\n\nd e\n\n \nf g h i j\n\nk";
        assert_eq!(passages(text, 5), ["a b\nc\n\nd e", "f g h i j", "k"]);
        assert_eq!(passages(text, 100), ["a b\nc\n\nd e\n\nf g h i j\n\nk"]);
        assert_eq!(passages("", 5), [""]);
    }

    #[test]
    fn a_paragraph_that_is_far_too_long_is_cut_between_words() {
        assert_eq!(passages("a b c d e\n\nf", 2), ["a b", "c d", "e f".replace(' ', "\n\n").as_str()]);
        assert_eq!(passages("a b c d\n\nf", 2), ["a b c d", "f"]);
    }
}
