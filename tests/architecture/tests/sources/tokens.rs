//! The words of a Rust file, with each string as one token; and its comments.

/// One token. Of punctuation only `::` is kept together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    Text(String),
    Sign(char),
    PathSeparator,
}

impl Token {
    pub(crate) fn is(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }

    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Sign(_) | Self::PathSeparator => None,
        }
    }
}

/// The tokens of a file, without its comments.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    scan(text).0
}

/// The comments of a file, documentation included.
pub(crate) fn comments(text: &str) -> Vec<String> {
    scan(text).1
}

fn scan(text: &str) -> (Vec<Token>, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match c {
            '/' if matches!(next, Some('/' | '*')) => {
                let end = if next == Some('/') {
                    end_of_line(&chars, at)
                } else {
                    end_of_comment(&chars, at)
                };
                comments.push(chars[at..end].iter().collect());
                at = end;
            }
            '"' => at = string(&chars, at, 0, &mut found),
            '\'' => at = quote(&chars, at),
            ':' if next == Some(':') => {
                found.push(Token::PathSeparator);
                at += 2;
            }
            _ if c.is_alphanumeric() || c == '_' => at = word(&chars, at, &mut found),
            _ => {
                if !c.is_whitespace() {
                    found.push(Token::Sign(c));
                }
                at += 1;
            }
        }
    }
    (found, comments)
}

fn end_of_line(chars: &[char], from: usize) -> usize {
    (from..chars.len())
        .find(|&at| chars[at] == '\n')
        .unwrap_or(chars.len())
}

fn end_of_comment(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 1;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// A string that begins at a quotation mark; with `hashes` it is a raw one, which knows no escapes.
fn string(chars: &[char], from: usize, hashes: usize, found: &mut Vec<Token>) -> usize {
    let is_raw = hashes > 0;
    let mut at = from + 1;
    while at < chars.len() {
        if chars[at] == '\\' && !is_raw {
            at += 1;
        } else if chars[at] == '"' && (1..=hashes).all(|more| chars.get(at + more) == Some(&'#')) {
            break;
        }
        at += 1;
    }
    let end = at.min(chars.len());
    found.push(Token::Text(chars[from + 1..end].iter().collect()));
    end + 1 + hashes
}

/// A character or a lifetime. Neither is of interest.
fn quote(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => {
            let escaped = from + 3;
            (escaped..chars.len())
                .find(|&at| chars[at] == '\'')
                .map_or(chars.len(), |at| at + 1)
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

fn word(chars: &[char], from: usize, found: &mut Vec<Token>) -> usize {
    let end = (from..chars.len())
        .find(|&at| !chars[at].is_alphanumeric() && chars[at] != '_')
        .unwrap_or(chars.len());
    let word: String = chars[from..end].iter().collect();
    let hashes = (end..chars.len()).take_while(|&at| chars[at] == '#').count();
    let is_string = chars.get(end + hashes) == Some(&'"');
    match word.as_str() {
        "r" | "br" | "cr" if is_string && hashes > 0 => string(chars, end + hashes, hashes, found),
        // A raw string without hashes has no escapes either, and ends at its first quotation mark.
        "r" | "br" | "cr" if is_string => {
            let close = (end + 1..chars.len())
                .find(|&at| chars[at] == '"')
                .unwrap_or(chars.len());
            found.push(Token::Text(chars[end + 1..close].iter().collect()));
            close + 1
        }
        "b" | "c" if is_string && hashes == 0 => string(chars, end, 0, found),
        // `r#type` is the word `type`.
        "r" if hashes == 1 => end + 1,
        _ => {
            found.push(Token::Word(word));
            end
        }
    }
}

#[test]
fn comments_strings_and_lifetimes_are_no_words() {
    let text =
        r###"/* a /* b */ c */ fn d<'e>(f: &'e str) -> char { "g\"h"; r#"i"j"#; b"k"; '\''; 'l' } // m"###;
    let words: Vec<_> = tokens(text)
        .into_iter()
        .filter_map(|token| token.word().map(str::to_owned))
        .collect();
    assert_eq!(words, ["fn", "d", "e", "f", "e", "str", "char"]);
}
