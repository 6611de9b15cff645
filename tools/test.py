"""``make test``: everything the tests need, then every suite. Nothing is skipped: what is missing fails."""

import sys
import time

from project import debian, environment, suites, toolchain
from project.shell import StepError


def main() -> None:
    """Run the suites named in the arguments, or all, and end with a table of them."""
    started = time.monotonic()
    try:
        chosen = suites.select(sys.argv[1:])
        toolchain.require()
        toolchain.require_lock_file()
        debian.install_missing()
        environment.build()
        environment.install_group("dev")
        environment.install_node_tests()
    except (StepError, suites.UnknownSuiteError) as error:
        sys.exit(f"error: {error}")
    print(f"    ready after {time.monotonic() - started:.0f} s", flush=True)

    results = suites.run_all(chosen)
    failed = [result for result in results if result.status != 0]
    print(f"\nAll of it took {time.monotonic() - started:.0f} s:")
    for result in results:
        verdict = "passed" if result.status == 0 else f"FAILED (status {result.status})"
        print(f"  {result.suite.name:<10} {result.seconds:6.1f} s  {verdict}")
    print(f"\nsuites: {len(results) - len(failed)} passed, {len(failed)} failed", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
