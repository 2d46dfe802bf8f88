//! A post as a change of the item that is known.

use crate::event::{Change, Field, Post};
use crate::item::EpochMillis;

/// Returns what a post says of an item as a change in which nothing is absent: what the post does not have is removed.
pub(super) fn as_change(post: &Post) -> Change {
    fn all<T: Clone>(value: Option<&T>) -> Field<T> {
        value.cloned().map_or(Field::Null, Field::Value)
    }
    Change {
        key: post.key.clone(),
        title: Field::Value(post.title.clone()),
        body: all(Some(&post.body).filter(|body| !body.is_empty())),
        category: all(post.category.as_ref()),
        priority: Field::Value(post.priority),
        actor: all(post.actor.as_ref()),
        link: all(post.link.as_ref()),
        actions: Field::Value(post.actions.clone()),
        expires_at: all(post.expires_at.as_ref()),
        seen_at: all(post.seen_at.or(post.read_at).or(post.archived_at).as_ref()),
        read_at: all(post.read_at.or(post.archived_at).as_ref()),
        archived_at: all(post.archived_at.as_ref()),
        flagged_at: all(post.states.flagged_at.as_ref()),
        snoozed_until: all(post.states.snoozed_until.as_ref()),
        ack_required: Field::Value(post.states.ack_required),
        acknowledged_at: all(post.states.acknowledged_at.as_ref()),
        version: post.states.version,
    }
}

/// Returns the marks that a post has as a change that removes none.
pub(super) fn marks_of(post: &Post) -> Change {
    fn set(at: Option<EpochMillis>) -> Field<EpochMillis> {
        at.map_or(Field::Absent, Field::Value)
    }
    Change {
        key: post.key.clone(),
        seen_at: set(post.seen_at),
        read_at: set(post.read_at),
        archived_at: set(post.archived_at),
        flagged_at: set(post.states.flagged_at),
        acknowledged_at: set(post.states.acknowledged_at),
        ..Change::default()
    }
}
