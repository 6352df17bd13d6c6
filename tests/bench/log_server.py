#!/usr/bin/env python3
"""Serves pods' logs as an API server does, over HTTPS and chunked, and holds every stream open.

Prints its port. Of each line "RATE SECONDS" on its input it makes so many lines a second in each open stream, evenly spread, and
then prints "OPEN SENT": how many streams are open, and how many lines it has sent in all.
"""

import argparse
import asyncio
import ssl
import sys
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
ORDINARY = 'I1122 07:52:21.609616       1 controller.go:42] "Reconciled" controller="cart" namespace="shop" name="cart-7" duration="12ms"'
REFUSED = "E1122 07:52:21.609616       1 reflector.go:166] failed to list *v1.Service: Unauthorized"
ONE_REFUSED_IN = 97
TICK_SECONDS = 0.01


class LogServer:
    def __init__(self):
        self.streams = []
        self.sent = 0

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD)
            self.write_line(writer)  # the head comes with the first line, as from a kubelet
            self.streams.append(writer)
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if writer in self.streams:
                self.streams.remove(writer)
            writer.close()

    def write_line(self, writer):
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9))
        text = ORDINARY if self.sent % ONE_REFUSED_IN else REFUSED
        line = f"{stamp}.{now % 10**9:09}Z {text}\n".encode()
        writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.sent += 1

    async def write_for(self, rate, seconds):
        streams = list(self.streams)
        total = int(len(streams) * rate * seconds)
        begin = time.monotonic()
        written = 0
        while time.monotonic() < begin + seconds or written < total:
            due = min(total, int((time.monotonic() - begin) * rate * len(streams)))
            for number in range(written, due):
                self.write_line(streams[number % len(streams)])
            written = due
            await asyncio.sleep(TICK_SECONDS)


async def run(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    logs = LogServer()
    server = await asyncio.start_server(logs.serve, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    while command := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        rate, seconds = map(float, command.split())
        await logs.write_for(rate, seconds)
        print(len(logs.streams), logs.sent, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.certificate, arguments.key))
