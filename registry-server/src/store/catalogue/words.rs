//! Just enough of SQL to take the text of a table of SQLite apart into its words.
//!
//! May not: understand it.

use std::fmt;

/// A word of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or a keyword, without its quotes.
    Name(String),
    /// A text in single quotes, with them.
    Text(String),
    /// Everything else, a sign at a time.
    Sign(char),
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(word) | Self::Text(word) => f.write_str(word),
            Self::Sign(sign) => write!(f, "{sign}"),
        }
    }
}

impl Word {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.name().is_some_and(|name| name.eq_ignore_ascii_case(keyword))
    }

    /// The name that it is, if it is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Text(_) | Self::Sign(_) => None,
        }
    }
}

/// The words of a statement, without comments.
pub(super) fn of(statement: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = statement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => words.push(Word::Text(format!("'{}'", quoted(&mut letters, '\'')))),
            '"' | '`' => words.push(Word::Name(quoted(&mut letters, letter))),
            '[' => words.push(Word::Name(letters.by_ref().take_while(|letter| *letter != ']').collect())),
            '-' if letters.next_if_eq(&'-').is_some() => drop(letters.by_ref().find(|letter| *letter == '\n')),
            '/' if letters.next_if_eq(&'*').is_some() => skip_comment(&mut letters),
            letter if letter.is_whitespace() => {}
            letter if letter.is_alphanumeric() || letter == '_' => {
                let mut name = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
                    name.push(letter);
                }
                words.push(Word::Name(name));
            }
            sign => words.push(Word::Sign(sign)),
        }
    }
    words
}

/// Up to the sign that ends it; SQLite takes one that is never ended for one to the end.
fn skip_comment(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(letter) = letters.next() {
        if letter == '*' && letters.next_if_eq(&'/').is_some() {
            return;
        }
    }
}

/// Up to the quote that ends it; two of them stand for one, and stay two in a text.
fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> String {
    let mut inside = String::new();
    while let Some(letter) = letters.next() {
        if letter == quote {
            if letters.next_if_eq(&quote).is_none() {
                break;
            }
            if quote == '\'' {
                inside.push(quote);
            }
        }
        inside.push(letter);
    }
    inside
}

/// The words in one line, the same however they were written.
pub(super) fn spelled(words: &[Word]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What stands in the outermost parentheses, split at its commas.
pub(super) fn items(words: &[Word]) -> Vec<&[Word]> {
    let Some(first) = words.iter().position(|word| *word == Word::Sign('(')) else { return Vec::new() };
    let inside = inside(words.get(first..).unwrap_or_default());
    let mut depth = 0_i32;
    let commas = inside.split(|word| {
        depth += nesting(word);
        depth == 0 && *word == Word::Sign(',')
    });
    commas.collect()
}

/// The condition of each CHECK in these words.
pub(super) fn conditions(words: &[Word]) -> Vec<&[Word]> {
    let checks = words.iter().enumerate().filter(|(_, word)| word.is("CHECK"));
    checks.map(|(at, _)| inside(words.get(at + 1..).unwrap_or_default())).filter(|words| !words.is_empty()).collect()
}

/// What stands between the parenthesis that these words begin with and the one that closes it.
fn inside(words: &[Word]) -> &[Word] {
    let mut depth = 0_i32;
    let end = words.iter().position(|word| {
        depth += nesting(word);
        depth == 0
    });
    end.and_then(|end| words.get(1..end)).unwrap_or_default()
}

fn nesting(word: &Word) -> i32 {
    match word {
        Word::Sign('(') => 1,
        Word::Sign(')') => -1,
        Word::Sign(_) | Word::Name(_) | Word::Text(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{conditions, items, of, spelled};

    #[test]
    fn a_table_is_taken_apart() {
        let words = of(
            r#"CREATE TABLE "t" ("a" varchar(3) DEFAULT 'it''s, (so' CHECK (char_length("a") <= 3), b integer, CHECK ((a IS NULL) = (b IS NULL)))"#,
        );
        let items: Vec<String> = items(&words).iter().map(|item| spelled(item)).collect();
        assert_eq!(items.len(), 3, "{items:?}");
        assert_eq!(items[1], "b integer");
        let checks: Vec<String> = conditions(&words).iter().map(|check| spelled(check)).collect();
        assert_eq!(checks, ["char_length ( a ) < = 3", "( a IS NULL ) = ( b IS NULL )"]);
    }

    #[test]
    fn comments_are_skipped() {
        let words = of("a /* the team's, /* CHECK (x) **/ - b -- don't, (\n / c '--' \"/*\" /* to the end");
        assert_eq!(spelled(&words), "a - b / c '--' /*");
    }

    #[test]
    fn what_is_no_table_is_nothing() {
        assert!(items(&of("")).is_empty() && conditions(&of("CHECK")).is_empty() && conditions(&of("CHECK (")).is_empty());
    }
}
