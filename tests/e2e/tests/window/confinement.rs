//! What a compromised page could try: to navigate, open windows, download, or use functions outside the window.

use std::fs;

use gloria_desktop_session::wait_until;
use serde_json::{Value, json};

use crate::stage::{Account, DEADLINE, Stage, Window};

/// Sets a mark that no other page has.
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

/// Checks that the page is still there and still receives events.
async fn still_there(stage: &Stage, window: &Window, id: &str, after: &str) {
    stage.push(id, json!({}));
    let row = format!("[data-testid=item][data-key='n:{id}']");
    window.find(&row).await;
    let mark = window.client.execute("return window.mark", vec![]).await.unwrap();
    assert_eq!(mark, "the same page", "after {after}");
    assert_eq!(stage.windows(), 1, "after {after}");
    assert_eq!(window.client.windows().await.unwrap().len(), 1, "after {after}");
}

/// How often something was read from the server. That an item was seen is sent to it as well.
fn pages_requested(stage: &Stage) -> usize {
    let requests = stage.backend.control().observed().requests;
    requests.iter().filter(|request| request.method == "GET").count()
}

#[tokio::test]
async fn the_window_cannot_leave_its_page_or_open_another() {
    let (stage, window) = opened().await;
    stage.server_saw(|seen| seen.streams == 1).await;
    let before = pages_requested(&stage);
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
        "link({ href: url, target: '_top' })",
        "link({ href: 'javascript:window.mark = 1' })",
        "link({ href: URL.createObjectURL(new Blob(['elsewhere'], { type: 'text/html' })) })",
        "window.open(URL.createObjectURL(new Blob(['elsewhere'], { type: 'text/html' })))",
        "const base = document.createElement('base'); base.href = url; document.head.append(base); \
         link({ href: 'elsewhere' })",
        "const form = document.createElement('form'); form.action = url; form.target = '_blank'; \
         document.body.append(form); form.requestSubmit()",
        "const frame = document.createElement('iframe'); frame.srcdoc = `<a href=${url} target=_top>elsewhere</a>`; \
         frame.onload = () => frame.contentDocument?.querySelector('a')?.click(); document.body.append(frame)",
        "for (const name of ['object', 'embed']) { \
         const element = document.createElement(name); element.data = element.src = url; \
         document.body.append(element) }",
        "for (const rel of ['prefetch', 'preload', 'stylesheet', 'manifest']) { \
         const element = document.createElement('link'); Object.assign(element, { rel, href: url, as: 'fetch' }); \
         document.head.append(element) }",
        "new Image().src = url; navigator.sendBeacon?.(url); fetch(url, { mode: 'no-cors' }).catch(() => 0)",
        "new EventSource(url); new WebSocket(url.replace('http', 'ws'))",
        "const data = new DataTransfer(); data.setData('text/uri-list', url); \
         for (const type of ['dragenter', 'dragover', 'drop']) \
         document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }))",
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
        // If the page is gone, the script may fail; the following check reports that better.
        let _ = window.client.execute(&script, vec![json!(server)]).await;
        still_there(&stage, &window, &number.to_string(), attempt).await;
    }
    assert_eq!(pages_requested(&stage), before, "the server was asked for a page");
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

/// Returns the result of a command, or `refused: ` and the reason.
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
    // The app is unaffected.
    wait_until("the app to answer", DEADLINE, async || {
        Ok((stage.status().0 == 0).then_some(()))
    })
    .await
    .unwrap();
    still_there(&stage, &window, "2", "commands that are not the window's").await;
}

#[tokio::test]
async fn nothing_runs_in_or_beside_the_page_that_is_not_the_apps() {
    let (stage, window) = opened().await;
    let script = "const done = arguments[arguments.length - 1];
        const attempts = {
            evaluated: () => eval('1'),
            inline: () => {
                const element = document.createElement('script');
                element.textContent = 'window.ran = true';
                document.body.append(element);
                return window.ran;
            },
            handler: () => {
                const element = document.createElement('div');
                element.setAttribute('onclick', 'window.ran = true');
                document.body.append(element);
                element.click();
                return window.ran;
            },
            worker: () => new Promise((ran) => {
                const worker = new Worker(URL.createObjectURL(new Blob(['postMessage(true)'])));
                worker.onmessage = () => ran(true);
                worker.onerror = () => ran(false);
            }),
            serviceWorker: async () => {
                const container = navigator.serviceWorker;
                await container?.register('/index.html').catch(() => undefined);
                await container?.register('data:text/javascript,0').catch(() => undefined);
                return ((await container?.getRegistrations().catch(() => [])) ?? []).length > 0;
            },
            frame: () => {
                const frame = document.createElement('iframe');
                document.body.append(frame);
                return frame.contentWindow?.__TAURI_INTERNALS__?.invoke !== undefined;
            },
            everythingOfTauri: () => window.__TAURI__ !== undefined,
        };
        const ran = [];
        (async () => {
            for (const [name, attempt] of Object.entries(attempts)) {
                try {
                    if (await attempt()) ran.push(name);
                } catch {
                    // Rejected.
                }
            }
            done(ran);
        })();";
    let ran = window.client.execute_async(script, vec![]).await.unwrap();
    assert_eq!(ran, json!([]), "what ran");
    still_there(&stage, &window, "1", "code of another").await;
}

#[tokio::test]
async fn whatever_the_page_sends_is_answered() {
    let (stage, window) = opened().await;
    let script = "const done = arguments[arguments.length - 1];
        const internals = window.__TAURI_INTERNALS__;
        const answered = (command, given) => internals.invoke(command, given).then(() => 'done', () => 'refused');
        let deep = null;
        for (let level = 0; level < 5000; level++) deep = [deep];
        const mark = (keys) => ({ name: 'inbox_mark', request: { keys, mark: 'read' } });
        const missing = () => answered('call', { name: 'inbox_item', request: 'n:none' });
        const asked = [
            ['call', {}],
            ['call', { name: 'inbox_item' }],
            ['call', { name: 17, request: null }],
            ['call', { name: 'inbox_item', request: deep }],
            ['call', { name: 'inbox_item', request: '\\ud800' }],
            ['call', { name: 'inbox_item', request: NaN }],
            ['call', { name: '\\0', request: null }],
            ['call', { name: 'inbox_page', request: { filter: { view: 'inbox' }, after: null, limit: 2 ** 53 } }],
            ['attach', {}],
            ['attach', { updates: '__CHANNEL__:x' }],
            ['listen', { types: ['no.such'], events: '__CHANNEL__:1' }],
            ['listen', { types: ['heartbeat'], events: 'x' }],
            ['received', { channel: -1, count: 1 }],
            ['received', { channel: 1, count: 2 ** 60 }],
        ];
        (async () => {
            const answers = [];
            for (const [command, given] of asked) answers.push(await answered(command, given));
            const large = await answered('call', mark(['x'.repeat(512 << 10), '\\0']));
            // More than the agent accepts, among other requests, which it answers nevertheless.
            const [tooLarge, ...many] = await Promise.all([
                answered('call', mark(['x'.repeat(4 << 20)])),
                ...Array.from({ length: 2000 }, missing),
            ]);
            done([answers, large, tooLarge, many.filter((answer) => answer === 'done').length]);
        })();";
    let answers = window.client.execute_async(script, vec![]).await.unwrap();
    let mut expected = vec!["refused"; 14];
    // Only the agent knows the event types, and an unknown one has no effect.
    expected[10] = "done";
    // An unknown channel is treated like one that is gone.
    expected[13] = "done";
    assert_eq!(answers, json!([expected, "done", "refused", 2000]));
    still_there(&stage, &window, "1", "what no page sends").await;
}

#[tokio::test]
async fn a_page_that_is_loaded_again_gets_all_and_the_one_before_it_nothing() {
    let (stage, window) = opened().await;
    let listen = "const done = arguments[arguments.length - 1];
        const internals = window.__TAURI_INTERNALS__;
        const events = `__CHANNEL__:${internals.transformCallback(() => undefined)}`;
        internals.invoke('listen', { types: ['notification.created'], events }).then(() => done(true), done);";
    let listening = window.client.execute_async(listen, vec![]).await.unwrap();
    assert_eq!(listening, true);
    for round in 0..3 {
        window.client.refresh().await.unwrap();
        window
            .find("[data-testid=connection][data-state=connected]")
            .await;
        // Tauri warns about calls of callbacks that this page does not have.
        let watch = "window.warned = []; console.warn = (...words) => window.warned.push(words.join(' '))";
        window.client.execute(watch, vec![]).await.unwrap();
        stage.push(&format!("again-{round}"), json!({}));
        window
            .find(&format!("[data-testid=item][data-key='n:again-{round}']"))
            .await;
        let warned = window
            .client
            .execute("return window.warned", vec![])
            .await
            .unwrap();
        assert_eq!(warned, json!([]));
    }
}
