#!/usr/bin/env python3
"""Renders one video and one speech in the styles of ten clips and asks whose manner the results have:

    scripts/check_styles.py CLIPS TARGET SPEECH OUT [--binary build/release/bin/resyncer] [--cache DIR]

CLIPS is a folder; those that show somebody speaking are ordered by how far their lips open, and each is paired with the one half the list away. A result's
lip openings and their speeds (tracked in the result) have to be nearer, by the Wasserstein distance of the distributions, to the chosen clip's than to the
other's. The judge of sync has to be as sure of the results as of the render in the target's own style (95 %), and strength 0 has to be the neutral style to
the bit. Leaves with 1 when fewer than 9 of 10 pairs, or one of the two others, do not hold."""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

from check_drive import lips, run


def distributions(trace):
    seconds, openings = trace["seconds"], trace["openings"]
    speeds = [abs(b - a) / (t - s) for a, b, s, t in zip(openings, openings[1:], seconds, seconds[1:]) if a is not None and b is not None and t > s]
    return [o for o in openings if o is not None], speeds


def wasserstein(a, b, steps=200):
    """Of two samples on a line: mean distance of their quantiles."""
    a, b = sorted(a), sorted(b)
    at = lambda values, q: values[min(len(values) - 1, int(q * len(values)))]
    return sum(abs(at(a, (k + 0.5) / steps) - at(b, (k + 0.5) / steps)) for k in range(steps)) / steps


def frames_hash(path):
    return hashlib.sha256(run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v", "-f", "framemd5", "-").encode()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("clips", "target", "speech", "out"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--cache")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    def render(name, *extra):
        result = options.out / f"{name}.mp4"
        run(options.binary, "render", options.target, "-a", options.speech, "-o", result, "-y", "-q", *extra)
        return result

    talking = [c for c in sorted(options.clips.iterdir()) if subprocess.run([options.binary, "style", "extract", c, "-o", options.out / f"{c.stem}.style", "-y"],
                                                                             capture_output=True).returncode == 0]
    traces = {clip: distributions(t) for clip, t in lips(options, talking).items()}
    wide = lambda c: sorted(traces[c][0])[int(0.9 * len(traces[c][0]))]
    ordered = sorted(talking, key=wide)
    own = render("own")
    results = {c: render(f"as-{c.stem}", "--style", options.out / f"{c.stem}.style") for c in ordered}
    seen = {clip: distributions(t) for clip, t in lips(options, results.values()).items()}

    print(f"{'style':<36} {'other':<36} {'opening':>15} {'speed':>15}")
    held = 0
    for i, chosen in enumerate(ordered):
        other = ordered[(i + len(ordered) // 2) % len(ordered)]
        pairs = [(wasserstein(seen[results[chosen]][k], traces[chosen][k]), wasserstein(seen[results[chosen]][k], traces[other][k])) for k in (0, 1)]
        good = all(near < far for near, far in pairs)
        held += good
        cells = " ".join(f"{near:7.3f} {far:7.3f}" for near, far in pairs)
        print(f"{chosen.stem:<36} {other.stem:<36} {cells}{'' if good else '  FAILED'}")

    cache = ["--cache", options.cache] if options.cache else []
    said = [c["confidence"] for c in json.loads(run(options.binary, "eval", "sync", own, *results.values(), *cache, "--json"))["clips"]]
    share = sum(said[1:]) / len(results) / said[0]
    exact = ("--deterministic",)
    neutral, none = render("neutral", "--style", "neutral", *exact), render("strength-0", "--style", options.out / f"{ordered[-1].stem}.style", "--style-strength", "0", *exact)
    same = frames_hash(neutral) == frames_hash(none)
    print(f"{held} of {len(ordered)} nearer to the chosen style; judge's confidence {share:.2f} of that in the own style; strength 0 {'is' if same else 'IS NOT'} the neutral style")
    return 0 if held >= 0.9 * len(ordered) and share >= 0.95 and same else 1


if __name__ == "__main__":
    sys.exit(main())
