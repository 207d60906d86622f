"""python -m earwitness.proof_checker FOLDER: exits 0 where every part of the proof holds, 1 where one
does not."""

from __future__ import annotations

import sys
from pathlib import Path

from earwitness.proof_checker.checker import check_folder
from earwitness.proof_checker.s_expressions import ProofError


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    failed = False
    try:
        for part in check_folder(Path(sys.argv[1])):
            failed = failed or bool(part.failed)
            print(
                f"{part.name}: {part.failed or f'{part.obligations} obligations hold ({part.solver})'}"
            )
    except ProofError as error:
        print(f"NOT a proof: {error}")
        return 1
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
