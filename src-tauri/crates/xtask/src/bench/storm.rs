//! What a service sees when all its clients come back at once: the real machine in virtual time, beside two that people
//! write in its place. Nothing here depends on the speed of a computer.

mod client;
mod plot;
mod simulation;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::client::Policy;
use self::simulation::{Capacity, Outcome, Scenario, simulate};
use super::page;
use crate::commands;

const CLIENTS: usize = 100_000;

/// Any will do; it is fixed so that the page changes only when the machine does.
const SEED: u64 = 1;

const SCENARIOS: [Scenario; 5] = [
    Scenario {
        slug: "restart",
        name: "The server restarts: 2 s",
        nodes: 1,
        down: Duration::from_secs(2),
        apart: Duration::ZERO,
        capacity: None,
    },
    Scenario {
        slug: "outage-30s",
        name: "An outage of 30 s",
        nodes: 1,
        down: Duration::from_secs(30),
        apart: Duration::ZERO,
        capacity: None,
    },
    Scenario {
        slug: "outage-10min",
        name: "An outage of 10 min",
        nodes: 1,
        down: Duration::from_secs(600),
        apart: Duration::ZERO,
        capacity: None,
    },
    Scenario {
        slug: "rolling",
        name: "Ten servers restart, one each 30 s",
        nodes: 10,
        down: Duration::from_secs(10),
        apart: Duration::from_secs(30),
        capacity: None,
    },
    Scenario {
        slug: "capacity",
        name: "The server restarts and lets in 5 000 a second",
        nodes: 1,
        down: Duration::from_secs(2),
        apart: Duration::ZERO,
        capacity: Some(Capacity {
            one_in: 20,
            retry_after: Duration::from_secs(10),
        }),
    },
];

/// Writes the table and the pictures of docs/reconnect-storms.md.
pub(super) fn run() -> Result<()> {
    let docs = commands::root().join("docs");
    let mut table = "| | peak per second | peak / ideal | 99 % back after | total requests |\n\
                     | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for scenario in &SCENARIOS {
        let outcomes = Policy::ALL.map(|policy| (policy, simulate(scenario, policy, CLIENTS, SEED)));
        let ideal = outcomes[0].1.ideal();
        table += &format!(
            "| **{}** (ideal: {} per second) | | | | |\n",
            scenario.name,
            thousands(ideal.round() as u64)
        );
        for (policy, outcome) in &outcomes {
            table += &row(policy.name(), outcome, ideal);
        }
        let picture = docs.join(format!("reconnect-storms-{}.svg", scenario.slug));
        fs::write(&picture, plot::svg(scenario, &outcomes))
            .with_context(|| format!("cannot write {}", picture.display()))?;
    }
    println!("\n{table}");
    page::put(&docs.join("reconnect-storms.md"), "storm", &table)
}

fn row(name: &str, outcome: &Outcome, ideal: f64) -> String {
    format!(
        "| {name} | {} | {:.1} | {:.0} s | {} |\n",
        thousands(outcome.peak.into()),
        f64::from(outcome.peak) / ideal,
        outcome.settled.as_secs_f64(),
        thousands(outcome.requests)
    )
}

/// A number with a space at each thousand.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_stays_within_twice_the_ideal_spread() {
        for scenario in &SCENARIOS {
            let outcome = simulate(scenario, Policy::Gloria, CLIENTS / 10, SEED);
            let ratio = f64::from(outcome.peak) / outcome.ideal();
            assert!(ratio <= 2.0, "{}: {ratio:.2} of the ideal", scenario.name);
        }
    }

    #[test]
    fn the_measure_sees_a_storm() {
        for scenario in &SCENARIOS {
            let outcome = simulate(scenario, Policy::Exponential, CLIENTS / 10, SEED);
            assert_eq!(outcome.peak, outcome.largest_cut, "{}", scenario.name);
        }
    }

    #[test]
    fn equal_seeds_give_equal_storms() {
        let attempts = |seed| simulate(&SCENARIOS[1], Policy::Gloria, 1000, seed).attempts;
        assert_eq!(attempts(7), attempts(7));
        assert_ne!(attempts(7), attempts(8));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
