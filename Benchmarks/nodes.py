# SPDX-License-Identifier: Apache-2.0
"""Two nodes of one space on this machine's loopback, as README's tour makes them, asked through their management ports."""
import glob
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

from measure import say


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Node:
    def __init__(self, kouan, directory, participant, province, industry):
        self.kouan, self.directory, self.participant = kouan, directory, participant
        self.peer_port, self.management_port = free_ports(2)
        self.process = None
        self.cli(
            "init", "--participant", participant, "--name-zh", "基准", "--name-en", "Benchmark", "--country", "CN", "--province", province,
            "--industry", industry, "--peer-listen", f"127.0.0.1:{self.peer_port}", "--peer-url", f"https://127.0.0.1:{self.peer_port}",
            "--management-listen", f"127.0.0.1:{self.management_port}")
        self.token = open(f"{directory}/users/admin.token").read().strip()

    def cli(self, *arguments):
        result = subprocess.run(
            [self.kouan, *arguments, "--data", self.directory, "-q"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode:
            sys.exit(f"bench: error: kouan {' '.join(arguments[:2])} ended with {result.returncode}: {result.stderr.strip()[-600:]}")
        return result.stdout

    def spawn(self):
        """Starts `kouan serve`; the caller waits."""
        log = open(f"{self.directory}/run/bench.log", "ab")
        self.process = subprocess.Popen(
            [self.kouan, "serve", "--data", self.directory], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        return self.process.pid

    def start(self):
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self, limit=60):
        """Asks /readyz every 2 ms until it answers 200."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"bench: error: kouan serve ended with {self.process.returncode}; see {self.directory}/run/bench.log")
            connection = http.client.HTTPConnection("127.0.0.1", self.management_port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.002)
        sys.exit(f"bench: error: not ready in {limit} s; see {self.directory}/run/bench.log")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def call(self, operation, limit=3600, **members):
        """One operation on the management port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.management_port, timeout=limit)
        connection.request(
            "POST", "/v1/" + operation.replace(".", "/"), json.dumps(members),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            sys.exit(f"bench: error: {operation} answered {response.status}: {body.decode(errors='replace')[:600]}")
        return json.loads(body)

    def fetch(self, agreement, limit=900):
        """A transfer, until the receipts have crossed."""
        transfer = self.call("transfer.start", agreement=agreement, wait=limit)
        while True:
            shown = self.call("transfer.show", id=transfer["id"])
            if shown["receipt"] == "full" and shown["state"] == "COMPLETED":
                return shown
            if shown["state"] == "TERMINATED":
                sys.exit(f"bench: error: the transfer ended: {shown}")
            time.sleep(0.01)

    def forget_received(self):
        """So that the next transfer moves the bytes again."""
        for path in glob.glob(f"{self.directory}/received/*"):
            os.remove(path)


class Pair:
    """A provider and a consumer that trust each other."""

    def __init__(self, kouan, work):
        say("bench: making two nodes")
        self.ca = f"{work}/ca"
        self.provider = Node(kouan, f"{work}/provider", "urn:uscc:91350900MA2DEM0X11", "CN-350000", "C38")
        self.consumer = Node(kouan, f"{work}/consumer", "urn:uscc:91440101MA9DEM0Y28", "CN-440000", "C36")
        provider, consumer = self.provider, self.consumer
        provider.cli("cert", "dev-ca", "-o", self.ca)
        for node in (provider, consumer):
            request, chain = f"{node.directory}.csr", f"{node.directory}.pem"
            node.cli("cert", "request", "-o", request)
            node.cli("cert", "dev-issue", "--ca", self.ca, "--csr", request, "-o", chain)
            node.cli("cert", "install", chain)
        provider.cli(
            "space", "create", "bench", "--type", "enterprise", "--name-zh", "基准", "--name-en", "Benchmark", "--anchors", f"{self.ca}/ca.pem",
            "--crl", f"{self.ca}/crl.pem", "-o", f"{work}/space.json")
        consumer.cli("space", "add", f"{work}/space.json", "--crl", f"{self.ca}/crl.pem", "--yes")
        for node, province, industry in ((provider, "CN-350000", "C38"), (consumer, "CN-440000", "C36")):
            card, credential = f"{node.directory}.card", f"{node.directory}.jwt"
            node.cli("peer", "card", "-o", card)
            provider.cli("space", "admit", card, "--country", "CN", "--province", province, "--industry", industry, "-o", credential)
            os.remove(card)
            node.cli("peer", "card", "--credential", credential, "-o", card)
        provider.cli("peer", "add", f"{consumer.directory}.card", "--yes")
        consumer.cli("peer", "add", f"{provider.directory}.card", "--yes")

    def start(self):
        self.provider.start()
        self.consumer.start()
        return self

    def stop(self):
        self.consumer.stop()
        self.provider.stop()

    def offer(self, name, path, codec="auto", threads=0):
        """Publishes a file under a purpose and offers it; gives the sealed version and the offer."""
        self.provider.call("dataset.add", path=path, id=name, titleZH=name, titleEN=name)
        version = self.provider.call("dataset.publish", dataset=name, codec=codec, threads=threads)
        return version, self.offer_again(name)

    def offer_again(self, name):
        policy = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Policies", "templates", "purpose-limit.json")
        offer = self.provider.call(
            "offer.create", dataset=name, policy=json.load(open(policy)), visibleTo=["registered"], acknowledge=True)
        return offer["id"]

    def agree(self, offer):
        contract = self.consumer.call("contract.request", peer=self.provider.participant, offer=offer, wait=60)
        if contract["state"] != "FINALIZED":
            sys.exit(f"bench: error: the negotiation ended as {contract['state']}")
        return contract["agreement"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
