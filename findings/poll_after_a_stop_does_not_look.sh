#!/usr/bin/env bash
# Guess: select.epoll.poll(timeout) of a process that was stopped (SIGSTOP) and continued returns what is readable by
# then, as epoll_wait itself would.
# What happens: SIGCONT interrupts epoll_wait; Python retries with what is left of the timeout and, where nothing is
# left, returns an empty list without having looked. The data that arrived during the stop is reported by the next call.
# Versions: seen with CPython 3.11.7, 3.12.1 and 3.13.0 on Linux 6.18 (PEP 475, Modules/selectmodule.c).
# Why it matters: "poll returned nothing, so nothing was readable until now" is what dates an arrival in a stopwatch
# that does without a stamp for every packet. After a stop it is wrong by as long as the stop was.
set -euo pipefail
python3 --version
exec python3 - <<'PY'
import os, select, signal, socket, subprocess, sys, time

CHILD = """
import select, socket, sys
ours = socket.socket(fileno=0)
poller = select.epoll()
poller.register(ours, select.EPOLLIN)
print("ready", flush=True)
print(len(poller.poll(0.2)), len(poller.poll(0)), flush=True)
"""
ours, theirs = socket.socketpair()
child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=theirs, stdout=subprocess.PIPE, text=True)
assert child.stdout is not None
child.stdout.readline()
time.sleep(0.05)  # it waits in poll
os.kill(child.pid, signal.SIGSTOP)
time.sleep(0.1)
ours.send(b"arrived during the stop")
time.sleep(0.5)
os.kill(child.pid, signal.SIGCONT)
first, second = child.stdout.readline().split()
print(f"ready descriptors after the stop: first call {first}, the call right after it {second}")
sys.exit(0 if (first, second) == ("0", "1") else "the first call looks now: behaviour has changed")
PY
