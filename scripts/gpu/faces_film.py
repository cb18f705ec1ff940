#!/usr/bin/env python3
"""A faces file (resyncer prepare faces) as a film and a file of the rest, a hundredth of its size, and back.

  faces_film.py pack FACES.safetensors FILM.mp4 REST.safetensors [CRF]    (needs ffmpeg)
  faces_film.py unpack FILM.mp4 REST.safetensors FACES.safetensors        (needs OpenCV's Python module)

To take data to a machine to which little can be carried. H.264, 4:4:4: what is lost is below the noise of the
footage."""
import json
import lzma
import struct
import subprocess
import sys

import numpy as np

VERTICES = ("target", "neutral", "wide_open")


def read_header(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(size)), 8 + size


def pack(faces, film, rest, crf="17"):
    header, base = read_header(faces)
    begin, end = header["crops"]["data_offsets"]
    count, side = header["crops"]["shape"][:2]
    data = np.memmap(faces, dtype=np.uint8, mode="r")
    crops = data[base + begin:base + end].reshape(count, side * side * 3)
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{side}x{side}", "-r", "25",
               "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv444p",
               "-preset", "medium", "-crf", crf, film]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        for row in crops:
            encoder.stdin.write(row.tobytes())
        encoder.stdin.close()
    write_rest(header, data, base, rest)


def write_rest(header, data, base, rest):
    count = header["crops"]["shape"][0]
    small = {"__metadata__": header["__metadata__"]}
    small["__metadata__"]["crops"] = json.dumps(header["crops"]["shape"])
    parts, at = [], 0
    for name, entry in header.items():
        if name in ("__metadata__", "crops"):
            continue
        begin, end = entry["data_offsets"]
        values = data[base + begin:base + end].tobytes()
        if name in VERTICES:  # px, to 1/64
            values = np.frombuffer(values, np.float32).reshape(count, -1)
            values = np.round(values * 64).astype(np.int16)
            values = np.diff(values, axis=0, prepend=np.zeros_like(values[:1])).T.tobytes()
        parts.append(lzma.compress(values))
        small[name] = {**entry, "data_offsets": [at, at + len(parts[-1])]}
        at += len(parts[-1])
    write(rest, small, parts)


def write(path, header, parts):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for part in parts:
            file.write(part)


def unpack(film, rest, faces):
    import cv2
    header, base = read_header(rest)
    shape = json.loads(header["__metadata__"].pop("crops"))
    old = {name: entry for name, entry in header.items() if name != "__metadata__"}
    size = int(np.prod(shape))
    at = size
    new = {"__metadata__": header["__metadata__"],
           "crops": {"dtype": "U8", "shape": shape, "data_offsets": [0, size]}}
    with open(rest, "rb") as file:
        data = file.read()[base:]
    parts = []
    for name, entry in old.items():
        begin, end = entry["data_offsets"]
        values = lzma.decompress(data[begin:end])
        if name in VERTICES:
            steps = np.frombuffer(values, np.int16).reshape(-1, shape[0]).T
            values = (np.cumsum(steps, axis=0, dtype=np.int16) / np.float32(64)).astype(np.float32).tobytes()
        parts.append(values)
        new[name] = {**entry, "data_offsets": [at, at + len(values)]}
        at += len(values)

    def frames():
        video, count = cv2.VideoCapture(film), 0
        while True:
            got, picture = video.read()
            if not got:
                break
            count += 1
            yield picture[:, :, ::-1].tobytes()
        if count != shape[0]:
            raise SystemExit(f"{film} has {count} pictures, not {shape[0]}")
        yield from parts

    write(faces, new, frames())


if __name__ == "__main__":
    {"pack": pack, "unpack": unpack}[sys.argv[1]](*sys.argv[2:])
