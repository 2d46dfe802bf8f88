//! Does as the lines on its standard input say, and answers each with one line. The integration tests run it, since
//! the buses, keyrings and sound servers that it meets are chosen by its environment.
//!
//!     load ADDRESS | store ADDRESS TOKEN | forget ADDRESS | play SOUND VOLUME | start SOUND VOLUME | open LINK
//!
//! `start` does not wait for the answer, which then comes when it comes.

use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use gloria_core::ports::{Opener, Secrets, Sounds};
use gloria_core::protocol::SoundName;
use gloria_core::session::Token;
use gloria_desktop::{Browser, Keyring, SoundPlayer};

fn answer(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn sound(name: &str) -> anyhow::Result<SoundName> {
    Ok(match name {
        "chime" => SoundName::Chime,
        "knock" => SoundName::Knock,
        "bloom" => SoundName::Bloom,
        "alarm" => SoundName::Alarm,
        _ => bail!("no such sound: {name}"),
    })
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()?;
    let keyring = Keyring::new()?;
    let player = SoundPlayer::new()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["load", address] => {
                let loaded = runtime.block_on(keyring.load(address));
                answer(&format!(
                    "{:?}",
                    loaded.map(|token| token.map(|token| token.expose().to_owned()))
                ))?;
            }
            ["store", address, token] => {
                let token = Token::parse(token)?;
                answer(&format!("{:?}", runtime.block_on(keyring.store(address, token))))?;
            }
            ["forget", address] => answer(&format!("{:?}", runtime.block_on(keyring.forget(address))))?,
            ["play", name, volume] => {
                let played = runtime.block_on(player.play(sound(name)?, volume.parse()?));
                answer(&format!("{played:?}"))?;
            }
            ["start", name, volume] => {
                let playing = player.play(sound(name)?, volume.parse()?);
                let name = name.to_owned();
                runtime.spawn(async move { answer(&format!("{name} {:?}", playing.await)) });
            }
            ["open", link] => answer(&format!("{:?}", Browser.open(link)))?,
            _ => bail!("no such request: {line}"),
        }
    }
    answer("bye").context("writing the last line")
}
