//! `videocall-relay --listen IP:PORT --to IP:PORT [--seed N]`: datagrams that come to the one go on to the other and back, over
//! a network as bad as standard input says.
//!
//! Each line of standard input is a JSON object: `{"down": {"delayMs": 30, "loss": 0.1}, "up": {}}` sets the directions that
//! it names (down is towards who came to `--listen`), `{"stats": true}` asks for counters. The line that answers is written
//! when it was carried out. The relay ends with its input.
#![forbid(unsafe_code)]

mod control;
mod relay;

use std::{env, net::SocketAddr, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = parse(&arguments).and_then(|(listen, to, seed)| {
        relay::run(listen, to, seed).map_err(|error| format!("{listen}: {error}"))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            control::complain(&why);
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<(SocketAddr, SocketAddr, u64), String> {
    let (mut listen, mut to, mut seed) = (None, None, 1);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("{} needs a value", pair[0]));
        };
        let address = || {
            value
                .parse()
                .map_err(|_| format!("{name}: {value:?} is not IP:PORT"))
        };
        match name.as_str() {
            "--listen" => listen = Some(address()?),
            "--to" => to = Some(address()?),
            "--seed" => {
                seed = value
                    .parse()
                    .map_err(|_| format!("--seed: {value:?} is not a number"))?;
            }
            _ => return Err(format!("there is no option {name}")),
        }
    }
    match (listen, to) {
        (Some(listen), Some(to)) => Ok((listen, to, seed)),
        _ => Err("--listen and --to are needed".to_owned()),
    }
}
