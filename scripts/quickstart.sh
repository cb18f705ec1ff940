#!/usr/bin/env bash
# From a bare Debian 12 to a lip-synced video: installs what is missing, builds, renders.
#   ./scripts/quickstart.sh                      the demo, into out/demo.mp4
#   ./scripts/quickstart.sh VIDEO SPEECH OUT     your own
set -euo pipefail

if [ $# -ne 0 ] && [ $# -ne 3 ]; then
  echo "usage: $0 [VIDEO SPEECH OUT]" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/install_packages.sh"
(cd "$here" && cmake --preset release && cmake --build --preset release --target resyncer)
resyncer="$here/build/release/bin/resyncer"

if [ $# -eq 3 ]; then
  exec "$resyncer" render "$1" -a "$2" -o "$3"
fi

# The demo: NASA's portrait of Eileen Collins (public domain), moved gently, speaking a synthetic sentence.
out="$here/out"
mkdir -p "$out"
espeak-ng -v en-gb -s 150 -w "$out/demo.wav" \
  "Hello. This portrait was a still picture a moment ago. Now it speaks, and only its mouth has changed."
seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$out/demo.wav")
ffmpeg -v error -y -loop 1 -framerate 25 -i "$here/tests/data/astronaut.png" -t "$seconds" \
  -vf "rotate='0.02*sin(2*PI*t/5)':fillcolor=gray,scale=w='2*trunc(540*(1+0.02*sin(2*PI*t/7))/2)':h=-2:eval=frame,crop=480:480:'(iw-480)/2+6*sin(2*PI*t/4)':'(ih-480)/2',format=yuv420p" \
  -c:v libx264 -crf 12 "$out/demo_source.mp4"
"$resyncer" render "$out/demo_source.mp4" -a "$out/demo.wav" -o "$out/demo.mp4" --preview "$out/demo.png" -y
echo "Done: $out/demo.mp4 (film strip: $out/demo.png)"
