#!/usr/bin/env bash
# Writes size, SHA-256, commit and probe of every model into models/manifest.json, after a training. Needs a built resyncer:
#   scripts/update_manifest.sh [BINARY]
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-build/release/bin/resyncer}
python3 - "$binary" <<'PY'
import hashlib, json, pathlib, subprocess, sys
folder = pathlib.Path("models")
manifest = json.loads((folder / "manifest.json").read_text())
commit = subprocess.check_output(["git", "rev-parse", "--short=12", "HEAD"], text=True).strip()
for model in manifest["models"]:
    data = (folder / model["file"]).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != model.get("sha256"):
        model["commit"] = commit
    model["bytes"], model["sha256"] = len(data), digest
    model.pop("probe", None)
text = lambda: json.dumps(manifest, indent=2) + "\n"
(folder / "manifest.json").write_text(text())
for model in manifest["models"]:
    model["probe"] = json.loads(subprocess.check_output([sys.argv[1], "models", "probe", model["id"], "--models", "models"]))
(folder / "manifest.json").write_text(text())
PY
