//! The program `gloria`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gloria_cli::run()
}
