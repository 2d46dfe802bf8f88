//! The checks and the report for support, as a window asks for them.

use gloria_core::ports::{CommandError, DoctorTask};
use gloria_core::protocol::{CommandError as Refused, Outcome};
use serde_json::{Value, json};

use crate::harness::{Harness, Running, Spoken as _, backend};

const FINDING: &str = concat!(
    r#"{"check":"keyring","outcome":"failed","cause":{"id":"keyring-locked","args":{},"words":"x"},"#,
    r#""mend":{"id":"doctor-mend-unlock","args":{},"words":"y"}}"#,
);

async fn started() -> (Running, Harness, gloria_backend::Backend) {
    let (backend, _control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let running = harness.start();
    (running, harness, backend)
}

fn prints(harness: &Harness, lines: &[&str]) {
    *harness.doctor.prints.lock().unwrap() = Ok(lines.join("\n"));
}

#[tokio::test]
async fn findings_have_the_words_of_this_version_and_part_of_them_is_no_result() {
    let (running, harness, _backend) = started().await;
    prints(&harness, &[FINDING, ""]);
    let report = running.core.doctor_check().await.unwrap();
    let [finding] = &report.findings[..] else {
        panic!("{report:?}")
    };
    assert_eq!(finding.outcome, Outcome::Failed);
    assert_eq!(finding.title.id, "doctor-keyring");
    assert_eq!(finding.mend.as_ref().unwrap().id, "doctor-mend-unlock");
    for lines in [
        &[][..],
        &["no JSON"],
        &[
            FINDING,
            r#"{"check":"another","outcome":"passed","cause":{"id":"x"}}"#,
        ],
        &[FINDING, "{"],
    ] {
        prints(&harness, lines);
        let refused = running.core.doctor_check().await.unwrap_err();
        assert_eq!(refused.message().id, "doctor-broke", "{lines:?}");
    }
    for (error, id) in [
        (CommandError::NotStarted("why".into()), "doctor-not-started"),
        (CommandError::TimedOut, "doctor-timed-out"),
        (CommandError::Failed(2), "doctor-broke"),
    ] {
        *harness.doctor.prints.lock().unwrap() = Err(error);
        let refused = running.core.doctor_check().await.unwrap_err();
        assert_eq!(refused.message().id, id);
        assert!(!refused.message().words().is_empty());
    }
    running.stop().await;
}

#[tokio::test]
async fn a_report_has_a_name_with_the_date_and_is_saved_or_says_why_not() {
    let (running, harness, _backend) = started().await;
    let report = |saved: bool, problem: Value| {
        let files = json!([{"name": "log.txt", "bytes": 7}]);
        json!({"report": {"path": "/x", "files": files, "saved": saved, "problem": problem}}).to_string()
    };
    prints(&harness, &[FINDING, &report(false, Value::Null)]);
    let preview = running.core.support_report_preview().await.unwrap();
    assert_eq!((&*preview.files[0].name, preview.saved), ("log.txt", false));
    // A report that is not there is not said to be saved.
    let refused = running.core.support_report_save().await.unwrap_err();
    assert_eq!(refused.message().id, "doctor-broke");
    prints(&harness, &[FINDING, &report(true, Value::Null)]);
    assert_eq!(running.core.support_report_save().await.unwrap().path, "/x");
    let full = json!({"id": "doctor-bundle-failed", "args": {"path": "/x", "problem": "full"}, "words": "x"});
    prints(&harness, &[FINDING, &report(false, full)]);
    let refused = running.core.dispatch("support_report_save", Value::Null).await;
    let Refused { message, .. } = refused.unwrap_err();
    assert_eq!(message.id, "doctor-bundle-failed");

    let ran = harness.doctor.ran.all();
    let (DoctorTask::PreviewReport { name }, DoctorTask::SaveReport { name: saved }) = (&ran[0], &ran[1])
    else {
        panic!("{ran:?}");
    };
    assert_eq!(name, saved);
    let date = name.strip_prefix("gloria-notify-report-").unwrap();
    assert!(date.len() == 10 && date.starts_with("20"), "{name}");
    running.stop().await;
}
