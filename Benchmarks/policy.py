#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a policy decision costs, beside Cedar (cedarpy) and vakt: the same policies, the same request, taking turns.

usage: policy.py policy KOUAN WORK       all tables; KOUAN_BENCH names the tool kouan-bench
       policy.py peer cedarpy|vakt       answers cases on standard input as kouan-bench does
"""
import json
import os
import resource
import subprocess
import sys
import time

COUNTS = {"one": 1, "hundred-distinct": 100, "hundred-same": 100, "tenthousand-distinct": 10_000, "tenthousand-same": 10_000}
PARTY = "urn:uscc:91350100M00010045B"
TARGET = "urn:kouan:dataset:"
NOW = 1_795_000_000
SECONDS = float(os.environ.get("BENCH_POLICY_SECONDS", "1"))
PEERS = ["cedarpy==4.12.2", "vakt==1.6.0"]


# MARK: The policies, as Sources/kouan-bench/Cases.swift says them: one grant with five conditions each.

def about(case):
    """Asset and purposes of each policy, and the asset that is asked about."""
    count = COUNTS[case]
    distinct = not case.endswith("same")
    policies = [(TARGET + str(i if distinct else 0), ["research" if distinct or i == count - 1 else "audit", "recycling"]) for i in range(count)]
    return policies, TARGET + str(count // 2 if distinct else 0)


def cedarpy_case(case):
    import cedarpy
    policies, asset = about(case)
    text = "".join(
        f'permit(principal == User::"{PARTY}", action == Action::"read", resource == Asset::"{target}") when {{ '
        f'[{", ".join(json.dumps(p) for p in purposes)}].contains(context.purpose) && ["CN-350000", "CN-440000"].contains(context.place) '
        f'&& context.count <= 10 && context.now >= 1767225600 && context.now <= 1830211200 }};\n'
        for target, purposes in policies)
    prepared = cedarpy.PolicySet.from_str(text)
    entities = cedarpy.Entities.from_json_str("[]")
    request = {
        "principal": f'User::"{PARTY}"', "action": 'Action::"read"', "resource": f'Asset::"{asset}"',
        "context": {"purpose": "research", "place": "CN-350000", "count": 3, "now": NOW}}

    def run():
        return cedarpy.is_authorized(request, prepared, entities).allowed
    return run


def vakt_case(case):
    import vakt
    from vakt.rules import And, Eq, GreaterOrEqual, In, LessOrEqual
    policies, asset = about(case)
    storage = vakt.MemoryStorage()
    for number, (target, purposes) in enumerate(policies):
        storage.add(vakt.Policy(
            str(number), subjects=[Eq(PARTY)], resources=[Eq(target)], actions=[Eq("read")], effect=vakt.ALLOW_ACCESS,
            context={"purpose": In(*purposes), "place": In("CN-350000", "CN-440000"), "count": LessOrEqual(10),
                     "now": And(GreaterOrEqual(1767225600), LessOrEqual(1830211200))}))
    guard = vakt.Guard(storage, vakt.RulesChecker())
    inquiry = vakt.Inquiry(
        subject=PARTY, resource=asset, action="read", context={"purpose": "research", "place": "CN-350000", "count": 3, "now": NOW})

    def run():
        return guard.is_allowed(inquiry)
    return run


def measure(work, seconds):
    """Nanoseconds of one call: least, middle and 99th percentile of wall time, mean of CPU time."""
    assert work() is True, "the peer does not permit what it should"
    start = time.perf_counter_ns()
    work()
    batch = max(1, 20_000 // max(1, time.perf_counter_ns() - start))
    samples = []
    cpu = time.process_time_ns()
    end = time.perf_counter_ns() + int(seconds * 1e9)
    before = time.perf_counter_ns()
    while before < end or len(samples) < 3:
        for _ in range(batch):
            work()
        after = time.perf_counter_ns()
        samples.append((after - before) / batch)
        before = after
    cpu = (time.process_time_ns() - cpu) / (len(samples) * batch)
    samples.sort()
    return {"leastNs": samples[0], "medianNs": samples[len(samples) // 2], "p99Ns": samples[min(len(samples) - 1, len(samples) * 99 // 100)],
            "cpuNs": cpu}


def peer(name):
    make = {"cedarpy": cedarpy_case, "vakt": vakt_case}[name]
    prepared = {}
    for line in sys.stdin:
        case, seconds = line.split()
        if case == "prepare":
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            start, cpu = time.perf_counter(), time.process_time()
            make("tenthousand-distinct")
            print(json.dumps({"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu,
                              "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024}), flush=True)
            continue
        if case not in prepared:
            prepared[case] = make(case)
        print(json.dumps(measure(prepared[case], float(seconds))), flush=True)


# MARK: The tables

class Worker:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, case, seconds=SECONDS):
        self.process.stdin.write(f"{case} {seconds}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: error: {self.process.args} ended at `{case}`")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def shown(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"


def cell(rounds, median):
    """Least, median and CPU of some rounds."""
    least = min(figures["leastNs"] for figures in rounds)
    return " / ".join(shown(value) for value in (
        least, median(figures["medianNs"] for figures in rounds), median(figures["cpuNs"] for figures in rounds)))


def main(kouan, work):
    from measure import ROUNDS, Table, median, run, say
    bench = os.environ.get("KOUAN_BENCH") or sys.exit("bench: error: KOUAN_BENCH names no program")
    python = os.environ.get("BENCH_PYTHON")
    if not python:
        subprocess.run([sys.executable, "-m", "venv", f"{work}/venv"], check=True)
        python = f"{work}/venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS], check=True)
    here = os.path.abspath(__file__)

    ours = [
        ("one-decision", "one policy: outcome, states of all clauses", 2_000, "one"),
        ("one-report", "one policy: the same, rule reports, permit", 5_000, "one"),
        ("one-denied", "one policy, denied: the same, reasons in two languages", None, None),
        ("one-json", "one policy: the report as canonical JSON text", None, None),
        ("hundred-distinct", "100 policies, each of an asset of its own", None, "hundred-distinct"),
        ("hundred-same", "100 policies of one asset, all evaluated: outcomes, states of all clauses", 40_000, "hundred-same"),
        ("hundred-reports", "the same, and all reports and reasons", None, None),
        ("tenthousand-distinct", "10,000 policies, each of an asset of its own", 5_000, "tenthousand-distinct"),
        ("tenthousand-same", "10,000 policies of one asset, all evaluated: outcomes, states of all clauses", 2_000_000, "tenthousand-same"),
        ("tenthousand-reports", "the same, and all reports and reasons", None, None),
        ("weekdays", "787 constraints, prepared: outcome, states of all", 50_000, None),
        ("replace", "one of 10,000 policies replaced while a reader holds the set", None, None),
    ]
    workers = {"kouan": Worker([bench, "policy"])}
    for name in ("cedarpy", "vakt"):
        workers[name] = Worker([python, here, "peer", name])
    table = Table("one request, decided", "Kouan: least / median / CPU", "p99", "cedarpy", "vakt", "budget")
    for case, title, budget, theirs in ours:
        say(f"  {case}")
        rounds = {name: [] for name in workers}
        for _ in range(ROUNDS + 1):
            rounds["kouan"].append(workers["kouan"].ask(case))
            for name in ("cedarpy", "vakt"):
                if theirs:
                    rounds[name].append(workers[name].ask(theirs))
        for found in rounds.values():
            del found[:1]
        figure = median(figures["medianNs"] for figures in rounds["kouan"])
        verdict = "–" if budget is None else f"≤ {shown(budget)}: " + ("met" if figure <= budget else "**missed**")
        table.add(
            title, cell(rounds["kouan"], median), shown(median(figures["p99Ns"] for figures in rounds["kouan"])),
            cell(rounds["cedarpy"], median) if theirs else "–", cell(rounds["vakt"], median) if theirs else "–", verdict)
    for worker in workers.values():
        worker.end()
    table.print("Policy decisions")

    table = Table("10,000 policies, from text to ready", "wall", "CPU", "memory", "budget")
    for name, command in (("Kouan", [bench, "policy"]), ("cedarpy", [python, here, "peer", "cedarpy"]), ("vakt", [python, here, "peer", "vakt"])):
        say(f"  prepare {name}")
        found = []
        for _ in range(3):
            worker = Worker(command)
            found.append(worker.ask("prepare"))
            worker.end()
        seconds = median(figures["seconds"] for figures in found)
        memory = median(figures["memory"] for figures in found) / (1 << 20)
        verdict = "–" if name != "Kouan" else "≤ 1 s, ≤ 40 MiB: " + ("met" if seconds <= 1 and memory <= 40 else "**missed**")
        cpu = median(figures["cpuSeconds"] for figures in found)
        table.add(name, f"{seconds:.2f} s", f"{cpu:.2f} s", f"{memory:.0f} MiB", verdict)
    table.print("Preparing policies")

    table = Table("`kouan policy evaluate`, a process each", "wall", "CPU", "memory", "budget")
    for case, title, budget in (("small", "5 constraints", 0.030), ("weekdays", "787 constraints, 80 KB of JSON", 0.015)):
        say(f"  process {case}")
        path = f"{work}/{case}.json"
        with open(path, "wb") as file:
            subprocess.run([bench, "policy-input", case], stdout=file, check=True)
        walls, cpus, memory = [], [], 0
        for _ in range(4 * ROUNDS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            with open(path, "rb") as source:
                subprocess.run([kouan, "policy", "evaluate"], stdin=source, stdout=subprocess.DEVNULL, check=True)
            walls.append(time.perf_counter() - start)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        sample = run([["sh", "-c", f"exec {kouan} policy evaluate < {path}"]], work)
        memory = sample.rss_kib / 1024
        wall = median(walls)
        table.add(
            title, f"{wall * 1e3:.1f} ms", f"{median(cpus) * 1e3:.1f} ms", f"{memory:.0f} MiB",
            f"≤ {budget * 1e3:.0f} ms: " + ("met" if wall <= budget else "**missed**"))
    table.print("From the shell")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "peer":
        peer(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "policy":
        main(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
