"""``make soak``: the simulation over many seeds and the fuzz targets over many inputs, for as long as that takes."""

import argparse
import os
import sys

from project import toolchain
from project.paths import ROOT
from project.shell import StepError, run


def main() -> None:
    """Run both, optimised, with overflow checks and assertions."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="simulated calls (default: 20000)")
    parser.add_argument("--inputs", type=int, default=2_000_000, help="inputs for each fuzz target (default: 2000000)")
    arguments = parser.parse_args()
    environment = os.environ | {
        "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS": "true",
        "CARGO_PROFILE_RELEASE_LTO": "off",
        # Not where the server's build lies, which has neither.
        "CARGO_TARGET_DIR": str(ROOT / "target" / "soak"),
        "VIDEOCALL_SEEDS": str(arguments.seeds),
        "VIDEOCALL_FUZZ_INPUTS": str(arguments.inputs),
    }
    cargo = ["cargo", "test", "--locked", "--release"]
    seeded = [*cargo, "-p", "videocall-core", "--test", "seeded", "whole_calls"]
    try:
        toolchain.require()
        run(f"{arguments.seeds} simulated calls", seeded, env=environment)
        run(f"{arguments.inputs} inputs for every parser", [*cargo, "-p", "videocall-fuzz"], env=environment)
    except StepError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
