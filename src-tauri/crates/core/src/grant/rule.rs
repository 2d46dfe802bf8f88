//! What the settings demand of a sign-in.

use gloria_sign_in::Issuer;

/// The provider that the settings name, as far as they do. It is authoritative: a sign-in of another one, from before
/// an administrator named this one, is neither sent nor renewed, and the user is asked to sign in anew.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrantRule {
    /// The provider.
    pub issuer: Option<Issuer>,
    /// The app's id there.
    pub client_id: Option<String>,
}

impl GrantRule {
    /// Whether a sign-in of this provider for this client may be used.
    pub(crate) fn admits(&self, issuer: &str, client_id: &str) -> bool {
        let is_its = |issuer_set: &Issuer| issuer_set.as_str() == issuer;
        self.issuer.as_ref().is_none_or(is_its)
            && self.client_id.as_ref().is_none_or(|client| client == client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_has_to_be_the_same_and_the_rest_may_be_anything() {
        let rule = |issuer: Option<&str>, client_id: Option<&str>| GrantRule {
            issuer: issuer.map(|issuer| Issuer::parse(issuer).unwrap()),
            client_id: client_id.map(str::to_owned),
        };
        let own = Some("https://id.example");
        for (rule, admits) in [
            (rule(None, None), true),
            (rule(own, None), true),
            (rule(own, Some("gloria")), true),
            (rule(None, Some("gloria")), true),
            (rule(Some("https://id.example/"), None), false),
            (rule(Some("https://other.example"), Some("gloria")), false),
            (rule(own, Some("other")), false),
            (rule(None, Some("other")), false),
        ] {
            assert_eq!(rule.admits("https://id.example", "gloria"), admits, "{rule:?}");
        }
    }
}
