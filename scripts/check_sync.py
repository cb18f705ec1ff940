#!/usr/bin/env python3
"""Renders every clip of a folder with the speech of other clips and asks the judge of sync about the results:

    scripts/check_sync.py CLIPS OUT [--speeches 2] [--seconds 8] [--binary build/release/bin/resyncer] [--cache DIR] [-- OPTIONS OF RENDER]

Clips are cut (packets copied) to --seconds; a clip is given the speech of the next ones in the folder that have sound. A render's offset should be
0, whatever the offset of the speech's own clip. Its confidence is compared with that of the real footage from which the speech comes. Prints a line a render, then
the share of renders whose offset is within one frame (25 Hz) and mean confidence over that of real footage; leaves with 1 when they are less than 0.90 and 0.95."""
import argparse
import json
import pathlib
import subprocess
import sys

from check_renders import split_at_dashes


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout


def has_sound(path):
    return bool(run("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=index", "-of", "csv=p=0", path).strip())


def judge(options, files):
    cache = ["--cache", options.cache] if options.cache else []
    clips = json.loads(run(options.binary, "eval", "sync", *files, *cache, "--json"))["clips"]
    return {clip["clip"]: (clip["offset"], clip["confidence"]) for clip in clips}


def main():
    arguments, extra = split_at_dashes(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--speeches", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--cache")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)

    targets = []
    for clip in sorted(options.clips.iterdir()):
        targets.append(options.out / clip.name)
        run("ffmpeg", "-v", "error", "-y", "-i", clip, "-t", options.seconds, "-c", "copy", targets[-1])
    talking = [t for t in targets if has_sound(t)]
    real = judge(options, talking)
    renders = []  # with the clip that the speech comes from
    for i, target in enumerate(targets):
        following = [t for t in targets[i + 1 :] + targets[:i] if t in talking]
        for speech in following[: options.speeches]:
            result = options.out / f"{target.stem}+{speech.stem}.mp4"
            run(options.binary, "render", target, "-a", speech, "-o", result, "-y", "-q", *extra)
            renders.append((result, speech))
    said = judge(options, [result for result, _ in renders])

    print(f"{'render':70} {'offset':>6} {'confidence':>10} {'real':>6}")
    for result, speech in renders:
        offset, confidence = said[result.name]
        print(f"{result.stem[:70]:70} {offset:+6d} {confidence:10.3f} {real[speech.name][1]:6.3f}")
    within = sum(abs(said[result.name][0]) <= 1 for result, _ in renders) / len(renders)
    ratio = sum(said[result.name][1] for result, _ in renders) / sum(real[speech.name][1] for _, speech in renders)
    print(f"{len(renders)} renders: |offset| <= 1 frame in {100 * within:.0f} %, mean confidence {ratio:.2f} of real footage's")
    return 0 if within >= 0.9 and ratio >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
