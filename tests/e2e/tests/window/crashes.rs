//! The app's dependencies die: its window, the processes behind the page, the screen, the bus, the services. The agent
//! continues, and everything recovers.

use gloria_desktop_session::{Part, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, Window, signal};

/// What is killed without a chance to clean up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Window,
    WebProcess,
    NetworkProcess,
    Screen,
    Bus,
    Notifications,
    Panel,
}

/// The started app, and what has happened to it.
struct Watched {
    stage: Stage,
    agent: u32,
    pushed: Vec<String>,
    /// How many items the user has not had in view.
    new: usize,
    /// The last window.
    window: Option<Window>,
    /// The window processes that WebDriver has used.
    driven: Vec<u32>,
}

impl Watched {
    fn push(&mut self) -> String {
        let id = (self.pushed.len() + 1).to_string();
        self.stage.push(&id, json!({}));
        self.pushed.push(id.clone());
        self.new += 1;
        id
    }

    /// Checks that a notification arrives, the tray shows the app, and the window opens.
    async fn is_well(&mut self) {
        self.stage.tray_says("Connected").await;
        // Items in front of the user are not shown again as notifications.
        if self.stage.windows() > 0 {
            self.stage.close_window().await;
        }
        let id = self.push();
        let title = format!("Task {id}");
        self.stage
            .session
            .wait_for_notification(DEADLINE, |notification| notification.summary == title)
            .await
            .unwrap();
        self.stage.recorded_as_shown(&format!("n:{id}")).await;

        let icon = self.stage.tray_says(&format!("{} new", self.new)).await;
        icon.click(self.stage.session.bus().unwrap()).await.unwrap();
        self.stage.expect_windows(1).await;
        // The page reports that the user looks at the list.
        self.stage.badge_gone().await;
        self.new = 0;
        self.look_at_page().await;
        assert_eq!(self.stage.session.processes("gloria"), [self.agent]);
    }

    /// Checks that the page has all items, and is connected.
    async fn look_at_page(&mut self) {
        let process = self.stage.window_process();
        let window = match self.window.take() {
            Some(window) if window.process() == process => {
                window.turn_to_open_window().await;
                window
            }
            // A window accepts one driver session in its life, which ends with a process of WebKit.
            None if self.driven.contains(&process) => return,
            Some(_) | None => self.stage.drive().await,
        };
        self.driven.push(process);
        for id in &self.pushed {
            window
                .find(&format!("[data-testid=item][data-key='n:{id}']"))
                .await;
        }
        window
            .find("[data-testid=connection][data-state=connected]")
            .await;
        self.window = Some(window);
    }

    /// Checks that nothing was lost or shown twice, and that there was one connection to the server.
    fn judge(&self) {
        let keys: Vec<_> = self.pushed.iter().map(|id| format!("n:{id}")).collect();
        assert_eq!(self.stage.stored_keys("inbox"), keys);
        let mut shown: Vec<_> = self
            .stage
            .session
            .notifications()
            .into_iter()
            .filter(|notification| notification.id.is_some())
            .map(|notification| notification.summary)
            .collect();
        shown.sort();
        let pushed: Vec<_> = self.pushed.iter().map(|id| format!("Task {id}")).collect();
        let alerts: Vec<_> = self
            .stage
            .stored("inbox")
            .into_iter()
            .map(|item| item["alert"].to_string())
            .collect();
        assert_eq!(shown, pushed, "{alerts:#?}");
        let seen = self.stage.backend.control().observed();
        assert_eq!((seen.streams, seen.streams_total), (1, 1));
    }

    async fn strike(&mut self, victim: Victim) {
        match victim {
            Victim::Window => {
                self.kill_process("gloria-notify").await;
                self.stage.expect_windows(0).await;
            }
            Victim::WebProcess => {
                self.window = None;
                self.kill_process("WebKitWebProcess").await;
                // A new page replaces it automatically.
                self.stage.expect_processes("WebKitWebProcess", 1).await;
                self.stage.expect_windows(1).await;
            }
            Victim::NetworkProcess => {
                // It restarts once the page needs it, which may be never.
                if self.window.take().is_some() {
                    self.kill_process("WebKitNetworkProcess").await;
                }
            }
            Victim::Screen => {
                // Events that arrive while the list is in front cause no notification.
                self.stage.close_window().await;
                self.stage.session.kill_screen().unwrap();
                self.stage.expect_processes("gloria-notify", 0).await;
                self.push();
                self.stage.session.restart_screen().await.unwrap();
            }
            Victim::Bus => {
                // As with the screen, but the window outlives the bus.
                self.stage.close_window().await;
                // The driver does not outlive it.
                self.window = None;
                self.stage.session.kill_bus().unwrap();
                self.push();
                self.stage.session.restart_bus().await.unwrap();
            }
            Victim::Notifications => self.stage.session.crash_part(Part::Notifications).await.unwrap(),
            Victim::Panel => self.stage.session.crash_part(Part::TrayHost).await.unwrap(),
        }
    }

    async fn kill_process(&self, name: &str) {
        let processes = self.stage.session.processes(name);
        let [process] = processes[..] else {
            panic!("{processes:?} are not one {name}");
        };
        signal(process, "KILL");
        wait_until(&format!("{name} to end"), DEADLINE, async || {
            let gone = !self.stage.session.processes(name).contains(&process);
            Ok(gone.then_some(()))
        })
        .await
        .unwrap();
    }
}

/// Each twice, because the restarted part may differ from the first one.
async fn outlives(victim: Victim) {
    let stage = Stage::set(Account::Given).await;
    let mut agent = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    let mut watched = Watched {
        agent: agent.id(),
        stage,
        pushed: Vec::new(),
        new: 0,
        window: None,
        driven: Vec::new(),
    };
    watched.is_well().await;
    for _ in 0..2 {
        watched.strike(victim).await;
        watched.is_well().await;
    }
    watched.judge();
    agent.check_alive().unwrap();
}

#[tokio::test]
async fn the_agent_outlives_its_window() {
    outlives(Victim::Window).await;
}

#[tokio::test]
async fn the_window_outlives_the_process_of_its_page() {
    outlives(Victim::WebProcess).await;
}

#[tokio::test]
async fn the_window_outlives_the_network_process() {
    outlives(Victim::NetworkProcess).await;
}

#[tokio::test]
async fn the_agent_outlives_the_screen() {
    outlives(Victim::Screen).await;
}

#[tokio::test]
async fn the_agent_outlives_the_session_bus() {
    outlives(Victim::Bus).await;
}

#[tokio::test]
async fn the_app_outlives_the_notification_service() {
    outlives(Victim::Notifications).await;
}

#[tokio::test]
async fn the_app_outlives_the_panel() {
    outlives(Victim::Panel).await;
}

/// The window starts it again and continues.
#[tokio::test]
async fn the_window_outlives_the_agent() {
    let stage = Stage::set(Account::Given).await;
    let mut window = stage.start_with_window().await;
    let connected = "[data-testid=connection][data-state=connected]";
    window.find(connected).await;
    stage.push("1", json!({}));
    window.find("[data-testid=item][data-key='n:1']").await;
    window.agent().kill();
    let mut agents = vec![window.agent().id()];
    for id in ["2", "3"] {
        // Possibly before the next process runs.
        stage.push(id, json!({}));
        window
            .find(&format!("[data-testid=item][data-key='n:{id}']"))
            .await;
        window.find(connected).await;
        let [agent] = stage.session.processes("gloria")[..] else {
            panic!("not one agent");
        };
        assert!(!agents.contains(&agent));
        agents.push(agent);
        assert_eq!(stage.window_process(), window.process());
        stage.expect_windows(1).await;
        // It knows that the list is in front of the user, like the previous one.
        stage.badge_gone().await;
        if id == "2" {
            signal(agent, "KILL");
        }
    }

    // The user has not seen the next one.
    stage.close_window().await;
    stage.push("4", json!({}));
    stage.recorded_as_shown("n:4").await;
    let icon = stage.tray_says("1 new").await;
    icon.click(stage.session.bus().unwrap()).await.unwrap();
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=item][data-key='n:4']").await;
    assert_eq!(stage.window_process(), window.process());

    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2", "n:3", "n:4"]);
    let mut titles: Vec<_> = stage
        .session
        .notifications()
        .into_iter()
        .map(|notification| notification.summary)
        .collect();
    let all = titles.len();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), all, "{titles:?}");
    let seen = stage.backend.control().observed();
    assert_eq!((seen.streams, seen.streams_total), (1, 3), "one of each agent");
}
