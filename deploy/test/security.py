#!/usr/bin/env python3
"""Attacks a Lakefront binary through its doors and says what held.

usage: security.py BINARY [--only REGEX] [--slack N] [--list]

Starts servers of its own on temporary folders and loopback. Python's standard library is all it needs.
`--slack 6` multiplies the times that are promised, for builds that are not optimised and machines that are busy.
"""

import argparse
import pathlib
import re
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from security import access, engine, files, harness, lake, objects, resources, web  # noqa: E402

ORDER = [engine, files, resources, access, objects, web]
# The bystanders are asked last, when all cases they stood beside are over.
LAST = "RES-probe"


def build(arguments, folder):
    world = harness.World(arguments.binary, folder, arguments.slack)
    world.canary = folder / "canary" / "lf-canary.txt"
    world.canary.parent.mkdir()
    world.canary.write_bytes(harness.CANARY + b"\n")
    world.wants_files = any(re.search(arguments.only, case.id) for case in harness.CASES if case.id.startswith(("FIL", "RES-013")))

    def prepare(folder):
        lake.write(folder)
        if world.wants_files:
            files.write(folder)

    world.main = world.server("main", resources.SETTINGS, prepare)
    world.main.create_people({"editor": "editor", "viewer": "viewer", "una": "viewer", "probe": "viewer"})
    world.watch = harness.Watch(world.main, world.main.tokens["probe"])
    world.watch.running.clear()
    world.throttled = world.server("throttled", {}, lambda folder: lake.write(folder, 2))
    world.throttled.create_people({"una": "viewer", "bob": "viewer"})
    return world


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--only", default="", metavar="REGEX", help="the cases whose ids match")
    parser.add_argument("--slack", type=float, default=1, help="factor on promised times")
    parser.add_argument("--list", action="store_true", help="only the cases' ids")
    arguments = parser.parse_args()
    chosen = [case for case in harness.CASES if re.search(arguments.only, case.id)]
    chosen.sort(key=lambda case: case.id == LAST)
    if arguments.list:
        for case in chosen:
            print(case.id, case.skipped or case.run.__name__.replace("_", " "))
        return 0
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="lakefront-security-") as folder:
        world = build(arguments, pathlib.Path(folder))
        try:
            for case in chosen:
                counts[judge(case, world)] += 1
        finally:
            world.watch.end()
            world.end()
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


def judge(case, world):
    if case.run is None:
        print(f"skip  {case.id:12} {case.skipped}", flush=True)
        return "skipped"
    started, evidence = time.monotonic(), None
    try:
        case.run(world)
        leaks = [leak for server in world.servers for leak in server.leaks]
        harness.check(not leaks, f"the canary was answered by {leaks}")
    except harness.Failed as failed:
        evidence = str(failed)
    except Exception:  # noqa: BLE001 - a case that can't be judged is a failed one
        evidence = traceback.format_exc(limit=-3)
    took = time.monotonic() - started
    title = (case.run.__name__).replace("_", " ")
    print(f"{'FAIL' if evidence else 'ok':5} {case.id:12} {title} ({took:.1f} s)", flush=True)
    if evidence is None:
        return "passed"
    print("      " + evidence.replace("\n", "\n      "), flush=True)
    return "failed"


if __name__ == "__main__":
    sys.exit(main())
