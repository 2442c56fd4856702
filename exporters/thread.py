"""Blocking work beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T], name: str) -> _T:
    """Returns what `work` returns, or raises what it raises.

    Cancelled, it is left to itself: neither the loop nor the end of the process waits for it, as they would
    for a thread of `asyncio.to_thread`, which a silent server holds for as long as its timeout.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # it is what `work` returned

    def carry_out() -> None:
        result: _T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except Exception as exc:  # noqa: BLE001  it is raised where it is awaited
            failure = exc
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=carry_out, name=name, daemon=True).start()
    return await done
