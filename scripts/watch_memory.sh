#!/usr/bin/env bash
# Memory of one render, sampled every second:
#   scripts/watch_memory.sh RENDER-ARGUMENTS…
# The samples (seconds, resident bytes, stage) go to memory.tsv in the current folder. Prints the peak of each stage and, for the painting, the
# medians of its tenths; leaves with 1 when the last tenth is more than 3 % above the second, or with the render's own code when that failed.
# RESYNCER names another binary.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=${RESYNCER:-$root/build/release/bin/resyncer}
samples=memory.tsv
progress=$(mktemp)
trap 'rm -f "$progress"' EXIT

"$binary" render "$@" --progress=fd:3 3> "$progress" &
pid=$!
trap 'kill "$pid" 2> /dev/null || true; rm -f "$progress"' EXIT
begin=$SECONDS
: > "$samples"
while resident=$(awk '/VmRSS/ {printf "%.0f", $2 * 1024}' "/proc/$pid/status" 2> /dev/null) && [ -n "$resident" ]; do
  printf '%d\t%s\t%s\n' $((SECONDS - begin)) "$resident" "$(tail -c 400 "$progress" | sed -n 's/^stage=//p' | tail -1)" >> "$samples"
  sleep 1
done
wait "$pid"

python3 - "$samples" <<'PYTHON'
import statistics, sys
rows = [line.split("\t") for line in open(sys.argv[1]).read().splitlines()]
stages = {}
for _, resident, stage in rows:
    stages.setdefault(stage.strip() or "start", []).append(int(resident))
for stage, resident in stages.items():
    print(f"{stage}: {len(resident)} samples, peak {max(resident) / 1e6:.0f} MB")
painting = stages.get("render", [])
if len(painting) < 20:
    sys.exit()
tenths = [statistics.median(painting[len(painting) * i // 10 : len(painting) * (i + 1) // 10]) for i in range(10)]
print("render, medians of tenths: " + ", ".join(f"{value / 1e6:.0f}" for value in tenths) + " MB")
sys.exit(tenths[9] > 1.03 * tenths[1])
PYTHON
