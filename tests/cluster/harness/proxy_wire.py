"""HTTP/1.1 as the write proxy speaks it: one connection of a client's, and the one behind it to the API server."""

import http.client
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

# These speak of one connection only, or are set anew by whoever sends.
_NOT_PASSED_ON = ("host", "connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer")
_CONTEXTS = {}


@dataclass
class Answer:
    status: int
    reason: str
    headers: list
    body: bytes


class Exchange:
    """One client connection. Its methods raise OSError or http.client.HTTPException when either end has gone."""

    def __init__(self, client, server, ca):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client = client
        self.input = client.makefile("rb")
        parts = urlsplit(server)
        if ca not in _CONTEXTS:
            _CONTEXTS[ca] = ssl.create_default_context(cafile=ca)
        self._upstream = http.client.HTTPSConnection(parts.hostname, parts.port, context=_CONTEXTS[ca], timeout=600)

    def cut(self):
        for end in (self.client, self._upstream.sock):
            if end is not None:
                try:
                    # Not the SSL socket's own: that would take the TLS state from under its reader.
                    socket.socket.shutdown(end, socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.cut()
        for end in (self.input, self.client, self._upstream):
            try:
                end.close()
            except OSError:
                pass

    def ask(self, method, target, headers, body):
        """Forwards the request and reads the whole answer."""
        response = self._forward(method, target, headers, body)
        return Answer(response.status, response.reason, response.getheaders(), response.read())

    def give(self, answer):
        """Passes a whole answer back."""
        lines = self._head(answer.status, answer.reason, answer.headers)
        lines.append(f"Content-Length: {len(answer.body)}")
        self._send(lines, answer.body)
        return True

    def answer(self, status, headers):
        """An answer of the proxy's own, as the API server words it."""
        reason = {409: "Conflict", 429: "TooManyRequests"}.get(status, "InternalError")
        body = (
            '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
            f'"message":"refused by the test","reason":"{reason}","code":{status}}}'
        )
        listed = [("Content-Type", "application/json"), *headers.items()]
        return self.give(Answer(status, reason, listed, body.encode()))

    def pass_on(self, method, target, headers, body, write=None):
        """Forwards the request and streams the answer back, piece by piece as it comes: watches too."""
        response = self._forward(method, target, headers, body)
        if write is not None:
            write.code = response.status
        lines = self._head(response.status, response.reason, response.getheaders())
        if not response.chunked:
            content = response.read()
            self._send([*lines, f"Content-Length: {len(content)}"], content)
            return True
        self._send([*lines, "Transfer-Encoding: chunked"])
        while piece := response.read1(1 << 16):
            self.client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.client.sendall(b"0\r\n\r\n")
        return True

    def _forward(self, method, target, headers, body):
        try:
            return self._forward_once(method, target, headers, body)
        except (http.client.RemoteDisconnected, ConnectionError):
            # An idle connection that the API server has closed; nothing was answered on it.
            self._upstream.close()
            if method != "GET":
                raise
            return self._forward_once(method, target, headers, body)

    def _forward_once(self, method, target, headers, body):
        self._upstream.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            if name.lower() not in _NOT_PASSED_ON:
                self._upstream.putheader(name, value)
        if body or method in ("POST", "PUT", "PATCH"):
            self._upstream.putheader("Content-Length", str(len(body)))
        self._upstream.endheaders(body or None)
        return self._upstream.getresponse()

    def _head(self, status, reason, headers):
        lines = [f"HTTP/1.1 {status} {reason}"]
        return lines + [f"{name}: {value}" for name, value in headers if name.lower() not in _NOT_PASSED_ON]

    def _send(self, lines, body=b""):
        self.client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def serve_connection(exchange, handle):
    """Reads requests until the client has no more, and has each one handled."""
    try:
        while (request := _read_request(exchange.input)) and handle(exchange, *request):
            pass
    except (OSError, http.client.HTTPException, ValueError):
        pass  # one end has gone; so goes the other
    finally:
        exchange.close()


def _read_request(stream):
    """(method, target, headers, body), or None at the end."""
    line = stream.readline(1 << 16)
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = list(http.client.parse_headers(stream).items())
    found = {name.lower(): value for name, value in headers}
    if found.get("transfer-encoding", "").lower() == "chunked":
        return method, target, headers, _read_chunks(stream)
    return method, target, headers, stream.read(int(found.get("content-length", 0)))


def _read_chunks(stream):
    body = b""
    while size := int(stream.readline(64).split(b";")[0], 16):
        body += stream.read(size)
        stream.readline(8)
    while stream.readline(1 << 16).strip():
        pass
    return body
