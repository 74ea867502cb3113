//! Texts of others on a terminal: whatever a name holds, it moves no cursor and changes no colour.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal, or somebody who reads it, could be deceived by it: control characters, and those that change the direction of
/// writing.
fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether it can be shown as it is, line by line.
pub fn is_plain(text: &str) -> bool {
    !text.contains(|letter| letter != '\n' && deceives(letter))
}

/// In one line.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(deceives) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if deceives(letter) {
            plain.extend(letter.escape_default());
        } else {
            plain.push(letter);
        }
    }
    Cow::Owned(plain)
}

/// JSON says the same with and without these escapes; what it does not escape by itself is outside of ASCII, and thus within a text.
pub fn json(json: String) -> String {
    if is_plain(&json) {
        return json;
    }
    let mut plain = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && deceives(letter) {
            let _ = write!(plain, "\\u{:04x}", u32::from(letter));
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{json, plain};

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(plain("iris é 花"), "iris é 花");
        assert_eq!(plain("a\u{1b}[2J\nb\u{9b}\u{202e}"), "a\\u{1b}[2J\\nb\\u{9b}\\u{202e}");
    }

    #[test]
    fn json_says_the_same() {
        let text = "é\u{7f}\u{9b}31m\u{202e}\u{1b}";
        let written = json(serde_json::to_string_pretty(&[text]).unwrap());
        assert!(!written.is_ascii() && !written.contains(['\u{7f}', '\u{9b}', '\u{202e}', '\u{1b}']), "{written}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [text]);
    }
}
