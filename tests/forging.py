"""What a forger does to a bundle: edit one file and put every digest right."""

from __future__ import annotations

import hashlib
import json


def edit(folder, name, change):
    """Edit one file of a bundle and put its digest right, as a forger would."""
    path = folder / name
    path.write_text(change(path.read_text()))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    for pack in manifest["packs"]:
        pack["sha256"] = manifest["files"][pack["file"]]
    put_manifest(folder, manifest)


def edit_manifest(folder, change):
    """Edit the manifest itself and seal it again."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    put_manifest(folder, manifest)


def put_manifest(folder, manifest):
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "manifest.sha256").write_text(f"{digest}  manifest.json\n")


def in_json(change):
    def changed(text):
        entry = json.loads(text)
        change(entry)
        return json.dumps(entry)

    return changed


def without_line(number):
    def changed(text):
        lines = text.splitlines(keepends=True)
        return "".join(lines[:number] + lines[number + 1 :])

    return changed


def set_verdict(number, verdict):
    def change(entry):
        entry["clauses"][number]["verdict"] = verdict
        entry["clauses"][number]["conjuncts"][0]["verdict"] = verdict

    return in_json(change)


def set_field(**fields):
    return in_json(lambda entry: entry.update(fields))
