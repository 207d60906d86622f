"""cvc5 in a child process with limits on time and memory. It is given only commands that the checker
wrote."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

MEMORY = 4 << 30
"""Bytes of address space; a part of ours needs 300 megabytes."""


def _cvc5() -> str:
    try:
        return f"cvc5 {version('cvc5')}"
    except PackageNotFoundError:
        return "cvc5, which is not installed: pip install cvc5"


SOLVER = _cvc5()


def ask(script: str, seconds: int) -> list[str]:
    """The answers to the script's check-sats, as far as they came; an error of the solver is the last."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "earwitness.proof_checker.solver",
        str(seconds),
    ]
    try:
        ran = subprocess.run(
            command,
            input=script,
            capture_output=True,
            text=True,
            # Four times the solver's own limit, and 10 s to start: chosen, so that a loaded machine
            # is no failure.
            timeout=4 * seconds + 10,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout if isinstance(error.stdout, str) else ""
        return [
            *output.split("\n")[:-1],
            f"no answer within {4 * seconds} s of the clock",
        ]
    answers = ran.stdout.split("\n")[:-1]
    failure = ran.stderr.strip().splitlines()
    if ran.returncode == 0:
        return answers
    reason = failure[-1][:200] if failure else "the solver ended early"
    return [*answers, reason]


def main(seconds: int) -> None:
    """Read a script on standard input and print an answer a line."""
    import resource

    import cvc5

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(
        cvc5.InputLanguage.SMT_LIB_2_6, sys.stdin.read(), "obligations"
    )
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        answer = str(command.invoke(solver, symbols)).strip()
        if answer:
            print(answer, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
