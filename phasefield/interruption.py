"""Signals that ask a run to stop: it does at the end of its segment, with a checkpoint."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1")  # the last is what batch systems send before the time is up
EXIT_CODE = 75  # of a run that goes on when it is started again: EX_TEMPFAIL of sysexits.h


class Interrupted(KeyboardInterrupt):
    """A run that was asked to stop and has written a checkpoint; the message says how it goes on."""


@contextmanager
def listening() -> Iterator[Callable[[], str | None]]:
    """Yield () -> name of the signal that has asked to stop, None where none has.

    A second SIGINT stops at once. Outside the main thread, where Python gives no signals, none is ever seen.
    """
    asked: list[str] = []

    def note(number, frame):
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield lambda: asked[0] if asked else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
