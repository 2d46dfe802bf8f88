//! Attempts a second over time as an SVG picture, on a logarithmic scale: one policy's peak is a thousand times
//! another's.

use std::fmt::Write as _;

use super::client::Policy;
use super::simulation::{Outcome, Scenario};
use super::thousands;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 66.0;
const BOTTOM: f64 = 52.0;

/// The scale begins at one attempt a second and ends above all clients at once.
const DECADES: u32 = 6;

/// A second without attempts lies on the axis.
const MIN_RATE: f64 = 1.0;

/// The picture has its own ground, for a page may be dark where the system is light.
const STYLE: &str = "\
svg{--ground:#fff;--ink:#1f2328;--faint:#d1d9e0;--down:#f2e3df;--gloria:#0a66c2;--fixed:#b35900;--exponential:#7a3db8}\
@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#e6edf3;--faint:#30363d;--down:#3a2320;--gloria:#58a6ff;\
--fixed:#f0a14a;--exponential:#c297ff}}\
text{font:13px system-ui,sans-serif;fill:var(--ink)}.title{font-size:15px;font-weight:600}\
.grid{stroke:var(--faint)}.axis{stroke:var(--ink)}.down{fill:var(--down)}.series{fill:none;stroke-width:1.2}\
.gloria{stroke:var(--gloria);stroke-width:2.4}.fixed{stroke:var(--fixed)}.exponential{stroke:var(--exponential)}";

pub(super) fn svg(scenario: &Scenario, outcomes: &[(Policy, Outcome)]) -> String {
    let seconds = span(scenario, outcomes);
    let x = |second: f64| LEFT + second / seconds * (WIDTH - LEFT - RIGHT);
    let y = |rate: f64| {
        let share = rate.max(MIN_RATE).log10() / f64::from(DECADES);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{name}: attempts a second over time\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"var(--ground)\"/>\n\
         <text class=\"title\" x=\"{LEFT}\" y=\"24\">{name}</text>\n",
        name = scenario.name,
    );
    let floor = HEIGHT - BOTTOM;
    for (from, to) in scenario.outages() {
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
        let _ = writeln!(
            svg,
            "<rect class=\"down\" x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            x(from),
            (x(to) - x(from)).max(1.0),
            floor - TOP
        );
    }
    for decade in 0..=DECADES {
        let rate = 10_u64.pow(decade);
        let at = y(rate as f64);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.5,
            thousands(rate)
        );
    }
    let every = tick(seconds);
    for index in 0..=(seconds / every) as u32 {
        let second = f64::from(index) * every;
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{at:.1} {floor:.1}v5\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{second}</text>",
            floor + 20.0,
            at = x(second)
        );
    }
    let _ = writeln!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {floor:.1}H{:.1}\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">seconds from the first cut</text>\n\
         <text transform=\"rotate(-90)\" x=\"{:.1}\" y=\"18\" text-anchor=\"middle\">attempts a second</text>",
        WIDTH - RIGHT,
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0,
        -(TOP + floor) / 2.0
    );
    // Ours last, above the others.
    for (policy, outcome) in outcomes.iter().rev() {
        let _ = writeln!(
            svg,
            "<path class=\"series {}\" d=\"{}\"/>",
            class(*policy),
            steps(&outcome.attempts, seconds, x, y)
        );
    }
    svg += &legend(outcomes);
    svg + "</svg>\n"
}

/// Up to when the picture goes: a little beyond the last policy's last attempts.
fn span(scenario: &Scenario, outcomes: &[(Policy, Outcome)]) -> f64 {
    let settled = outcomes.iter().map(|(_, outcome)| outcome.settled).max();
    let end = (scenario.back() + settled.unwrap_or_default()).as_secs_f64() * 1.1;
    let every = tick(end);
    (end / every).ceil() * every
}

/// The distance of the time axis's labels: 1, 2 or 5 times a power of ten, for about ten of them.
fn tick(seconds: f64) -> f64 {
    let rough = seconds / 10.0;
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough);
    factor.unwrap_or(10.0) * power
}

/// A line that holds each second's rate for a second.
fn steps(rates: &[u32], seconds: f64, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = format!("M{:.1} {:.1}", x(0.0), y(0.0));
    let mut last = 0;
    for (second, rate) in rates.iter().chain([&0]).take(seconds as usize).enumerate() {
        if *rate != last {
            let _ = write!(path, "H{:.1}V{:.1}", x(second as f64), y(f64::from(*rate)));
            last = *rate;
        }
    }
    path
}

fn legend(outcomes: &[(Policy, Outcome)]) -> String {
    let mut legend = String::new();
    for (place, (policy, _)) in outcomes.iter().enumerate() {
        let left = LEFT + 180.0 * place as f64;
        let _ = writeln!(
            legend,
            "<path class=\"series {}\" d=\"M{left} 44h26\"/><text x=\"{}\" y=\"48\">{}</text>",
            class(*policy),
            left + 33.0,
            policy.name()
        );
    }
    let left = LEFT + 180.0 * outcomes.len() as f64;
    let _ = writeln!(
        legend,
        "<rect class=\"down\" x=\"{left}\" y=\"37\" width=\"26\" height=\"14\"/>\
         <text x=\"{}\" y=\"48\">a server is down</text>",
        left + 33.0
    );
    legend
}

fn class(policy: Policy) -> &'static str {
    match policy {
        Policy::Gloria => "gloria",
        Policy::Fixed => "fixed",
        Policy::Exponential => "exponential",
    }
}
