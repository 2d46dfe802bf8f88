//! Converts a JSON value to an event, or to a list of events.

use serde_json::{Map, Value};

use super::envelope::{self, Contents, MAX_LIST};
use super::fields::Fields;
use super::kind::Kind;
use super::schema::{self, Fallback};
use super::{DecodeContext, DecodeError, Decoded, Event, Expected, LeftOut, Undecoded, undecoded};
use crate::fingerprint::fingerprint;

pub(super) fn decode_value(
    kind: Option<Kind>,
    nameless: bool,
    value: Value,
    fallback: Fallback<'_>,
    context: &DecodeContext<'_>,
) -> Result<Decoded, Undecoded> {
    let mut object = match (value, kind) {
        (Value::Object(object), _) => object,
        (Value::Array(mut entries), _) if !entries.is_empty() => {
            if let Some((kind, fields)) = envelope::message_in_list(&mut entries) {
                return decode_value(Some(kind), nameless, fields, fallback, context);
            }
            return decode_list(kind, nameless, entries, fallback, context);
        }
        (id @ (Value::String(_) | Value::Number(_)), Some(Kind::Deleted)) => object_of("id", id),
        (status @ Value::Number(_), Some(Kind::Error)) => object_of("status", status),
        (text @ Value::String(_), Some(Kind::Created | Kind::System(_) | Kind::Error)) => {
            object_of("message", text)
        }
        // A gap is meaningful without fields.
        (_, Some(Kind::Gap)) => Map::new(),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_), kind) => {
            return Err(undecoded(kind, fallback.own_id, DecodeError::NotAnObject));
        }
    };
    let found = match kind.or_else(|| envelope::kind_inside(&mut object)) {
        Some(kind) => Ok((kind, object)),
        None => envelope::named_inside(nameless, object),
    };
    let Ok((kind, object)) = found else {
        return Err(undecoded(None, fallback.own_id, DecodeError::UnknownType));
    };
    match envelope::open(kind, object) {
        Contents::One(object) => {
            let mut fields = Fields::new(object, context);
            let subject = schema::subject(kind, &fields);
            let event = schema::event(kind, &mut fields, fallback)
                .map_err(|error| undecoded(Some(kind), subject.as_deref().or(fallback.own_id), error))?;
            Ok(Decoded {
                event,
                event_type: kind.name(),
                left_out: fields.left_out,
                unknown_fields: fields.unknown,
            })
        }
        Contents::Many(entries) => decode_list(Some(kind), nameless, entries, fallback, context),
    }
}

fn object_of(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// Decodes a list entry by entry, so that an unreadable one does not affect the others. The event's own id identifies
/// its entry only if there is just one.
fn decode_list(
    kind: Option<Kind>,
    nameless: bool,
    mut entries: Vec<Value>,
    fallback: Fallback<'_>,
    context: &DecodeContext<'_>,
) -> Result<Decoded, Undecoded> {
    let alone = entries.len() == 1;
    let mut decoded = Vec::new();
    let mut event_type = None;
    let (mut left_out, mut unknown_fields) = (Vec::new(), Vec::new());
    if entries.len() > MAX_LIST {
        entries.truncate(MAX_LIST);
        left_out.push(LeftOut {
            field: "list",
            expected: Expected::FewEntries,
        });
    }
    let mut failure = None;
    for entry in entries {
        let fallback = if alone {
            fallback
        } else {
            Fallback {
                own_id: None,
                hash: fingerprint("", &entry.to_string()),
            }
        };
        let entry = if entry.is_array() { Value::Null } else { entry };
        match decode_value(kind, nameless, entry, fallback, context) {
            Ok(one) => {
                event_type = Some(one.event_type);
                if let Event::Several(events) = one.event {
                    decoded.extend(events);
                } else {
                    decoded.push(one.event);
                }
                left_out.extend(one.left_out);
                unknown_fields.extend(one.unknown_fields);
            }
            Err(undecoded) => {
                decoded.extend(undecoded.item());
                left_out.push(LeftOut {
                    field: "list",
                    expected: Expected::Entries,
                });
                failure = Some(undecoded);
            }
        }
    }
    match (event_type, failure, decoded.len()) {
        (None, Some(undecoded), _) => Err(undecoded),
        (None, None, _) => Err(undecoded(kind, fallback.own_id, DecodeError::NotAnObject)),
        (Some(event_type), _, 1) => Ok(Decoded {
            event: decoded.remove(0),
            event_type,
            left_out,
            unknown_fields,
        }),
        (Some(event_type), _, _) => Ok(Decoded {
            event: Event::Several(decoded),
            event_type,
            left_out,
            unknown_fields,
        }),
    }
}
