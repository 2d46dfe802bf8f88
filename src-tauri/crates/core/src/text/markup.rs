//! Reduces HTML in notifications to text. Only known tags and entities are interpreted; any other `<` and `&` is text.

mod entity;
mod tag;

use std::borrow::Cow;
use std::collections::HashMap;

use entity::entity;
use tag::Tag;

/// The text without HTML. Text without known tags and entities is returned unchanged.
pub(crate) fn to_text(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut reader = Reader {
        text,
        out: String::with_capacity(text.len()),
        ends: HashMap::new(),
        blocks: has_blocks(text),
        verbatim: 0,
        found: false,
    };
    reader.read();
    if reader.found {
        Cow::Owned(reader.out)
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether tags determine the line breaks: then those in the text are only its layout.
fn has_blocks(text: &str) -> bool {
    text.match_indices('<').any(|(index, _)| {
        Tag::at(&text[index..])
            .is_some_and(|tag| matches!(&*tag.name, "br" | "li") || tag.is_block() || tag.is_cell())
    })
}

struct Reader<'a> {
    text: &'a str,
    out: String,
    /// The position of the last end tag of each name, which is searched only once. Otherwise a text with many start
    /// tags would be searched to its end for each of them.
    ends: HashMap<String, Option<usize>>,
    blocks: bool,
    /// The number of open `pre` elements.
    verbatim: usize,
    found: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while let Some(offset) = self.text[at..].find(['<', '&']) {
            self.push_text(at, at + offset);
            at += offset;
            let length = self.markup(at);
            if length == 0 {
                self.out.push_str(&self.text[at..=at]);
                at += 1;
            } else {
                self.found = true;
                at += length;
            }
        }
        self.push_text(at, self.text.len());
    }

    fn push_text(&mut self, from: usize, to: usize) {
        let text = &self.text[from..to];
        if !self.blocks || self.verbatim > 0 {
            self.out.push_str(text);
            return;
        }
        for c in text.chars() {
            let is_space = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
            if !is_space {
                self.out.push(c);
            } else if !self.out.is_empty() && !self.out.ends_with([' ', '\n', '\t']) {
                self.out.push(' ');
            }
        }
    }

    /// Processes the markup at a position and returns its length; 0 if there is none.
    fn markup(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        if rest.starts_with('&') {
            return self.push_entity(rest);
        }
        for (begin, end) in [
            ("<!--", "-->"),
            ("<!DOCTYPE", ">"),
            ("<!doctype", ">"),
            ("<?xml", "?>"),
        ] {
            if rest.starts_with(begin)
                && let Some(length) = self.length_before(end, at + begin.len())
            {
                return begin.len() + length + end.len();
            }
        }
        let (begin, end) = ("<![CDATA[", "]]>");
        if rest.starts_with(begin)
            && let Some(length) = self.length_before(end, at + begin.len())
        {
            self.out.push_str(&rest[begin.len()..begin.len() + length]);
            return begin.len() + length + end.len();
        }
        let Some(tag) = Tag::at(rest) else { return 0 };
        let name = &*tag.name;
        if !tag.closes && tag.needs_end() && self.end_after(name, at).is_none() {
            return 0;
        }
        if tag.is_silent() {
            return self.skip_silent(&tag, at);
        }
        if name == "br" || name == "hr" {
            self.trim_spaces();
            self.out.push('\n');
        } else if name == "li" {
            self.start_line();
            if !tag.closes {
                self.out.push_str("• ");
            }
        } else if tag.is_cell() {
            if tag.closes {
                self.out.push('\t');
            }
        } else if tag.is_block() {
            self.start_line();
            if name == "pre" {
                self.verbatim = if tag.closes {
                    self.verbatim.saturating_sub(1)
                } else {
                    self.verbatim + 1
                };
            }
        } else if name == "img"
            && let Some(words) = tag.attribute(rest, "alt")
        {
            self.out.push_str(words);
        }
        tag.length
    }

    /// Skips an element whose content is not shown; an end tag alone is ignored.
    fn skip_silent(&mut self, tag: &Tag, at: usize) -> usize {
        if tag.closes {
            return tag.length;
        }
        let rest = &self.text[at + tag.length..];
        let mut from = 0;
        while let Some(offset) = rest[from..].find("</") {
            let index = from + offset;
            match Tag::at(&rest[index..]) {
                Some(end) if end.closes && end.name == tag.name => return tag.length + index + end.length,
                Some(_) | None => from = index + 2,
            }
        }
        tag.length
    }

    fn push_entity(&mut self, rest: &str) -> usize {
        let Some((shown, length)) = entity(rest) else {
            return 0;
        };
        self.out.extend(shown);
        length
    }

    /// The distance from a position to this end.
    fn length_before(&mut self, end: &str, from: usize) -> Option<usize> {
        let text = self.text;
        let last = *self.ends.entry(end.to_owned()).or_insert_with(|| text.rfind(end));
        last.filter(|last| *last >= from)?;
        text[from..].find(end)
    }

    fn end_after(&mut self, name: &str, at: usize) -> Option<usize> {
        let text = self.text;
        let last = self.ends.entry(name.to_owned()).or_insert_with(|| {
            text.rmatch_indices("</")
                .map(|(index, _)| index)
                .find(|index| Tag::at(&text[*index..]).is_some_and(|tag| tag.name == name))
        });
        last.filter(|end| *end > at)
    }

    fn trim_spaces(&mut self) {
        let length = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(length);
    }

    /// Starts a line, unless the present one is empty.
    fn start_line(&mut self) {
        self.trim_spaces();
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_is_reduced_to_words() {
        for (html, expected) in [
            ("R&amp;D", "R&D"),
            ("<p>Hello&nbsp;<strong>world</strong></p>", "Hello world\n"),
            ("<div>One</div>\n  <div>Two</div>", "One\nTwo\n"),
            ("One<br>Two<br/>Three<BR />Four", "One\nTwo\nThree\nFour"),
            ("<ul><li>a</li><li>b</li></ul>", "• a\n• b\n"),
            (
                "See <a href=\"https://x.example/?a=1&b=2\">the notes</a>.",
                "See the notes.",
            ),
            ("line 1\nline <b>2</b>", "line 1\nline 2"),
            ("<p>line\n   two</p><pre>a\n  b</pre>", "line two\na\n  b\n"),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a\tb\n"),
            ("x<script>alert('</p>')</script>y", "xy"),
            ("<style type='text/css'>p > a {}</style>z", "z"),
            ("<!-- note -->a<!DOCTYPE html>b", "ab"),
            ("<img src=x alt=\"A cat\"> sits", "A cat sits"),
            (
                "caf&eacute; &#8217; &#x2019; &euro;5 &lt;b&gt; &quot;q&quot; &#39;",
                "café ’ ’ €5 <b> \"q\" '",
            ),
            ("&#0; &#xD800; &#150; &#160;|", "\u{fffd} \u{fffd} –  |"),
            ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
            ("<![CDATA[a < b]]>", "a < b"),
            ("<P ALIGN=center>Hi</P>", "Hi\n"),
        ] {
            assert_eq!(to_text(html), expected, "{html}");
        }
    }

    #[test]
    fn what_is_no_html_stays() {
        for text in [
            "a < b",
            "a<b and c>d",
            "x <3",
            "List<T>",
            "Vec<u> and Map<K, V>",
            "<T>",
            "<b",
            "1 <b> 2",
            "<@user> said & did",
            "AT&T",
            "a&copy=1",
            "&unknown; &; &#; &#x; &#12345678901;",
            "<a b c>",
            "<details of the order>",
            "if a <p then",
            "<https://x.example/>",
            "->",
        ] {
            assert_eq!(to_text(text), text, "{text}");
        }
    }

    #[test]
    fn many_tags_without_an_end_take_no_time() {
        for begins in [
            "<b>&<p a='",
            "<!--",
            "<!DOCTYPE ",
            "<?xml ",
            "<![CDATA[",
            "<script>",
        ] {
            // A search for the end of each of them would take minutes.
            let text = begins.repeat(100_000);
            assert_eq!(to_text(&text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_text_without_markup_is_unchanged(
            text in "(<|>|/|&|;|\"|'|=| |p|b|br|a href|script|!--|--|amp|#x41|é|\n){0,30}"
        ) {
            let reduced = to_text(&text).into_owned();
            if !reduced.contains(['<', '&']) {
                prop_assert_eq!(&to_text(&reduced).into_owned(), &reduced);
            }
            if !text.contains(['<', '&']) {
                prop_assert_eq!(reduced, text);
            }
        }
    }
}
