"""`phasefield doctor`: what this computer has for a run, what it lacks, and what to do about it."""

import json
from dataclasses import asdict
from pathlib import Path

from phasefield.commands.checks import Parser
from phasefield.doctor import FAIL, WARNING, examine


def main(arguments: list[str]) -> int:
    """Exit code of `phasefield doctor ARGUMENTS`: 1 where a run would fail."""
    parser = Parser(
        "doctor",
        "Check devices, packages and folders, and make a short run. One line each: OK, warning or FAIL.",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("outputs"), metavar="FOLDER", help="where runs shall land"
    )
    parser.add_argument("--no-run", action="store_true", help="leave out the short run, which takes some ten seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    options = parser.parse_args(arguments)
    findings = []
    for finding in examine(options.output, not options.no_run):
        findings.append(finding)
        if not options.json:
            advice = f" -> {finding.advice}" if finding.advice else ""
            print(f"{finding.verdict:8s}{finding.name:11s}{finding.words}{advice}", flush=True)
    failed, doubtful = (sum(each.verdict == verdict for each in findings) for verdict in (FAIL, WARNING))
    if options.json:
        print(json.dumps({"healthy": not failed, "findings": [asdict(each) for each in findings]}, indent=2))
    else:
        print(f"{failed} failures, {doubtful} warnings." if failed or doubtful else "Everything is in order.")
    return 1 if failed else 0
