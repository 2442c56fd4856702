#!/usr/bin/env bash
# Guess: with SO_TIMESTAMPNS the kernel stamps every TCP segment when it arrives, so a program that reads late still
# learns when each piece came, at the latest if it reads byte by byte.
# What happens: segments that wait in the receive queue are merged (tcp_try_coalesce), and the merged buffer keeps the
# stamp of the LAST segment. A reader that was away for 300 ms gets the first of thirty messages with a stamp up to
# 300 ms too late, whether it reads 64 KiB or 1 byte at a time. Only the last byte of a merged piece is dated right.
# Versions: seen on Linux 6.18 over loopback (net/ipv4/tcp_input.c), read with Python 3.11.7.
# Why it matters: a time to first token taken with kernel stamps is exact only if the reader was there. Whoever trusts
# the stamps of a process that was stopped, throttled or frozen reports its own absence as the server's latency.
set -euo pipefail
uname -sr
exec python3 - <<'PY'
import socket, struct, sys, threading, time

SO_TIMESTAMPNS = 35
MESSAGES, SIZE, GAP, AWAY = 30, 60, 0.010, 0.300

def first_message_late_by(read_bytes: int) -> float:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sent: list[float] = []

    def write() -> None:
        for _ in range(MESSAGES):
            sent.append(time.time())
            server.sendall(b"x" * SIZE)
            time.sleep(GAP)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(AWAY)
    _, ancillary, _, _ = client.recvmsg(read_bytes, 64)
    writer.join()
    (stamp,) = [data for _, kind, data in ancillary if kind == SO_TIMESTAMPNS]
    seconds, nanoseconds = struct.unpack("@ll", stamp)
    return seconds + nanoseconds / 1e9 - sent[0]

time.sleep(0.1)
first_message_late_by(65536)  # stamping is switched on asynchronously
late = {size: max(first_message_late_by(size) for _ in range(3)) for size in (65536, SIZE, 1)}
for size, seconds in late.items():
    print(f"reads of {size:>5} bytes: the first message is dated {seconds * 1e3:6.1f} ms after it was sent")
sys.exit(0 if all(seconds > 0.02 for seconds in late.values()) else "the stamps are right now: behaviour has changed")
PY
