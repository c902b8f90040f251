#!/usr/bin/env python3
"""Recomputes the golden vectors of the field, sharing and dealing layers with Python integers.

Usage: field_vectors.py          compare with the files beside this script; exit 1 on a difference
       field_vectors.py --write  write the files

Nothing but the standard library is used: BLAKE3 and ChaCha20 are written out below and checked
against published values first, so the files do not depend on the code they test.
"""

import json
import struct
import sys
from itertools import combinations
from pathlib import Path

P = 2**61 - 1
Q = 2**127 - 1
HERE = Path(__file__).parent
PROVENANCE = "made by testdata/field_vectors.py from Python integers; do not edit by hand"

# ---------------------------------------------------------------- BLAKE3

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTE = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = 1, 2, 4, 8, 16, 32, 64
M32 = 0xFFFFFFFF


def compress(cv, block, counter, length, flags):
    v = cv[:] + IV[:4] + [counter & M32, counter >> 32, length, flags]

    def g(a, b, c, d, x, y):
        v[a] = (v[a] + v[b] + x) & M32
        v[d] = rotr(v[d] ^ v[a], 16)
        v[c] = (v[c] + v[d]) & M32
        v[b] = rotr(v[b] ^ v[c], 12)
        v[a] = (v[a] + v[b] + y) & M32
        v[d] = rotr(v[d] ^ v[a], 8)
        v[c] = (v[c] + v[d]) & M32
        v[b] = rotr(v[b] ^ v[c], 7)

    m = block[:]
    for round_number in range(7):
        for k, (a, b, c, d) in enumerate(
            [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
             (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
        ):
            g(a, b, c, d, m[2 * k], m[2 * k + 1])
        m = [m[k] for k in PERMUTE]
    return [v[k] ^ v[k + 8] for k in range(8)] + [v[k + 8] ^ cv[k] for k in range(8)]


def rotr(x, n):
    return (x >> n | x << (32 - n)) & M32


def words(data):
    data = data.ljust(64, b"\0")
    return list(struct.unpack("<16I", data))


def node_of(data, key, flags, first_chunk=0):
    """The last compression of a subtree, without its ROOT flag: (cv, block, counter, length, flags)."""
    if len(data) <= 1024:
        blocks = [data[k : k + 64] for k in range(0, len(data), 64)] or [b""]
        cv = key
        for k, block in enumerate(blocks):
            f = flags | (CHUNK_START if k == 0 else 0) | (CHUNK_END if k == len(blocks) - 1 else 0)
            if k == len(blocks) - 1:
                return cv, words(block), first_chunk, len(block), f
            cv = compress(cv, words(block), first_chunk, 64, f)[:8]
    chunks = (len(data) + 1023) // 1024
    left = 1 << ((chunks - 1).bit_length() - 1)
    cut = left * 1024
    a = compress(*node_of(data[:cut], key, flags, first_chunk))[:8]
    b = compress(*node_of(data[cut:], key, flags, first_chunk + left))[:8]
    return key, a + b, 0, 64, flags | PARENT


def blake3(data, length=32, key=None, flags=0):
    cv, block, _, block_len, f = node_of(data, key or IV, flags)
    out = b""
    counter = 0
    while len(out) < length:
        out += struct.pack("<16I", *compress(cv, block, counter, block_len, f | ROOT))
        counter += 1
    return out[:length]


def keyed(key, data):
    return blake3(data, key=list(struct.unpack("<8I", key)), flags=KEYED)


def derive(context, data, length=32):
    key = list(struct.unpack("<8I", blake3(context.encode(), flags=CONTEXT)))
    return blake3(data, length, key, MATERIAL)


# ---------------------------------------------------------------- ChaCha20 generator


class ChaCha20:
    """Keystream words with a 64-bit block counter and stream 0."""

    def __init__(self, seed):
        self.key, self.block, self.words = list(struct.unpack("<8I", seed)), 0, []

    def refill(self):
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574] + self.key
        start += [self.block & M32, self.block >> 32, 0, 0]
        v = start[:]

        def quarter(a, b, c, d):
            v[a] = (v[a] + v[b]) & M32
            v[d] = rotr(v[d] ^ v[a], 16)
            v[c] = (v[c] + v[d]) & M32
            v[b] = rotr(v[b] ^ v[c], 20)
            v[a] = (v[a] + v[b]) & M32
            v[d] = rotr(v[d] ^ v[a], 24)
            v[c] = (v[c] + v[d]) & M32
            v[b] = rotr(v[b] ^ v[c], 25)

        for _ in range(10):
            for k in range(4):
                quarter(k, k + 4, k + 8, k + 12)
            for k in range(4):
                quarter(k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4)
        self.words += [(a + b) & M32 for a, b in zip(v, start)]
        self.block += 1

    def u32(self):
        if not self.words:
            self.refill()
        return self.words.pop(0)

    def u64(self):
        low = self.u32()
        return low | self.u32() << 32

    def bytes(self, count):
        return b"".join(struct.pack("<I", self.u32()) for _ in range(count // 4))

    def m61(self):
        return from_word(self.u64())

    def m127(self):
        low = self.u64()
        return from_bits(low | self.u64() << 64)

    def k(self):
        re = self.m61()
        return re, self.m61()


def from_word(word):
    return (word & P) % P


def from_bits(bits):
    return (bits & Q) % Q


def self_check():
    assert blake3(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    # From BLAKE3's published test vectors: input bytes are the position modulo 251.
    data = bytes(k % 251 for k in range(2049))
    assert blake3(data).hex() == "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"
    # RFC 8439, A.1, test vector 1: the all-zero key.
    assert ChaCha20(bytes(32)).bytes(16).hex() == "76b8e0ada0f13d90405d6ae55386bd28"


# ---------------------------------------------------------------- the fields


def inv(a):
    return pow(a, P - 2, P)


def k_mul(a, b):
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def k_add(a, b):
    return (a[0] + b[0]) % P, (a[1] + b[1]) % P


def k_inv(a):
    norm = inv((a[0] * a[0] + a[1] * a[1]) % P)
    return a[0] * norm % P, -a[1] * norm % P


def le8(a):
    return struct.pack("<Q", a)


def k_bytes(a):
    return le8(a[0]) + le8(a[1])


def m61_vectors():
    rng = ChaCha20(b"enigma m61 golden vectors seed..")
    edges = [0, 1, 2, P - 1, P - 2, P // 2, P // 2 + 1, 2**52 - 1, 2**52, 2**52 + 1, 2**32, 2**60]
    pairs = [(a, b) for a in edges for b in (0, 1, P - 1, 2**52 + 1)]
    pairs += [(rng.m61(), rng.m61()) for _ in range(40)]
    operations = [
        {"a": str(a), "b": str(b), "sum": str((a + b) % P), "difference": str((a - b) % P),
         "product": str(a * b % P), "inverse": str(inv(a)) if a else None,
         "root_power": str(pow(a, (P - 3) // 4, P)), "encoding": le8(a).hex()}
        for a, b in pairs
    ]
    signed = [{"integer": str(x), "element": str(x % P)}
              for x in (0, 1, -1, 2**60 - 1, -(2**60) + 1, 2**63 - 1, -(2**63), -123456789)]
    left = [rng.m61() for _ in range(200)]
    right = [rng.m61() for _ in range(200)]
    return {
        "provenance": PROVENANCE,
        "modulus": str(P),
        "operations": operations,
        "signed": signed,
        "dot": {"left": [str(a) for a in left], "right": [str(b) for b in right],
                "result": str(sum(a * b for a, b in zip(left, right)) % P)},
        "words": [{"word": str(w), "element": str(from_word(w))}
                  for w in (0, P - 1, P, P + 1, 2**64 - 1, 2**64 - 2, 2**63)],
        "refused_encodings": [
            {"why": "p itself", "bytes": le8(P).hex()},
            {"why": "p + 1", "bytes": le8(P + 1).hex()},
            {"why": "zero with bit 61 set", "bytes": le8(2**61).hex()},
            {"why": "zero with bit 63 set", "bytes": le8(2**63).hex()},
            {"why": "all ones", "bytes": "ff" * 8},
            {"why": "seven bytes", "bytes": "01" + "00" * 6},
            {"why": "nine bytes", "bytes": "01" + "00" * 8},
            {"why": "empty", "bytes": ""},
        ],
        "refused_lists": [
            {"why": "third element is p", "bytes": (le8(1) + le8(2) + le8(P) + le8(P)).hex(), "index": 2},
            {"why": "first element has a high bit", "bytes": (le8(2**62) + le8(2)).hex(), "index": 0},
            {"why": "last element cut", "bytes": (le8(1) + le8(2)).hex()[:-2], "index": None},
        ],
    }


def le16(a):
    return le8(a & 2**64 - 1) + le8(a >> 64)


def m127_vectors():
    rng = ChaCha20(b"enigma m127 golden vectors seed.")
    edges = [0, 1, 2, Q - 1, Q - 2, Q // 2, Q // 2 + 1, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 2**126,
             Q - 2**64, P]
    pairs = [(a, b) for a in edges for b in (0, 1, Q - 1, 2**64 - 1, 2**126 + 2**63)]
    pairs += [(rng.m127(), rng.m127()) for _ in range(40)]
    operations = []
    for a, b in pairs:
        root = pow(a, (Q + 1) // 4, Q)
        is_square = root * root % Q == a
        assert is_square == (a == 0 or pow(a, (Q - 1) // 2, Q) == 1)
        operations.append({
            "a": str(a), "b": str(b), "sum": str((a + b) % Q), "difference": str((a - b) % Q),
            "product": str(a * b % Q), "inverse": str(pow(a, Q - 2, Q)) if a else None,
            "root": str(root) if is_square else None,
            "root_power": str(pow(a, (Q - 3) // 4, Q)), "encoding": le16(a).hex(),
        })
    signed = [{"integer": str(x), "element": str(x % Q)}
              for x in (0, 1, -1, 2**126 - 1, -(2**126) + 1, 2**127 - 1, -(2**127), 2**63 - 1, -(2**63))]
    left = [Q - 1] * 20 + [rng.m127() for _ in range(80)]
    right = [Q - 1] * 20 + [rng.m127() for _ in range(80)]
    return {
        "provenance": PROVENANCE,
        "modulus": str(Q),
        "half": str((Q + 1) // 2),
        "operations": operations,
        "signed": signed,
        "dot": {"left": strings(left), "right": strings(right),
                "result": str(sum(a * b for a, b in zip(left, right)) % Q)},
        "wide": [{"low": str(w & 2**128 - 1), "high": str(w >> 128), "element": str(w % Q)}
                 for w in (0, Q, Q * Q, 2**256 - 1, 2**254 - 1, 2**255, 2**128 - 1, Q << 127, (3 << 254) + Q)],
        "words": [{"low": str(w & 2**64 - 1), "high": str(w >> 64), "element": str(from_bits(w))}
                  for w in (0, Q - 1, Q, Q + 1, 2**128 - 1, 2**128 - 2, 2**127, 2**64 - 1, 2**64)],
        "refused_encodings": [
            {"why": "p itself", "bytes": le16(Q).hex()},
            {"why": "p + 1", "bytes": le16(Q + 1).hex()},
            {"why": "p - 1 with bit 127 set", "bytes": le16(Q - 1 + 2**127).hex()},
            {"why": "all ones", "bytes": "ff" * 16},
            {"why": "fifteen bytes", "bytes": "01" + "00" * 14},
            {"why": "seventeen bytes", "bytes": "01" + "00" * 16},
            {"why": "empty", "bytes": ""},
        ],
        "refused_lists": [
            {"why": "third element is p", "bytes": (le16(1) + le16(2) + le16(Q) + le16(Q)).hex(), "index": 2},
            {"why": "first element has the high bit", "bytes": (le16(2**127) + le16(2)).hex(), "index": 0},
            {"why": "last element cut", "bytes": (le16(1) + le16(2)).hex()[:-2], "index": None},
        ],
    }


def k_vectors():
    rng = ChaCha20(b"enigma k golden vectors seed....")
    edges = [(0, 0), (1, 0), (0, 1), (P - 1, P - 1), (0, P - 1), (2**60, 2**52 + 1)]
    pairs = [(a, b) for a in edges for b in edges] + [(rng.k(), rng.k()) for _ in range(30)]
    return {
        "provenance": PROVENANCE,
        "operations": [
            {"a": k_bytes(a).hex(), "b": k_bytes(b).hex(), "sum": k_bytes(k_add(a, b)).hex(),
             "product": k_bytes(k_mul(a, b)).hex(),
             "inverse": k_bytes(k_inv(a)).hex() if a != (0, 0) else None}
            for a, b in pairs
        ],
        "refused_encodings": [
            {"why": "re is p", "bytes": (le8(P) + le8(0)).hex()},
            {"why": "im is p", "bytes": (le8(0) + le8(P)).hex()},
            {"why": "one element of the base field", "bytes": le8(1).hex()},
            {"why": "fifteen bytes", "bytes": "00" * 15},
            {"why": "seventeen bytes", "bytes": "00" * 17},
        ],
    }


# ---------------------------------------------------------------- interpolation


def lagrange(points, x, p=P):
    out = []
    for k, a in enumerate(points):
        top = bottom = 1
        for j, b in enumerate(points):
            if j != k:
                top, bottom = top * (x - b) % p, bottom * (a - b) % p
        out.append(top * pow(bottom, p - 2, p) % p)
    return out


def strings(values):
    return [str(v) for v in values]


def sharing_vectors():
    committees = []
    for n in (3, 5, 7):
        t = (n - 1) // 2
        everyone = list(range(1, n + 1))
        prss = []
        for party in everyone:
            own = []
            for bits in range(1 << n):
                members = [p for p in everyone if bits >> (p - 1) & 1]
                if len(members) != t + 1 or party not in members:
                    continue
                outside = [p for p in everyone if p not in members]
                points = [0] + outside
                value = lagrange(points, party)[0]  # 1 at zero, 0 outside
                own.append({"set": bits, "coefficient": str(value)})
            prss.append(own)
        grr = []
        for dealer in everyone:
            derived = [(dealer - 1 + s) % n + 1 for s in range(1, t + 1)]
            computed = [dealer] + [(dealer - 1 + s) % n + 1 for s in range(t + 1, n)]
            rows = [strings(lagrange([0] + derived, c)) for c in computed]
            grr.append({"derived": derived, "computed": computed, "matrix": rows})
        rng = ChaCha20(bytes([n]) * 32)
        coefficients = [123456789] + [rng.m61() for _ in range(t)]
        shares = [sum(c * p**k for k, c in enumerate(coefficients)) % P for p in everyone]
        committees.append({
            "n": n, "lambda": strings(lagrange(everyone, 0)), "prss": prss, "grr": grr,
            "seed": (bytes([n]) * 32).hex(), "secret": "123456789", "shares": strings(shares),
            "refused_shares": [
                {"why": f"share {k + 1} is one too large",
                 "shares": strings(s + (j == k) for j, s in enumerate(shares))} for k in range(n)
            ],
        })
    # Every choice of t + 1 of the shares gives the secret.
    for c in committees:
        for chosen in combinations(range(c["n"]), c["n"] // 2 + 1):
            at = lagrange([k + 1 for k in chosen], 0)
            assert sum(l * int(c["shares"][k]) for l, k in zip(at, chosen)) % P == 123456789
    return {"provenance": PROVENANCE, "committees": committees}


# ---------------------------------------------------------------- dealing


PIECE = 976


def salted_root(seed, content):
    level = []
    for position, start in enumerate(range(0, len(content), PIECE)):
        salt = keyed(seed, le8(position))
        level.append(derive("enigma pair leaf v1", salt + le8(position) + content[start : start + PIECE]))
    while len(level) > 1:
        level = [
            derive("enigma pair node v1", level[k] + level[k + 1]) if k + 1 < len(level) else level[k]
            for k in range(0, len(level), 2)
        ]
    return level[0]


def triangle(t):
    return [(a, b) for a in range(t + 1) for b in range(a, t + 1)]


class Small:
    """2^61 - 1, with challenges from its quadratic extension. An element of that is a tuple of its coordinates."""

    number, p, width = 1, P, 8
    element = staticmethod(lambda rng: rng.m61())
    challenge = staticmethod(lambda rng: rng.k())
    drawn = staticmethod(lambda words: (from_word(words[0]), from_word(words[1])))


class Wide:
    """2^127 - 1, which challenges come from as well."""

    number, p, width = 2, Q, 16
    element = staticmethod(lambda rng: rng.m127())
    challenge = staticmethod(lambda rng: (rng.m127(),))
    drawn = staticmethod(lambda words: (from_bits(words[0] | words[1] << 64),))


def encoded(field, elements):
    return b"".join(value.to_bytes(field.width, "little") for value in elements)


def deal(field, case):
    """Returns (root, weights, response, packages, shares) of an honest dealing."""
    n, values = case["n"], [int(v) for v in case["values"]]
    t = (n - 1) // 2
    rng = ChaCha20(bytes.fromhex(case["seed"]))
    places = triangle(t)
    polynomials = [dict(zip(places, [v] + [field.element(rng) for _ in places[1:]])) for v in values]
    mask = dict(zip(places, [field.challenge(rng) for _ in places]))
    pairs = [(i, j) for i in range(1, n + 1) for j in range(i, n + 1)]
    salts = {pair: rng.bytes(32) for pair in pairs}

    def at(c, x, y):
        total = 0
        for (a, b), value in c.items():
            total += value * x**a * y**b + (value * x**b * y**a if a != b else 0)
        return total % field.p

    coordinates = range(len(mask[0, 0]))
    masks = [{place: value[k] for place, value in mask.items()} for k in coordinates]
    roots = {}
    for i, j in pairs:
        content = encoded(field, [at(m, i, j) for m in masks])
        content += encoded(field, [at(f, i, j) for f in polynomials])
        roots[i, j] = salted_root(salts[i, j], content)
    about = bytes([field.number, n, t]) + le8(len(values)) + bytes.fromhex(case["owner"])
    about += struct.pack("<QII", case["collection"], case["member"], case["revision"])
    about += b"".join(struct.pack("<I", node) for node in case["nodes"])
    about += le8(case["epoch"]) + bytes.fromhex(case["policy"])
    root = derive("enigma dealing root v1", about + b"".join(roots[p] for p in pairs))
    stream = derive("enigma dealing weights v1", root, 16 * len(values))
    words = struct.unpack(f"<{2 * len(values)}Q", stream)
    weights = [field.drawn(words[2 * u : 2 * u + 2]) for u in range(len(values))]
    response = {}
    for place in places:
        total = mask[place]
        for weight, f in zip(weights, polynomials):
            total = tuple((a + w * f[place]) % field.p for a, w in zip(total, weight))
        response[place] = total

    def row(c, x):
        out = [0] * (t + 1)
        for (a, b), value in c.items():
            out[b] += value * x**a
            if a != b:
                out[a] += value * x**b
        return [v % field.p for v in out]

    packages = []
    for i in range(1, n + 1):
        data = bytes([field.number, n, i, t]) + struct.pack("<I", len(values))
        data += b"".join(encoded(field, row(f, i)) for f in polynomials)
        data += b"".join(encoded(field, pair) for pair in zip(*[row(m, i) for m in masks]))
        data += b"".join(salts[min(i, j), max(i, j)] for j in range(1, n + 1))
        data += b"".join(roots[p] for p in pairs)
        data += b"".join(encoded(field, response[p]) for p in places)
        packages.append(data)
    shares = [[at(f, i, 0) for f in polynomials] for i in range(1, n + 1)]
    return root, weights, response, packages, shares


def malformed(field, package, t):
    """Edits of party 2's package in a committee of 3 with two values, and what is said of them."""
    w, p = field.width, field.p
    rows, mask, salts = 8, 8 + 2 * w * (t + 1), 8 + 2 * w * (t + 1) + 16 * (t + 1)
    roots = salts + 3 * 32
    response = roots + 6 * 32
    other, bits = (b"\2", 127) if field is Small else (b"\1", 61)

    def put(offset, data):
        return package[:offset] + data + package[offset + len(data) :]

    def flip(offset):
        return put(offset, bytes([package[offset] ^ 1]))

    cases = [
        ("empty", b"", "length"),
        ("header only", package[:8], "length"),
        ("one byte short", package[:-1], "length"),
        ("one byte long", package + b"\0", "length"),
        ("version 0", put(0, b"\0"), "version 0"),
        ("unknown version", put(0, b"\3"), "version 3"),
        ("another field's", put(0, other), f"field {bits}"),
        ("committee of 5", put(1, b"\5"), "committee size 5"),
        ("party 0", put(2, b"\0"), "party 0"),
        ("party 4 of 3", put(2, b"\4"), "party 4"),
        ("another party's number", put(2, b"\1"), "party 1"),
        ("rows of degree 2", put(3, b"\2"), "row degree 2"),
        ("three values", put(4, b"\3"), "values 3"),
        ("four billion values", put(4, b"\xff" * 4), "values 4294967295"),
        ("row element 3 is p", put(rows + 3 * w, encoded(field, [p])), "non-canonical rows 3"),
        ("mask element 1 has a high bit", put(mask + 31, b"\x80"), "non-canonical mask 1"),
        ("response element 2 is p", put(response + 32, encoded(field, [p])), "non-canonical response 2"),
        ("wrong row", flip(rows), "pair root 1 2"),
        ("wrong last coefficient", flip(rows + 3 * w), "pair root 1 2"),
        ("wrong mask row", flip(mask), "pair root 1 2"),
        ("wrong salt for party 1", flip(salts), "pair root 1 2"),
        ("wrong salt for itself", flip(salts + 32), "pair root 2 2"),
        ("wrong salt for party 3", flip(salts + 64), "pair root 2 3"),
        ("wrong root of pair 2 3", flip(roots + 4 * 32), "pair root 2 3"),
        ("wrong root of pair 1 1", flip(roots), "root"),
        ("wrong root of pair 1 3", flip(roots + 2 * 32), "root"),
        ("wrong root of pair 3 3", flip(roots + 5 * 32), "root"),
        ("wrong response, constant", flip(response), "combined check 0"),
        ("wrong response, Y^1", flip(response + 16), "combined check 0"),
        ("wrong response, X^1 Y^1", flip(response + 32), "combined check 1"),
    ]
    return [{"why": why, "package": data.hex(), "error": error} for why, data, error in cases]


def dealing_vectors():
    rng = ChaCha20(b"enigma dealing golden seed......")
    return dealings(Small, rng, ((3, [1234567, P - 5]), (5, [rng.m61() for _ in range(121)]),
                                 (7, [rng.m61() for _ in range(365)])))


def wide_dealing_vectors():
    rng = ChaCha20(b"enigma wide dealing golden seed.")
    # As many values as fit into one piece of a pair's commitment beside the mask, and one or two more; edges of 64 bits.
    edges = [2**63 - 1, Q - 2**63, 0, 1, Q - 1, 2**61 - 1, 2**64]
    return dealings(Wide, rng, ((3, [2**63 - 1, Q - 5]), (5, edges + [rng.m127() for _ in range(54)]),
                                (7, edges + [rng.m127() for _ in range(176)])))


def rows_vectors():
    rng = ChaCha20(b"enigma rows of one member seed..")
    rows = [[1, 30], [2, P - 7], [3, 0]]
    cases = dealings(Small, rng, ((3, [value for row in rows for value in row]),))["cases"]
    for case in cases:
        shares = [[int(share) for share in of_party] for of_party in case["shares"]]
        case["rows"] = [strings(row) for row in rows]
        case["shares"] = [[strings(of_party[k::2]) for k in range(2)] for of_party in shares]
        del case["packages"], case["refused_by_party_2"]
    return {"provenance": PROVENANCE, "cases": cases}


def dealings(field, rng, lists):
    cases = []
    for n, values in lists:
        case = {
            "n": n, "nodes": [11 + 3 * k for k in range(n)], "owner": rng.bytes(20).hex(),
            "collection": 7 + n, "member": 40 + n, "revision": n - 3, "epoch": 5 * n,
            "policy": rng.bytes(32).hex(), "seed": rng.bytes(32).hex(), "values": strings(values),
        }
        root, weights, response, packages, shares = deal(field, case)
        for u, value in enumerate(values):
            at = lagrange(list(range(1, n + 1)), 0, field.p)
            assert sum(l * s[u] for l, s in zip(at, shares)) % field.p == value
        case["root"] = root.hex()
        case["first_weight"] = encoded(field, weights[0]).hex()
        case["response"] = b"".join(encoded(field, response[p]) for p in triangle((n - 1) // 2)).hex()
        case["package_hashes"] = [blake3(p).hex() for p in packages]
        if n == 3:
            case["packages"] = [p.hex() for p in packages]
            case["shares"] = [strings(s) for s in shares]
            case["refused_by_party_2"] = malformed(field, packages[1], 1)
        cases.append(case)
    return {"provenance": PROVENANCE, "cases": cases}


def main():
    self_check()
    files = {"m61.json": m61_vectors, "m127.json": m127_vectors, "k.json": k_vectors,
             "sharing.json": sharing_vectors, "dealing.json": dealing_vectors,
             "dealing_wide.json": wide_dealing_vectors, "dealing_rows.json": rows_vectors}
    different = []
    for name, make in files.items():
        text = json.dumps(make(), indent=1) + "\n"
        path = HERE / name
        if "--write" in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            different.append(name)
    if different:
        sys.exit("these files differ from what the script computes: " + ", ".join(different))


if __name__ == "__main__":
    main()
