//! Servers with a name, each with one thing that an event stream may be or do.

use crate::script::Script;

mod bytes;
mod endings;
mod fields;
mod heads;
mod ids;
mod redirects;

pub(crate) mod encodings;

pub(crate) fn all() -> Vec<Script> {
    [
        bytes::scripts(),
        encodings::scripts(),
        endings::scripts(),
        fields::scripts(),
        heads::scripts(),
        ids::scripts(),
        redirects::scripts(),
    ]
    .concat()
}
