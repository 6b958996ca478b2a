from __future__ import annotations

import signal
import threading

import pytest

from animeseg.batch.stop import Stop


def test_a_signal_leaves_a_block_that_may_be_left():
    stop = Stop()
    with (
        stop.on_signals(lambda _: None),
        pytest.raises(KeyboardInterrupt),
        stop.leaving_at_once(),
    ):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_elsewhere_is_only_noted_and_later_blocks_are_not_entered():
    stop, told = Stop(), []
    with stop.on_signals(told.append):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), stop.leaving_at_once():
            raise AssertionError("entered")
    assert told == [1, 2]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_exit_code_tells_which_signal_it_was(number, code):
    stop = Stop()
    with stop.on_signals(lambda _: None):
        signal.raise_signal(number)
    assert stop.code == code


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Stop().on_signals(lambda _: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_nothing_is_caught_and_nothing_breaks():
    entered = []

    def work():
        with Stop().on_signals(lambda _: None):
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [True]


@pytest.mark.parametrize("pressed", [True, False])
def test_a_process_that_ends_on_request_hears_no_further_signal(pressed):
    before = signal.getsignal(signal.SIGINT)
    try:
        with Stop().on_signals(lambda _: None, ends_process=True):
            if pressed:
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is (signal.SIG_IGN if pressed else before)
    finally:
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                signal.signal(
                    number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
                )
