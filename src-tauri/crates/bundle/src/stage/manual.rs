//! Manual pages and completions, from the command lines as the programs read them.

use std::io::Write as _;

use anyhow::Result;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use gloria_words::{Words, Zone, command_line};

use crate::plan::{PRODUCT, Plan};
use crate::stage::{Entry, Source, packed};

// The window's program is no library, and this is all that there is to its command line.
#[path = "../../../../src/arguments.rs"]
#[expect(dead_code, reason = "only the command line is needed, not what it means")]
mod arguments;

/// The pages and completions in the packages' language, English.
pub(super) fn entries(plan: &Plan) -> Result<Vec<Entry>> {
    let words = Words::load(["en"], Zone::utc());
    let mut window = command_line::translated(arguments::Arguments::command(), arguments::HELP, &words);
    window.build();
    let mut command = gloria_cli::command(&words);
    let mut entries = vec![page(plan, &window)?];
    add_pages(plan, &command, &mut entries)?;
    for (shell, path) in [
        (Shell::Bash, "usr/share/bash-completion/completions/gloria"),
        (Shell::Fish, "usr/share/fish/vendor_completions.d/gloria.fish"),
        (Shell::Zsh, "usr/share/zsh/vendor-completions/_gloria"),
    ] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "gloria", &mut text);
        entries.push(Entry::new(Source::Bytes(text)).linux(path));
    }
    Ok(entries)
}

/// A page for the command, and one for each of those in it.
fn add_pages(plan: &Plan, command: &Command, entries: &mut Vec<Entry>) -> Result<()> {
    entries.push(page(plan, command)?);
    for inner in command.get_subcommands().filter(|inner| !is_own(inner)) {
        add_pages(plan, inner, entries)?;
    }
    Ok(())
}

/// Whether clap added it, to explain the others.
fn is_own(command: &Command) -> bool {
    command.get_name() == "help" || command.is_hide_set()
}

fn page(plan: &Plan, command: &Command) -> Result<Entry> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let examples = command.get_after_help().map(ToString::to_string);
    let shown = command
        .clone()
        .after_help(None::<&str>)
        .mut_subcommands(|inner| if is_own(&inner) { inner.hide(true) } else { inner });
    let mut text = Vec::new();
    Man::new(shown)
        .title(name.to_uppercase())
        .date(plan.date("%Y-%m-%d")?)
        .source(format!("{PRODUCT} {}", plan.version))
        .manual(PRODUCT)
        .render(&mut text)?;
    if let Some(examples) = examples {
        write!(text, "{}", examples_section(&examples))?;
    }
    let path = format!("usr/share/man/man1/{name}.1.gz");
    Ok(Entry::new(Source::Bytes(packed(&text)?)).linux(path))
}

/// The section of examples, with its lines as they are; `clap_mangen` would fill them as one paragraph.
fn examples_section(examples: &str) -> String {
    let mut section = ".SH EXAMPLES\n.nf\n".to_owned();
    // The first line is a heading, as this section's own.
    for line in examples.lines().skip(1) {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // A dot or an apostrophe at the beginning would be a request to the formatter.
        section.push_str(if line.starts_with(['.', '\'']) { "\\&" } else { "" });
        section.push_str(&line);
        section.push('\n');
    }
    section.push_str(".fi\n");
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_no_request_to_the_formatter() {
        assert_eq!(
            examples_section("Examples:\n.a --b\n'c \\d"),
            ".SH EXAMPLES\n.nf\n\\&.a \\-\\-b\n\\&'c \\ed\n.fi\n"
        );
    }
}
