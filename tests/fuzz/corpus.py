#!/usr/bin/env python3
"""Writes the hand-made part of the corpus: for each format a small valid file and what may be wrong with one.

Run it after a format has changed; files that a fuzzer found (named crash-*, slow-*, ...) are left alone."""
import json
import math
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "corpus"
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1}
CODES = {"F32": "f", "F16": "e", "I64": "q", "I32": "i", "U8": "B"}
NAN = math.nan


def tensor(dtype, shape, values=0):
    count = math.prod(shape)
    if not isinstance(values, (list, tuple)):
        values = [values] * count
    return dtype, list(shape), struct.pack(f"<{count}{CODES[dtype]}", *values)


def safetensors(tensors, meta=None, change=None):
    """change(header) may spoil the header before it is written."""
    header, data = {}, b""
    if meta is not None:
        header["__metadata__"] = meta
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    if change:
        change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write(format, name, content):
    folder = FOLDER / format
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def write_variants(format, tensors, meta, wrong):
    """The valid file, what every format must refuse, and one file a wrong tensor or metadata entry (None: left out)."""
    whole = safetensors(tensors, meta)
    write(format, "valid", whole)
    write(format, "truncated", whole[:len(whole) // 2])
    write(format, "header_only", safetensors({}, meta))
    write(format, "no_metadata", safetensors({}))
    for name, changes in wrong.items():
        changed, changed_meta = dict(tensors), dict(meta)
        for key, value in changes.items():
            target = changed_meta if key in meta else changed
            target[key] = value
            if value is None:
                del target[key]
        write(format, name, safetensors(changed, changed_meta))


def tensor_file():
    floats = {"a": tensor("F32", [2, 3], 1.5), "h": tensor("F16", [4], 0.5), "i": tensor("I64", [1], -7),
              "k": tensor("I32", [2], 3), "u": tensor("U8", [0, 5])}
    write("tensor_file", "valid", safetensors(floats, {"kind": "test"}))
    write("tensor_file", "bf16", safetensors({"b": ("BF16", [2], b"\x80\x3f\xc0\x7f")}))

    def spoiled(name, change):
        write("tensor_file", name, safetensors({"a": tensor("F32", [2, 3])}, {"kind": "test"}, change))

    entry = lambda key, value: lambda header: header["a"].__setitem__(key, value)
    for name, shape in {"negative": [-2, -3], "huge": [2**62, 2], "zero_huge": [0, 2**64 - 1], "fraction": [2.5],
                        "text": ["2"], "nine": [1] * 9, "overflow": [2**33, 2**33], "other": [7], "null": None}.items():
        spoiled(f"shape_{name}", entry("shape", shape))
    for name, offsets in {"negative": [-24, 0], "beyond": [0, 48], "reversed": [24, 0], "huge": [2**64 - 24, 2**64 - 1],
                          "three": [0, 12, 24], "text": "0,24"}.items():
        spoiled(f"offsets_{name}", entry("data_offsets", offsets))
    for name, dtype in {"unknown": "F128", "number": 32, "null": None, "short": "F16"}.items():
        spoiled(f"dtype_{name}", entry("dtype", dtype))
    spoiled("overlapping", lambda h: h.__setitem__("b", dict(h["a"])))
    spoiled("entry_is_list", lambda h: h.__setitem__("a", []))
    spoiled("meta_is_list", lambda h: h.__setitem__("__metadata__", ["kind"]))
    spoiled("meta_is_number", lambda h: h.__setitem__("__metadata__", {"kind": 1}))
    raw = lambda text, size=None: struct.pack("<Q", len(text) if size is None else size) + text
    for name, content in {"empty": b"", "seven_bytes": b"\0" * 7, "length_only": raw(b""), "length_huge": raw(b"{}", 2**64 - 1),
                          "length_beyond": raw(b"{}", 3), "not_json": raw(b"{\"a\":"), "not_object": raw(b"[]"),
                          "deep": raw(b'{"a":' + b"[" * 1000), "bad_utf8": raw(b'{"\xff\xfe":{}}'),
                          "twice": raw(b'{"a":{},"a":[]}'),
                          "nul_in_name": raw(b'{"a\\u0000b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')}.items():
        write("tensor_file", name, content)


def weights():
    tensors = {"linear.weight": tensor("F16", [3, 2], 0.5), "linear.bias": tensor("F32", [3], 1), "other.x": tensor("U8", [1])}
    meta = {"kind": "test", "version": "1", "config": '{"inputs":2,"outputs":3}'}
    wrong = {"missing": {"linear.bias": None}, "unexpected": {"extra": tensor("U8", [1])},
            "misshaped": {"linear.bias": tensor("F32", [2])},
             "mistyped": {"linear.bias": tensor("I64", [3])}, "not_finite": {"linear.bias": tensor("F32", [3], NAN)},
             "zero_huge": {"other.x": ("U8", [0, 2**64 - 1], b"")}, "kind": {"kind": "motion"}, "version": {"version": "2"},
             "version_long": {"version": "9" * 400}, "no_config": {"config": None}}
    for name, config in {"list": "[]", "cut": '{"inputs":', "fraction": '{"inputs":2.5,"outputs":3}',
            "huge": '{"inputs":18446744073709551615,"outputs":3}',
                         "exponent": '{"inputs":1e400,"outputs":3}',
                         "negative": '{"inputs":-1,"outputs":-9223372036854775808}', "text": '{"inputs":"2","outputs":3}',
                         "unknown": '{"inputs":2,"outputs":3,"depth":1}', "empty": "", "deep": "[" * 1000}.items():
        wrong[f"config_{name}"] = {"config": config}
    write_variants("weights", tensors, meta, wrong)


def person():
    tensors = {"generator.weight": tensor("F16", [3, 2], 0.5), "generator.bias": tensor("F16", [3], 1)}
    meta = {"kind": "person", "version": "1", "base": "abc"}
    write_variants("person", tensors, meta, {
        "base": {"base": "abd"}, "no_base": {"base": None}, "kind": {"kind": "analysis"}, "version": {"version": "2"},
        "unknown": {"generator.scale": tensor("F16", [3])}, "no_group": {"bias": tensor("F16", [3])},
        "other_group": {"appearance.bias": tensor("F16", [3])}, "empty_name": {"generator.": tensor("F16", [3])},
        "misshaped": {"generator.bias": tensor("F16", [4])}, "scalar": {"generator.bias": tensor("F16", [])},
        "full": {"generator.bias": tensor("F32", [3])}, "mistyped": {"generator.bias": tensor("I64", [3])},
        "nan": {"generator.bias": tensor("F16", [3], NAN)}, "infinite": {"generator.weight": tensor("F16", [3, 2], math.inf)},
        "bias_missing": {"generator.bias": None}})
    write("person", "nothing", safetensors({}, meta))


def style():
    tensors = {"token": tensor("F32", [4], 0.5), "opening": tensor("F32", [7], [0, 0.1, 0.3, 0.1, 0.1, 0.5, 12])}
    meta = {"kind": "style", "version": "1", "base": "abc"}
    write_variants("style", tensors, meta, {
        "base": {"base": "abd"}, "no_base": {"base": None}, "kind": {"kind": "person"}, "version": {"version": "2"},
        "no_token": {"token": tensor("F32", [0])}, "token_long": {"token": tensor("F32", [5000])}, "token_wide": {"token": tensor("F32", [4], 3)},
        "token_nan": {"token": tensor("F32", [4], NAN)}, "token_square": {"token": tensor("F32", [2, 2])},
        "opening_short": {"opening": tensor("F32", [5])}, "opening_turned": {"opening": tensor("F32", [7], [0.3, 0.1, 0, 0.1, 0.1, 0.5, 12])},
        "opening_huge": {"opening": tensor("F32", [7], 1e30)}, "opening_missing": {"opening": None}, "mistyped": {"opening": tensor("I64", [7])}})


def face_model():
    vertices = 127
    tensors = {"neutral": tensor("F32", [vertices, 3], [float(i % 11) for i in range(3 * vertices)]),
               "identity": tensor("F32", [3 * vertices, 1], 0.1), "expression": tensor("F32", [3 * vertices, 1], 0.1),
               "wide_open": tensor("F32", [1, 1], 1)}
    meta = {"kind": "face-model", "version": "1", "speech_count": "1"}
    write_variants("face_model", tensors, meta, {
        "nan": {"wide_open": tensor("F32", [1, 1], NAN)},
        "count_many": {"speech_count": "2"}, "count_long": {"speech_count": "1" * 30}})
    write("face_model", "kind", safetensors({}, {"kind": "motion"}))
    write("face_model", "misshaped", safetensors({"neutral": tensor("F32", [3, 127])}, meta))
    write("face_model", "half", safetensors({"neutral": tensor("F16", [127, 3])}, meta))
    write("face_model", "large", safetensors({"neutral": tensor("F32", [127, 3], 1e30)}, meta))


def analysis():
    faces, landmarks = 1, 68 * 2
    observed = lambda name: {f"{name}.present": tensor("U8", [4], [0, 1, 0, 0]), f"{name}.landmarks": tensor("F32", [faces, 68, 2], [float(i % 50) for i in range(faces * landmarks)]),
                             f"{name}.score": tensor("F32", [faces], 0.9), f"{name}.box": tensor("I32", [faces, 4], [0, 0, 9, 9] * faces)}
    tensors = {"size": tensor("I64", [4], [64, 48, 1, 25]), "pts": tensor("I64", [4], [0, 1, 2, 3]),
            "shot_starts": tensor("I64", [2], [0, 2]),
               "tracks": tensor("I64", [2, 4], [0, 0, 0, 2, 1, 1, 2, 2]), **observed("smoothed"), **observed("raw"),
               "covered": tensor("F32", [4], [0, 0.5, 0, 1]),
               "bank.frame_size": tensor("I64", [1, 3], [0, 2, 2]), "bank.landmarks": tensor("F32", [1, 68, 2], 1),
               "bank.sharpness_origin_scale": tensor("F32", [1, 4], 1),
               "bank.pixels": tensor("U8", [12], 128)}
    head = lambda *values: {"tracks": tensor("I64", [2, 4], values)}
    most = 2**63 - 1
    write_variants("analysis", tensors, {"kind": "analysis", "version": "3"}, {
        "version": {"version": "0"}, 
        "base_huge": {"size": tensor("I64", [4], [64, 48, most, 1])},
        "pts_huge": {"pts": tensor("I64", [4], [-most, most, most, -most])},
        "shots_descend": {"shot_starts": tensor("I64", [2], [0, -1])},
        "shots_beyond": {"shot_starts": tensor("I64", [2], [0, 4])}, 
        "track_negative": head(0, 0, -1, 2, 1, 1, 2, 2), "track_overflow": head(0, 0, most, most, 1, 1, 2, 2),
        "track_id": head(most, 0, 0, 2, -most, 1, 2, 2), "tracks_many": {"tracks": tensor("I64", [20, 4], [0, 0, 0, 4] * 20)},
        "present_short": {"raw.present": tensor("U8", [3], 1)},
        "landmarks_nan": {"raw.landmarks": tensor("F32", [faces, 68, 2], NAN)},
        "covered_short": {"covered": tensor("F32", [3], 0)}, "covered_nan": {"covered": tensor("F32", [4], NAN)},
        "covered_beyond": {"covered": tensor("F32", [4], 2)},
        "bank_huge": {"bank.frame_size": tensor("I64", [1, 3], [0, 16384, 16384])},
        "bank_negative": {"bank.frame_size": tensor("I64", [1, 3], [0, -2, -2])},})


def dlib_number(value):
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) // 8
    return bytes([size | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(size, "little")


def dlib_file(mean=(0, 0), stages=1, trees=1, splits=1, leaves=2, pixel=1, pixels=2, anchor=3, threshold=(1, 0), offset=(1, -2), tail=b""):
    column = lambda value: dlib_number(-136) + dlib_number(-1) + b"".join(map(dlib_number, value)) * 136
    tree = dlib_number(splits) + (dlib_number(0) + dlib_number(pixel) + b"".join(map(dlib_number, threshold))) * splits + dlib_number(leaves) + column((0, 0)) * min(leaves, 4)
    forest = (dlib_number(trees) + tree * min(trees, 4)) * stages
    anchors = dlib_number(stages) + (dlib_number(pixels) + dlib_number(anchor) * min(pixels, 4)) * stages
    offsets = dlib_number(stages) + (dlib_number(pixels) + b"".join(map(dlib_number, offset)) * 2 * min(pixels, 4)) * stages
    return dlib_number(1) + column(mean) + dlib_number(stages) + forest + anchors + offsets + tail


def landmark_file():
    whole = dlib_file()
    cases = {"valid": {}, "two_stages": {"stages": 2}, "no_trees": {"trees": 0}, "trees_many": {"trees": 4096},
            "trees_too_many": {"trees": 4097},
             "not_complete": {"splits": 2, "leaves": 3}, "no_leaf": {"splits": 0, "leaves": 0}, "one_leaf": {"splits": 0,
             "leaves": 1}, "pixel_beyond": {"pixel": 2},
             "no_pixels": {"pixels": 0}, "anchor_beyond": {"anchor": 68}, "anchor_negative": {"anchor": -1},
             "offset_huge": {"offset": (2**23, 100)},
             "mean_huge": {"mean": (2**23, 100)}, "mean_wide": {"mean": (1, -1)}, "mean_infinite": {"mean": (1, 32000)},
             "mean_mantissa": {"mean": (-(2**63 - 1), 0)},
             "threshold_tiny": {"threshold": (1, -1000)}, "trailing": {"tail": b"more"}}
    for name, case in cases.items():
        write("landmark_file", name, dlib_file(**case))
    write("landmark_file", "empty", b"")
    write("landmark_file", "version", b"\x01\x02" + whole[2:])
    write("landmark_file", "control_byte", b"\x01\x01\x7f" + whole[3:])
    for share in (1, 2, 3):
        write("landmark_file", f"truncated_{share}", whole[:len(whole) * share // 4])


def manifest():
    entry = {"id": "face-model", "file": "face-model.safetensors", "version": "1", "bytes": 7, "sha256": "00", "commit": "x",
             "licence": "x", "data": "x", "input_contract": "x", "probe": {"mean": 1.0, "deviation": 2.0}}
    dump = lambda models: json.dumps({"models": models}).encode()
    whole = dump([entry])
    cases = {"valid": whole, "truncated": whole[:-3], "empty": b"", "list": b"[]", "no_models": b"{}",
            "models_number": b'{"models":7}', "models_text": b'{"models":"face-model"}',
             "entry_text": dump(["x"]), "deep": b"[" * 1000, "bad_utf8": whole.replace(b"face-model.", b"\xff\xfe."),
             "nul": whole.replace(b"face-model.", b"a\\u0000b.")}
    for name, change in {"file_above": {"file": "../secret"}, "file_absolute": {"file": "/etc/passwd"},
            "file_empty": {"file": ""}, "file_dots": {"file": ".."}, "bytes_negative": {"bytes": -1},
                         "bytes_fraction": {"bytes": 1.5}, "bytes_huge": {"bytes": 2**70}, "bytes_text": {"bytes": "7"},
                         "probe_list": {"probe": []}, "probe_text": {"probe": {"mean": "1", "deviation": 1}},
                         "id_number": {"id": 7}, "id_long": {"id": "x" * 1000}}.items():
        cases[name] = dump([{**entry, **change}])
    for name, content in cases.items():
        write("manifest", name, content)


def motion_dataset():
    tensors = {"mel": tensor("F16", [4, 80]), "mel_start": tensor("I64", [3], [0, 2, 4]), "expression": tensor("F32", [2, 2]),
            "motion_start": tensor("I64", [3], [0, 1, 2]),
               "speaker": tensor("I32", [2], [0, 5]), "confidence": tensor("F32", [2], 1), "openness": tensor("F32", [2])}
    starts = lambda values, name="motion_start": {name: tensor("I64", [len(values)], values)}
    write_variants("motion_dataset", tensors, {"kind": "motion", "names": '["a","b"]'}, {
        "kind": {"kind": "speech"}, "names_text": {"names": "a"}, "names_numbers": {"names": "[1,2]"},
        "starts_descend": starts([0, 3, 2]), "starts_beyond": starts([0, 1, 3]),
        "starts_negative": starts([0, -1, 2]), "starts_short": starts([0, 2]), "starts_none": starts([]),
        "mel_starts": starts([0, 5, 4], "mel_start"), "nan": {"mel": tensor("F16", [4, 80], NAN)},
        "coefficients": {"expression": tensor("F32", [2, 3])}, "mel_bands": {"mel": tensor("F16", [4, 79])},
        "shut": {"shut": tensor("F32", [2], [-1, 0.5])}, "shut_short": {"shut": tensor("F32", [1])}, "shut_nan": {"shut": tensor("F32", [2], NAN)},
        "empty": {"mel": tensor("F16", [0, 80]), "expression": tensor("F32", [0, 2]),
        "mel_start": tensor("I64", [1]), "motion_start": tensor("I64", [1]), "speaker": tensor("I32", [0]),
        "confidence": tensor("F32", [0]), "openness": tensor("F32", [0])}})


def sync_dataset():
    tensors = {"mel": tensor("F16", [4, 80]), "mel_start": tensor("I64", [2], [0, 4]), "expression": tensor("F32", [1, 2]),
               "motion_start": tensor("I64", [2], [0, 1]), "speaker": tensor("I32", [1]), "confidence": tensor("F32", [1], 1),
               "openness": tensor("F32", [1]), "mouth": tensor("U8", [1, 48, 64], 128)}
    write_variants("sync_dataset", tensors, {"kind": "sync"}, {
        "kind": {"kind": "motion"}, "mouth_missing": {"mouth": None}, "mouth_small": {"mouth": tensor("U8", [1, 48, 63])},
        "mouth_rows": {"mouth": tensor("U8", [2, 48, 64])}, "mouth_type": {"mouth": tensor("F16", [1, 48, 64])},
        "starts_beyond": {"motion_start": tensor("I64", [2], [0, 2])}})


def identity_dataset():
    tensors = {"pictures": tensor("U8", [2, 96, 96], 128), "person": tensor("I32", [2], [0, 1]), "file": tensor("I32", [2], [0, 1])}
    write_variants("identity_dataset", tensors, {"kind": "identity"}, {
        "kind": {"kind": "sync"}, "one_person": {"person": tensor("I32", [2], [3, 3])}, "negative": {"person": tensor("I32", [2], [-1, -2**31])},
        "pictures_small": {"pictures": tensor("U8", [2, 96, 95])}, "pictures_type": {"pictures": tensor("F16", [2, 96, 96])},
        "rows_differ": {"person": tensor("I32", [3], [0, 1, 2])}, "file_missing": {"file": None},
        "no_rows": {"pictures": tensor("U8", [0, 96, 96]), "person": tensor("I32", [0]), "file": tensor("I32", [0])}})


def speech_dataset():
    tensors = {"mel": tensor("F16", [3, 80]), "labels": tensor("U8", [3], 1), "mel_start": tensor("I64", [3], [0, 2, 3]),
            "voice": tensor("I32", [2], [0, 1])}
    starts = lambda *values: {"mel_start": tensor("I64", [len(values)], values)}
    write_variants("speech_dataset", tensors, {"kind": "speech", "classes": '["a","b"]'}, {
        "kind": {"kind": "faces"}, "unlabelled": {"labels": None},
        "motion": {"kind": "motion", "labels": None, "voice": None, "speaker": tensor("I32", [2], [0, 1])}, "one_class": {"classes": '["a"]'}, "classes_text": {"classes": "a"},
        "classes_numbers": {"classes": "[1,2]"}, "label_beyond": {"labels": tensor("U8", [3], 2)},
        "starts_descend": starts(0, 4, 3), "starts_negative": starts(0, -1, 3), "starts_none": starts(),
        "starts_one": starts(0), "voice_negative": {"voice": tensor("I32", [2], [-1, -2**31])},
        "nan": {"mel": tensor("F16", [3, 80], NAN)}, "no_rows": {"mel": tensor("F16", [0, 80]), "labels": tensor("U8", [0]),
        **starts(0, 0, 0)}})
    # Numbers at odd addresses: a header need not have a length that keeps them aligned.
    for pad in range(8):
        whole = safetensors(tensors, {"kind": "speech", "classes": '["a","b"]', "pad": "x" * pad})
        if struct.unpack("<Q", whole[:8])[0] % 2:
            write("speech_dataset", "unaligned", whole)
            break


def checkpoint():
    moments = {}
    for i, shape in enumerate([[3, 2], [3]]):
        name = f"optimizer.adam.{i}"
        moments.update({f"{name}.step": tensor("I64", [1], 5), f"{name}.mean": tensor("F32", shape), f"{name}.square": tensor("F32", shape)})
    tensors = {"network.weight": tensor("F32", [3, 2]), "network.bias": tensor("F32", [3]), **moments,
            "step": tensor("I64", [1], 9), "figure.best": tensor("I64", [1])}
    meta = {"kind": "training", "version": "1", "config": "{}", "random": "0 " * 312 + "312"}
    write_variants("checkpoint", tensors, meta, {
        "kind": {"kind": "test"}, "config": {"config": '{"a":1}'}, "random_cut": {"random": "1 2 3"},
        "random_index": {"random": " ".join(["1"] * 312) + " 99999"}, "random_text": {"random": "x"},
        "cpu_random_short": {"random.cpu": tensor("U8", [3])}, "step_text": {"step": tensor("F32", [1])},
        "step_missing": {"step": None}, "step_negative": {"step": tensor("I64", [1], -1)},
        "moment_missing": {"optimizer.adam.0.mean": None}, "moment_shape": {"optimizer.adam.0.mean": tensor("F32", [3])},
        "moment_nan": {"optimizer.adam.1.square": tensor("F32", [3], NAN)},
        "moment_step": {"optimizer.adam.0.step": tensor("F32", [1], 1e30)}})


def faces_dataset():
    rows, controls = 2, 127
    crops = lambda side: {"crops": tensor("U8", [rows, side, side, 3], 128)}
    shape = lambda value=1: tensor("F32", [rows, controls, 3], value)
    tensors = {**crops(4), "target": shape(), "neutral": shape(), "wide_open": shape(), "seconds": tensor("F32", [rows], [0, 2]),
               "clip": tensor("I32", [rows]), "expression": tensor("F32", [rows, 1]), "angles": tensor("F32", [rows, 3]),
               "openness": tensor("F32", [rows]), "sharpness": tensor("F32", [rows], 1)}
    meta = {"kind": "faces"}
    write_variants("faces_dataset", tensors, meta, {
        "openness_nan": {"openness": tensor("F32", [rows], NAN), "sharpness": tensor("F32", [rows], math.inf),
                         "seconds": tensor("F32", [rows], [2, 1]), **crops(8)}})
    write("faces_dataset", "lends", safetensors({**tensors, "lends": tensor("U8", [rows], [1, 0])}, meta))
    write("faces_dataset", "lends_short", safetensors({**tensors, "lends": tensor("U8", [1])}, meta))
    write("faces_dataset", "kind", safetensors(crops(4), {"kind": "speech"}))
    for side in (0, 5, 8):
        write("faces_dataset", f"side_{side}", safetensors(crops(side), meta))
    write("faces_dataset", "controls", safetensors({**crops(4), "target": tensor("F32", [rows, 5, 3])}, meta))
    none = {name: (dtype, [0] + extents[1:], b"") for name, (dtype, extents, _) in tensors.items()}
    write("faces_dataset", "no_rows", safetensors(none, meta))


def curve():
    cases = {"valid": "time,gain,jaw_max,smooth,offset_ms\n0,1,0.4,0,0\n1:02.5,0.5,,0.1,-40\n00:02:00,2,10,2,5000\n",
             "crlf_bom": "\ufeff# why\r\ntime , gain\r\n\r\n0, 1\r\n", "empty": "", "comment": "# nothing",
             "no_time": "gain\n1\n", "time_alone": "time\n0\n", "twice": "time,gain,gain\n0,1,1\n", "time_twice": "time,time,gain\n0,0,1\n",
             "unknown": "time,lips\n0,1\n", "semicolons": "time;gain\n0;1\n", "no_rows": "time,gain\n", "no_keys": "time,gain\n0,\n1,\n",
             "cells_many": "time,gain\n0,1,2\n", "cells_few": "time,gain\n0\n", "descends": "time,gain\n1,1\n0,1\n", "same": "time,gain\n1,1\n1,1\n",
             "negative_time": "time,gain\n-1,1\n", "time_huge": "time,gain\n99999999999999999999,1\n", "time_minutes": "time,gain\n1:60,1\n",
             "nan": "time,gain\n0,nan\n", "infinite": "time,gain\n0,inf\n", "overflow": "time,gain\n0,1e999\n", "underflow": "time,gain\n0,1e-999\n",
             "hex": "time,gain\n0,0x1\n", "beyond": "time,gain\n0,2.0001\n", "below": "time,smooth\n0,-0.1\n", "quoted": 'time,gain\n"0","1"\n',
             "nul": "time,gain\n0\0,1\n", "long_line": "time,gain\n0," + "1" * 5000, "no_line_end": "time,gain\n0,1"}
    for name, text in cases.items():
        write("curve", name, text.encode())


def motion_file():
    whole = {"kind": "resyncer-motion", "version": 1, "face_model": "00ff", "rate": 25, "rest": [0, -0.5], "expression": [[0.1, 2], [1e-38, -50], [3, 4]]}
    text = json.dumps(whole).encode()
    cases = {"valid": text, "truncated": text[:-9], "trailing": text + b"x", "empty": b"", "list": b"[]", "number": b"7", "object": b"{}", "null": b"null",
             "deep": b'{"expression":' + b"[" * 1000, "deep_objects": b'{"kind":' * 1000, "bad_utf8": text.replace(b"motion", b"\xff\xfe"),
             "nan": text.replace(b"0.1", b"NaN"), "overflow": text.replace(b"0.1", b"1e999"), "huge": text.replace(b"0.1", b"1e30"),
             "integer_huge": text.replace(b"0.1", b"9" * 40), "integer_beyond": text.replace(b"0.1", str(2**64 - 1).encode()),
             "twice": text.replace(b'"rest"', b'"kind"'), "comment": text.replace(b'"rest"', b'/* a */ "rest"'), "large": text + b" " * 2000}
    for name, change in {"kind": {"kind": "motion"}, "kind_list": {"kind": ["resyncer-motion"]}, "version": {"version": 2}, "version_text": {"version": "1"},
                         "face_model": {"face_model": "00fe"}, "face_model_null": {"face_model": None}, "rate_zero": {"rate": 0}, "rate_negative": {"rate": -1},
                         "rate_list": {"rate": [25]}, "rest_short": {"rest": [0]}, "rest_long": {"rest": [0, 0, 0]}, "rest_deep": {"rest": [[0, 0]]},
                         "rest_number": {"rest": 0}, "rows_few": {"expression": [[0, 0]] * 2}, "rows_many": {"expression": [[0, 0]] * 4}, "rows_none": {"expression": []},
                         "row_short": {"expression": [[0, 0], [0], [0, 0]]}, "row_long": {"expression": [[0, 0], [0, 0, 0], [0, 0]]},
                         "row_text": {"expression": [[0, "0"]] * 3}, "row_null": {"expression": [[0, None]] * 3}, "row_object": {"expression": [{"0": 0}] * 3},
                         "flat": {"expression": [0, 0, 0, 0, 0, 0]}, "nested": {"expression": [[[0, 0]]] * 3}, "unknown": {"pose": 1}}.items():
        cases[name] = json.dumps({**whole, **change}).encode()
    for key in whole:
        cases["no_" + key] = json.dumps({k: v for k, v in whole.items() if k != key}).encode()
    for name, content in cases.items():
        write("motion_file", name, content)


def point_cache():
    vertices = 127

    def cache(value=0.0, magic=b"POINTCACHE2\0", version=1, count=vertices, samples=2, rows=2, change=None):
        numbers = [value] * (3 * vertices * rows)
        for index, number in (change or {}).items():
            numbers[index] = number
        return struct.pack("<12siiffi", magic, version, count, 0, 1, samples) + struct.pack(f"<{len(numbers)}f", *numbers)

    whole = cache(0.1)
    cases = {"valid": whole, "moved": cache(change={7: 0.5, 388: -2}), "truncated": whole[:-1], "header_only": whole[:32], "header_short": whole[:31], "empty": b"",
             "trailing": whole + b"\0", "magic": cache(magic=b"POINTCACHE3\0"), "vertices_many": cache(count=2**31 - 1), "vertices_negative": cache(count=-127),
             "samples_many": cache(samples=2**31 - 1), "samples_negative": cache(samples=-2), "samples_few": cache(samples=1, rows=1),
             "samples_other": cache(samples=3, rows=3), "nan": cache(change={5: NAN}), "infinite": cache(change={500: math.inf}), "huge": cache(change={3: 3e38}),
             "far": cache(99), "other_face": cache(change={i: 3.0 if i % 3 else -3.0 for i in range(381)}), "version": cache(version=2)}
    for name, content in cases.items():
        write("point_cache", name, content)


def batch_manifest():
    """The first byte chooses the format: 0 CSV, 1 JSON lines, 2 TOML."""
    csv = "video,speech,output,crf,style,style\na.mp4,b.wav,{video}_{speech}.mp4,18,calm,lively\nc.mkv,d.wav,,,,\n"
    cases = {"csv": csv, "csv_crlf_bom": "\ufeff" + csv.replace("\n", "\r\n"), "csv_empty": "", "csv_header": "video\n", "csv_blank": "\n\n \n",
             "csv_quotes": 'video,label\n"a ""b"", c\nd.mp4" , "x"\n', "csv_open": 'video\n"a', "csv_behind": 'video\n"a"b\n', "csv_few": "video,speech\na\n",
             "csv_many": "video\na,b,c\n", "csv_unnamed": "video,,\na,b,c\n", "csv_nul": "video\na\0b\n", "csv_twice": "video,video\na,b\n",
             "csv_same_output": "video,output\na,x.mp4\nb,./x.mp4\n", "csv_eats_input": "video,output\na.mp4,../in/a.mp4\n", "csv_template": "video,output\na,{lang}.mp4\n",
             "csv_open_template": "video,output\na,{video\n", "csv_folder": "video,output\na,x/\n", "csv_reserved": "video,models\na,/tmp\n", "csv_dots": "video,output\n..,..\n.,.\n/,/\n",
             "csv_bytes": b"video\n\xff\xfe.mp4\n", "csv_columns": ",".join("c" * 300) + "\n", "csv_long": "video,label\na," + "x" * 100_000 + "\n"}
    row = {"video": "a.mp4", "speech": "b.wav", "crf": 18, "adapt": 1.5, "keep-audio": True, "style": ["calm", "lively"], "label": None}
    lines = json.dumps(row) + "\n"
    cases |= {"jsonl": b"\1" + lines.encode() * 2, "jsonl_cut": b"\1" + lines.encode() + lines.encode()[:30], "jsonl_twice": b'\1{"video":"a","video":"b"}\n{"video":"c"}',
              "jsonl_deep": b'\1{"video":"c"}\n' + b"[" * 5000 + b'\n{"video":' + b"[" * 5000 + b"]" * 5000 + b"}\n", "jsonl_nul": b'\1{"video":"a\\u0000"}\n{"video":"a"}',
              "jsonl_types": b'\1{"video":{}}\n{"video":[]}\n{"video":[[1]]}\n{"video":1e999}\n{"":"a"}\n{"video":"a"}', "jsonl_none": b"\1hello\n", "jsonl_bad_utf8": b'\1{"video":"\xff"}\n{"video":"a"}'}
    toml = b'\2[defaults]\nvideo = "a.mp4"\ncrf = 20\n[[job]]\nspeech = "b.wav"\nadapt = 0.5\n[[job]]\nspeech = "c.wav"\nstyle = ["calm", "lively"]\n'
    cases |= {"toml": toml, "toml_cut": toml[:60], "toml_unknown": b"\2jobs = 1\n", "toml_number": b"\2job = 1\n", "toml_array": b"\2job = [1, {video = 'a'}]\n", "toml_defaults": b"\2defaults = 1\n[[job]]\nvideo='a'",
              "toml_date": b"\2[[job]]\nvideo = 1979-05-27\n", "toml_deep": b"\2job = " + b"[" * 5000, "toml_nan": b"\2[[job]]\nvideo = 'a'\ncrf = nan\n", "toml_dotted": b"\2job.a.b = 1\n",
              "toml_nul": b'\2[[job]]\nvideo = "a\\u0000b"\n', "toml_table": b"\2[[job]]\nvideo = {a = 1}\n"}
    for name, content in cases.items():
        if not name.startswith("csv"):
            write("batch_manifest", name, content)
        else:
            write("batch_manifest", name, b"\0" + (content if isinstance(content, bytes) else content.encode()))


def batch_journal():
    digest = "0f" * 32
    begin = {"event": "begin", "files": ["a.mp4", [255, 46, 109], "/abs/b.mp4"]}
    done = {"event": "done", "output": "a.mp4", "key": digest, "files": [{"path": "a.mp4", "bytes": 3, "modified_ns": -5, "sha256": digest}]}
    hashed = {"event": "hash", "path": "/v.mp4", "bytes": 1, "inode": 2, "modified_ns": 3, "changed_ns": 4, "sha256": digest}
    whole = "".join(json.dumps(line) + "\n" for line in (hashed, begin, done)).encode()
    cases = {"valid": whole, "torn": whole[:-20], "torn_within": whole[:40] + b"\n" + whole, "empty": b"", "blank": b"\n\n", "other": b"[]\n7\nnull\n{}\n\"x\"\n", "bad_utf8": whole.replace(b"a.mp4", b"\xff"),
             "deep": b"[" * 5000 + b"\n" + whole, "nul": whole.replace(b"a.mp4", b"a\\u0000"), "dots": whole.replace(b"a.mp4", b"../../a"), "long": b'{"event":"' + b"x" * 5000 + b'"}\n'}
    wrong = {"begin_none": {**begin, "files": []}, "begin_text": {**begin, "files": "a"}, "begin_object": {**begin, "files": [{"a": "b"}]}, "begin_byte": {**begin, "files": [[256]]}, "begin_many": {**begin, "files": ["a"] * 100},
             "begin_empty": {**begin, "files": ["", []]}, "done_key": {**done, "key": "xyz"}, "done_upper": {**done, "key": digest.upper()}, "done_files": {**done, "files": [1]}, "done_output": {**done, "output": 1},
             "hash_negative": {**hashed, "bytes": -1}, "hash_huge": {**hashed, "modified_ns": 2**64 - 1}, "hash_real": {**hashed, "inode": 1.5}, "event": {**done, "event": "finished"}}
    for name, line in wrong.items():
        cases[name] = json.dumps(line).encode() + b"\n" + whole
    for name, content in cases.items():
        write("batch_journal", name, content)


def speaker_map():
    """The first byte chooses the format: 0 TOML, 1 JSON, 2 a turn of the command line."""
    toml = '[[speaker]]\nstart = 0\nend = "1:02.5"\nface = "none"\n[[speaker]]\nstart = 2.5\nend = 3\nface = [10, 20]\nspeech = "a.wav"\n'
    turn = {"start": 0, "end": "1:02.5", "face": [1, 2, 30, 40], "speech": "a.wav"}
    cases = {"toml": toml, "toml_cut": toml[:50], "toml_nan": toml.replace("2.5\n", "nan\n"), "toml_infinite": toml.replace("= 3", "= inf"), "toml_date": toml.replace("2.5\n", "1979-05-27\n"),
             "toml_table": "[speaker]\nstart = 0\n", "toml_number": "speaker = 1\n", "toml_unknown": "speakers = 1\n", "toml_nested": "[[speaker]]\nstart = {a = 1}\nend = [[1]]\nface = 0\n",
             "toml_deep_key": "a" + ".a" * 1000 + " = 1\n", "toml_deep": "speaker = " + "[" * 5000, "toml_dotted": "speaker.a.b = 1\n", "toml_beyond_ascii": "[[speakér]]\n", "toml_nul": toml.replace("a.wav", "a\\u0000b"), "toml_mixed": "speaker = [1, {start = 0}]\n"}
    cases = {name: b"\0" + text.encode() for name, text in cases.items()}
    listed = json.dumps([turn, {**turn, "face": "none"}])
    for name, text in {"json": listed, "json_object": '{"speaker": %s}' % listed, "json_cut": listed[:40], "json_deep": "[" * 5000, "json_deep_objects": '{"speaker":' * 1000, "json_null": "null",
                       "json_empty": "[]", "json_twice": '[{"start":0,"start":1}]', "json_overflow": '[{"start":0,"end":1e999,"face":0}]', "json_unknown": '{"a": 1}',
                       "json_many": "[" + "0," * 10001 + "0]", "json_too_deep": '{"speaker":[{"face":[[1]]}]}'}.items():
        cases[name] = b"\1" + text.encode()
    for name, change in {"overlap": {"start": 1}, "start_null": {"start": None}, "start_negative": {"start": -1}, "end_text": {"end": "soon"}, "end_huge": {"end": 1e300}, "face_huge": {"face": 1e30},
                         "face_integer": {"face": 2**64 - 1}, "face_real": {"face": 1.5}, "face_three": {"face": [1, 2, 3]}, "face_text": {"face": [1, "2"]}, "face_empty": {"face": []},
                         "speech_number": {"speech": 1}, "speech_nul": {"speech": "a\0b"}, "speech_empty": {"speech": ""}, "voice": {"voice": "a"}}.items():
        cases["json_" + name] = b"\1" + json.dumps([turn, {**turn, **change}]).encode()
    cases["json_bad_utf8"] = b"\1" + listed.replace("a.wav", "X").encode().replace(b"X", b"\xff\xfe")
    for name, text in {"": "0-12.5:1:anna.wav", "_minutes": "0:50-1:10.5:320,200:a:b-c.wav", "_hours": "1:00:00-1:00:02:1,2,30,40:a", "_narrator": "0-5:10:none", "_empty": "", "_no_file": "0-1:0",
                       "_reversed": "2-1:0:a", "_no_face": "0-1:x:a", "_colons": ":" * 5000, "_times": "0-" + "1:" * 5000, "_digits": "0-1:" + "9" * 5000 + ":a", "_nul": "0-1:0:a\0b"}.items():
        cases["turn" + name] = b"\2" + text.encode()
    for name, content in cases.items():
        write("speaker_map", name, content)


for make in (batch_manifest, speaker_map, batch_journal, curve, motion_file, point_cache, tensor_file, weights, person, style, face_model, analysis, landmark_file, manifest, motion_dataset, sync_dataset, identity_dataset, speech_dataset, checkpoint, faces_dataset):
    make()
