//! `cargo xtask bundle`: makes packages.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use gloria_bundle::plan::{self, Plan, Target};
use gloria_bundle::prove::prove;
use gloria_bundle::{Kind, manifest, repository};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bundle",
    about = "Makes packages",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    /// Which kinds; all of the target's system if none is named.
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// What the programs are compiled for: quickly for tests, or well.
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// What the programs run on, as cargo names it; this machine if it is not named.
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// A folder of programs that are built already.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// The packages' version.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// The folder that the packages are put into.
    #[arg(long, value_name = "DIR", default_value = "target/bundle")]
    out: PathBuf,
    /// Compress quickly and badly, for tests.
    #[arg(long)]
    fast: bool,
    /// Also write the list of what is compiled into the programs (SBOM).
    #[arg(long)]
    sbom: bool,
    /// Install each package on this machine with a server's address, start the app, ask it, end it, and remove the
    /// package. For build servers: it changes the machine.
    #[arg(long)]
    prove: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make or update the repositories of apt and rpm in a folder.
    Repository(repository::Request),
    /// Write the manifest with a newer version, of which users learn, to be signed with minisign.
    Manifest(manifest::Request),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Profile {
    Debug,
    Release,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match arguments.task {
        Some(Task::Repository(request)) => return repository::make(&request),
        Some(Task::Manifest(request)) => {
            let made = manifest::make(&request, jiff::Timestamp::now())?;
            println!(
                "{made}\nSign it: minisign -S -s KEY -m {made}",
                made = made.display()
            );
            return Ok(());
        }
        None => {}
    }
    let target = match &arguments.target {
        Some(triple) => Target::parse(triple)?,
        None => Target::here()?,
    };
    let kinds = if arguments.kinds.is_empty() {
        target.kinds()
    } else {
        arguments.kinds
    };
    for kind in &kinds {
        let possible: Vec<_> = target.kinds().into_iter().map(Kind::name).collect();
        ensure!(
            kind.system() == target.system,
            "{} is not for this target, which has {}: name another one by --target",
            kind.name(),
            possible.join(", ")
        );
    }
    let root = plan::root();
    let plan = Plan {
        target,
        profile: match arguments.profile {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
        .to_owned(),
        programs: arguments.programs,
        version: plan::parse_version(&arguments.version)?,
        out: std::path::absolute(arguments.out)?,
        is_fast: arguments.fast,
        time: plan::time(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref(), &root)?,
        root,
    };
    let made = gloria_bundle::make(&plan, &kinds)?;
    for file in &made {
        println!("{} ({} kB)", file.display(), file.metadata()?.len() / 1000);
    }
    if arguments.sbom {
        println!("{}", gloria_bundle::write_sbom(&plan)?.display());
    }
    if arguments.prove {
        for (kind, file) in kinds.iter().zip(&made) {
            let word = if prove(&plan, *kind, file)? {
                "proved"
            } else {
                "not proved here"
            };
            println!("{word}: {}", file.display());
        }
    }
    Ok(())
}
