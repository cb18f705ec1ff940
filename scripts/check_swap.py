#!/usr/bin/env python3
"""Swaps faces in videos and measures whose face the results show and whether they move as the footage did:

    scripts/check_swap.py TARGET=IDENTITY... --out OUT [--speech SPEECH] [--seconds 4] [--binary build/release/bin/resyncer] [--cache DIR]

TARGET is a video of somebody, IDENTITY a picture, a video or a folder of somebody else. The first --seconds of each target (packets copied) are rendered
twice: with the other identity, and with the target's own face out of the rest of the same video (self-reconstruction). Held to: shape and likeness nearer to
the identity than to the target, errors of pose and expression at most 1.5 times the self-reconstruction's; with --speech, which is rendered as well, the
judge's offset within one frame. "turn" is the error of pose about its mean: how far a face is pitched on the whole cannot be told from its shape, so that
this is shown beside the error of pose and counted by itself. Leaves with 1 when a pair does not hold."""
import argparse
import json
import pathlib
import subprocess
import sys

MOST = 1.5  # times the error of the self-reconstruction


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(str(c) for c in command[:3])}: {done.stderr.strip()[-300:]}")
    return done.stdout


def swapped(options, footage, identity, name):
    result = options.out / f"{name}.mp4"
    run(options.binary, "render", footage, "--identity", identity, "-o", result, "--preview", result.with_suffix(".png"), "-y", "-q")
    cache = ["--cache", options.cache] if options.cache else []
    return json.loads(run(options.binary, "eval", "swap", result, "--source", footage, "--identity", identity, *cache, "--json"))


def offset(options, footage, identity, name):
    """Of the judge, in frames, with new speech."""
    result = options.out / f"{name}-speech.mp4"
    run(options.binary, "render", footage, "--identity", identity, "-a", options.speech, "-o", result, "-y", "-q")
    return json.loads(run(options.binary, "eval", "sync", result, "--json"))["clips"][0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="TARGET=IDENTITY")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--speech")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--cache")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    print(f"{'target':<22} {'identity':<22} {'shape to':>8} {'target':>7} {'like it':>8} {'target':>7} {'pose':>6} {'self':>6} {'turn':>6} {'self':>6} {'expr.':>6} {'self':>6}")
    held, but_for_pitch = 0, 0
    for pair in options.pairs:
        target, identity = (pathlib.Path(p) for p in pair.split("="))
        footage, rest = (options.out / f"{target.stem}-{part}{target.suffix}" for part in ("head", "rest"))
        run("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", target, "-t", options.seconds, "-c", "copy", footage)
        run("ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", options.seconds, "-i", target, "-c:v", "libx264", "-qp", "0", "-an", rest)
        name = f"{target.stem}-as-{identity.stem}"
        one, own = swapped(options, footage, identity, name), swapped(options, footage, rest, f"{target.stem}-as-itself")
        bounded = lambda error: one[error] <= MOST * own[error]
        almost = (
            one["shape_to_identity_mm"] < one["shape_to_footage_mm"]
            and one["likeness_to_identity"] > one["likeness_to_footage"]
            and bounded("turning_error_degrees")
            and bounded("expression_error_mm")
        )
        line = (
            f"{target.stem[:22]:<22} {identity.stem[:22]:<22} {one['shape_to_identity_mm']:8.2f} {one['shape_to_footage_mm']:7.2f}"
            f" {one['likeness_to_identity']:8.2f} {one['likeness_to_footage']:7.2f} {one['pose_error_degrees']:6.2f} {own['pose_error_degrees']:6.2f}"
            f" {one['turning_error_degrees']:6.2f} {own['turning_error_degrees']:6.2f} {one['expression_error_mm']:6.2f} {own['expression_error_mm']:6.2f}"
        )
        if options.speech:
            sync = offset(options, footage, identity, name)
            almost = almost and abs(sync["offset"]) <= 1
            line += f"  offset {sync['offset']:+.0f}"
        good = almost and bounded("pose_error_degrees")
        held, but_for_pitch = held + good, but_for_pitch + almost
        print(line + ("" if good else "  FAILED"), flush=True)
    print(f"{held} of {len(options.pairs)} pairs hold, {but_for_pitch} with the error of pose about its mean")
    return 0 if held == len(options.pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
