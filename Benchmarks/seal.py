#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seal and open by hand, beside zstd, pigz and age.

usage: seal.py seal|open KOUAN WORK
"""
import filecmp
import os
import re
import shutil
import subprocess
import sys

from measure import ROUNDS, Table, alternate, median, require, run, say

MIB = int(os.environ.get("BENCH_MIB", "256"))
HERE = os.path.dirname(os.path.abspath(__file__))
ONE_CORE = ["taskset", "-c", "0"]


class Bench:
    def __init__(self, kouan, work):
        self.kouan, self.work = kouan, work
        self.csv, self.noise = f"{work}/table.csv", f"{work}/noise.bin"
        say(f"bench: making {MIB} MiB of each kind of data")
        subprocess.run([sys.executable, f"{HERE}/make_csv.py", "--mib", str(MIB), "-o", self.csv], check=True)
        subprocess.run([sys.executable, f"{HERE}/make_csv.py", "--mib", str(MIB), "--incompressible", "-o", self.noise], check=True)
        subprocess.run([kouan, "package", "keygen", "-q", "-o", f"{work}/id"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["age-keygen", "-o", f"{work}/age.key"], check=True, stderr=subprocess.DEVNULL)
        self.recipient = subprocess.run(["age-keygen", "-y", f"{work}/age.key"], check=True, capture_output=True, text=True).stdout.strip()

    # A run removes what it made before, outside the time that counts.

    def sealing(self, source, options, target="a.kouan", prefix=()):
        def once():
            path = f"{self.work}/{target}"
            if os.path.exists(path):
                os.remove(path)
            sample = run(
                [[*prefix, self.kouan, "package", "seal", source, "-q", "--identity", f"{self.work}/id", "--to", f"{self.work}/id.pub",
                  *options, "-o", path]], self.work)
            sample.size = os.path.getsize(path)
            return sample
        return once

    def age(self, source, compressor, target="b.age", prefix=()):
        stages = [[*prefix, *compressor, source]] if compressor else []
        stages.append([*prefix, "age", "-r", self.recipient] + ([] if compressor else [source]))

        def once():
            path = f"{self.work}/{target}"
            if os.path.exists(path):
                os.remove(path)
            return run(stages, self.work, path)
        return once

    def opening(self, package, threads=2):
        def once():
            shutil.rmtree(f"{self.work}/opened", ignore_errors=True)
            return run(
                [[self.kouan, "package", "open", package, "-q", "--identity", f"{self.work}/id", "--sender", f"{self.work}/id.pub",
                  "--threads", str(threads), "-o", f"{self.work}/opened"]], self.work)
        return once

    def unage(self, package, decompressor):
        stages = [["age", "-d", "-i", f"{self.work}/age.key", package]] + ([decompressor] if decompressor else [])

        def once():
            path = f"{self.work}/plain"
            if os.path.exists(path):
                os.remove(path)
            return run(stages, self.work, path)
        return once


def ratios(pairs):
    """How much faster, how much CPU: the median of the rounds' own ratios."""
    return median(b.wall / a.wall for a, b in pairs), median(a.cpu / b.cpu for a, b in pairs)


def add(table, name, peer, pairs, budget, size=True):
    faster, cpu = ratios(pairs)
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    cells = [name, peer]
    for samples in (ours, theirs):
        cells.append(
            f"{median(s.wall for s in samples):.2f} s / {median(s.cpu for s in samples):.2f} s / "
            f"{median(s.rss_kib for s in samples) / 1024:.0f} MiB")
    cells += [f"**{faster:.2f}×**", f"{cpu:.2f}×"]
    checks = [faster >= budget["wall"]] if "wall" in budget else []
    texts = [f"wall ≥ {budget['wall']}×"] if "wall" in budget else []
    if "cpu" in budget:
        checks.append(cpu <= budget["cpu"])
        texts.append(f"CPU ≤ {budget['cpu']}×")
    if size:
        smaller = ours[0].size / theirs[0].size
        cells.append(f"{smaller:.3f}×")
        if "size" in budget:
            checks.append(smaller <= budget["size"])
            texts.append(f"size ≤ {budget['size']}×")
    cells.append(f"{', '.join(texts)}: {'met' if all(checks) else '**missed**'}" if checks else "–")
    table.add(*cells)


def seal(bench):
    table = Table(
        "`kouan package seal`", "beside", "ours: wall / CPU / memory", "theirs", "times as fast", "CPU", "size", "budget")
    zstd3, zstd1, pigz = ["zstd", "-3", "-T2", "-c", "-q"], ["zstd", "-1", "-T2", "-c", "-q"], ["pigz", "-6", "-p2", "-c"]
    rows = [
        ("auto, 2 workers", bench.csv, [], "2", "zstd -3 -T2 \\| age -r", zstd3, {"wall": 1.5, "cpu": 0.8, "size": 1.02}),
        ("zstd 3, 2 workers", bench.csv, ["zstd", "3"], "2", "zstd -3 -T2 \\| age -r", zstd3, {"wall": 1.1}),
        ("zstd 1, 2 workers", bench.csv, ["zstd", "1"], "2", "zstd -1 -T2 \\| age -r", zstd1, {"wall": 1.3}),
        ("deflate 6, 2 workers", bench.csv, ["deflate", "6"], "2", "pigz -6 -p2 \\| age -r", pigz, {"wall": 1.15}),
        ("stored, 2 workers", bench.csv, ["stored"], "2", "age -r", None, {}),
        ("incompressible, auto, 1 worker", bench.noise, [], "1", "age -r", None, {"wall": 1.4}),
        ("incompressible, stored, 1 worker", bench.noise, ["stored"], "1", "age -r", None, {"wall": 1.4}),
        ("incompressible, auto, 2 workers", bench.noise, [], "2", "age -r", None, {}),
    ]
    for name, source, codec, threads, peer, compressor, budget in rows:
        options = ["--threads", threads]
        if codec:
            options += ["--codec", codec[0]]
        if len(codec) > 1:
            options += ["--level", codec[1]]
        pairs = alternate(f"seal {name} beside {peer}", bench.sealing(source, options), bench.age(source, compressor))
        add(table, name, f"`{peer}`", pairs, budget)
    # One core for everything: how much work, not how well it is spread.
    for name, options, peer, compressor in [
        ("auto, 1 worker, one core", [], "zstd -3 -T1 \\| age -r, one core", ["zstd", "-3", "-T1", "-c", "-q"]),
        ("zstd 3, 1 worker, one core", ["--codec", "zstd", "--level", "3"], "zstd -3 -T1 \\| age -r, one core", ["zstd", "-3", "-T1", "-c", "-q"]),
        ("deflate 6, 1 worker, one core", ["--codec", "deflate", "--level", "6"], "pigz -6 -p1 \\| age -r, one core", ["pigz", "-6", "-p1", "-c"]),
    ]:
        pairs = alternate(
            f"seal {name} beside {peer}", bench.sealing(bench.csv, ["--threads", "1", *options], prefix=ONE_CORE),
            bench.age(bench.csv, compressor, prefix=ONE_CORE))
        add(table, name, f"`{peer}`", pairs, {})
    table.print(f"Seal, {MIB} MiB")
    seal_guomi(bench)


def openssl_speed(*what):
    """MB for each second of CPU at the size of a chunk."""
    result = subprocess.run(["openssl", "speed", "-seconds", "2", "-bytes", str(1 << 20), *what], capture_output=True, text=True)
    return float(re.findall(r"([\d.]+)k\s*$", result.stdout, re.M)[-1]) / 1000


def seal_guomi(bench):
    """Beside the ciphers alone, composed: a byte goes through each of them, one after the other. All by CPU time, so that cores do not count."""
    table = Table("`kouan package seal --suite guomi`, 2 workers", "wall", "per CPU second", "beside `openssl speed`", "per CPU second", "ratio", "budget")
    subprocess.run([bench.kouan, "package", "keygen", "-q", "--suite", "guomi", "-o", f"{bench.work}/gm"], check=True, stdout=subprocess.DEVNULL)
    for name, source, options, budget in [("table, auto", bench.csv, [], 0.9), ("incompressible, stored", bench.noise, ["--codec", "stored"], None)]:
        say(f"  seal guomi {name}")
        path, rounds, size = f"{bench.work}/a.kouan", [], (MIB << 20) / 1e6
        for _ in range(1 + ROUNDS):
            if os.path.exists(path):
                os.remove(path)
            command = [bench.kouan, "package", "seal", source, "-q", "--identity", f"{bench.work}/gm", "--to", f"{bench.work}/gm.pub"]
            sample = run([[*command, "--threads", "2", *options, "-o", path]], bench.work)
            cipher, mac, hash_ = openssl_speed("-evp", "sm4-ctr"), openssl_speed("-hmac", "sm3"), openssl_speed("-evp", "sm3")
            rounds.append((size / sample.wall, size / sample.cpu, 1 / (1 / cipher + 1 / mac), 1 / (1 / cipher + 1 / mac + 2 / hash_)))
            say("    " + " | ".join(f"{figure:7.1f} MB/s" for figure in rounds[-1]))
        # The format hashes each byte twice more: as a part of its chunk's leaf and of its file's digest.
        for peer, column, limit in [("sm4-ctr + hmac-sm3", 2, budget), ("sm4-ctr + hmac-sm3 + 2 × sm3", 3, None)]:
            ratio = median(figures[1] / figures[column] for figures in rounds[1:])
            verdict = f"≥ {limit}×: {'met' if ratio >= limit else '**missed**'}" if limit else "–"
            figures = [f"{median(r[index] for r in rounds[1:]):.0f} MB" for index in (0, 1, column)]
            table.add(name, figures[0] + "/s", figures[1], peer, figures[2], f"**{ratio:.2f}×**", verdict)
    table.print(f"Seal in suite guomi, {MIB} MiB of plaintext")


def open_(bench):
    table = Table("`kouan package open`", "beside", "ours: wall / CPU / memory", "theirs", "times as fast", "CPU", "budget")
    rows = [
        ("auto, 2 workers", bench.csv, [], ["zstd", "-3", "-T2", "-c", "-q"], ["zstd", "-d", "-c", "-q"], "age -d \\| zstd -d", 2, {"wall": 1.7}),
        ("auto, 1 worker", bench.csv, [], ["zstd", "-3", "-T2", "-c", "-q"], ["zstd", "-d", "-c", "-q"], "age -d \\| zstd -d", 1, {}),
        ("deflate 6, 2 workers", bench.csv, ["--codec", "deflate"], ["pigz", "-6", "-p2", "-c"], ["pigz", "-d", "-c"], "age -d \\| pigz -d", 2, {}),
        ("incompressible, 2 workers", bench.noise, [], None, None, "age -d", 2, {}),
    ]
    for name, source, options, compressor, decompressor, peer, threads, budget in rows:
        bench.sealing(source, options)()
        bench.age(source, compressor)()
        package, sealed = f"{bench.work}/a.kouan", f"{bench.work}/b.age"
        pairs = alternate(f"open {name} beside {peer}", bench.opening(package, threads), bench.unage(sealed, decompressor))
        opened = [os.path.join(root, file) for root, _, files in os.walk(f"{bench.work}/opened") for file in files]
        if len(opened) != 1 or not filecmp.cmp(opened[0], source, shallow=False) or not filecmp.cmp(f"{bench.work}/plain", source, shallow=False):
            sys.exit(f"bench: error: what was opened is not what was sealed: {opened}")
        add(table, name, f"`{peer}`", pairs, budget, size=False)
    table.print(f"Open and verify, {MIB} MiB of plaintext")


if __name__ == "__main__":
    require("zstd", "pigz", "age", "age-keygen", "taskset", "openssl")
    what, program, directory = sys.argv[1:]
    bench = Bench(program, directory)
    {"seal": seal, "open": open_}[what](bench)
