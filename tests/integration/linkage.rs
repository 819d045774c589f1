//! Courses through the real program: tables that agree with one another, an earlier run joined, and what changed between two runs.

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::screen::Desk;

fn call(id: &str, day: &str, narrative: &str, more: Value) -> Value {
    let mut record = json!({"incident_id": id, "reported_at": format!("2024-{day} 10:00"), "area": "Marlbrook", "narrative": narrative});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

/// Nothing of it reads as stalking by itself.
fn unseen() -> Vec<Value> {
    let who = json!({"victim_name": "Elizabeth HARTNOLL", "victim_phone": "07700 900142", "victim_dob": "03/08/1986"});
    vec![
        call(
            "42/00101/24",
            "03-02",
            "On return a scratch down the length of the driver's side. Cars either side not touched.",
            who.clone(),
        ),
        call(
            "42/00102/24",
            "04-11",
            "Came home to find gas off. Supplier says account was closed over the phone by a caller.",
            who.clone(),
        ),
        call("42/00103/24", "05-23", "Washing taken off the line, two nightdresses, nothing else taken.", who.clone()),
        call("42/00104/24", "06-04", "Eight takeaways have come to the door, none of them ordered by the household.", who),
        call("42/00105/24", "06-05", "Lead stolen from the roof of a church.", json!({"victim_name": "Gordon Strake", "area": "Wyke"})),
    ]
}

fn table(desk: &Desk, name: &str) -> Vec<Value> {
    desk.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_course_is_flagged_although_no_record_is() {
    let desk = Desk::new(&unseen());
    let thresholds = ["--threshold-likely", "0.9999", "--threshold-possible", "0.9998"];
    let mut command = Command::cargo_bin("foursight").unwrap();
    let run = command.current_dir(desk.folder.path()).args(["screen", "in.jsonl", "--out", "out", "--format", "jsonl"]).args(thresholds);
    assert!(run.output().unwrap().status.success());
    let courses = table(&desk, "out/courses.jsonl");
    let course = &courses[0];
    assert_eq!(courses.len(), 1);
    assert_eq!(course["incident_ids"], json!(["42/00101/24", "42/00102/24", "42/00103/24", "42/00104/24"]));
    assert_eq!((&course["flag"], &course["incidents"]), (&json!("likely"), &json!(4)));
    let reasons = course["reasons"].as_array().unwrap();
    assert!(reasons[0].as_str().unwrap().starts_with("4 occasions in 13 weeks"), "{reasons:?}");
    assert!(course["missing"].as_array().unwrap().contains(&json!("no record is recorded as stalking")));
    for record in table(&desk, "out/screened.jsonl") {
        let is_in = record["incident_id"] != "42/00105/24";
        assert_eq!(record["flag"], "none");
        assert_eq!(record["course_id"], if is_in { course["course_id"].clone() } else { Value::Null });
        assert_eq!(record["course_flag"], if is_in { json!("likely") } else { Value::Null });
    }
    let links = table(&desk, "out/links.jsonl");
    assert!(links.iter().all(|link| !link["evidence_for"].as_array().unwrap().is_empty()));
    assert!(!desk.read("out/links.jsonl").contains("HARTNOLL"));
    let page = desk.read("out/report.html");
    assert!(page.contains("Courses of conduct") && page.contains("class=\"timeline\"") && page.contains("Time line of 4 records"));
}

#[test]
fn an_earlier_run_is_joined_without_its_narratives_and_compare_says_what_grew() {
    let all = unseen();
    let desk = Desk::new(&all[..2]);
    desk.screen(&["--out", "first", "--format", "jsonl"]);
    let write = |name: &str, records: &[Value]| {
        std::fs::write(desk.path(name), records.iter().map(|record| format!("{record}\n")).collect::<String>()).unwrap();
    };
    write("in.jsonl", &all[2..]);
    desk.screen(&["--out", "second", "--format", "csv", "--with", "first"]);
    write("in.jsonl", &all);
    desk.screen(&["--out", "together", "--format", "jsonl"]);
    let ids = |text: &str| text.contains("42/00101/24") && text.contains("42/00104/24");
    assert!(ids(&desk.read("second/courses.csv")), "{}", desk.read("second/courses.csv"));
    let course = &table(&desk, "together/courses.jsonl")[0]["course_id"];
    assert!(desk.read("second/courses.csv").contains(course.as_str().unwrap()));
    assert_eq!(desk.read("second/screened.csv").lines().count(), 4);

    let compare = |first: &str, second: &str| {
        let output = Command::cargo_bin("foursight")
            .unwrap()
            .current_dir(desk.folder.path())
            .args(["compare", first, second, "--json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let changes = compare("first", "second");
    assert_eq!((&changes["courses"][0]["fate"], &changes["courses"][0]["new_records"]), (&json!("grown"), &json!(2)), "{changes}");
    assert_eq!(changes["records_only_second"], 3);
    let same = compare("second", "together");
    assert_eq!((&same["courses"], &same["courses_unchanged"]), (&json!([]), &json!(1)), "{same}");
}

#[test]
fn a_folder_that_is_no_run_is_said() {
    let desk = Desk::new(&unseen());
    let compare = |args: &[&str]| Command::cargo_bin("foursight").unwrap().current_dir(desk.folder.path()).args(args).output().unwrap();
    let output = compare(&["compare", "nowhere", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("manifest"));
    let output = compare(&["screen", "in.jsonl", "--out", "out", "--with", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
}
