//! Does as the lines on its standard input say, and answers each with one line. The integration tests run it, since
//! the buses, keyrings and sound servers that it meets are chosen by its environment.
//!
//!     load ADDRESS | load-unasked ADDRESS | store ADDRESS TOKEN | forget ADDRESS | play SOUND VOLUME |
//!     start SOUND VOLUME | open LINK | watch
//!
//! `load-unasked` raises no prompt. `start` does not wait for the answer, which then comes when it comes. `watch`
//! answers with a line for each thing that is seen, and never ends.

use std::io::{BufRead, Write};
use std::net::IpAddr;

use anyhow::{Context as _, bail};
use gloria_core::grant::Secret;
use gloria_core::item::SoundName;
use gloria_core::ports::{Observation, Opener, Secrets, Signals, Sounds};
use gloria_core::token::Token;
use gloria_desktop::{Browser, Keyring, SoundPlayer, SystemSignals};

fn answer(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn sound(name: &str) -> anyhow::Result<SoundName> {
    let sound = SoundName::ALL.iter().find(|sound| sound.name() == name);
    Ok(*sound.with_context(|| format!("no such sound: {name}"))?)
}

/// `network lo=127.0.0.1,::1 eth0= | 10.0.0.2 -`: the interfaces, and the source addresses of the default routes.
fn words_of(observation: &Observation) -> String {
    let Observation::Network(network) = observation else {
        return format!("{observation:?}");
    };
    let interfaces = network.interfaces.iter().map(|interface| {
        let addresses: Vec<_> = interface.addresses.iter().map(ToString::to_string).collect();
        format!("{}={}", interface.name, addresses.join(","))
    });
    let source = |address: Option<IpAddr>| address.map_or("-".to_owned(), |address| address.to_string());
    format!(
        "network {} | {} {}",
        interfaces.collect::<Vec<_>>().join(" "),
        source(network.source_v4.map(IpAddr::from)),
        source(network.source_v6.map(IpAddr::from)),
    )
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()?;
    let keyring = Keyring::new()?;
    let unasked = Keyring::without_prompts()?;
    let player = SoundPlayer::new()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["load" | "load-unasked", address] => {
                let keyring = if words[0] == "load" { &keyring } else { &unasked };
                let loaded = runtime.block_on(keyring.load(address));
                answer(&format!(
                    "{:?}",
                    loaded.map(|secret| secret
                        .and_then(Secret::into_token)
                        .map(|token| token.expose().to_owned()))
                ))?;
            }
            ["store", address, token] => {
                let token = Token::parse(token)?;
                answer(&format!(
                    "{:?}",
                    runtime.block_on(keyring.store(address, token.into()))
                ))?;
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
            ["watch"] => {
                let mut observations = SystemSignals::default().watch();
                runtime.spawn(async move {
                    while let Some(observation) = observations.recv().await {
                        answer(&words_of(&observation))?;
                    }
                    std::io::Result::Ok(())
                });
            }
            ["open", link] => answer(&format!("{:?}", Browser.open(link)))?,
            _ => bail!("no such request: {line}"),
        }
    }
    answer("bye").context("writing the last line")
}
