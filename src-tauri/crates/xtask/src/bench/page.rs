//! Tables inside pages that people write: what a command measured stands between two marks and is replaced by the next
//! run.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Replaces what stands between `<!-- name -->` and `<!-- /name -->` in a page by this text.
///
/// # Errors
/// When the page cannot be read or written, or has no such marks.
pub(super) fn put(page: &Path, name: &str, text: &str) -> Result<()> {
    let before = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let after = replaced(&before, name, text)
        .with_context(|| format!("{} has no marks for {name}", page.display()))?;
    if after != before {
        fs::write(page, after).with_context(|| format!("cannot write {}", page.display()))?;
    }
    Ok(())
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = page.find(&open)? + open.len();
    let to = from + page[from..].find(&close)?;
    Some(format!("{}\n{}\n\n{}", &page[..from], text.trim(), &page[to..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let page = "before\n<!-- a -->\n\nold\n\n<!-- /a -->\nafter <!-- /b -->\n";
        let wanted = "before\n<!-- a -->\n\nnew\n\n<!-- /a -->\nafter <!-- /b -->\n";
        assert_eq!(replaced(page, "a", "new\n").as_deref(), Some(wanted));
        assert_eq!(replaced(wanted, "a", "new").as_deref(), Some(wanted));
        assert_eq!(replaced(page, "b", "new"), None);
    }
}
