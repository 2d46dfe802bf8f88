//! What a page that was taken over could try: to leave, to open, to download, to use what is not the window's.

use std::fs;

use gloria_desktop_session::wait_until;
use serde_json::{Value, json};

use crate::stage::{Account, DEADLINE, Stage, Window};

/// Leaves a mark that no other page has.
const MARK: &str = "window.mark = 'the same page'";

async fn opened() -> (Stage, Window) {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    window.client.execute(MARK, vec![]).await.unwrap();
    (stage, window)
}

/// Whether the page is still there, with its way from the server to the screen.
async fn still_there(stage: &Stage, window: &Window, id: &str, after: &str) {
    stage.push(id, json!({}));
    let row = format!("[data-testid=item][data-key='n:{id}']");
    window.find(&row).await;
    let mark = window.client.execute("return window.mark", vec![]).await.unwrap();
    assert_eq!(mark, "the same page", "after {after}");
    assert_eq!(stage.windows(), 1, "after {after}");
    assert_eq!(window.client.windows().await.unwrap().len(), 1, "after {after}");
}

#[tokio::test]
async fn the_window_cannot_leave_its_page_or_open_another() {
    let (stage, window) = opened().await;
    let before = stage.server_saw(|seen| seen.streams == 1).await.requests_total;
    let server = stage.backend.api_url();
    let attempts = [
        "location.href = url",
        "location.replace('file:///etc/passwd')",
        "location.assign('about:blank')",
        "location.assign('data:text/html,elsewhere')",
        "location.assign('tauri://evil.example/')",
        "window.open(url)",
        "window.open('about:blank')",
        "window.open(location.href)",
        "link({ href: url, target: '_blank' })",
        "link({ href: location.href, target: '_blank' })",
        "link({ href: url })",
        "const form = document.createElement('form'); form.action = url; document.body.append(form); form.submit()",
        "const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame)",
        "const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = '0;url=' + url; \
         document.head.append(meta)",
    ];
    for (number, attempt) in attempts.into_iter().enumerate() {
        let script = format!(
            "const [url] = arguments;
             const link = (attributes) => {{
                 const element = Object.assign(document.createElement('a'), attributes);
                 document.body.append(element);
                 element.click();
             }};
             {attempt}"
        );
        // Where the page is gone the script may fail, and what is looked at next says so in better words.
        let _ = window.client.execute(&script, vec![json!(server)]).await;
        still_there(&stage, &window, &number.to_string(), attempt).await;
    }
    assert_eq!(
        stage.backend.control().observed().requests_total,
        before,
        "the server was asked for a page"
    );
}

#[tokio::test]
async fn the_window_downloads_nothing() {
    let (stage, window) = opened().await;
    let script = "const save = (href) => {
            const element = Object.assign(document.createElement('a'), { href, download: 'taken.txt' });
            document.body.append(element);
            element.click();
        };
        save(URL.createObjectURL(new Blob(['taken'])));
        save('data:text/plain,taken');
        save(location.href);
        save(arguments[0]);";
    let _ = window
        .client
        .execute(script, vec![json!(stage.backend.api_url())])
        .await;
    still_there(&stage, &window, "1", "four downloads").await;
    let mut folders = vec![stage.session.dir().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.starts_with("taken"), "{} was saved", entry.path().display());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
}

/// What a command answers, or `refused: ` and why.
async fn invoke(window: &Window, command: &str, arguments: Value) -> String {
    let script = "const [command, given, done] = arguments;
        window.__TAURI_INTERNALS__.invoke(command, given).then(
            (answer) => done(`answered: ${JSON.stringify(answer)}`),
            (error) => done(`refused: ${typeof error === 'string' ? error : error.code}`),
        );";
    let answer = window
        .client
        .execute_async(script, vec![json!(command), arguments])
        .await
        .unwrap();
    answer.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_window_has_the_listed_commands_and_none_of_tauri() {
    let (stage, window) = opened().await;
    stage.push("1", json!({}));
    window.find("[data-testid=item][data-key='n:1']").await;
    let item = invoke(&window, "call", json!({"name": "inbox_item", "request": "n:1"})).await;
    assert!(
        item.starts_with("answered: ") && item.contains("Task 1"),
        "{item}"
    );
    for (name, request, code) in [
        ("inbox_item", json!(17), "invalidRequest"),
        ("no_such_command", json!(null), "unknownCommand"),
        ("credentials_changed", json!("x"), "unknownCommand"),
        ("stop", json!(null), "unknownCommand"),
    ] {
        let answer = invoke(&window, "call", json!({"name": name, "request": request})).await;
        assert_eq!(answer, format!("refused: {code}"), "{name}");
    }
    for command in [
        "inbox_item",
        "plugin:event|emit",
        "plugin:window|close",
        "plugin:window|destroy",
        "plugin:webview|create_webview_window",
        "plugin:app|version",
        "plugin:tray|new",
        "plugin:path|resolve_directory",
        "plugin:resources|close",
    ] {
        let answer = invoke(&window, command, json!({"request": "n:1"})).await;
        assert!(answer.starts_with("refused: "), "{command} {answer}");
    }
    // The app is as it was.
    wait_until("the app to answer", DEADLINE, async || {
        Ok((stage.status().0 == 0).then_some(()))
    })
    .await
    .unwrap();
    still_there(&stage, &window, "2", "commands that are not the window's").await;
}
