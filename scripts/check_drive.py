#!/usr/bin/env python3
"""Drives people's mouths by other people's videos and compares lips and faces:

    scripts/check_drive.py CLIPS OUT [--pairs 6] [--seconds 8] [--binary build/release/bin/resyncer] [--cache DIR]

Of CLIPS, a folder, those that show somebody speaking are cut to --seconds (packets copied); each drives the next one. The lip opening tracked in the result
has to follow the driver's (correlation at 25 Hz, at least 0.90, best without a lag), and the face fitted to the result has to be the target's: its shape has
to lie nearer to the target's than a quarter of the way to the driver's. Leaves with 1 when a pair does not hold."""
import argparse
import json
import math
import pathlib
import subprocess
import sys

RATE = 25
LAGS = range(-3, 4)


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(str(c) for c in command[:3])}: {done.stderr.strip()[-300:]}")
    return done.stdout


def lips(options, files):
    cache = ["--cache", options.cache] if options.cache else []
    clips = json.loads(run(options.binary, "eval", "lips", *files, *cache, "--json"))["clips"]
    return {pathlib.Path(t["clip"]): t for t in clips}


def sampled(trace):
    """Openings at 25 Hz; None where no face is seen."""
    seconds, openings = trace["seconds"], trace["openings"]
    out, k = [], 0
    for i in range(int(seconds[-1] * RATE)):
        t = (i + 0.5) / RATE
        while k + 1 < len(seconds) and seconds[k + 1] <= t:
            k += 1
        a, b = openings[k], openings[min(k + 1, len(openings) - 1)]
        step = seconds[min(k + 1, len(seconds) - 1)] - seconds[k]
        share = min(1, max(0, (t - seconds[k]) / step)) if step > 0 else 0
        out.append(None if a is None or b is None else a + share * (b - a))
    return out


def correlation(a, b, lag):
    pairs = [(a[i + lag], b[i]) for i in range(len(b)) if 0 <= i + lag < len(a) and a[i + lag] is not None and b[i] is not None]
    ma, mb = (sum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
    cov, va, vb = (sum((p[i] - (ma, mb)[i]) * (p[j] - (ma, mb)[j]) for p in pairs) for i, j in ((0, 1), (0, 0), (1, 1)))
    return cov / math.sqrt(va * vb) if va > 0 and vb > 0 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--cache")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    cuts = []
    for clip in sorted(options.clips.iterdir()):
        if not run("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=index", "-of", "csv=p=0", clip).strip():
            continue
        cuts.append(options.out / clip.name)
        run("ffmpeg", "-nostdin", "-v", "error", "-y", "-i", clip, "-t", options.seconds, "-c", "copy", cuts[-1])
    pairs = [(driver, cuts[(i + 1) % len(cuts)]) for i, driver in enumerate(cuts)][: options.pairs]
    results = []
    for driver, target in pairs:
        results.append(options.out / f"{target.stem}-driven-by-{driver.stem}.mp4")
        run(options.binary, "render", target, "--drive", driver, "-o", results[-1], "-y", "-q")

    traces = lips(options, sorted({*results, *(f for pair in pairs for f in pair)}))
    print(f"{'driver':<34} {'target':<34} {'corr':>5} {'lag':>4} {'shape: to target':>17} {'target to driver':>17}")
    held = 0
    for (driver, target), result in zip(pairs, results):
        led, got = sampled(traces[driver]), sampled(traces[result])
        values = {lag: correlation(led, got, -lag) for lag in LAGS}
        lag = max(values, key=values.get)
        shapes = [traces[f]["identity"] for f in (result, target, driver)]
        near, far = math.dist(shapes[0], shapes[1]), math.dist(shapes[1], shapes[2])
        good = values[0] >= 0.90 and lag == 0 and near < 0.25 * far
        held += good
        print(f"{driver.stem:<34} {target.stem:<34} {values[0]:5.2f} {lag:4d} {near:17.2f} {far:17.2f}{'' if good else '  FAILED'}")
    print(f"{held} of {len(pairs)} pairs hold")
    return 0 if held == len(pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
