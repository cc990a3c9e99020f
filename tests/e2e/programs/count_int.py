"""Exits with the number of interrupts it got within half a second of the first one."""
import signal
import sys
import time

count = 0


def note(*_):
    global count
    count += 1


signal.signal(signal.SIGINT, note)
print("waiting", flush=True)
end = time.monotonic() + 10
while not count and time.monotonic() < end:
    time.sleep(0.01)
end = time.monotonic() + 0.5
while time.monotonic() < end:
    time.sleep(0.01)
sys.exit(count)
