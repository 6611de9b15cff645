//! Prints what forwarding cannot cost less than, a line of JSON per run: see `videocall_client::limit`.
//!
//! Flags: `--subscribers 10,100` (default 100), `--seconds 5`, `--gro on|off|both` (default both),
//! `--profile gcm128|gcm256|cm` (default gcm128), `--cpus SENDER,RECEIVER`.
#![allow(clippy::print_stdout, reason = "its output is its interface")]

use std::process::ExitCode;
use std::time::Duration;

use videocall_client::limit::{LimitOptions, run};
use videocall_core::srtp::SrtpProfile;

struct Flags {
    subscribers: Vec<usize>,
    seconds: f64,
    gro: Vec<bool>,
    profile: SrtpProfile,
    cpus: Option<(usize, usize)>,
}

fn main() -> ExitCode {
    let flags = match flags(std::env::args().skip(1)) {
        Ok(flags) => flags,
        Err(message) => {
            eprintln!("videocall-limit: {message}");
            return ExitCode::from(2);
        }
    };
    raise_file_limit();
    for &subscribers in &flags.subscribers {
        for &gro in &flags.gro {
            let duration = Duration::from_secs_f64(flags.seconds);
            let (profile, cpus) = (flags.profile, flags.cpus);
            match run(&LimitOptions {
                subscribers,
                duration,
                gro,
                profile,
                cpus,
            }) {
                Ok(report) => println!("{}", serde_json::json!(report)),
                Err(error) => {
                    eprintln!("videocall-limit: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn flags(mut args: impl Iterator<Item = String>) -> Result<Flags, String> {
    let mut flags = Flags {
        subscribers: vec![100],
        seconds: 5.0,
        gro: vec![false, true],
        profile: SrtpProfile::AeadAes128Gcm,
        cpus: None,
    };
    while let Some(flag) = args.next() {
        let value = args.next().ok_or(format!("{flag} takes a value"))?;
        let wrong = || format!("{flag} does not take {value}");
        match flag.as_str() {
            "--subscribers" => {
                flags.subscribers = numbers(&value).ok_or_else(wrong)?;
            }
            "--seconds" => {
                let seconds: f64 = value.parse().map_err(|_| wrong())?;
                flags.seconds = Some(seconds)
                    .filter(|s| (0.1..3600.0).contains(s))
                    .ok_or_else(wrong)?;
            }
            "--gro" => {
                flags.gro = match value.as_str() {
                    "on" => vec![true],
                    "off" => vec![false],
                    "both" => vec![false, true],
                    _ => return Err(wrong()),
                };
            }
            "--profile" => {
                flags.profile = match value.as_str() {
                    "gcm128" => SrtpProfile::AeadAes128Gcm,
                    "gcm256" => SrtpProfile::AeadAes256Gcm,
                    "cm" => SrtpProfile::AesCm128HmacSha1_80,
                    _ => return Err(wrong()),
                };
            }
            "--cpus" => match numbers(&value).as_deref() {
                Some(&[sender, receiver]) => flags.cpus = Some((sender, receiver)),
                _ => return Err(wrong()),
            },
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(flags)
}

fn numbers(text: &str) -> Option<Vec<usize>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // What the system refuses shows when a socket cannot be made.
    let _ = setrlimit(Resource::Nofile, limit);
}
