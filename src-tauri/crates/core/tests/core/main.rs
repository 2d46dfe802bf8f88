//! The whole core against the reference backend over real sockets, with recording ports.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod account;
mod accounts;
mod address;
mod alert_rules;
mod alerts;
mod arrivals;
mod backfill;
mod clock;
mod command;
mod conditions;
mod dispatch;
mod doctor;
mod entering;
mod floods;
mod harness;
mod healing;
mod identity;
mod keyring;
mod listeners;
mod network;
mod notifications;
mod numbers;
mod open_metrics;
mod outgoing;
mod position;
mod presence;
mod private_files;
mod provider;
mod releases;
mod renewals;
mod settings;
mod sign_in;
mod snooze;
mod storage;
mod subjects;
mod supervision;
mod tokens;
mod trouble;
