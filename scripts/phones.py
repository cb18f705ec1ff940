#!/usr/bin/env python3
"""Phoneme times of GRID sentences, by forced alignment with PocketSphinx and its en-us model
(apt-get install python3-pocketsphinx pocketsphinx-en-us ffmpeg; Debian's /usr/bin/python3).

  scripts/phones.py data/grid_speakers/*.mpg > phones.json    for resyncer eval motion --phones phones.json
  scripts/phones.py --check data/grid_s1_align data/grid_s1/*.mp4    word starts against the corpus' own

A file whose name says its sentence (bbaf2n = bin blue at f two now) is aligned to it; of others the sentence is
recognised first, by GRID's grammar. Prints {"bbaf2n": [["B", "bin", 0.48, 0.54], ...], ...}: of every clip (the file's
name without its ending) its phones, their words, start and end in seconds of the sound's own clock.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from pocketsphinx import Decoder

MODEL = pathlib.Path("/usr/share/pocketsphinx/model/en-us")
FRAME = 0.01  # seconds of a PocketSphinx frame
CLOSURE = 0.12  # seconds of a b or p that opens a sentence: the aligner counts the silence before it too
SLOTS = [
    dict(b="bin", l="lay", p="place", s="set"),
    dict(b="blue", g="green", r="red", w="white"),
    dict(a="at", b="by", i="in", w="with"),
    {c: c for c in "abcdefghijklmnopqrstuvxyz"},
    dict(zip("z123456789", "zero one two three four five six seven eight nine".split())),
    dict(a="again", n="now", p="please", s="soon"),
]
NAME = re.compile("".join("[" + "".join(slot) + "]" for slot in SLOTS))
OWN = {"a": ["EY"], "z": ["Z EH D"]}  # letters as GRID's speakers name them, where the dictionary does not


def pronunciations():
    words = {word for slot in SLOTS for word in slot.values()}
    found = {}
    for line in (MODEL / "cmudict-en-us.dict").read_text().splitlines():
        word, phones = line.split(" ", 1)
        word = word.split("(")[0]
        if word in words:
            found.setdefault(word, []).append(phones)
    return {**found, **OWN}


def decoder(dictionary, grammar, folder):
    (folder / "words.dict").write_text("\n".join(f"{word} {phones}" for word, phones in dictionary) + "\n")
    config = Decoder.default_config()
    for option, value in (("-hmm", MODEL / "en-us"), ("-dict", folder / "words.dict"), ("-logfn", "/dev/null")):
        config.set_string(option, str(value))
    for option in ("-beam", "-pbeam", "-wbeam"):
        config.set_float(option, 1e-100)
    config.set_boolean("-bestpath", False)
    config.set_boolean("-remove_silence", False)  # times are those of the sound, pauses and all
    made = Decoder(config)
    made.set_jsgf_string("grid", f"#JSGF V1.0;\ngrammar grid;\npublic <all> = {grammar};\n")
    made.set_search("grid")
    return made


def segments(made, sound):
    """Words of the best path with their times; none where the sound fits no path."""
    made.start_utt()
    made.process_raw(sound, False, True)
    made.end_utt()
    if made.hyp() is None:
        return []
    return [(re.sub(r"\(\d+\)$", "", s.word), s.start_frame * FRAME, (s.end_frame + 1) * FRAME) for s in made.seg()]


def read_sound(path):
    command = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


class Aligner:
    def __init__(self, folder):
        self.folder, self.words = folder, pronunciations()
        variants = [(word if i == 0 else f"{word}({i + 1})", phones)
                    for word, all_phones in self.words.items() for i, phones in enumerate(all_phones)]
        slots = " ".join("(" + " | ".join(slot.values()) + ")" for slot in SLOTS)
        self.recogniser = decoder(variants, slots, folder)

    def sentence(self, path, sound):
        if NAME.fullmatch(path.stem):
            return [slot[c] for slot, c in zip(SLOTS, path.stem)]
        return [word for word, _, _ in segments(self.recogniser, sound) if not word.startswith(("<", "["))]

    def align(self, path):
        """Rows (phone, word, start, end). Every phone of a word is a word of the decoder's own, `place` of it in
        its name, so that the best path tells the times of phones and which pronunciation was spoken."""
        sound = read_sound(path)
        dictionary, grammar = {}, []
        for place, word in enumerate(self.sentence(path, sound)):
            ways = []
            for way, phones in enumerate(self.words[word]):
                names = [f"w{place}v{way}p{i}_{phone.lower()}" for i, phone in enumerate(phones.split())]
                dictionary.update(zip(names, phones.split()))
                ways.append(" ".join(names))
            grammar.append((word, "(" + " | ".join(ways) + ")"))
        if not grammar:
            return []
        made = decoder(list(dictionary.items()), " ".join(way for _, way in grammar), self.folder)
        rows = [(dictionary[name], grammar[int(name[1])][0], start, end)
                for name, start, end in segments(made, sound) if name in dictionary]
        if rows and rows[0][0] in ("B", "P"):
            phone, word, start, end = rows[0]
            rows[0] = (phone, word, max(start, end - CLOSURE), end)
        return rows


def check(files, folder, aligner):
    """How far word starts are from the corpus' own, ms."""
    errors = []
    for path in files:
        rows = [line.split() for line in (folder / f"{path.stem}.align").read_text().splitlines()]
        real = [int(start) / 25000 for start, _, word in rows if word not in ("sil", "sp")]
        ours, last = [], None
        for phone, word, start, end in aligner.align(path):
            if word != last:
                ours.append(start)
            last = word
        if len(ours) == len(real):
            errors += [1000 * (a - b) for a, b in zip(ours, real)]
        else:
            print(f"{path.name}: {len(ours)} words of {len(real)}", file=sys.stderr)
    far = sum(abs(e) > 80 for e in errors) / len(errors)
    print(f"{len(errors)} word starts: median {statistics.median(errors):+.0f} ms, "
          f"median distance {statistics.median(map(abs, errors)):.0f} ms, further than 80 ms {100 * far:.0f} %")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="+", type=pathlib.Path)
    options.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="compare with NAME.align in it")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        aligner = Aligner(pathlib.Path(folder))
        if options.check:
            check(options.files, options.check, aligner)
            return
        clips = {path.stem: [(phone, word, round(start, 2), round(end, 2)) for phone, word, start, end in aligner.align(path)]
                 for path in options.files}
        print("{" + ",\n ".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in clips.items()) + "}")


if __name__ == "__main__":
    main()
