"""The database as commands read it: there already, and not changed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from probe.config import Config
from probe.errors import StoreError
from probe.store.records import ListPage
from probe.store.store import Store
from probe.store.url import parse_url

_PAGE: Final = 500
# Of a database that knows models.
MODEL_MAKERS: Final = "`probe models sync` and `probe daemon` make one"

_Item = TypeVar("_Item")


def has_database(config: Config) -> bool:
    file = parse_url(config.database.url.get_secret_value()).path
    return file is None or file.exists()


def require_database(config: Config, makers: str) -> None:
    """Raises StoreError if there is none yet; `makers` says which commands make one."""
    if not has_database(config):
        file = parse_url(config.database.url.get_secret_value()).path
        raise StoreError(f"there is no database {file} yet; {makers}")


@asynccontextmanager
async def opened_store(config: Config, makers: str) -> AsyncIterator[Store]:
    """As it is. Raises StoreError, also as `require_database`."""
    require_database(config, makers)
    async with await Store.open(config.database.url.get_secret_value(), migrate=False) as store:
        yield store


async def first_items(
    read: Callable[[int, str | None], Awaitable[ListPage[_Item]]], limit: int
) -> list[_Item]:
    """So many items of a listing at most; `read` is given the size of a page, and where it begins."""
    items: list[_Item] = []
    after: str | None = None
    while len(items) < limit:
        page = await read(min(_PAGE, limit - len(items)), after)
        items += page.items
        after = page.next
        if after is None:
            break
    return items
