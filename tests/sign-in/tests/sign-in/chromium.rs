//! A real browser at the provider's pages, and back.

use crate::browser::Browser;
use crate::provider::Provider;
use crate::stage::{begin, client};

const SUBMIT: &str = "document.querySelector('form button[type=submit]').click()";

#[tokio::test]
async fn chromium_walks_through_the_pages_of_the_provider_and_comes_back() {
    let provider = Provider::usual().await;
    let client = client(&provider).await;
    let mut attempt = begin(&client).await;
    let mut browser = Browser::start().await;
    browser.open(attempt.link()).await;
    browser
        .wait_for("document.querySelector('input[name=password]') !== null")
        .await;
    browser
        .evaluate("document.querySelector('input[name=login]').value = 'anna'")
        .await;
    browser
        .evaluate("document.querySelector('input[name=password]').value = 'pass'")
        .await;
    browser.evaluate(SUBMIT).await;
    browser
        .wait_for("document.querySelector('input[name=prompt][value=consent]') !== null")
        .await;
    browser.evaluate(SUBMIT).await;

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
