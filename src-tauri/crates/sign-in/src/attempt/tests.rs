use super::*;

#[test]
fn the_prompt_is_that_of_the_settings_and_asks_who_it_is_where_that_is_wanted() {
    let known = ["login".to_owned(), "select_account".to_owned()];
    for (settings, asked, known, sent) in [
        (None, Prompt::Settings, &known[..], None),
        (Some("consent"), Prompt::Settings, &known, Some("consent")),
        (Some(""), Prompt::Settings, &known, None),
        (Some("none"), Prompt::Settings, &known, None),
        (None, Prompt::Login, &[], Some("login")),
        (None, Prompt::Login, &known, Some("login select_account")),
        (Some("consent"), Prompt::Login, &[], Some("login consent")),
        (
            Some("login consent none"),
            Prompt::Login,
            &[],
            Some("login consent"),
        ),
    ] {
        assert_eq!(
            prompt(settings, asked, known).as_deref(),
            sent,
            "{settings:?} {asked:?}"
        );
    }
}
