#!/usr/bin/env python3
"""Batches on real footage: broken jobs, kill -9 at random moments, sharing, throughput.

    scripts/check_batch.py CLIPS AUDIO OUT [--binary build/release/bin/resyncer] [--clips 10] [--speeches 4] [--kills 10] [--seed 1]
        [--only kill,share,jobs] [--languages 8] [--adapt MINUTES] [-- OPTIONS OF RENDER, AS name=value]

kill: every clip with every speech, one clip in ten broken on purpose (as 4 of 40 jobs): exit 9, one report a broken job, the rest written. Then the same into another
folder, killed by SIGKILL at random moments and taken up again: the files are equal byte by byte, and no other is there.
share: one video in many languages costs at most 5 % more than one analysis, one adaptation and that many renders, each measured by itself.
jobs: eight jobs with --jobs 2 against one after another. Prints one line a check; leaves with 1 when one failed."""
import argparse
import csv
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

JOURNAL = ".resyncer-journal.jsonl"
VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".mpg", ".avi"}
SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac"}


class Bench:
    def __init__(self, options, render_options):
        self.binary = str(pathlib.Path(options.binary).resolve())
        self.out = pathlib.Path(options.out).resolve()
        self.render_options = render_options
        self.failed = False

    def environment(self, cache):
        return {**os.environ, "XDG_CACHE_HOME": str(self.out / cache)}

    def say(self, name, right, text):
        self.failed |= not right
        print(f"{'ok  ' if right else 'FAIL'} {name}: {text}", flush=True)

    def manifest(self, name, rows):
        """rows: dicts of fields. Every row has the options of render, and is deterministic."""
        rows = [{"deterministic": "true", **self.render_options, **row} for row in rows]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        path = self.out / name
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def batch(self, manifest, folder, cache, *more):
        """Exit code, report, seconds."""
        report = self.out / f"{folder}.json"
        report.unlink(missing_ok=True)
        command = [self.binary, "batch", str(manifest), "-o", str(self.out / folder), "--report", str(report), *more]
        begin = time.monotonic()
        done = subprocess.run(command, env=self.environment(cache), capture_output=True, text=True)
        seconds = time.monotonic() - begin
        if not report.exists():
            raise SystemExit(f"no report of {' '.join(command)}: {done.stderr[-500:]}")
        return done.returncode, json.loads(report.read_text()), seconds

    def forget(self, *names):
        for name in names:
            shutil.rmtree(self.out / name, ignore_errors=True)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != JOURNAL}


def taken(folder, kinds, count):
    found = sorted(path.resolve() for path in pathlib.Path(folder).iterdir() if path.suffix.lower() in kinds)
    if len(found) < count:
        raise SystemExit(f"{folder}: {len(found)} files of {count}")
    return found[:count]


def check_kills(bench, clips, speeches, kills, seed):
    broken = bench.out / "broken.mp4"
    broken.write_bytes(clips[0].read_bytes()[:20_000])  # a container that ends before its index
    rows = [{"video": str(clip), "speech": str(speech)} for clip in clips for speech in speeches]
    spoil = [{"video": str(broken)}, {"speech": str(bench.out / "missing.wav")}, {"crf": "many"}, {"stile": "calm"}]
    chosen = random.Random(seed).sample(range(len(rows)), max(1, len(rows) // 10))
    for count, row in enumerate(chosen):
        rows[row] |= spoil[count % len(spoil)] | {"output": f"broken-{count}.mp4"}
    manifest = bench.manifest("kill.csv", rows)
    bench.forget("whole", "killed", "cache-whole", "cache-killed")
    status, report, seconds = bench.batch(manifest, "whole", "cache-whole")
    failed = {job["row"]: job for job in report["jobs"] if job["state"] == "failed"}
    clear = all(job["message"] and job["exit_code"] in (2, 3) for job in failed.values())
    right = status == 9 and set(failed) == {row + 1 for row in chosen} and clear and report["rendered"] == len(rows) - len(chosen)
    bench.say("broken jobs", right, f"{len(rows)} jobs, {report['rendered']} rendered, {len(failed)} failed, exit {status}, {seconds:.0f} s")
    for job in failed.values():
        print(f"       row {job['row']} ({job['kind']}): {job['message']}")

    dice = random.Random(seed)
    command = [bench.binary, "batch", str(manifest), "-o", str(bench.out / "killed")]
    for _ in range(kills):
        process = subprocess.Popen(command, env=bench.environment("cache-killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0.02, 2.0) * seconds / kills)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    status, report, last = bench.batch(manifest, "killed", "cache-killed")
    whole, killed = files(bench.out / "whole"), files(bench.out / "killed")
    different = sorted(name for name in whole.keys() | killed.keys() if whole.get(name) != killed.get(name))
    stray = [path.name for path in (bench.out / "cache-killed").rglob("*partial*")]
    bench.say("kill -9", status == 9 and not different and not stray,
              f"{kills} kills, then {report['unchanged']} unchanged and {report['rendered']} rendered in {last:.0f} s; {len(whole)} files, different or stray: {different + stray or 'none'}")
    status, report, again = bench.batch(manifest, "killed", "cache-killed")
    bench.say("once more", report["rendered"] == 0 and files(bench.out / "killed") == killed, f"{report['unchanged']} unchanged in {again:.1f} s")


def check_sharing(bench, clip, speeches, languages, adapt):
    rows = [{"video": str(clip), "speech": str(speeches[i % len(speeches)]), "output": f"{i}.mp4"} | ({"adapt": str(adapt)} if adapt else {})
            for i in range(languages)]
    bench.forget("share", "share-alone", "cache-share", "cache-alone")
    _, report, together = bench.batch(bench.manifest("share.csv", rows), "share", "cache-share")
    if report["rendered"] != languages:
        return bench.say("sharing", False, f"only {report['rendered']} rendered")
    # By themselves: the first makes analysis and adaptation, all are rendered one after another from the cache.
    (bench.out / "share-alone").mkdir()
    seconds = []
    for i, row in enumerate(rows):
        options = {key: value for key, value in ({"deterministic": "true"} | bench.render_options | row).items() if key not in ("video", "speech", "output")}
        command = [bench.binary, "render", row["video"], "-a", row["speech"], "-o", str(bench.out / "share-alone" / f"{i}.mp4"), "-q"]
        command += [f"--{key}={value}" for key, value in options.items()]
        begin = time.monotonic()
        subprocess.run(command, env=bench.environment("cache-alone"), check=True)
        seconds.append(time.monotonic() - begin)
    allowed = sum(seconds) * 1.05
    bench.say("sharing", together <= allowed,
              f"{languages} languages in {together:.1f} s; by themselves {sum(seconds):.1f} s (the first, with analysis, {seconds[0]:.1f} s), allowed {allowed:.1f} s")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def check_jobs(bench, clips, speeches, count):
    rows = [{"video": str(clips[i % len(clips)]), "speech": str(speeches[i // len(clips) % len(speeches)]), "output": f"{i}.mp4"} for i in range(count)]
    manifest = bench.manifest("jobs.csv", rows)
    times, cores = {}, {}
    for jobs in ("1", "2"):
        bench.forget("jobs" + jobs, "cache-jobs")
        before = cpu_seconds()
        _, report, times[jobs] = bench.batch(manifest, "jobs" + jobs, "cache-jobs", "--jobs", jobs)
        cores[jobs] = (cpu_seconds() - before) / times[jobs]
        if report["rendered"] != count:
            return bench.say("jobs", False, f"only {report['rendered']} rendered")
    ratio = times["1"] / times["2"]
    bench.say("jobs", files(bench.out / "jobs1") == files(bench.out / "jobs2"),
              f"{count} jobs one after another {times['1']:.1f} s, two at once {times['2']:.1f} s: {ratio:.2f} times the throughput; "
              f"cores busy {cores['1']:.2f} and {cores['2']:.2f} of {os.cpu_count()}; same files are asked for")


def main():
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips_folder")
    parser.add_argument("audio_folder")
    parser.add_argument("out")
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--speeches", type=int, default=4)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="kill,share,jobs")
    parser.add_argument("--languages", type=int, default=8)
    parser.add_argument("--short-jobs", type=int, default=8)
    parser.add_argument("--adapt", type=float, default=0)
    options = parser.parse_args(sys.argv[1:at])
    render_options = dict(text.split("=", 1) for text in sys.argv[at + 1:])
    clips, speeches = taken(options.clips_folder, VIDEOS, options.clips), taken(options.audio_folder, SOUNDS | VIDEOS, options.speeches)
    bench = Bench(options, render_options)
    bench.out.mkdir(parents=True, exist_ok=True)
    parts = options.only.split(",")
    if "kill" in parts:
        check_kills(bench, clips, speeches, options.kills, options.seed)
    if "share" in parts:
        check_sharing(bench, clips[0], speeches, options.languages, options.adapt)
    if "jobs" in parts:
        check_jobs(bench, clips, speeches, options.short_jobs)
    sys.exit(bench.failed)


if __name__ == "__main__":
    main()
