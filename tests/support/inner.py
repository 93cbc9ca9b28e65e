"""Addresses that lead inside, in every spelling anyone has used (T76): eighty, and none is called.

Names that public services point inwards are answered here as those services answer them, so that
the list means the same where there is no internet.
"""

from stoa.connectors.egress import resolve

NAMES = {
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "7f000001.nip.io": ["127.0.0.1"],
    "169-254-169-254.nip.io": ["169.254.169.254"],
    "10.0.0.1.sslip.io": ["10.0.0.1"],
    "--1.sslip.io": ["::1"],
    "localtest.me": ["127.0.0.1"],
    "lvh.me": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "both.example": ["93.184.215.14", "127.0.0.1"],
    "nobody.example": [],
}
PLAIN = [
    "0",
    "0.0.0.0",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0x7f.1",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0X7F.0.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.01",
    "00000177.1",
    "4294967295",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "10.0.0.1",
    "10.1",
    "0xa000001",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.257",
    "3232235521",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.43518",
    "0xa9fea9fe",
    "2852039166",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2001::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
]
OTHERWISE = [
    "http://127.0.0.1/",
    "http://93.184.215.14/",
    "https://93.184.215.14:80/",
    "https://93.184.215.14:8443/",
    "https://user:pass@93.184.215.14/",
    "https://user@93.184.215.14/",
    "https://93.184.215.14@127.0.0.1/",
    "ftp://93.184.215.14/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/",
    "https:///path",
    "",
]
URLS = [*(f"https://{host}/" for host in (*PLAIN, *NAMES)), *OTHERWISE]


async def resolver(host: str, port: int) -> list[str]:
    return NAMES[host] if host in NAMES else await resolve(host, port)
