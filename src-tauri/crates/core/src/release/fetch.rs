//! Asks for a manifest and its signature.

use std::time::Duration;

use gloria_stream::http::{Http, HttpOptions, Reply, Request, RequestError, RequestLimits};
use gloria_stream::{ClientCertificate, NetworkOptions};
use thiserror::Error;
use url::Url;

use super::{Manifest, Refusal, Source};

/// How long each of the two files may take. Nobody waits for them, and a slow link needs a few seconds.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);

/// A manifest has a few hundred bytes; the rest is for fields of later versions.
const MAX_MANIFEST_BYTES: usize = 64 << 10;

/// A signature has three hundred bytes, and its comments may have a few hundred more.
const MAX_SIGNATURE_BYTES: usize = 8 << 10;

/// What is added to the name of a manifest for its signature, as minisign does.
const SIGNATURE_SUFFIX: &str = ".minisig";

/// Why there is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FetchError {
    /// The server did not answer completely.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The server answered with this status.
    #[error("the server answered {0}")]
    Status(u16),
    /// It is not believed.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Options for these requests, of those of others: without the client certificate, which says who the user is.
pub(crate) fn anonymous(options: HttpOptions) -> HttpOptions {
    HttpOptions {
        network: NetworkOptions {
            client_certificate: ClientCertificate::default(),
            ..options.network
        },
        ..options
    }
}

/// Asks for the manifest of a source. The requests have no credential, and no cookie of others.
pub(crate) async fn manifest(options: HttpOptions, source: &Source) -> Result<Manifest, FetchError> {
    within(options, source, FILE_TIMEOUT).await
}

pub(super) async fn within(
    options: HttpOptions,
    source: &Source,
    whole: Duration,
) -> Result<Manifest, FetchError> {
    let http = Http::new(anonymous(options));
    let name = source.channel.file();
    let signed = file(&http, source, &name, whole, MAX_MANIFEST_BYTES).await?;
    if !signed.status.is_success() {
        return Err(FetchError::Status(signed.status.as_u16()));
    }
    let signature = format!("{name}{SIGNATURE_SUFFIX}");
    let signature = file(&http, source, &signature, whole, MAX_SIGNATURE_BYTES).await?;
    match signature.status.as_u16() {
        200..=299 => {}
        404 | 410 => return Err(Refusal::Unsigned.into()),
        status => return Err(FetchError::Status(status)),
    }
    let manifest = Manifest::verified(&signed.body, &signature.body, &source.key, source.channel)?;
    Ok(manifest)
}

async fn file(
    http: &Http,
    source: &Source,
    name: &str,
    whole: Duration,
    body: usize,
) -> Result<Reply, RequestError> {
    let request = Request::get(beside(&source.url, name)).limits(RequestLimits { whole, body });
    http.send(request).await
}

/// The address of a file in a folder.
fn beside(folder: &Url, name: &str) -> Url {
    let mut url = folder.clone();
    let path = format!("{}/{name}", folder.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}
