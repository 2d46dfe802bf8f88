//! The start at login on macOS: the text of a launch agent.

/// The app's id, which names the agent and its file.
pub(super) const LABEL: &str = "com.gloriasystem.notify";

/// A launch agent that starts a program at login. It is not kept alive: users can quit the app.
pub(super) fn agent(program: &str) -> String {
    let program = escaped(program);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\
         \t<key>Label</key>\n\t<string>{LABEL}</string>\n\
         \t<key>AssociatedBundleIdentifiers</key>\n\t<string>{LABEL}</string>\n\
         \t<key>LimitLoadToSessionType</key>\n\t<string>Aqua</string>\n\
         \t<key>ProgramArguments</key>\n\t<array>\n\
         \t\t<string>{program}</string>\n\t\t<string>--login</string>\n\t</array>\n\
         \t<key>RunAtLoad</key>\n\t<true/>\n\
         </dict>\n</plist>\n"
    )
}

/// Whether an agent starts its program at login. Those that a user or administrator has edited have the same keys; one
/// in the binary form is taken for one that does.
pub(super) fn starts(agent: &[u8]) -> bool {
    let text = String::from_utf8_lossy(agent);
    let value = |key: &str| {
        let (_, after) = text.split_once(&format!("<key>{key}</key>"))?;
        Some(after.trim_start().starts_with("<true"))
    };
    value("Disabled") != Some(true) && value("RunAtLoad") != Some(false)
}

/// A text in XML, without the control characters that it cannot have.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_the_program_in_its_folder_whatever_that_is_called() {
        let agent = agent("/Applications/A & <B>/Gloria Notify.app/Contents/MacOS/gloria-notify");
        assert!(
            agent.contains(
                "<string>/Applications/A &amp; &lt;B&gt;/Gloria Notify.app/Contents/MacOS/gloria-notify</string>\n\
                 \t\t<string>--login</string>"
            ),
            "{agent}"
        );
        assert!(starts(agent.as_bytes()));
    }

    #[test]
    fn what_is_switched_off_by_hand_does_not_start() {
        let whole = agent("/a");
        for (agent, expected) in [
            (whole.replace("<true/>", "<false/>"), false),
            (
                whole.replace("</dict>", "<key>Disabled</key> <true/></dict>"),
                false,
            ),
            (
                whole.replace("</dict>", "<key>Disabled</key><false/></dict>"),
                true,
            ),
            ("bplist00\u{0}".to_owned(), true),
        ] {
            assert_eq!(starts(agent.as_bytes()), expected, "{agent}");
        }
    }
}
