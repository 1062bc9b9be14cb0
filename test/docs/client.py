"""A client of proxyd's management protocol in Python's standard library alone: adds a user, then prints samples.

client.py unix PATH                        by the Unix socket, proxyd.sock in the runtime directory
client.py tcp HOST PORT COOKIE_FILE        with the cookie, on the daemon's own machine
client.py tls HOST PORT CA_FILE OPERATOR   as a named operator, whose password is the first line of stdin
"""

import base64
import collections
import hashlib
import hmac
import itertools
import json
import secrets
import socket
import ssl
import sys


class Refused(Exception):
    """The daemon's reply is an error; `kind` is for programs, the text for people."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.kind = error["data"]["kind"]


class Client:
    """One connection: calls wait for their reply, and events that come meanwhile are kept."""

    def __init__(self, sock):
        self.stream = sock.makefile("rw", encoding="utf-8", newline="\n")
        self.ids = itertools.count(1)
        self.waiting = collections.deque()
        self.hello = self.next_event()
        self.call("session.start", protocol=[1, 0], client="client.py")

    def call(self, method, **params):
        number = next(self.ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        while (message := self.read()).get("id") != number:
            self.waiting.append(message)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def next_event(self):
        return self.waiting.popleft() if self.waiting else self.read()

    def read(self):
        line = self.stream.readline()
        if not line:
            raise ConnectionError("the daemon has hung up")
        message = json.loads(line)
        if "error" in message and message["id"] is None:  # answers no request, but ends the connection
            raise Refused(message["error"])
        return message


def log_in(client, user, password):
    """SCRAM-SHA-256: the password stays here, and the daemon too must prove that it knows it."""
    nonce = secrets.token_urlsafe(24)
    bare = "n=%s,r=%s" % (user.replace("=", "=3D").replace(",", "=2C"), nonce)
    challenge = client.call("auth.begin", mechanism="SCRAM-SHA-256", message="n,," + bare)["message"]
    fields = dict(field.split("=", 1) for field in challenge.split(","))
    iterations = int(fields["i"])
    if not fields["r"].startswith(nonce) or not 4096 <= iterations <= 1_000_000:
        raise ConnectionError("that is no challenge for this login")

    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), iterations)
    client_key = digest(salted, "Client Key")
    without_proof = "c=biws,r=" + fields["r"]
    auth_message = ",".join([bare, challenge, without_proof])
    signature = digest(hashlib.sha256(client_key).digest(), auth_message)
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    message = without_proof + ",p=" + base64.b64encode(proof).decode()

    answer = client.call("auth.finish", message=message)
    expected = base64.b64encode(digest(digest(salted, "Server Key"), auth_message)).decode()
    if not hmac.compare_digest(answer["message"], "v=" + expected):
        raise ConnectionError("that is not the daemon: it does not know the password")
    return answer["role"]


def digest(key, text):
    return hmac.new(key, text.encode(), "sha256").digest()


def connect(way, *where):
    """A client that is logged in, by one of the ways at the top of this file."""
    if way == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(where[0])
        return Client(sock)
    host, port, file = where[:3]
    sock = socket.create_connection((host, int(port)))
    if way == "tcp":
        client = Client(sock)
        with open(file, encoding="ascii") as cookie:
            log_in(client, "__cookie__", cookie.read())
        return client
    context = ssl.create_default_context(cafile=file)
    client = Client(context.wrap_socket(sock, server_hostname=host))
    log_in(client, where[3], sys.stdin.readline().rstrip("\n"))
    return client


def main(way, *where):
    client = connect(way, *where)
    print("logged in: %(name)s is %(role)s by %(via)s" % client.call("session.whoami"))
    try:
        password = secrets.token_urlsafe(16)
        client.call("users.add", name="bob", password=password)
        print("added: bob, whose password is", password)
    except Refused as refusal:
        print("refused:", refusal.kind)
    client.call("metrics.subscribe", history=0)
    for _ in range(3):
        event = client.next_event()
        if event["method"] == "metrics.sample":
            print("sample: %(seq)d, %(connections)d live, %(down)d bytes down" % event["params"])


if __name__ == "__main__":
    if len(sys.argv) != {"unix": 3, "tcp": 5, "tls": 6}.get("".join(sys.argv[1:2])):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except (OSError, Refused) as error:
        sys.exit("client.py: %s" % error)
