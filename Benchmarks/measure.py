# SPDX-License-Identifier: Apache-2.0
"""Runs commands beside each other and says how they compare.

Every stage of a pipeline runs under /usr/bin/time: CPU seconds and peak memory are added over the stages, wall time is that of the whole.
A and B alternate, so that what else happens on the machine meets both. Ratios are the median of the rounds' own ratios.
"""
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@dataclass
class Sample:
    wall: float
    cpu: float
    rss_kib: int
    size: int = 0


def say(text):
    print(text, file=sys.stderr, flush=True)


def require(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing or not os.access("/usr/bin/time", os.X_OK):
        sys.exit(
            f"bench: error: missing: {' '.join(missing or ['/usr/bin/time'])}\n"
            "bench: hint: apt-get install --no-install-recommends time zstd pigz age nginx curl openssl")


def run(stages, work, output=None):
    """One run of a pipeline of argument lists; its last standard output goes to the file `output`."""
    before = time.monotonic()
    processes, logs = [], []
    source = subprocess.DEVNULL
    sink = open(output, "wb") if output else None
    for index, stage in enumerate(stages):
        log = f"{work}/time-{index}"
        logs.append(log)
        last = index == len(stages) - 1
        target = (sink or subprocess.DEVNULL) if last else subprocess.PIPE
        process = subprocess.Popen(
            ["/usr/bin/time", "-o", log, "-f", "%U %S %M", *stage], stdin=source, stdout=target, stderr=subprocess.PIPE)
        if source is not subprocess.DEVNULL:
            source.close()
        source = process.stdout
        processes.append(process)
    errors = [process.stderr.read() for process in processes]
    status = [process.wait() for process in processes]
    wall = time.monotonic() - before
    if sink:
        sink.close()
    if any(status):
        sys.exit(f"bench: error: {stages} ended with {status}: {b' '.join(errors).decode(errors='replace')[-600:]}")
    figures = [open(log).read().split()[-3:] for log in logs]
    return Sample(
        wall=wall, cpu=sum(float(user) + float(system) for user, system, _ in figures), rss_kib=sum(int(rss) for _, _, rss in figures),
        size=os.path.getsize(output) if output else 0)


def alternate(name, ours, theirs, rounds=ROUNDS):
    """A warm-up of each, then A B A B. `ours` and `theirs` give a Sample."""
    say(f"  {name}")
    ours(), theirs()
    pairs = []
    for _ in range(rounds):
        pairs.append((ours(), theirs()))
        a, b = pairs[-1]
        say(f"    {a.wall:7.2f} s wall {a.cpu:7.2f} s CPU | {b.wall:7.2f} s wall {b.cpu:7.2f} s CPU")
    return pairs


def median(values):
    return statistics.median(list(values))


class Table:
    def __init__(self, *columns):
        self.columns, self.rows = columns, []

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def print(self, title):
        print(f"\n### {title}\n")
        print("| " + " | ".join(self.columns) + " |")
        print("|" + "---|" * len(self.columns))
        for row in self.rows:
            print("| " + " | ".join(row) + " |")
        sys.stdout.flush()


def machine(*versions):
    """What the figures depend on, as Markdown lines."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU")
    flags = next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "").split()
    known = [flag for flag in ("aes", "vaes", "vpclmulqdq", "sha_ni", "avx2", "avx512f") if flag in flags]
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) / (1 << 20)
    system = re.search(r'PRETTY_NAME="(.*)"', open("/etc/os-release").read()).group(1)
    lines = [
        f"- {len(os.sched_getaffinity(0))} cores, {cpu} ({', '.join(known)}), {memory:.0f} GiB of memory",
        f"- {system}, Linux {platform.release()}; load {' '.join(open('/proc/loadavg').read().split()[:3])} at the start",
    ]
    found = []
    for command in versions:
        result = subprocess.run(command, capture_output=True, text=True)
        text = (result.stdout + result.stderr).strip().splitlines()
        match = re.search(r"\d+(\.\d+)+\w*", text[0]) if text else None
        found.append(f"{os.path.basename(command[0])} {match.group(0) if match else 'unknown'}")
    lines.append("- " + ", ".join(found))
    lines.append("- " + time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()) + f", median of {ROUNDS} rounds after a warm-up")
    return "\n".join(lines)


# Processes that serve

def children_cpu(pid):
    """User and system seconds of a process and its children, now."""
    total = 0
    for one in [pid, *child_pids(pid)]:
        try:
            fields = open(f"/proc/{one}/stat").read().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def child_pids(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            found += [int(child) for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
        except FileNotFoundError:
            pass
    return found


def memory_kib(pid, field="VmRSS"):
    return int(re.search(rf"^{field}:\s+(\d+)", open(f"/proc/{pid}/status").read(), re.M).group(1))


def reset_peak(pid):
    """From now on VmHWM counts anew."""
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")
