#!/usr/bin/env python3
"""Things drawn in front of mouths, and whether `resyncer render` leaves those frames as they were:

    scripts/check_covered.py CLIP... --out OUT [--clean CLIP...] [--frames 80] [--kinds hand,microphone] [--binary build/release/bin/resyncer]

Needs python3-numpy and ffmpeg. The first --frames of each clip are rendered as they are: where the mask is, there is the mouth, and frames that are not
repainted are false alarms (but for profiles, which are told by the reasons in --stats). Then, a kind at a time, something moves in, stays for a second and
moves out: a hand of the person's own skin tone, a microphone, the head of another clip's person, a finger, a pen. It does not follow the head. How much of the
mouth's mask it covers is known in every frame. `left` = not a pixel changed, `faded` = repainted in part, `missed` = repainted with full weight. --clean names
further clips for false alarms alone. Composites stay in OUT. Leaves with 1 when fewer than 95 % of the frames covered by 15 % or more are left or faded (the pen
covers less and does not count), or more than 0.5 % of the clean frames are not repainted for being covered."""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np

COME, STAY, SPAN = 24, 25, 8  # frames: the first one, at rest, on the way in or out
KINDS = ("hand", "microphone", "head", "finger", "pen")
COVERED, FULL = 0.15, 0.9  # of the mask's area; of the mask's height
LEAST_LEFT, MOST_ALARMS = 0.95, 0.005


def probe(video):
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", video],
                         check=True, capture_output=True, text=True).stdout
    return tuple(int(v) for v in out.strip().split(",")[:2])


def read(video, pixels="rgb24"):
    width, height = probe(video)
    data = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", pixels, "-"], check=True, capture_output=True).stdout
    shape = (-1, height, width, 3) if pixels == "rgb24" else (-1, height, width)
    return np.frombuffer(data, np.uint8).reshape(shape)


def write(video, frames):
    height, width = frames[0].shape[:2]
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-",
               "-c:v", "ffv1", "-pix_fmt", "yuv420p", video]
    subprocess.run(command, check=True, input=b"".join(f.tobytes() for f in frames))


class Render:
    """A render's mask by frame, and why frames were kept."""

    def __init__(self, options, video):
        mask, stats = video.with_suffix(".mask.mkv"), video.with_suffix(".json")
        command = [options.binary, "render", video, "-a", options.speech, "-o", video.with_suffix(".out.mkv"), "--renderer", "warp", "--no-provenance",
                   "--no-cache", "--mask-out", mask, "--stats", stats, "-y", "-q"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        self.failed = done.returncode != 0
        if self.failed:
            print(f"  {video.name}: {done.stderr.strip()[-200:]}", flush=True)
            return
        self.masks = read(mask, "gray")
        self.kept = json.loads(stats.read_text()).get("kept", [])
        self.height = np.array([m.max() for m in self.masks]) / 255.0

    def turned(self):
        """Frames in which the face is turned away, too small or not there: no false alarms."""
        other = np.zeros(len(self.masks), bool)
        for stretch in self.kept:
            if stretch["why"] != "covered":
                other[max(0, round(stretch["start"] * 25) - 5):round(stretch["end"] * 25) + 6] = True
        return other


def smooth_step(x):
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def capsule(x, y, a, b, radius):
    """Signed distance to a thick stroke from a to b: negative inside."""
    ax, ay, bx, by = *a, *b
    dx, dy = bx - ax, by - ay
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(1e-9, dx * dx + dy * dy), 0, 1)
    return np.hypot(x - ax - along * dx, y - ay - along * dy) - radius


def shaded(distance, tone, width, light=0.3):
    """Alpha and colour of a round thing: darker towards its edge, lit from the upper left."""
    depth = smooth_step(-distance / (0.16 * width))
    gy, gx = np.gradient(distance)
    lit = 1 - light + light * depth - 0.12 * (gx * 0.6 + gy * 0.8) * (1 - depth)
    return np.clip(0.5 - distance / 1.5, 0, 1), np.asarray(tone)[None, None, :] * lit[..., None]


def hand(x, y, w, tone):
    """Palm below, four fingers up and to the left, a thumb; units of the mouth's width."""
    u, v = x / w, y / w
    strokes = [((0.25, 0.75), (0.05, 0.2), 0.42)] + [((0.35 - 0.24 * k, 0.25), (0.1 - 0.34 * k, -0.42 + 0.09 * k * k), 0.125) for k in range(4)]
    strokes += [((0.55, 0.6), (0.75, 0.05), 0.14), ((0.3, 0.8), (0.5, 3.0), 0.36)]
    each = [capsule(u, v, *s) for s in strokes]
    alpha, colour = shaded(np.min(each, axis=0) * w, tone, w)
    for d in each[1:5]:  # the lines between fingers
        colour *= 1 - 0.25 * np.exp(-(d / 0.03) ** 2)[..., None]
    return alpha, colour


def finger(x, y, w, tone):
    u, v = x / w, y / w
    alpha, colour = shaded(np.minimum(capsule(u, v, (0.02, -0.35), (0, 0.9), 0.16), capsule(u, v, (0, 0.9), (0.1, 3), 0.35)) * w, tone, w)
    nail = np.clip(0.5 - capsule(u, v, (0.02, -0.38), (0.02, -0.3), 0.08) * w, 0, 1)[..., None]
    return alpha, colour * (1 - nail) + nail * (0.6 * colour + 0.4 * np.array([235, 200, 195]))


def microphone(x, y, w, tone):
    u, v = x / w, y / w
    ball, stick = capsule(u, v, (0, 0.1), (0, 0.15), 0.42), capsule(u, v, (0, 0.5), (0.1, 3), 0.14)
    alpha, colour = shaded(np.minimum(ball, stick) * w, (46, 46, 50), w, 0.6)
    return alpha, colour * (1 + 0.25 * np.sin(40 * u) * np.sin(40 * v) * (ball < 0))[..., None]


def pen(x, y, w, tone):
    return shaded(capsule(x / w, y / w, (-0.3, -0.25), (1.2, 2.2), 0.05) * w, (40, 60, 150), w)


class Head:
    """The head of another clip, moving as it does there."""

    def __init__(self, frames, place):
        self.frames, (self.x, self.y, self.w) = frames, place

    def draw(self, x, y, w, index):
        u, v = x / w, y / w - 0.9  # its mouth lies below this one's
        frame = self.frames[index % len(self.frames)]
        sx, sy = np.rint(self.x + u * self.w).astype(int), np.rint(self.y + v * self.w).astype(int)
        inside = (sx >= 0) & (sy >= 0) & (sx < frame.shape[1]) & (sy < frame.shape[0])
        colour = frame[np.clip(sy, 0, frame.shape[0] - 1), np.clip(sx, 0, frame.shape[1] - 1)].astype(float)
        edge = 1 - np.hypot(u / 1.05, (v + 0.75) / 1.45)
        return np.clip(edge * w / 2, 0, 1) * inside, colour


DRAW = {"hand": hand, "microphone": microphone, "finger": finger, "pen": pen}
FROM = {"hand": (0.5, 2.6), "microphone": (-0.3, 2.4), "finger": (0.2, 2.2), "pen": (1.8, 1.5), "head": (-3.2, 0.3)}  # widths of the mouth's mask


def way(kind, index):
    """Shift of the thing in frame `index`, in widths, or None: it is not there."""
    since, x, y = index - COME, *FROM[kind]
    if since < 0 or since > STAY + 2 * SPAN:
        return None
    if kind == "head":  # crosses
        return x + since / (STAY + 2 * SPAN) * -2 * x, y
    away = 1 - smooth_step(min(since, STAY + 2 * SPAN - since) / SPAN)
    return x * away, y * away


def place_of(masks):
    """Middle and width of the mouth's mask over the middle of the clip."""
    boxes = []
    for mask in masks[COME:COME + STAY + 2 * SPAN]:
        ys, xs = np.nonzero(mask > 127)
        if len(xs):
            boxes.append(((xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2, xs.max() - xs.min() + 1))
    return np.median(boxes, axis=0) if boxes else None


def tone_of(frames, place):
    """Skin beside and above the mouth."""
    x, y, w = place
    patches = [frames[COME][int(y - 0.55 * w):int(y - 0.35 * w), int(x + s * w):int(x + (s + 0.15) * w)].reshape(-1, 3) for s in (-0.5, 0.35)]
    return np.median(np.concatenate(patches), axis=0)


def compose(kind, frames, masks, place, head):
    x0, y0, w = place
    tone, noise = tone_of(frames, place), np.random.default_rng(1)
    out, cover, last = [], [], masks[0]
    for index, frame in enumerate(frames):
        mask = masks[index] > 127
        last = mask if mask.any() else last
        shift = way(kind, index)
        if shift is None:
            out.append(frame), cover.append(0.0)
            continue
        ys, xs = np.mgrid[0:frame.shape[0], max(0, int(x0 - 3 * w)):min(frame.shape[1], int(x0 + 3 * w))]
        x, y = xs - (x0 + shift[0] * w), ys - (y0 + shift[1] * w)
        alpha, colour = head.draw(x, y, w, index) if kind == "head" else DRAW[kind](x, y, w, tone)
        part = (slice(None), slice(xs[0, 0], xs[0, -1] + 1))
        grain = noise.normal(0, 1.5, alpha.shape)[..., None] if kind != "head" else 0
        made = frame.copy()
        made[part] = np.clip(frame[part] * (1 - alpha[..., None]) + (colour + grain) * alpha[..., None] + 0.5, 0, 255)
        out.append(made), cover.append(float((alpha * last[part]).sum() / max(1, last.sum())))
    return out, np.array(cover)


class Counts:
    def __init__(self):
        self.frames, self.left, self.faded, self.clips = 0, 0, 0, []

    def add(self, name, heights):
        left, full = int((heights == 0).sum()), int((heights >= FULL).sum())
        self.frames, self.left, self.faded = self.frames + len(heights), self.left + left, self.faded + len(heights) - left - full
        if full:
            self.clips.append(f"{name} {full}")

    def line(self):
        share = lambda n: f"{100 * n / max(1, self.frames):6.1f} %"
        missed = self.frames - self.left - self.faded
        return f"{self.frames:6} {share(self.left)} {share(self.faded)} {share(missed)}  {', '.join(self.clips)}"


def clean_run(options, clip):
    """The clip's beginning, lossless, and its render."""
    head = options.out / f"{clip.stem}.mkv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", clip, "-an", "-vf", "fps=25", "-frames:v", str(options.frames), "-c:v", "ffv1",
                    "-pix_fmt", "yuv420p", head], check=True)
    return head, Render(options, head)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=pathlib.Path)
    parser.add_argument("--clean", nargs="*", type=pathlib.Path, default=[])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--binary", default="build/release/bin/resyncer")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.speech = options.out / "speech.wav"
    subprocess.run(["espeak-ng", "-w", options.speech, "The mouth is painted anew, as long as nobody holds anything in front of it."], check=True)

    clean, alarms, away, known = 0, [], 0, {}
    for clip in options.clips + options.clean:
        head, render = clean_run(options, clip)
        if render.failed:
            continue
        print(f"  {clip.stem}: kept {render.kept}", flush=True)
        turned, unpainted = render.turned(), render.height < FULL
        clean, away = clean + int((~turned).sum()), away + int((turned & unpainted).sum())
        alarms += [f"{clip.stem}:{i}" for i in np.nonzero(unpainted & ~turned)[0]]
        place = place_of(render.masks)
        if clip in options.clips and place is not None:
            known[clip] = (head, render.masks, place)
    print(f"clean: {clean} frames, {len(alarms)} false alarms ({100 * len(alarms) / max(1, clean):.2f} %); {away} more left for another reason", flush=True)
    print("  " + " ".join(alarms[:60]), flush=True)

    good = len(alarms) <= MOST_ALARMS * clean
    much, some = ({k: Counts() for k in options.kinds.split(",")} for _ in range(2))
    names = list(known)
    for n, clip in enumerate(names):
        head, masks, place = known[clip]
        frames = read(head)
        other_head, _, other_place = known[names[n - 1]]
        other = Head(read(other_head), other_place) if "head" in much and len(names) > 1 else None
        for kind in much:
            if kind == "head" and other is None:
                continue
            made, cover = compose(kind, frames, masks, place, other)
            file = options.out / f"{clip.stem}-{kind}.mkv"
            write(file, made)
            np.savetxt(file.with_suffix(".cover.txt"), cover, "%.3f")
            render = Render(options, file)
            if render.failed:
                continue
            much[kind].add(clip.stem, render.height[cover >= COVERED])
            print(f"  {file.stem}: {(cover >= COVERED).sum()} covered, {(render.height[cover >= COVERED] >= FULL).sum()} missed", flush=True)
            some[kind].add(clip.stem, render.height[(cover >= COVERED / 3) & (cover < COVERED)])
    for title, table in ((f"covered by {COVERED:.0%} or more", much), (f"covered by {COVERED / 3:.0%} to {COVERED:.0%}", some)):
        print(f"{title:<24} frames    left     faded    missed  (missed in)")
        for kind, counts in table.items():
            print(f"  {kind:<20} {counts.line()}")
    for kind, counts in much.items():
        good = good and (kind == "pen" or counts.left + counts.faded >= LEAST_LEFT * counts.frames)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
