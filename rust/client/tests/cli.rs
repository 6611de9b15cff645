//! The two programs, as a benchmark starts them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn load_speaks_json_lines() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_videocall-load"))
        .args(["--threads", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());

    let hello = lines.next().unwrap();
    assert_eq!(hello["event"], "hello");
    let fingerprints = &hello["fingerprints"];
    assert_eq!(fingerprints[2]["algorithm"], "sha-256");

    stdin.write_all(b"nonsense\n{\"cmd\":\"fly\"}\n").unwrap();
    for _ in 0..2 {
        let error = lines.next().unwrap();
        assert_eq!(error["event"], "error", "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }

    // Without an address it is told what is missing; the others go on.
    let client = serde_json::json!({"cmd": "add", "client": {
        "bind": "127.0.0.1", "iceCandidates": [], "fingerprints": fingerprints,
        "iceParameters": {"usernameFragment": "u", "password": "p", "iceLite": true},
    }});
    writeln!(stdin, "{client}").unwrap();
    let told: Vec<Value> = lines.by_ref().take(2).collect();
    let event = |name: &str| told.iter().find(|line| line["event"] == name).unwrap();
    assert_eq!(event("added")["client"], 0);
    assert!(
        event("failed")["reason"]
            .as_str()
            .unwrap()
            .contains("candidate")
    );

    stdin
        .write_all(b"{\"cmd\":\"begin\"}\n{\"cmd\":\"report\"}\n{\"cmd\":\"stats\"}\n")
        .unwrap();
    let report = lines.next().unwrap();
    assert_eq!(
        (&report["event"], &report["packetsReceived"]),
        (&"report".into(), &0.into())
    );
    assert!(report["video"].is_null());
    assert_eq!(lines.next().unwrap()["clients"], serde_json::json!([]));

    stdin.write_all(b"{\"cmd\":\"stop\"}\n").unwrap();
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn limit_prints_a_line_per_run() {
    let output = Command::new(env!("CARGO_BIN_EXE_videocall-limit"))
        .args(["--subscribers", "1,2", "--seconds", "0.2", "--gro", "both"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let runs: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |run: &Value| {
        (
            run["subscribers"].as_u64().unwrap(),
            run["gro"].as_bool().unwrap(),
        )
    };
    assert_eq!(
        runs.iter().map(of).collect::<Vec<_>>(),
        [(1, false), (1, true), (2, false), (2, true)]
    );
    assert!(
        runs.iter()
            .all(|run| run["cpuUsPerPacket"].as_f64().unwrap() > 0.0)
    );
}

#[test]
fn wrong_flags_are_named() {
    for (program, args) in [
        (env!("CARGO_BIN_EXE_videocall-load"), ["--threads", "many"]),
        (env!("CARGO_BIN_EXE_videocall-load"), ["--speed", "1"]),
        (
            env!("CARGO_BIN_EXE_videocall-limit"),
            ["--seconds", "never"],
        ),
        (
            env!("CARGO_BIN_EXE_videocall-limit"),
            ["--profile", "rot13"],
        ),
    ] {
        let output = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(args[0]), "{message}");
    }
}
