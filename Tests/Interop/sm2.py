# SPDX-License-Identifier: Apache-2.0
"""SM2 (GB/T 32918) by plain affine arithmetic, for readers and makers of vectors. Slow, and its timing tells the key: for tests only."""
import hashlib

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7, 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)
IDENTITY = b"1234567812345678"


def sm3(*parts):
    return hashlib.new("sm3", b"".join(parts)).digest()


def b32(number):
    return number.to_bytes(32, "big")


def integer(data):
    return int.from_bytes(data, "big")


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(k, p):
    result = None
    while k:
        if k & 1:
            result = add(result, p)
        p, k = add(p, p), k >> 1
    return result


def is_point(p):
    return p[0] < P and p[1] < P and (p[1] * p[1] - p[0] ** 3 - A * p[0] - B) % P == 0


def encode_point(p):
    return b"\x04" + b32(p[0]) + b32(p[1])


def decode_point(raw):
    """None unless it is an uncompressed point of the curve."""
    p = (integer(raw[1:33]), integer(raw[33:]))
    return p if len(raw) == 65 and raw[0] == 4 and is_point(p) else None


def message_hash(public, message, identity):
    z = sm3((8 * len(identity)).to_bytes(2, "big"), identity, b32(A), b32(B), b32(G[0]), b32(G[1]), b32(public[0]), b32(public[1]))
    return integer(sm3(z, message))


def verify(public, signature, message, identity=IDENTITY):
    numbers = decode(signature, (2, 2))
    if numbers is None:
        return False
    r, s = map(integer, numbers)
    if not (0 < r < N and 0 < s < N) or (r + s) % N == 0:
        return False
    p = add(multiply(s, G), multiply((r + s) % N, public))
    return p is not None and (message_hash(public, message, identity) + p[0]) % N == r


def sign(secret, message, k, identity=IDENTITY):
    r = (message_hash(multiply(secret, G), message, identity) + multiply(k, G)[0]) % N
    s = pow(1 + secret, -1, N) * (k - r * secret) % N
    return encode((2, b32(r)), (2, b32(s)))


def key_stream(data, count):
    blocks = (sm3(data, counter.to_bytes(4, "big")) for counter in range(1, -(-count // 32) + 1))
    return b"".join(blocks)[:count]


def encrypt(public, message, k):
    x, y = map(b32, multiply(k, public))
    c1 = multiply(k, G)
    text = bytes(a ^ b for a, b in zip(message, key_stream(x + y, len(message))))
    return encode((2, b32(c1[0])), (2, b32(c1[1])), (4, sm3(x, message, y)), (4, text))


def decrypt(secret, ciphertext):
    """None unless it is the one encoding of a ciphertext to this key."""
    parts = decode(ciphertext, (2, 2, 4, 4))
    if parts is None:
        return None
    c1 = (integer(parts[0]), integer(parts[1]))
    if not is_point(c1):
        return None
    x, y = map(b32, multiply(secret, c1))
    message = bytes(a ^ b for a, b in zip(parts[3], key_stream(x + y, len(parts[3]))))
    return message if sm3(x, message, y) == parts[2] else None


# DER of a SEQUENCE of INTEGERs (2) and OCTET STRINGs (4)


def element(tag, content):
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")) + content


def encode(*members):
    def content(tag, data):
        return integer(data).to_bytes(integer(data).bit_length() // 8 + 1, "big") if tag == 2 else data

    return element(0x30, b"".join(element(tag, content(tag, data)) for tag, data in members))


def decode(data, tags):
    """The contents, or None unless `data` is exactly what encodes them: it is encoded again and compared."""
    try:
        position = 2 if data[1] < 128 else 3 if data[1] == 0x81 else 4
        contents = []
        for _ in tags:
            size, start = data[position + 1], position + 2
            if size >= 128:
                start += size - 128
                size = integer(data[position + 2 : start])
            contents.append(data[start : start + size])
            position = start + size
    except IndexError:
        return None
    return contents if encode(*zip(tags, contents)) == data else None
