#!/usr/bin/env python3
"""Renders every video of a folder with every speech file of another, and checks each result with ffprobe and ffmpeg:

    scripts/check_renders.py CLIPS AUDIO OUT [--binary build/release/bin/resyncer] [-- OPTIONS OF RENDER]

Frame count and presentation times equal the source's, packet by packet; the speech is the input's own packets or one encode of the
same length within one codec frame; every other stream is there with the same packets; both programs decode without a word. Prints
one line a render, and leaves with 1 when any check failed."""
import argparse
import fractions
import json
import pathlib
import subprocess
import sys


def probe(path, *options):
    command = ["ffprobe", "-v", "error", "-of", "json", *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or done.stderr.strip():
        raise ValueError(f"ffprobe: {done.stderr.strip()[:200]}")
    return json.loads(done.stdout)


def video_times(path):
    """Presentation times of the pictures that are shown, in seconds, exactly."""
    base = fractions.Fraction(probe(path, "-select_streams", "v:0", "-show_entries", "stream=time_base")["streams"][0]["time_base"])
    packets = probe(path, "-select_streams", "v:0", "-show_entries", "packet=pts,flags")["packets"]
    return sorted(int(p["pts"]) * base for p in packets if "D" not in p["flags"])


def packets(path, selector):
    found = probe(path, "-select_streams", selector, "-show_data_hash", "md5", "-show_entries", "packet=data_hash")["packets"]
    return [p["data_hash"] for p in found]


def seconds(path, selector):
    decode = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:" + selector, "-f", "f32le", "-ac", "1", "-ar", "48000", "-"]
    return len(subprocess.run(decode, capture_output=True, check=True).stdout) / 4 / 48000


def others(path, kinds):
    """Codec of every stream that is neither the first video nor speech."""
    streams = probe(path, "-show_entries", "stream=codec_type,codec_name")["streams"]
    return [s["codec_name"] for s in streams if s["codec_type"] in kinds]


def same_times(source, result):
    """Equal but for the rounding to the result's time base (half a tick of 1/1000 in Matroska)."""
    return len(source) == len(result) and all(abs(a - b) <= fractions.Fraction(1, 2000) for a, b in zip(source, result))


def check(clip, speech, out):
    faults = []
    before, after = video_times(clip), video_times(out)
    if not same_times(before, after):
        faults.append(f"{len(after)} frames for {len(before)}, or other times")
    copied = packets(speech, "a:0") == packets(out, "a:0")
    if not copied:
        wanted, got = seconds(speech, "a:0"), seconds(out, "a:0")
        if abs(wanted - got) > 2048 / 16000:
            faults.append(f"speech of {got:.3f} s for {wanted:.3f} s")
    kinds = ("subtitle", "data", "attachment")
    if others(clip, kinds) != others(out, kinds):
        faults.append("other streams are missing")
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(out), "-f", "null", "-"], capture_output=True, text=True)
    if decoded.returncode or decoded.stderr.strip():
        faults.append("decoding: " + decoded.stderr.strip()[:200])
    return faults, len(after), "copied" if copied else "encoded once"


def split_at_dashes(arguments):
    """The script's own arguments, and the options of render after --."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def main():
    arguments, extra = split_at_dashes(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=pathlib.Path)
    parser.add_argument("audio", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = total = 0
    for clip in sorted(options.clips.iterdir()):
        for speech in sorted(options.audio.iterdir()):
            out = options.out / f"{clip.stem}+{speech.stem}{clip.suffix}"
            command = [options.binary, "render", str(clip), "-a", str(speech), "-o", str(out), "-y", "-q", *extra]
            done = subprocess.run(command, capture_output=True, text=True)
            total += 1
            try:
                faults, frames, how = ([f"exit {done.returncode}: {done.stderr.strip()[:200]}"], 0, "-") if done.returncode else check(clip, speech, out)
            except (ValueError, subprocess.CalledProcessError, KeyError) as error:
                faults, frames, how = [str(error)], 0, "-"
            failed += bool(faults)
            print(f"{'FAIL' if faults else 'ok':4} {out.name}: {frames} frames, speech {how}" + "".join("; " + f for f in faults), flush=True)
    print(f"{total - failed} of {total} renders hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
