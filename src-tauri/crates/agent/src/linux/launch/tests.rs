//! The launcher with a session bus of its own, and on it a systemd that does what a test says. A real one runs in
//! `tests/e2e/tests/agent/systemd.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child as BusDaemon, Command as BusCommand};
use std::sync::{Arc, Mutex, PoisonError};

use gloria_desktop::session_bus;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::fdo;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};

use super::*;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

const PATH: &str = "/org/freedesktop/systemd1";

/// A variable that can be set here and nowhere else.
const OWN: &str = "GLORIA_HOME";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Starts,
    /// Answers nothing at all.
    Silent,
    /// Starts and stops nothing until it behaves otherwise; what came meanwhile is done then.
    Hangs,
    Refuses,
    /// Answers, and the job fails.
    Fails,
    /// Answers, and says nothing of the job.
    Forgets,
    /// Answers, and leaves the bus.
    Vanishes,
}

/// What it was asked, in the order in which it did it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Done {
    Started { unit: String, environment: Vec<String> },
    Stopped { unit: String },
}

#[derive(Debug, Clone)]
struct Systemd {
    environment: Vec<String>,
    behaviour: watch::Sender<Behaviour>,
    done: Arc<Mutex<Vec<Done>>>,
    /// One call after the other, as systemd has one thread.
    turn: Arc<tokio::sync::Mutex<()>>,
}

fn job(number: usize) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{PATH}/job/{number}")).unwrap()
}

impl Systemd {
    /// Waits until it does not hang.
    async fn turn(&self) -> (tokio::sync::MutexGuard<'_, ()>, Behaviour) {
        let turn = self.turn.lock().await;
        let mut behaviour = self.behaviour.subscribe();
        let behaviour = *behaviour
            .wait_for(|behaviour| *behaviour != Behaviour::Hangs)
            .await
            .unwrap();
        (turn, behaviour)
    }

    fn push(&self, done: Done) -> usize {
        let mut all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(done);
        all.len()
    }

    fn done(&self) -> Vec<Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn until(&self, what: &str, wanted: impl Fn(&[Done]) -> bool) -> Vec<Done> {
        timeout(DEADLINE, async {
            while !wanted(&self.done()) {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{what}: {:?}", self.done()));
        self.done()
    }
}

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Systemd {
    async fn subscribe(&self) {}

    #[zbus(property)]
    async fn environment(&self) -> Vec<String> {
        if *self.behaviour.borrow() == Behaviour::Silent {
            std::future::pending::<()>().await;
        }
        self.environment.clone()
    }

    async fn start_transient_unit(
        &self,
        name: String,
        mode: String,
        properties: Vec<(String, OwnedValue)>,
        auxiliary: Vec<(String, Vec<(String, OwnedValue)>)>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        assert_eq!((&*mode, auxiliary.len()), ("fail", 0));
        let (_turn, behaviour) = self.turn().await;
        if behaviour == Behaviour::Refuses {
            return Err(fdo::Error::AccessDenied("not by this user".to_owned()));
        }
        let environment = properties.into_iter().find(|(name, _)| name == "Environment");
        let environment = Vec::<String>::try_from(environment.unwrap().1).unwrap();
        let number = self.push(Done::Started {
            unit: name.clone(),
            environment,
        });
        let emitter = emitter.to_owned();
        let connection = connection.clone();
        // After the answer, as the job is known by it.
        tokio::spawn(async move {
            sleep(Duration::from_millis(20)).await;
            let result = match behaviour {
                Behaviour::Starts => "done",
                Behaviour::Fails => "failed",
                Behaviour::Vanishes => return connection.close().await.unwrap(),
                Behaviour::Silent | Behaviour::Hangs | Behaviour::Refuses | Behaviour::Forgets => return,
            };
            // That of somebody else first.
            for (job, result) in [(job(900), "failed"), (job(number), result)] {
                Self::job_removed(&emitter, 1, job.as_ref(), &name, result)
                    .await
                    .unwrap();
            }
        });
        Ok(job(number))
    }

    async fn stop_unit(&self, name: String, mode: String) -> OwnedObjectPath {
        assert_eq!(mode, "replace");
        let (_turn, _) = self.turn().await;
        let number = self.push(Done::Stopped { unit: name });
        job(number)
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: ObjectPath<'_>,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn unit_removed(emitter: &SignalEmitter<'_>, id: &str, unit: ObjectPath<'_>) -> zbus::Result<()>;
}

/// A bus, a systemd on it, and a program that writes down how it was started.
struct Stage {
    folder: TempDir,
    systemd: Systemd,
    connection: zbus::Connection,
    bus: BusDaemon,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bus.kill().unwrap();
        self.bus.wait().unwrap();
    }
}

impl Stage {
    async fn set(behaviour: Behaviour, environment: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix:path={}", folder.path().join("bus").display());
        let bus = BusCommand::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--address", &address])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let systemd = Systemd {
            environment: environment.iter().map(|line| (*line).to_owned()).collect(),
            behaviour: watch::Sender::new(behaviour),
            done: Arc::default(),
            turn: Arc::default(),
        };
        let connection = timeout(DEADLINE, async {
            loop {
                let builder = Builder::address(&*address)
                    .unwrap()
                    .serve_at(PATH, systemd.clone())
                    .unwrap()
                    .name("org.freedesktop.systemd1")
                    .unwrap();
                match session_bus::connect(builder).await {
                    Ok(connection) => return connection,
                    Err(_) => sleep(Duration::from_millis(5)).await,
                }
            }
        });
        let program = folder.path().join("window");
        let lines =
            "#!/bin/sh\necho \"$1 $GLORIA_HOME $DISPLAY $SECRET\" >> \"${0%/*}/starts\"\nexec sleep 600\n";
        fs::write(&program, lines).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            connection: connection.await.unwrap(),
            folder,
            systemd,
            bus,
        }
    }

    fn launch(&self) -> Launch {
        let bus = format!("unix:path={}", self.folder.path().join("bus").display());
        Launch {
            program: self.folder.path().join("window"),
            arguments: vec!["--window"],
            variables: vec![(OWN, "/home".into())],
            session: environment(&[("DISPLAY", ":7"), (BUS, &bus)]),
            settings: Vec::new(),
        }
    }

    /// Waits until the program was started directly, and says how each time.
    async fn starts(&self) -> Vec<String> {
        let starts = self.folder.path().join("starts");
        timeout(DEADLINE, async {
            loop {
                match fs::read_to_string(&starts) {
                    Ok(text) if text.ends_with('\n') => return text.lines().map(str::to_owned).collect(),
                    Ok(_) | Err(_) => sleep(Duration::from_millis(5)).await,
                }
            }
        })
        .await
        .unwrap()
    }

    fn never_started_directly(&self) {
        assert!(!self.folder.path().join("starts").exists());
    }

    /// systemd forgets a unit whose program has ended.
    async fn remove(&self, unit: &str) {
        let interface = self
            .connection
            .object_server()
            .interface::<_, Systemd>(PATH)
            .await
            .unwrap();
        let path = ObjectPath::try_from("/org/freedesktop/systemd1/unit/x").unwrap();
        Systemd::unit_removed(interface.signal_emitter(), unit, path)
            .await
            .unwrap();
    }
}

fn unit(started: &Started) -> String {
    match started {
        Started::Unit { name, .. } => name.clone(),
        Started::Child { .. } => panic!("started directly: {started:?}"),
    }
}

fn child(started: Started) -> Child {
    match started {
        Started::Child { child, .. } => child,
        Started::Unit { .. } => panic!("started by systemd: {started:?}"),
    }
}

fn environment(of: &[(&str, &str)]) -> HashMap<&'static str, OsString> {
    session(|name| {
        let found = of.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn a_session_is_what_is_set_of_it() {
    let found = environment(&[("DISPLAY", ":1"), ("WAYLAND_DISPLAY", ""), ("HOME", "/home/x")]);
    assert_eq!(found, HashMap::from([("DISPLAY", OsString::from(":1"))]));
}

#[tokio::test]
async fn without_a_display_nothing_is_started() {
    let launch = Launch {
        program: "/nowhere/gloria-notify".into(),
        arguments: Vec::new(),
        variables: Vec::new(),
        session: environment(&[(BUS, "unix:path=/nowhere")]),
        settings: Vec::new(),
    };
    assert!(matches!(launch.start().await, Err(LaunchError::NoDisplay)));
}

#[tokio::test]
async fn systemd_starts_the_window_in_the_session_as_it_is_now_and_its_end_is_noticed() {
    let stage = Stage::set(Behaviour::Starts, &["DISPLAY=:9"]).await;
    let mut started = stage.launch().start().await.unwrap();
    let unit = unit(&started);
    // The display is systemd's, which is not overridden by the agent's own.
    let environment = vec!["GLORIA_HOME=/home".to_owned()];
    assert_eq!(
        stage.systemd.done(),
        [Done::Started {
            unit: unit.clone(),
            environment
        }]
    );
    stage.never_started_directly();

    let mut ended = std::pin::pin!(started.ended());
    let runs = timeout(Duration::from_millis(50), &mut ended).await;
    assert!(runs.is_err(), "{runs:?}");
    stage.remove("another.service").await;
    stage.remove(&unit).await;
    let ended = timeout(DEADLINE, ended).await.unwrap();
    assert!(
        matches!(&ended, Err(LaunchError::Ended { status }) if *status == unit),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_systemd_that_knows_no_display_is_given_the_agents() {
    let stage = Stage::set(Behaviour::Starts, &["HOME=/home"]).await;
    unit(&stage.launch().start().await.unwrap());
    let [Done::Started { environment, .. }] = &stage.systemd.done()[..] else {
        panic!("{:?}", stage.systemd.done());
    };
    assert!(environment.contains(&"DISPLAY=:7".to_owned()), "{environment:?}");
}

#[tokio::test]
async fn an_agent_with_settings_that_systemd_does_not_have_starts_its_window_itself() {
    let stage = Stage::set(Behaviour::Starts, &["DISPLAY=:9", "SECRET=known"]).await;
    let mut launch = stage.launch();
    launch.settings = vec![("SECRET".to_owned(), "known".into())];
    unit(&launch.start().await.unwrap());
    launch.settings = vec![("SECRET".to_owned(), "other".into())];
    let mut child = child(launch.start().await.unwrap());
    assert_eq!(stage.starts().await, ["--window /home :7 other"]);
    assert_eq!(stage.systemd.done().len(), 1);
    child.kill().await.unwrap();
}

#[tokio::test]
async fn what_systemd_does_not_start_is_started_directly_and_once() {
    for behaviour in [
        Behaviour::Silent,
        Behaviour::Refuses,
        Behaviour::Fails,
        Behaviour::Forgets,
        Behaviour::Vanishes,
    ] {
        let stage = Stage::set(behaviour, &["DISPLAY=:9"]).await;
        let mut child = child(stage.launch().start().await.unwrap());
        assert_eq!(stage.starts().await, ["--window /home :7 "], "{behaviour:?}");
        // It was not asked for anything, or is not there any more.
        if ![Behaviour::Silent, Behaviour::Vanishes].contains(&behaviour) {
            let is_stop = |done: &Done| matches!(done, Done::Stopped { .. });
            stage
                .systemd
                .until("the unit to be stopped", |done| done.iter().any(is_stop))
                .await;
        }
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_window_that_systemd_starts_too_late_is_stopped_at_once() {
    let stage = Stage::set(Behaviour::Starts, &["DISPLAY=:9"]).await;
    // It hangs once it was asked.
    stage.systemd.behaviour.send_replace(Behaviour::Hangs);
    let began = Instant::now();
    let mut child = child(stage.launch().start().await.unwrap());
    assert!(began.elapsed() >= SYSTEMD_TIMEOUT, "{:?}", began.elapsed());
    assert_eq!(stage.starts().await.len(), 1);
    assert_eq!(stage.systemd.done(), []);

    stage.systemd.behaviour.send_replace(Behaviour::Starts);
    let done = stage.systemd.until("both", |done| done.len() == 2).await;
    let [
        Done::Started { unit: started, .. },
        Done::Stopped { unit: stopped },
    ] = &done[..]
    else {
        panic!("{done:?}");
    };
    assert_eq!(started, stopped);
    assert_eq!(stage.starts().await.len(), 1);
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_unit_that_shows_no_window_is_stopped() {
    let stage = Stage::set(Behaviour::Starts, &["DISPLAY=:9"]).await;
    let started = stage.launch().start().await.unwrap();
    let unit = unit(&started);
    started.give_up();
    let done = stage.systemd.until("the stop", |done| done.len() == 2).await;
    assert_eq!(done[1], Done::Stopped { unit });
}
