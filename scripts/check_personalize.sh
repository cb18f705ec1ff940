#!/usr/bin/env bash
# What three minutes of adaptation are worth: learns from the first 80 % of clips and measures the last 20 %, before and after.
#   scripts/check_personalize.sh FOLDER [MINUTES [CLIP...]]
# FOLDER holds the clips (names without .mp4; by default DFRF_cnn2_25fps and MuseTalk_sun_silent). RESYNCER names another binary,
# CACHE a folder that keeps the analyses.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=${RESYNCER:-$root/build/release/bin/resyncer}
folder=${1:?name the folder of the clips}
minutes=${2:-3}
clips=("${@:3}")
[ ${#clips[@]} -gt 0 ] || clips=(DFRF_cnn2_25fps MuseTalk_sun_silent)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=${CACHE:-$work/cache}

for clip in "${clips[@]}"; do
  video=$folder/$clip.mp4 person=$work/$clip.safetensors
  "$binary" personalize "$video" --until 80% --minutes "$minutes" --cache "$cache" -o "$person"
  echo "$clip, its last fifth, before and after:"
  "$binary" eval generator "$video" --from 80% --cache "$cache"
  "$binary" eval generator "$video" --from 80% --cache "$cache" --person "$person"
done
