//! Bytes and texts in the wrong encoding: what Windows-1252 makes of bytes that are not UTF-8, and how a text shows that
//! UTF-8 was once read as Windows-1252.

/// What the bytes 0x80 to 0x9f mean in Windows-1252; zero where they mean nothing.
const HIGH_CONTROLS: [u32; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
    0x0153, 0, 0x017e, 0x0178,
];

/// The text of a line in which the bytes that are not UTF-8 are taken for Windows-1252; `None` where one of them has no
/// meaning there, or the result has control characters, so that it is no text.
pub(super) fn as_windows_1252(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            text.push(meaning(byte)?);
        }
    }
    let is_text = text.chars().all(|c| !c.is_control() || c == '\t');
    is_text.then_some(text)
}

fn meaning(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9f => char::from_u32(HIGH_CONTROLS[usize::from(byte - 0x80)]).filter(|&meant| meant != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// The place in a text that shows that it was read in the wrong encoding once: U+FFFD, or what Windows-1252 makes of the
/// UTF-8 of letters such as `é` (`Ã©`) and of signs such as `’` (`â€™`).
pub(super) fn mojibake(text: &str) -> Option<&str> {
    if text.is_ascii() {
        return None;
    }
    text.char_indices().find_map(|(at, c)| {
        // What follows the first byte of a sequence; other first bytes stand in sound texts too.
        let following = match c {
            '\u{fffd}' => 0,
            'Â' | 'Ã' => 1,
            'â' => 2,
            'ð' => 3,
            _ => return None,
        };
        let mut rest = text[at..].chars().skip(1);
        let second = rest.clone().next();
        // Of the three-byte sequences only those of punctuation, of the four-byte ones only those of pictures.
        let plausible = match c {
            'â' => matches!(second, Some('€' | '\u{80}' | '„' | '‚' | '†')),
            'ð' => matches!(second, Some('Ÿ' | '\u{9f}')),
            _ => true,
        };
        let continues = (0..following).all(|_| rest.next().is_some_and(continues_a_sequence));
        let shown = text[at..].chars().take(following + 1).map(char::len_utf8).sum::<usize>();
        (plausible && continues).then(|| &text[at..at + shown])
    })
}

/// Whether Windows-1252 or Latin-1 makes this of a byte from 0x80 to 0xbf.
fn continues_a_sequence(c: char) -> bool {
    matches!(u32::from(c), 0x80..=0xbf) || (c > '\u{ff}' && HIGH_CONTROLS.contains(&u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_windows_are_read_beside_utf8() {
        assert_eq!(as_windows_1252(b"caf\xe9 \x80 \xc3\xa9").as_deref(), Some("café € é"));
        assert_eq!(as_windows_1252(b"a\tb\x93c\x94").as_deref(), Some("a\tb“c”"));
    }

    #[test]
    fn bytes_without_a_meaning_and_control_characters_are_no_text() {
        assert_eq!(
            [&b"\x81"[..], b"\x9d", b"\xe9\x01", b"\xff\xfeh\0i\0"].map(as_windows_1252),
            [const { None }; 4]
        );
    }

    #[test]
    fn double_encodings_and_lost_characters_are_found() {
        let found = ["cafÃ©", "donâ€™t", "5Â°", "ðŸ˜€!", "a\u{fffd}b"].map(mojibake);
        assert_eq!(found, ["Ã©", "â€™", "Â°", "ðŸ˜€", "\u{fffd}"].map(Some));
    }

    #[test]
    fn sound_texts_in_many_languages_are_let_be() {
        for text in
            ["café", "château, hôtel", "NÃO", "Ângela â la carte", "Größe", "don’t", "日本語", "ð and þ"]
        {
            assert_eq!(mojibake(text), None, "{text}");
        }
    }
}
