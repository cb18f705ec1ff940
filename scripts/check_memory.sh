#!/usr/bin/env bash
# Peak memory of a one-minute and of a ten-minute render:
#   scripts/check_memory.sh [warp|network] [VIDEO SPEECH]
# The video and the speech are looped; without them: the bundled portrait, moving, and a sentence of espeak-ng. Prints both peaks and
# their ratio; leaves with 1 when ten minutes need over 10 % more than one, or either over 1.5 GB. RESYNCER names another binary.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=${RESYNCER:-$root/build/release/bin/resyncer}
renderer=${1:-warp}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ $# -ge 3 ]; then
  video=$2 speech=$3
else
  video=$work/portrait.mp4 speech=$work/sentence.wav
  ffmpeg -v error -loop 1 -framerate 25 -i "$root/tests/data/astronaut.png" -t 20 -pix_fmt yuv420p -preset veryfast \
    -vf "rotate='0.02*sin(2*PI*t/5)':fillcolor=gray,crop=400:400:'56+6*sin(2*PI*t/4)':0,scale=320:320" "$video"
  espeak-ng -w "$speech" "The quick brown fox jumps over the lazy dog, and then it sleeps for a while. Nobody minds."
fi

ffmpeg -v error -stream_loop -1 -i "$video" -t 60 -an -pix_fmt yuv420p -preset ultrafast "$work/1.mp4"
ffmpeg -v error -stream_loop 9 -i "$work/1.mp4" -c copy "$work/10.mp4"

peak_of() {  # minutes -> bytes
  ffmpeg -v error -stream_loop -1 -i "$speech" -t $(($1 * 60)) -ac 1 "$work/$1.wav"
  "$binary" render "$work/$1.mp4" -a "$work/$1.wav" -o "$work/out.mp4" -y -q --no-cache --renderer "$renderer" --stats "$work/$1.json" >&2
  sed -n 's/.*"peak_memory_bytes": \([0-9]*\).*/\1/p' "$work/$1.json"
}

one=$(peak_of 1)
ten=$(peak_of 10)
awk -v one="$one" -v ten="$ten" -v renderer="$renderer" 'BEGIN {
  printf "%s: %.0f MB for one minute, %.0f MB for ten: %+.1f %%\n", renderer, one / 1e6, ten / 1e6, 100 * (ten / one - 1)
  exit !(ten <= 1.1 * one && ten <= 1.5e9 && one <= 1.5e9)
}'
