//! Drives clients from the command line: JSON lines in, JSON lines out, for benchmarks that speak the
//! signalling themselves.
//!
//! The first line out is `{"event":"hello","fingerprints":[...]}`, the fingerprints of all clients.
//! Then, a line each in:
//!
//! - `{"cmd":"add","client":{...}}`, a `ClientPlan`: out comes `{"event":"added","client":N}`
//! - `{"cmd":"receive","client":N,"stream":{...}}` and `{"cmd":"send","client":N,"stream":{...}}`
//! - `{"cmd":"close","client":N}`
//! - `{"cmd":"begin"}` starts to measure; `{"cmd":"report"}` gives `{"event":"report",...}`
//! - `{"cmd":"stats"}` gives `{"event":"stats","clients":[...]}`, all counters
//! - `{"cmd":"stop"}`, or the end of input
//!
//! and out, as they happen, `connected`, `firstMedia` and `failed`. A line that cannot be read
//! gives `{"event":"error","message":"..."}`.
//!
//! Flags: `--threads N`, `--cpus 1,2`, `--no-gro`.
#![allow(clippy::print_stdout, reason = "its output is its interface")]

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use videocall_client::ReceiveStream;
use videocall_client::driver::{ClientPlan, Load, LoadOptions, SendPlan};

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
enum Line {
    Add {
        client: Box<ClientPlan>,
    },
    Receive {
        client: usize,
        stream: ReceiveStream,
    },
    Send {
        client: usize,
        stream: SendPlan,
    },
    Close {
        client: usize,
    },
    Begin,
    Report,
    Stats,
    Stop,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("videocall-load: {message}");
            return ExitCode::from(2);
        }
    };
    raise_file_limit();
    let load = match Load::start(&options) {
        Ok(load) => load,
        Err(error) => {
            eprintln!("videocall-load: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{}",
        json!({"event": "hello", "fingerprints": load.certificate().fingerprints()})
    );
    serve(load);
    ExitCode::SUCCESS
}

/// Reads commands; another thread prints what happens meanwhile.
fn serve(load: Load) {
    let load = Mutex::new(load);
    let lock = || {
        load.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    };
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                // Short, as the lock is held meanwhile.
                while let Some(event) = lock().wait_event(Duration::ZERO) {
                    if let Ok(line) = serde_json::to_string(&event) {
                        println!("{line}");
                    }
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let answer = match serde_json::from_str(&line) {
                Ok(Line::Stop) => break,
                Ok(command) => execute(&mut lock(), command),
                Err(error) => Some(json!({"event": "error", "message": error.to_string()})),
            };
            if let Some(answer) = answer {
                println!("{answer}");
            }
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

fn execute(load: &mut Load, command: Line) -> Option<Value> {
    match command {
        Line::Add { client } => {
            return Some(json!({"event": "added", "client": load.add(*client)}));
        }
        Line::Receive { client, stream } => load.receive(client, stream),
        Line::Send { client, stream } => load.send(client, stream),
        Line::Close { client } => load.close(client),
        Line::Begin => load.begin(),
        Line::Report => {
            let mut report = serde_json::to_value(load.report()).unwrap_or_default();
            report["event"] = "report".into();
            return Some(report);
        }
        Line::Stats => return Some(json!({"event": "stats", "clients": load.client_stats()})),
        Line::Stop => {}
    }
    None
}

fn options(mut args: impl Iterator<Item = String>) -> Result<LoadOptions, String> {
    let mut options = LoadOptions::default();
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or(format!("{flag} takes a value"));
        match flag.as_str() {
            "--threads" => {
                options.threads = value()?.parse().map_err(|e| format!("--threads: {e}"))?;
            }
            "--cpus" => {
                options.cpus = value()?
                    .split(',')
                    .map(|cpu| cpu.parse().map_err(|e| format!("--cpus: {e}")))
                    .collect::<Result<_, _>>()?;
            }
            "--no-gro" => options.gro = false,
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(options)
}

/// A thousand clients are a thousand sockets.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // What the system refuses shows when a socket cannot be made.
    let _ = setrlimit(Resource::Nofile, limit);
}
