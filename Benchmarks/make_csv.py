#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes test data of an exact size. The same seed gives the same bytes on every machine.

The table is what a battery maker sends to a car maker: one row per measured cell, with ids that count up, codes that repeat and
measurements that do not. `zstd -3` makes about a quarter of it.
"""
import argparse
import random
import sys

SUPPLIERS = ["91350900MA2DEM0X11", "91440101MA9DEM0Y28", "91330100MA1DEM0Z35", "91510100MA6DEM0W49", "91420100MA4DEM0U63"]
STATIONS = ["winding", "welding", "filling", "formation", "ageing", "sorting", "packing"]
RESULTS = ["OK"] * 60 + ["REWORK", "OK", "SCRAP", "OK", "HOLD"]
HEADER = (
    "battery_code,cell_code,supplier_uscc,station,operator,measured_at,voltage_v,internal_resistance_mohm,"
    "capacity_ah,temperature_c,weight_g,result,heat_no,trace_sha\n")


def table(out, size, seed):
    generator = random.Random(seed)
    draw, bits, pick = generator.random, generator.getrandbits, generator.choice
    line = HEADER.encode()
    out.write(line)
    left = size - len(line)
    row = 0
    second = 1_767_225_600  # 2026-01-01
    while left > 0:
        rows = []
        for _ in range(4_096):
            if row % 96 == 0:
                uscc = pick(SUPPLIERS)
                pack = f"06J{bits(20):07d}PEA{row // 96:08d}"
                heat = f"H26-{bits(17):06d}"
            row += 1
            second += bits(3)
            day, rest = divmod(second - 1_767_225_600, 86_400)
            month, day = divmod(day % 336, 28)
            rows.append(
                f"{pack},C{row:08d}{bits(40):010X},{uscc},{pick(STATIONS)},W{bits(7):03d},"
                f"2026-{month + 1:02d}-{day + 1:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}+08:00,"
                f"{3.2 + draw() / 10:.5f},{0.48 + draw() / 50:.5f},{278 + draw() * 6:.3f},{24 + draw() * 3:.2f},"
                f"{5_390 + bits(5)}.{bits(6):02d},{RESULTS[bits(6)]},{heat},{bits(48):012x}\n")
        block = "".join(rows).encode()[:left]
        out.write(block)
        left -= len(block)


def noise(out, size, seed):
    generator = random.Random(seed)
    while size > 0:
        block = generator.randbytes(min(size, 1 << 20))
        out.write(block)
        size -= len(block)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--incompressible", action="store_true", help="random bytes instead of a table")
    parser.add_argument("-o", "--output", required=True, help="a file, or - for standard output")
    arguments = parser.parse_args()
    write = noise if arguments.incompressible else table
    if arguments.output == "-":
        write(sys.stdout.buffer, arguments.mib << 20, arguments.seed)
        return
    with open(arguments.output, "wb") as out:
        write(out, arguments.mib << 20, arguments.seed)


if __name__ == "__main__":
    main()
