//! A Fastify backend with Clerk's own SDK and a local key, as a program of its own.

use serde_json::{Value, json};

use crate::provider::{ANY_PORT, Provider, Script};

/// A running backend, which accepts the tokens that this provider signs. It ends when dropped.
#[derive(Debug)]
pub struct Clerk {
    /// The address of its API.
    pub api: String,
    script: Script,
}

impl Clerk {
    /// Starts one, with options besides the provider's, which are described in the program.
    pub async fn start(provider: &Provider, mut options: Value) -> Self {
        options["key"] = provider.order(json!({"do": "key"})).await;
        options["issuer"] = json!(provider.issuer);
        options["clientId"] = json!(ANY_PORT);
        let (script, first) = Script::start("clerk.mjs", options).await;
        let api = first["api"].as_str().unwrap().to_owned();
        Self { api, script }
    }

    /// The server's address, as staff have it.
    pub fn server(&self) -> &str {
        self.api.strip_suffix("/api/v1").unwrap()
    }

    /// Gives it a command, which the program describes, and returns its answer.
    pub async fn order(&self, command: Value) -> Value {
        self.script.order(command).await
    }

    /// The statuses of the requests for its stream that had a token.
    pub async fn seen(&self) -> Value {
        self.order(json!({"do": "seen"})).await
    }

    /// Accepts the tokens of sign-ins from now on, or those of web pages alone.
    pub async fn set_accepting(&self, accepts: bool) {
        let order = if accepts { "accept" } else { "refuse" };
        self.order(json!({"do": order})).await;
    }
}
