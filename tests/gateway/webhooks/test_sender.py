# SPDX-License-Identifier: Apache-2.0
"""One attempt over real sockets: whatever a name server says, and whatever the receiver does."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
import time

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from gateway.webhooks.network import Guard
from gateway.webhooks.sender import Sender
from tests.gateway.webhooks.world import Receiver


class NameServer:
    """Answers each question for a host with the next of its answers, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host, port, **_):
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


@pytest.fixture
def certificate(tmp_path):
    """A certificate for hooks.example.org: contexts of its server and of who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.org")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.org")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    no_password = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password))
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(chain, secret)
    return serving, ssl.create_default_context(cafile=chain)


async def post(guard, url, **options):
    sender = Sender(guard, **options)
    try:
        return await sender.send(str(url), {"webhook-id": "msg_1"}, b"{}")
    finally:
        await sender.close()


def port_of(receiver):
    return URL(receiver.url).port


async def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_was_looked_at(certificate):
    serving, trusting = certificate
    async with Receiver.running(ssl_context=serving) as receiver:
        rebinding = NameServer("127.0.0.1", "10.0.0.1")
        url = f"https://hooks.example.org:{port_of(receiver)}/"
        outcome = await post(Guard(loopback=True), url, trust=trusting, lookup=rebinding)
        assert (outcome.status, outcome.problem, rebinding.asked) == (204, None, 1)
        assert receiver.posts[0].headers["host"].startswith("hooks.example.org:")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"])  # noqa: S104
async def test_a_name_that_was_public_yesterday_and_leads_inside_today_is_not_called(receiver, address):
    url = f"https://hooks.example.org:{port_of(receiver)}/"
    outcome = await post(Guard(), url, lookup=NameServer(address))
    assert (outcome.status, outcome.problem) == (None, "NO_PUBLIC_ADDRESS")
    assert receiver.posts == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_an_address_in_another_notation_leads_nowhere_either(receiver, host):
    outcome = await post(Guard(), f"https://{host}:{port_of(receiver)}/")
    assert (outcome.status, outcome.problem) == (None, "NO_PUBLIC_ADDRESS")
    assert receiver.posts == []


async def test_without_tls_only_this_machine_is_called_and_only_where_it_is_allowed(receiver):
    assert (await post(Guard(loopback=True), receiver.url)).status == 204
    assert (await post(Guard(), receiver.url)).problem == "NO_PUBLIC_ADDRESS"
    other = f"http://hooks.example.org:{port_of(receiver)}/"
    assert (await post(Guard(loopback=True), other, lookup=NameServer("8.8.8.8"))).problem == "NO_PUBLIC_ADDRESS"
    assert len(receiver.posts) == 1


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate):
    async with Receiver.running(ssl_context=certificate[0]) as receiver:
        url = f"https://hooks.example.org:{port_of(receiver)}/"
        outcome = await post(Guard(loopback=True), url, lookup=NameServer("127.0.0.1"))
        assert (outcome.status, outcome.problem) == (None, "TLS")


async def test_a_certificate_of_another_name_is_not_trusted(certificate):
    serving, trusting = certificate
    async with Receiver.running(ssl_context=serving) as receiver:
        url = f"https://other.example.org:{port_of(receiver)}/"
        outcome = await post(Guard(loopback=True), url, trust=trusting, lookup=NameServer("127.0.0.1"))
        assert (outcome.status, outcome.problem) == (None, "TLS")


async def test_no_proxy_of_the_environment_is_used(receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert (await post(Guard(loopback=True), receiver.url)).status == 204


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0), ("9" * 400, 0.0), ("-5", 0.0), ("1e9", 0.0), ("", 0.0), ("soon", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +0100", 0.0), ("Mon, 01 Jan 99999 00:00:00 GMT", 0.0),
    ],
)  # fmt: skip
async def test_whatever_the_receiver_wishes_is_an_outcome(receiver, header, seconds):
    async def answer(_):
        return web.Response(status=503, headers={"Retry-After": header})

    receiver.answer = answer
    outcome = await post(Guard(loopback=True), receiver.url)
    assert (outcome.status, outcome.problem, outcome.retry_after) == (503, "STATUS", seconds)


async def test_a_name_that_is_none_is_an_outcome_too(receiver):
    def lookup(host, port, **_):
        return socket.getaddrinfo("a" * 64 + ".example.org", port)

    outcome = await post(Guard(loopback=True), f"http://hooks.example.org:{port_of(receiver)}/", lookup=lookup)
    assert (outcome.status, outcome.problem) == (None, "NO_PUBLIC_ADDRESS")


async def test_nobody_there_is_a_failure_of_the_connection():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = await post(Guard(loopback=True), f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (outcome.status, outcome.problem) == (None, "CONNECTION")


async def test_an_endless_answer_is_cut_and_its_drops_do_not_keep_the_attempt_going(receiver):
    async def endless(_):
        response = web.StreamResponse(status=500)
        await response.prepare(request[0])
        while True:
            await response.write(b"x" * 65536)

    async def drops(_):
        response = web.StreamResponse(status=500)
        await response.prepare(request[0])
        while True:
            await response.write(b".")
            await asyncio.sleep(0.05)

    request = []
    app = web.Application()

    async def answer(asked):
        request[:] = [asked]
        await asked.read()
        return await (endless if asked.path == "/endless" else drops)(asked)

    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        outcome = await post(Guard(loopback=True), f"{base}/endless")
        assert (outcome.status, outcome.answer) == (500, "x" * 200)
        began = time.monotonic()
        outcome = await post(Guard(loopback=True), f"{base}/drops", seconds=0.5)
        assert time.monotonic() - began < 30  # the drops would go on for ever
        assert outcome.problem in ("TIMEOUT", "STATUS")
    finally:
        await runner.cleanup()


async def test_a_silent_name_server_does_not_hold_up_other_names(receiver):
    answer, asked = threading.Event(), threading.Semaphore(0)

    def silent(host, port, **_):
        if host == "silent.example.org":
            asked.release()
            answer.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    sender = Sender(Guard(loopback=True), seconds=60, lookup=silent)
    try:
        slow = [
            asyncio.ensure_future(sender.send(f"http://silent.example.org:{port_of(receiver)}/", {}, b"{}"))
            for _ in range(20)
        ]
        for _ in slow:
            assert await asyncio.to_thread(asked.acquire, timeout=60)
        outcome = await sender.send(f"http://quick.example.org:{port_of(receiver)}/", {}, b"{}")
        assert (outcome.status, outcome.problem) == (204, None)
        assert not any(each.done() for each in slow)
        answer.set()
        assert {each.status for each in await asyncio.gather(*slow)} == {204}
    finally:
        answer.set()
        await sender.close()
