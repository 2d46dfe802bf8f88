//! The examples under `--help`.

pub(crate) const ALL: &str = "\
Examples:
  gloria status                                      is it connected?
  gloria tail --type notification.created            events as they come, one JSON object a line
  gloria inbox list --filter unread --limit 20       what is unread
  gloria logs -f                                     what the app logs
  echo \"$TOKEN\" | gloria login --address https://gloria.example

`gloria COMMAND --help` has more of each.";

pub(crate) const TAIL: &str = "\
Examples:
  gloria tail                                        the server and the token of the app
  gloria tail --type notification.created --count 1  wait for one notification
  gloria tail --url https://gloria.example/api/v1/sse --raw
  gloria tail --quiet --duration 60                  a minute in numbers";

pub(crate) const LOGIN: &str = "\
Examples:
  gloria login                                       paste the token, then Ctrl-D
  gloria login < token.txt
  echo \"$TOKEN\" | gloria login --address https://gloria.example";

pub(crate) const LOGOUT: &str = "\
Examples:
  gloria logout                                      of the server in the settings
  gloria logout --address https://gloria.example";

pub(crate) const STATUS: &str = "\
Examples:
  gloria status
  gloria status --json | jq .connection.reason
  gloria status > /dev/null || echo not connected";

pub(crate) const ACCOUNT_LIST: &str = "\
Examples:
  gloria account list
  gloria account list --json | jq .name";

pub(crate) const ACCOUNT_ERASE: &str = "\
Examples:
  gloria account erase gloria.example-1              asks before it erases
  gloria account erase gloria.example-1 --yes";

pub(crate) const INBOX_LIST: &str = "\
Examples:
  gloria inbox list                                  the newest 50, as a list
  gloria inbox list --filter unread --json | jq .title";

pub(crate) const LOGS: &str = "\
Examples:
  gloria logs                                        everything that is kept, the oldest first
  gloria logs -n 100                                 the newest 100 lines
  gloria logs -f                                     go on with what is logged from now on, until Ctrl-C
  gloria logs > gloria.log                           a file for your administrator

No log holds a text of a notification or a token.";

pub(crate) const QUIT: &str = "\
Examples:
  gloria quit
  gloria quit && echo it has ended";
