#!/usr/bin/env python3
"""Makes the gallery of speaking styles that ships beside the weights (models/styles.md):

    scripts/make_styles.py DATA OUT [--binary build/release/bin/resyncer] [--cache DIR] [--every 8] [--clips 20]

DATA holds arabic_words (LRW-AR) and grid_s1. Of every --every-th word of LRW-AR the lips are measured; "broad" and "subtle" are made of the --clips words whose
lips move farthest and least (of those that move at all), "lively" and "calm" of those whose lips change fastest and slowest for how far they move; "clear" is
--clips sentences of GRID s1. To be run again for every new motion model, whose tokens differ."""
import argparse
import json
import pathlib
import subprocess

from check_drive import run

STILL = 0.08  # range of the opening below which a clip shows no manner


def manner(trace):
    """How far the lips go (lower to upper decile), and how many times a second they go that far; None where a frame shows no face."""
    openings, seconds = trace["openings"], trace["seconds"]
    if None in openings or len(openings) < 28:
        return None
    ordered = sorted(openings)
    span = ordered[int(0.9 * len(ordered))] - ordered[int(0.1 * len(ordered))]
    moved = sum(abs(b - a) for a, b in zip(openings, openings[1:]))
    return span, moved / (seconds[-1] - seconds[0]) / max(span, 1e-6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--cache")
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--clips", type=int, default=20)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    cache = ["--cache", options.cache] if options.cache else []

    words = sorted((options.data / "arabic_words").glob("*.mp4"))[:: options.every]
    seen = []
    for word in words:
        try:
            trace = json.loads(subprocess.run([options.binary, "eval", "lips", word, *cache, "--json"], capture_output=True, text=True, check=True).stdout)["clips"][0]
        except subprocess.CalledProcessError:  # no usable face
            continue
        measured = manner(trace)
        if measured and measured[0] > STILL:
            seen.append((word, *measured))
    by_span, n = sorted(seen, key=lambda w: w[1]), options.clips
    middle = sorted(by_span[len(by_span) // 4 :], key=lambda w: w[2])  # not the smallest, whose speed is noise
    gallery = {
        "subtle": [w[0] for w in by_span[:n]],
        "broad": [w[0] for w in by_span[-n:]],
        "calm": [w[0] for w in middle[:n]],
        "lively": [w[0] for w in middle[-n:]],
        "clear": sorted((options.data / "grid_s1").glob("*.mp4"))[:: max(1, 560 // n)][:n],
    }
    for name, clips in gallery.items():
        print(run(options.binary, "style", "extract", *clips, "-o", options.out / f"{name}.style", *cache, "-y").splitlines()[-1])
        print("   ", " ".join(c.stem for c in clips))


if __name__ == "__main__":
    main()
