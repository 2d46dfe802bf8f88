//! A real browser at the provider's pages, and back.

use crate::stage::{begin, client};
use gloria_sign_in_tests::{Browser, Provider};

#[tokio::test]
async fn chromium_walks_through_the_pages_of_the_provider_and_comes_back() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let mut attempt = begin(&client).await;
    let mut browser = Browser::start().await;
    browser.open(attempt.link()).await;
    browser.walk("anna").await;

    let (grant, page) = attempt.wait().await.unwrap();
    assert_eq!(grant.identity.subject, "anna");
    page.signed_in();
    browser
        .wait_for("document.body.innerText.includes('sign-in-page-done')")
        .await;
    // Neither the address nor what the browser goes back to has the code.
    assert_eq!(
        browser.evaluate("location.pathname + location.search").await,
        "/done"
    );
    assert_eq!(browser.evaluate("document.referrer").await, "");
    let style = browser.evaluate("getComputedStyle(document.body).maxWidth").await;
    assert_eq!(style, "512px", "the policy allows the page's own style");
    // A reload shows the same.
    browser.evaluate("window.marked = true; location.reload()").await;
    browser
        .wait_for("window.marked !== true && document.body.innerText.includes('sign-in-page-done')")
        .await;
    assert_eq!(provider.count("POST /token").await, 1);
}
