#!/usr/bin/env bash
# Every parser against libFuzzer, with the address and undefined-behaviour sanitizers:
#   scripts/fuzz.sh RUNS OUT [FORMAT…]
# Builds what it needs (cmake --preset fuzz). OUT keeps each target's inputs, log and findings, and a target that has had its RUNS is not run
# again. Prints one line a format; leaves with 1 when one has a finding.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
runs=$1 out=$(mkdir -p "$2" && cd "$2" && pwd)
shift 2
cd "$root"
formats=("$@")
[ $# -gt 0 ] || for folder in tests/fuzz/corpus/*/; do formats+=("$(basename "$folder")"); done
cmake --preset fuzz > "$out/build.log"
cmake --build --preset fuzz --target "${formats[@]/#/fuzz_}" >> "$out/build.log"

fuzz() {  # FORMAT
  local format=$1 inputs=$out/$1/inputs log=$out/$1/log status=0
  mkdir -p "$inputs"
  if ! grep -qs "^Done $runs runs" "$log"; then
    "build/fuzz/bin/fuzz_$format" -runs="$runs" -seed=1 -rss_limit_mb=2048 -timeout=25 -artifact_prefix="$out/$format/" \
      "$inputs" "tests/fuzz/corpus/$format" > "$log" 2>&1 || status=$?
  fi
  if [ $status -ne 0 ]; then
    echo "FAIL $format: $(grep -m 1 -E 'ERROR|runtime error' "$log"), see $log"
  else
    echo "ok   $format: $(grep "^Done" "$log"), $(grep -E 'cov:' "$log" | tail -1 | sed 's/.*\(cov: [0-9]* ft: [0-9]*\).*/\1/')"
  fi
  return $status
}
export -f fuzz
export runs out
printf '%s\n' "${formats[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}' || exit 1
