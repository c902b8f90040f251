#!/usr/bin/env python3
"""Recomputes the pinned hashes of crates/mpc/src/engine/transcript.rs from their description in
docs/formats/wire.md, with the BLAKE3 of field_vectors.py and the AES of `openssl`.

Usage: link_hashes.py
"""

import struct
import subprocess

from field_vectors import derive


def salts(seed, sender, op, step, part, count):
    seed = derive("enigma mpc v1: salts of a link", seed + bytes([sender]))
    key = derive("enigma mpc v1: AES-128 key of a seed", seed)[:16]
    address = struct.pack("<IIBBH", op, part, 10, step, 0)
    blocks = b"".join(address + struct.pack(">I", counter) for counter in range(2 * count))
    cipher = ["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()]
    words = subprocess.run(cipher, input=blocks, stdout=subprocess.PIPE, check=True).stdout
    return [words[32 * k:32 * k + 32] for k in range(count)]


def frame(seed, sender, op, step, part, body):
    pieces = [body[at:at + 992] for at in range(0, len(body), 992)]
    salted = zip(salts(seed, sender, op, step, part, len(pieces)), pieces)
    return derive("enigma mpc v1: frame of a link", b"".join(salt + piece for salt, piece in salted))


def record(seed, sender, op, step, part, body):
    place = struct.pack("<IB3xII16x", op, step, part, len(body))
    return place + frame(seed, sender, op, step, part, body)


def payload(length):
    return bytes(k * k // 7 % 251 for k in range(length))


SEED = bytes([3]) * 32
print("frame", frame(SEED, 1, 7, 1, 2, payload(4000)).hex())
RECORDS = record(SEED, 1, 7, 0, 0, payload(8)) + record(SEED, 1, 7, 1, 2, payload(4000))
print("link ", derive("enigma mpc v1: frames of a link", RECORDS).hex())
