//! HTML tags: which are known, and parsing one at the start of a text.

/// Block elements, which start and end a line.
const BLOCKS: [&str; 36] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "html",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
    "hr",
];

/// Inline elements, which are replaced by their content.
const INLINE: [&str; 42] = [
    "a", "abbr", "b", "big", "button", "cite", "code", "col", "colgroup", "del", "dfn", "em", "font", "i",
    "img", "input", "ins", "kbd", "label", "link", "mark", "meta", "picture", "q", "s", "samp", "small",
    "source", "span", "strike", "strong", "sub", "sup", "svg", "tbody", "tfoot", "thead", "time", "tt", "u",
    "var", "wbr",
];

/// Cells of a table.
const CELLS: [&str; 2] = ["td", "th"];

/// Elements whose content is not shown.
const SILENT: [&str; 7] = [
    "script", "style", "title", "iframe", "object", "template", "noscript",
];

/// Those of [`INLINE`] whose end tag may be missing.
const INLINE_WITHOUT_END: [&str; 11] = [
    "col", "colgroup", "img", "input", "link", "meta", "source", "wbr", "tbody", "tfoot", "thead",
];

/// Attributes without a value.
const FLAGS: [&str; 10] = [
    "async", "checked", "controls", "defer", "disabled", "hidden", "nowrap", "open", "readonly", "selected",
];

/// A known tag.
#[derive(Debug, PartialEq)]
pub(super) struct Tag {
    /// In lower case.
    pub(super) name: String,
    /// It is an end tag: `</p>`.
    pub(super) closes: bool,
    /// In bytes, including `<` and `>`.
    pub(super) length: usize,
}

/// The longest name of a known tag.
const MAX_NAME: usize = 10;
/// In bytes. Attributes may contain URLs and whole images.
const MAX_TAG: usize = 256 * 1024;

impl Tag {
    /// Parses the tag at the start, if it is known and well-formed: attributes have values, unless they are known to
    /// have none.
    pub(super) fn at(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('<')?;
        let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        let length = rest
            .bytes()
            .take(MAX_NAME + 1)
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let name = rest[..length].to_ascii_lowercase();
        let known = name == "br"
            || name == "li"
            || [&BLOCKS[..], &INLINE, &CELLS, &SILENT]
                .iter()
                .any(|names| names.contains(&&*name));
        if !known {
            return None;
        }
        let attributes = &rest[length..];
        let end = end_of_attributes(attributes)?;
        Some(Self {
            name,
            closes,
            length: text.len() - attributes.len() + end,
        })
    }

    /// Whether it starts and ends a line.
    pub(super) fn is_block(&self) -> bool {
        BLOCKS.contains(&&*self.name)
    }

    /// Whether it is a table cell.
    pub(super) fn is_cell(&self) -> bool {
        CELLS.contains(&&*self.name)
    }

    /// Whether its content is not shown.
    pub(super) fn is_silent(&self) -> bool {
        SILENT.contains(&&*self.name)
    }

    /// Whether its end tag is required, so that it is no tag without one: `x <b or c> y`, `Vec<u>`.
    pub(super) fn needs_end(&self) -> bool {
        INLINE.contains(&&*self.name) && !INLINE_WITHOUT_END.contains(&&*self.name) || self.is_silent()
    }

    /// The quoted value of an attribute of this tag, which is at the start of `text`.
    pub(super) fn attribute<'a>(&self, text: &'a str, name: &str) -> Option<&'a str> {
        let tag = &text[..self.length];
        let lower = tag.to_ascii_lowercase();
        let from = lower.find(&format!(" {name}="))? + name.len() + 2;
        let quote = tag[from..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = &tag[from + 1..];
        Some(&value[..value.find(quote)?])
    }
}

/// The length including the `>`.
fn end_of_attributes(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let limit = bytes.len().min(MAX_TAG);
    let mut at = 0;
    loop {
        let spaces = bytes[at..limit]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        at += spaces;
        match bytes[..limit].get(at)? {
            b'>' => return Some(at + 1),
            b'/' if bytes[..limit].get(at + 1) == Some(&b'>') => return Some(at + 2),
            _ if spaces == 0 => return None,
            _ => {}
        }
        let length = bytes[at..limit]
            .iter()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'@' | b'.')
            })
            .count();
        let name = &text[at..at + length];
        at += length;
        if bytes[..limit].get(at) != Some(&b'=') {
            if !FLAGS.iter().any(|flag| flag.eq_ignore_ascii_case(name)) {
                return None;
            }
            continue;
        }
        if name.is_empty() {
            return None;
        }
        at += 1;
        match bytes[..limit].get(at)? {
            quote @ (b'"' | b'\'') => {
                at += 1;
                at += bytes[at..limit].iter().position(|byte| byte == quote)? + 1;
                // A value may be directly followed by the next attribute.
                if bytes[..limit].get(at).is_some_and(u8::is_ascii_alphabetic) {
                    return None;
                }
            }
            _ => {
                at += bytes[at..limit]
                    .iter()
                    .take_while(|byte| {
                        !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'<' | b'"' | b'\'')
                    })
                    .count();
            }
        }
    }
}
