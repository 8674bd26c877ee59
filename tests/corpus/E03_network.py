"""E03: talks to the network: TCP, UDP, names, the metadata address, sockets of the machine.

cell: passed
call: passed
escapes: tcp udp unix abstract
"""

import socket
import urllib.request


def _connect(family, address):
    with socket.socket(family) as one:
        one.settimeout(5)
        one.connect(address)


def tcp_and_udp(values, k):
    def udp():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"an answer", ("127.0.0.1", 8099))

    refused(tcp=lambda: _connect(socket.AF_INET, ("127.0.0.1", 8099)), udp=udp)
    refused(metadata=lambda: _connect(socket.AF_INET, ("169.254.169.254", 80)))
    refused(pair=lambda: _connect(socket.AF_INET6, ("::1", 8099)))


def unix_sockets(values, k):
    refused(
        unix=lambda: _connect(socket.AF_UNIX, "/srv/socket"),
        abstract=lambda: _connect(socket.AF_UNIX, "\0corpus"),
    )


def http_and_names(values, k):
    refused(
        dns=lambda: socket.getaddrinfo("pytorch.org", 443),
        http=lambda: urllib.request.urlopen("http://127.0.0.1:8099/", timeout=0.2),
    )
