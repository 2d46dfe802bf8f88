//! A notification and its sound as a test, for somebody who looks whether they appear.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::Actor;
use crate::alerts::{self, AlertContext};
use crate::handle::Reply;
use crate::item::{ItemKind, Priority, SoundReason};
use crate::message::{self, Message};
use crate::ports::{Delivery, NotificationRequest, ServiceState, SoundError, Subject};
use crate::protocol::{TestReport, TestStep};

/// A service that does not answer within 5 s is reported as hanging, so this is a little longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

impl Actor {
    /// Shows a test notification and plays its sound. Replies once both are done.
    pub(in super::super) fn test_notification(&mut self, reply: Reply<TestReport>) {
        // A service that hangs would show it long after anybody expects it.
        let is_hanging = self.alerts.service == ServiceState::Hanging;
        let answer = (!is_hanging).then(|| {
            let (sender, answer) = oneshot::channel();
            let request = NotificationRequest {
                subject: Subject::App,
                title: message::test_notification().into(),
                body: message::test_notification_body().into(),
                priority: Priority::Normal,
                replaces: None,
            };
            self.request_and_answer(request, None, Some(sender));
            answer
        });
        // Two tests in a row both have their sound.
        let context = AlertContext {
            since_last_sound: None,
            ..self.context()
        };
        let sound = alerts::sound(ItemKind::Notification, Priority::Normal, &context);
        let volume = self.settings.volume;
        let playing = match sound {
            SoundReason::Played(sound) => Some(self.setup.ports.sounds.play(sound, volume)),
            SoundReason::Off | SoundReason::Paused | SoundReason::JustPlayed => None,
        };
        tokio::spawn(async move {
            let shown = match answer {
                Some(answer) => match timeout(ANSWER_TIMEOUT, answer).await {
                    Ok(Ok(Ok(answer))) => Ok(delivered(answer.delivery)),
                    Ok(Ok(Err(error))) => Err(error.message()),
                    Ok(Err(_)) | Err(_) => Err(message::notice_notifications_hang()),
                },
                None => Err(message::notice_notifications_hang()),
            };
            let played = match playing {
                Some(playing) => Some(playing.await),
                None => None,
            };
            let steps = vec![
                step(message::check_notification(), shown),
                step(message::check_sound(), heard(sound, played, volume)),
            ];
            let succeeded = steps.iter().all(|step| step.passed);
            reply.answer(Ok(TestReport { succeeded, steps }));
        });
    }
}

fn step(title: Message, outcome: Result<Message, Message>) -> TestStep {
    let passed = outcome.is_ok();
    let (Ok(detail) | Err(detail)) = outcome;
    TestStep {
        title,
        passed,
        detail,
    }
}

fn delivered(delivery: Delivery) -> Message {
    match delivery {
        Delivery::Shown => message::check_notification_shown(),
        Delivery::Queued => message::check_notification_paused(),
        Delivery::HandedOver => message::check_notification_handed_over(),
    }
}

/// What became of the sound. One that the user turned off is no failure.
fn heard(
    decided: SoundReason,
    played: Option<Result<(), SoundError>>,
    volume: u8,
) -> Result<Message, Message> {
    match (decided, played) {
        (_, Some(Err(error))) => Err(error.message()),
        (SoundReason::Off, _) => Ok(message::check_sound_off()),
        (SoundReason::Paused, _) => Ok(message::check_sound_paused()),
        (SoundReason::Played(_) | SoundReason::JustPlayed, _) => Ok(message::check_sound_played(volume)),
    }
}
