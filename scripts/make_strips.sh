#!/usr/bin/env bash
# The film strips of docs/: every ability on the portrait that the tests use (NASA, public domain), eight moments of a row each.
#   scripts/make_strips.sh [BINARY] [DOCS]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
resyncer=$(realpath "${1:-$here/build/release/bin/resyncer}")
docs=$(realpath "${2:-$here/docs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ffmpeg() { command ffmpeg -nostdin -v error -y "$@"; }
render() { "$resyncer" render "$@" -y -q; }

# A picture, moved gently: VIDEO PICTURE-FILTER
clip() {
  ffmpeg -loop 1 -framerate 25 -i "$here/tests/data/astronaut.png" -t 5 -vf "$2,rotate='0.02*sin(2*PI*t/5)':fillcolor=gray,crop=400:400:'(iw-400)/2+6*sin(2*PI*t/4)':0,format=yuv420p" -c:v libx264 -crf 10 "$1"
}
# One row of eight moments of the face: OUT VIDEO [LEFT]
row() {
  ffmpeg -i "$2" -vf "select='not(mod(n-8,12))*gte(n,8)',crop=170:170:${3:-79}:20,scale=160:160:flags=lanczos,tile=8x1" -frames:v 1 "$1.png"
}
other=141  # where its face is
# OUT ROW...
strip() {
  local out=$1 inputs=()
  shift
  for name in "$@"; do inputs+=(-i "$name.png"); done
  ffmpeg "${inputs[@]}" -filter_complex "vstack=inputs=$#" -q:v 3 "$docs/$out.jpg"
}

espeak-ng -v en-gb -s 150 -w speech.wav "We may bring up my baby on a farm. How far away are the apples?"
clip portrait.mp4 null
clip other.mp4 "hflip,scale=iw*0.86:ih*0.98,colorbalance=rm=0.12:bm=-0.12"
row source portrait.mp4
row other_source other.mp4 $other

for gain in 0 1 2; do
  render portrait.mp4 -a speech.wav -o "gain$gain.mp4" --mouth-gain "$gain"
  row "gain$gain" "gain$gain.mp4"
done
strip control source gain0 gain1 gain2

for style in subtle neutral broad; do
  render portrait.mp4 -a speech.wav -o "$style.mp4" --style "$style"
  row "$style" "$style.mp4"
done
strip styles subtle neutral broad

render other.mp4 --drive broad.mp4 -o driven.mp4
row driven driven.mp4 $other
strip video_driven broad other_source driven

# Who lends a face should be seen with the lips shut as well, as a speaker is.
render gain1.mp4 --identity driven.mp4 -o swapped.mp4
row swapped swapped.mp4
strip face_swap gain1 driven swapped

render portrait.mp4 -a speech.wav -o labelled.mp4 --label "AI-generated speech"
ffmpeg -i labelled.mp4 -vf "select='not(mod(n-8,24))*gte(n,8)',scale=320:320:flags=lanczos,tile=4x1" -frames:v 1 -q:v 3 "$docs/provenance.jpg"
