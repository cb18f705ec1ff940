#!/usr/bin/env python3
"""Whether a patch stays as sharp as its source, and how time grows, from a clip as it is to twice its size:

    scripts/check_resolution.py CLIP SPEECH [--scales 1 2] [--frames 45] [--binary build/release/bin/resyncer]

The clip is scaled (lanczos; x264, CRF 12) and, at every size, its own mouths are repainted (eval generator: sharpness over that of the source, in the mask) and
the clip is rendered with the speech from cold (render --stats: time a frame, all stages, over the pixels of a frame). Leaves with 1 when a sharpness is below 0.85 or
time grows more than pixels do."""
import argparse
import json
import pathlib
import sys
import tempfile

from check_sync import run


def size_of(path):
    text = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", path)
    width, height = (int(n) for n in text.strip().strip(",").split(","))
    return width, height


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=pathlib.Path)
    parser.add_argument("speech", type=pathlib.Path)
    parser.add_argument("--scales", type=float, nargs="+", default=[1, 2])
    parser.add_argument("--frames", type=int, default=45)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    options = parser.parse_args()

    rows = []  # pixels, seconds a frame, sharpness
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        width, height = size_of(options.clip)
        for scale in options.scales:
            clip, stats = work / f"{scale}.mp4", work / "stats.json"
            w, h = (2 * round(scale * side / 2) for side in (width, height))
            run("ffmpeg", "-v", "error", "-y", "-i", options.clip, "-vf", f"scale={w}:{h}:flags=lanczos", "-crf", 12, "-preset", "veryfast", "-an", clip)
            painted = json.loads(run(options.binary, "eval", "generator", clip, "--frames", options.frames, "--json"))["clips"][0]["network"]
            run(options.binary, "render", clip, "-a", options.speech, "-o", work / "out.mp4", "-y", "-q", "--no-cache", "--stats", stats)
            figures = json.loads(stats.read_text())
            seconds = figures["wall_seconds"] / figures["frames"]
            rows.append((w * h, seconds, painted["sharpness_ratio"]))
            stages = ", ".join(f"{name} {s['milliseconds_a_frame']:.1f}" for name, s in figures["stages"].items())
            print(f"{w} x {h}: sharpness {painted['sharpness_ratio']:.2f}, PSNR {painted['psnr']:.2f} dB, {1000 * seconds:.1f} ms a frame, "
                  f"{1e9 * seconds / (w * h):.1f} ns a pixel ({stages})", flush=True)
    rows.sort()
    slower = any(b[1] / a[1] > b[0] / a[0] for a, b in zip(rows, rows[1:]))
    sys.exit(1 if slower or min(row[2] for row in rows) < 0.85 else 0)


if __name__ == "__main__":
    main()
