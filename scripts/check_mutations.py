#!/usr/bin/env python3
"""Spoiled media files through `inspect` and `render`, with a binary that was built with the sanitizers.

    cmake --preset asan && cmake --build --preset asan --target resyncer
    scripts/check_mutations.py --count 2000 --binary build/asan/bin/resyncer [--first N] OUT

Seeds are short clips of the bundled portrait in many containers and codecs, made with ffmpeg. Each is spoiled by a
generator of its own number: bytes, runs, cuts, repeats, swapped blocks, 32-bit sizes made huge. A run is a finding when a
sanitizer speaks, the process dies of a signal, takes longer than --timeout, answers with a code that is none of ours, leaves
a partial file, or says nothing on a failure. Findings are kept in OUT."""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEEDS = {
    "h264.mp4": ["-c:v", "libx264", "-c:a", "aac"],
    "bframes.mkv": ["-c:v", "libx264", "-bf", "2", "-c:a", "pcm_s16le"],
    "frag.mp4": ["-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov", "-c:a", "aac"],
    "hevc.mov": ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "pcm_s16le"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-c:a", "mp3"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-c:a", "mp2"],
    "ffv1.nut": ["-c:v", "ffv1", "-c:a", "flac"],
    "prores.mov": ["-c:v", "prores_ks", "-c:a", "alac"],
    "mjpeg.mkv": ["-c:v", "mjpeg", "-c:a", "libvorbis"],
}
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:malloc_context_size=1:exitcode=99",
           UBSAN_OPTIONS="halt_on_error=1:exitcode=99:print_stacktrace=1")
OURS = {0, 2, 3, 5, 6, 7}


def make_seeds(folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["espeak-ng", "-w", f"{folder}/speech.wav", "Mama"], check=True)
    for name, codec in SEEDS.items():
        if not os.path.exists(f"{folder}/{name}"):
            subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-y", "-loop", "1", "-framerate", "25", "-i",
                 f"{ROOT}/tests/data/astronaut.png", "-i", f"{folder}/speech.wav", "-t", "0.24", "-vf",
                 "crop=400:400:56:0,scale=176:176", "-pix_fmt", "yuv422p10le" if "prores" in name else "yuv420p",
                 *codec, f"{folder}/{name}"], check=True)


def spoil(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at, kind = rng.randrange(len(data)), rng.randrange(8)
        # Half of all harm is done to the first kilobytes, where headers lie, or to the last.
        if rng.random() < 0.5:
            at = min(at, rng.randrange(4096)) if rng.random() < 0.7 else len(data) - 1 - rng.randrange(min(len(data), 4096))
        run = rng.choice([1, 2, 4, 8, 64, 1024])
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at + run] = rng.randbytes(min(run, len(data) - at))
        elif kind == 2:
            data[at:at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1"])
        elif kind == 3:
            del data[at:at + run]
        elif kind == 4:
            data[at:at] = data[at:at + run]
        elif kind == 5:
            other = rng.randrange(len(data))
            data[at:at + run], data[other:other + run] = data[other:other + run], data[at:at + run]
        elif kind == 6:
            data[at:at + run] = bytes(min(run, len(data) - at))
        elif rng.random() < 0.3:
            del data[at:]
        if len(data) < 16:
            break
    return bytes(data)


def finding(command, timeout, folder):
    try:
        result = subprocess.run(command, env=dict(ENV, XDG_CACHE_HOME=f"{folder}/cache", TMPDIR=folder), stdin=subprocess.DEVNULL, capture_output=True,
                                timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"takes longer than {timeout} s"
    err = result.stderr.decode(errors="replace")
    if re.search(r"AddressSanitizer|runtime error:|LeakSanitizer", err):
        return "sanitizer: " + next(line for line in err.splitlines() if re.search("Sanitizer|runtime error:", line))
    if result.returncode not in OURS:
        return f"exit code {result.returncode}: {err.strip()[-300:]}"
    if result.returncode != 0 and not err.strip():
        return f"exit code {result.returncode} without a word"
    return None


def run_one(number, seeds, arguments):
    rng = random.Random(number)
    name = sorted(SEEDS)[number % len(SEEDS)]
    folder = f"{arguments.out}/{number}"
    os.makedirs(folder, exist_ok=True)
    video = f"{folder}/{name}"
    with open(f"{seeds}/{name}", "rb") as stream:
        data = spoil(stream.read(), rng)
    with open(video, "wb") as stream:
        stream.write(data)
    out = f"{folder}/out.{rng.choice(['mkv', 'mp4', 'mov'])}"
    # Every third file is spoiled speech too.
    speech = video if number % 3 == 0 else f"{seeds}/speech.wav"
    found = []
    for command in ([arguments.binary, "inspect", video, "--json"],
                    [arguments.binary, "render", video, "-a", speech, "-o", out, "--renderer", "warp", "--threads", "1", "-y"]):
        what = finding(command, arguments.timeout, folder)
        if what:
            found.append(f"{number} {name} {command[1]}: {what}")
    if any(".partial-" in entry for entry in os.listdir(folder)):
        found.append(f"{number} {name}: a partial file is left")
    rendered = os.path.exists(out)
    if not found:
        shutil.rmtree(folder)
    return found, rendered


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--binary", default=f"{ROOT}/build/asan/bin/resyncer")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--timeout", type=int, default=120)
    arguments = parser.parse_args()
    seeds = f"{arguments.out}/seeds"
    make_seeds(seeds)
    findings, rendered, done = [], 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found, ok in pool.map(lambda n: run_one(n, seeds, arguments), range(arguments.first, arguments.first + arguments.count)):
            findings += found
            rendered += ok
            done += 1
            for line in found:
                print(line, flush=True)
            if done % 100 == 0:
                print(f"{done} files, {rendered} rendered, {len(findings)} findings", flush=True)
    print(f"{done} mutated files through inspect and render: {rendered} rendered, the others refused; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
