# SPDX-License-Identifier: Apache-2.0
"""Nothing is sent into private networks, however their addresses are written or hidden."""

import socket
from ipaddress import ip_address

import pytest

from gateway.webhooks.network import BadAddress, Forbidden, Guard, Resolver, is_public

PRIVATE = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1",
    "168.63.129.16", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8",
    "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1", "2002:a9fe:a9fe::", "3fff::1", "3fff:fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff05::2",
    "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:10.0.0.1", "4000::1", "fe80::5efe:192.168.0.1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
    "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255", "198.17.0.1",
    "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_public_internet_is_known_as_such(address):
    assert not is_public(ip_address(address))
    with pytest.raises(Forbidden):
        Guard().check(address, secure=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_may_be_called_with_tls_alone(address):
    assert is_public(ip_address(address))
    Guard().check(address, secure=True)
    with pytest.raises(Forbidden):
        Guard(loopback=True).check(address, secure=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_laptop_may_call_itself_and_nothing_else_of_the_private_kind(address):
    Guard(loopback=True).check(address, secure=False)
    for private in PRIVATE:
        if private not in ("127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"):
            with pytest.raises(Forbidden):
                Guard(loopback=True).check(private, secure=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hooks", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org:70/_x",
        "https:///path", "https://", "/hooks", "", "nonsense", "javascript:alert(1)",
        "https://user:secret@example.org/", "https://user@example.org/", "https://example.org/#part",
        "https://example.org:22/", "https://example.org:80/", "https://example.org:99999/", "https://example.org:-1/",
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/", "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/", "https://[fe80::1%25eth0]/", "https://[64:ff9b::7f00:1]/",
        "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://example.0x1/",
        "https://exa mple.org/", "https://example.org/\r\nHost: other", "https://exämple.org/",
        "https://example.org/" + "x" * 2000, "https://" + "a" * 64 + ".example.org/",
        "https://" + ".".join(["a" * 60] * 6) + "/", "https://a..example.org/", "https://.example.org/", "https://*/",
        "https://xn--/", "https://xn--a.example/", "https://[2606:4700::1111%25eth0]/", "https://-a.example/",
    ],
)  # fmt: skip
def test_a_url_to_which_nothing_can_be_sent_is_refused_when_it_is_given(url):
    with pytest.raises(BadAddress):
        Guard().url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://example.org:8443/a?b=c",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--exmple-cua.org/",
        "https://a_b.example.org./",
        "https://" + "a" * 63 + ".example.org/",
    ],
)
def test_a_public_https_url_is_accepted(url):
    assert str(Guard().url(url)).startswith("https://")


def named(*addresses):
    """A name server that knows one host."""

    def lookup(host, port, **_):
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for family, address in zip(families, addresses, strict=True)
        ]

    return lookup


@pytest.mark.parametrize(
    "addresses",
    [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("2606:4700::1111", "fe80::1%2"), ("::ffff:192.168.1.1",), ()],
)
async def test_a_name_one_of_whose_addresses_is_private_is_not_called(addresses):
    resolver = Resolver(Guard(), secure=True, lookup=named(*addresses))
    with pytest.raises(Forbidden):
        await resolver.resolve("hooks.example.org", 443)
    await resolver.close()


async def test_a_public_name_is_called_at_the_addresses_that_were_looked_at():
    resolver = Resolver(Guard(), secure=True, lookup=named("8.8.8.8", "2606:4700::1111"))
    found = await resolver.resolve("hooks.example.org", 443)
    assert [each["host"] for each in found] == ["8.8.8.8", "2606:4700::1111"]
    await resolver.close()


async def test_no_socket_is_made_to_a_private_address_even_when_it_was_resolved():
    resolver = Resolver(Guard(), secure=True)
    with pytest.raises(Forbidden):
        resolver.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443)))
    await resolver.close()
