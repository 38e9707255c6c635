#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What two running nodes cost: download beside nginx, start and idle, memory beside idle, negotiation.

usage: exchange.py download|start|memory|negotiate KOUAN WORK
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from measure import ROUNDS, Sample, Table, alternate, children_cpu, median, memory_kib, require, reset_peak, say
from nodes import Pair, free_ports

HERE = os.path.dirname(os.path.abspath(__file__))
DOWNLOAD_MIB = int(os.environ.get("BENCH_DOWNLOAD_MIB", "1024"))
MEMORY_MIB = int(os.environ.get("BENCH_MEMORY_MIB", "2048"))
NEGOTIATIONS = int(os.environ.get("BENCH_NEGOTIATIONS", "30"))
SUITE = "TLS_AES_256_GCM_SHA384"


def make(path, mib, incompressible, seed=20261122):
    extra = ["--incompressible"] if incompressible else []
    subprocess.run(
        [sys.executable, f"{HERE}/make_csv.py", "--mib", str(mib), "--seed", str(seed), *extra, "-o", path], check=True)


# MARK: download

class Nginx:
    """One worker, TLS 1.3 with client certificates, the provider's own certificate and the space's anchor; serves one folder."""

    def __init__(self, work, folder, certificate, key, anchor):
        self.port = free_ports(1)[0]
        home = f"{work}/nginx"
        os.makedirs(f"{home}/logs", exist_ok=True)
        with open(f"{home}/nginx.conf", "w") as file:
            file.write(f"""
daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/logs/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites {SUITE};
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_client_certificate {anchor};
        ssl_verify_client on;
        ssl_verify_depth 3;
        location / {{ root {folder}; }}
    }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-p", home, "-c", f"{home}/nginx.conf"], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.exists(f"{home}/nginx.pid") or not os.path.getsize(f"{home}/nginx.pid"):
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"bench: error: nginx did not start; see {home}/logs/error.log")
            time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def curl_ranges(url, size, directory, anchor, extra=()):
    """The consumer's order of ranges on one connection: the footer, then everything before it."""
    common = [
        "-sS", "--fail", "--http1.1", "--tlsv1.3", "--tls13-ciphers", SUITE, "--cacert", anchor, "--cert", f"{directory}/tls/client.pem",
        "--key", f"{directory}/tls/key.pem", "-o", "/dev/null", *extra]
    command = ["curl", *common, "-r", f"{size - 64}-{size - 1}", url, "--next", *common, "-r", f"0-{size - 65}", url]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"bench: error: curl ended with {result.returncode}: {result.stderr.strip()}")


def download(kouan, work):
    require("nginx", "curl")
    source = f"{work}/noise.bin"
    say(f"bench: making {DOWNLOAD_MIB} MiB")
    make(source, DOWNLOAD_MIB, True)
    table = Table("server", "client", "server CPU per GiB", "nginx, same client", "ratio", "wall per GiB: ours / nginx", "budget")
    with Pair(kouan, work) as pair:
        pair.start()
        provider, consumer = pair.provider, pair.consumer
        version, offer = pair.offer("download", source)
        size, digest = version["bytes"], version["package"].split(":")[1]
        agreement = pair.agree(offer)
        package = f"{provider.directory}/packages/{digest}.kouan"
        nginx = Nginx(
            work, f"{provider.directory}/packages", f"{provider.directory}/tls/server.pem", f"{provider.directory}/tls/key.pem",
            f"{pair.ca}/ca.pem")
        try:
            gib = size / (1 << 30)

            def measured(pid, body):
                def once():
                    with open(package, "rb") as file:  # from the page cache, for both
                        while file.read(1 << 20):
                            pass
                    wall, cpu = time.monotonic(), children_cpu(pid)
                    body()
                    return Sample(wall=(time.monotonic() - wall) / gib, cpu=(children_cpu(pid) - cpu) / gib, rss_kib=memory_kib(pid, "VmHWM"))
                return once

            def node_to_node():
                consumer.forget_received()
                shown = consumer.fetch(agreement)
                if shown["bytes"] != size:
                    sys.exit(f"bench: error: {shown['bytes']} bytes came instead of {size}")

            nginx_url = f"https://127.0.0.1:{nginx.port}/{digest}.kouan"
            from_nginx = measured(nginx.process.pid, lambda: curl_ranges(nginx_url, size, consumer.directory, f"{pair.ca}/ca.pem"))
            transfers = alternate("transfer between two nodes beside nginx to curl", measured(provider.process.pid, node_to_node), from_nginx)

            # The same client for both: a transfer is left open by stopping the consumer in the middle, and curl takes its place with the
            # consumer's certificate and the token of that transfer.
            endpoint, authorization = open_transfer(pair, agreement)
            header = ("-H", f"Authorization: Bearer {authorization}")
            curls = alternate(
                "node to curl beside nginx to curl",
                measured(provider.process.pid, lambda: curl_ranges(endpoint, size, consumer.directory, f"{pair.ca}/ca.pem", header)),
                from_nginx)
        finally:
            nginx.stop()
    for client, pairs in (("curl", curls), ("a kouan node: a whole transfer with messages, verification and receipts", transfers)):
        ratio = median(a.cpu / b.cpu for a, b in pairs)
        table.add(
            "`kouan serve`", client, f"{median(a.cpu for a, _ in pairs):.2f} s", f"{median(b.cpu for _, b in pairs):.2f} s (curl)",
            f"**{ratio:.2f}×**", f"{median(a.wall for a, _ in pairs):.2f} s / {median(b.wall for _, b in pairs):.2f} s",
            f"≤ 1.3×: {'met' if ratio <= 1.3 else '**missed**'}")
    table.print(f"HTTPS download, a sealed package of {size / (1 << 20):.0f} MiB, TLS 1.3 with client certificates, {SUITE}")


def open_transfer(pair, agreement):
    """The address and token of a transfer that stays open: its consumer is stopped while the bytes come."""
    consumer = pair.consumer
    consumer.forget_received()
    transfer = consumer.call("transfer.start", agreement=agreement, wait=0)["id"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        shown = consumer.call("transfer.show", id=transfer)
        if shown["state"] == "STARTED" and shown["receivedBytes"] > 0:
            break
        if shown["state"] in ("COMPLETED", "TERMINATED"):
            sys.exit("bench: error: the transfer was over before the consumer could be stopped; take more BENCH_DOWNLOAD_MIB")
    consumer.stop(9)
    with sqlite3.connect(f"file:{consumer.directory}/state.sqlite?mode=ro", uri=True) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
                    if transfer in text and "endpointProperties" in text:
                        found = address(json.loads(text))
                        if found:
                            return found
    sys.exit("bench: error: the consumer's database does not show the data address")


def address(value):
    """Endpoint and token of the first data address inside a JSON value."""
    if isinstance(value, dict):
        if "endpointProperties" in value:
            properties = {one["name"]: one["value"] for one in value["endpointProperties"]}
            return value["endpoint"], properties["authorization"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            found = address(one)
            if found:
                return found
    return None


# MARK: start and idle memory

def start(kouan, work):
    table = Table("node", "start to ready", "CPU until ready", "idle after 10 s: resident", "of it not from files", "budget")
    source = f"{work}/table.csv"
    make(source, 16, False)
    with Pair(kouan, work) as pair:
        pair.start()
        _, offer = pair.offer("small", source)
        consumer = pair.consumer
        consumer.fetch(pair.agree(offer))
        pair.stop()
        walls, cpus, idle, anonymous = [], [], [], []
        for round in range(ROUNDS + 1):
            node = pair.provider
            before = time.monotonic()
            pid = node.spawn()
            node.wait_ready()
            wall, cpu = time.monotonic() - before, children_cpu(pid)
            time.sleep(10)
            resident = memory_kib(pid)
            own = memory_kib(pid, "RssAnon")
            node.stop()
            say(f"    ready after {wall * 1000:.0f} ms, {cpu * 1000:.0f} ms CPU, idle {resident / 1024:.1f} MiB ({own / 1024:.1f} MiB anonymous)")
            if round:
                walls.append(wall), cpus.append(cpu), idle.append(resident), anonymous.append(own)
    wall, resident = median(walls) * 1000, median(idle) / 1024
    table.add(
        "one peer, one dataset, some ledger entries", f"**{wall:.0f} ms**", f"{median(cpus) * 1000:.0f} ms", f"**{resident:.1f} MiB**",
        f"{median(anonymous) / 1024:.1f} MiB",
        f"≤ 200 ms: {'met' if wall <= 200 else '**missed**'}; ≤ 60 MiB: {'met' if resident <= 60 else '**missed**'}")
    table.print("Start and idle memory")


# MARK: memory

def memory(kouan, work):
    table = Table("process", "while", "idle", "peak", "above idle", "budget")
    source = f"{work}/large.bin"
    pieces = max(2, MEMORY_MIB // 256)
    say(f"bench: making {MEMORY_MIB} MiB, half a table and half random")
    make(f"{work}/piece-0", MEMORY_MIB // pieces, False)
    make(f"{work}/piece-1", MEMORY_MIB // pieces, True)
    with open(source, "wb") as out:
        for piece in range(pieces):
            with open(f"{work}/piece-{piece % 2}", "rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)
    with Pair(kouan, work) as pair:
        pair.start()
        time.sleep(10)
        nodes = {"provider": pair.provider.process.pid, "consumer": pair.consumer.process.pid}
        idle = {name: memory_kib(pid) for name, pid in nodes.items()}

        def watched(names, body):
            for name in names:
                reset_peak(nodes[name[0]])
            result = body()
            for name, what in names:
                peak = memory_kib(nodes[name], "VmHWM")
                above = (peak - idle[name]) / 1024
                say(f"    {name} {what}: idle {idle[name] / 1024:.1f}, peak {peak / 1024:.1f} MiB")
                table.add(
                    name, what, f"{idle[name] / 1024:.1f} MiB", f"{peak / 1024:.1f} MiB", f"**{above:.1f} MiB**",
                    f"≤ 64 MiB: {'met' if above <= 64 else '**missed**'}")
            return result

        version, offer = watched([("provider", "seals")], lambda: pair.offer("large", source))
        agreement = pair.agree(offer)
        watched([("provider", "serves"), ("consumer", "receives")], lambda: pair.consumer.fetch(agreement))
        watched(
            [("consumer", "opens")],
            lambda: pair.consumer.call("open", agreement=agreement, purpose="warranty-analysis", output=f"{work}/opened"))
        opened = [os.path.join(root, file) for root, _, files in os.walk(f"{work}/opened") for file in files]
        if len(opened) != 1 or subprocess.run(["cmp", "-s", opened[0], source]).returncode:
            sys.exit("bench: error: what was opened is not what was sealed")
    table.print(f"Memory, one file of {MEMORY_MIB} MiB (package {version['bytes'] / (1 << 20):.0f} MiB), one process each")


# MARK: negotiation

def sync_milliseconds(folder):
    """What one 4 KiB write with fdatasync takes here, the median of 200."""
    path, times = f"{folder}/sync", []
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(200):
            os.pwrite(file, b"x" * 4096, 0)
            before = time.monotonic()
            os.fdatasync(file)
            times.append((time.monotonic() - before) * 1000)
    finally:
        os.close(file)
        os.remove(path)
    return median(times)


def negotiations(kouan, work):
    """Milliseconds of each, and CPU milliseconds of both nodes for one."""
    source = f"{work}/table.csv"
    make(source, 1, False)
    with Pair(kouan, work) as pair:
        pair.start()
        _, offer = pair.offer("small", source)
        for _ in range(3):
            pair.agree(offer)
        walls = []
        pids = [pair.provider.process.pid, pair.consumer.process.pid]
        cpu = sum(map(children_cpu, pids))
        for _ in range(NEGOTIATIONS):
            before = time.monotonic()
            pair.agree(offer)
            walls.append((time.monotonic() - before) * 1000)
        cpu = (sum(map(children_cpu, pids)) - cpu) * 1000 / NEGOTIATIONS
    say("    " + " ".join(f"{wall:.0f}" for wall in walls))
    return sorted(walls), cpu


def negotiate(kouan, work):
    table = Table(
        "data directories", "one fdatasync there", f"median of {NEGOTIATIONS}, one after the other", "fastest", "90th of 100",
        "CPU of both nodes for one", "budget")
    places = [("on disk", work)]
    memory_folder = None
    if os.access("/dev/shm", os.W_OK):
        memory_folder = tempfile.mkdtemp(prefix="kouan-bench-", dir="/dev/shm")
        places.append(("in memory: what the disk does not add", memory_folder))
    try:
        for name, folder in places:
            sync = sync_milliseconds(folder)
            walls, cpu = negotiations(kouan, folder)
            middle = median(walls)
            table.add(
                name, f"{sync:.2f} ms", f"**{middle:.1f} ms**", f"{walls[0]:.1f} ms", f"{walls[int(len(walls) * 0.9)]:.1f} ms", f"{cpu:.1f} ms",
                f"≤ 20 ms: {'met' if middle <= 20 else '**missed**'}")
    finally:
        if memory_folder:
            shutil.rmtree(memory_folder)
    table.print("Negotiation, from the operator's request to the answer FINALIZED, catalog included")


if __name__ == "__main__":
    what, program, directory = sys.argv[1:]
    {"download": download, "start": start, "memory": memory, "negotiate": negotiate}[what](program, directory)
