"""Who allocates the memory that a block uses, with all callers.

## Why
memray follows every allocation, also those of C extensions, and its flame graph shows by whom memory was held when most
of it was in use: a program runs out of memory at that moment, not on average. The file is complete also if the block
fails. It needs Linux or macOS.

## Use
Anywhere, or around lines that are selected. For a whole program nothing has to be inserted:
```sh
memray run --output memray.bin -m my_app
memray flamegraph memray.bin
```
`native_traces=True` shows the functions of C extensions as well.

## References
- [memray](https://bloomberg.github.io/memray/)
"""

from memray import FileDestination, Tracker

PREFIXES = ("memray",)
WHERE = ("module", "function", "async function")
TAB_STOPS = ("work",)
SINCE = (3, 10)
REQUIRES = ("memray>=1.10; sys_platform != 'win32'",)


def work() -> list[bytes]:
    """What takes too much memory."""
    return [bytes(1000) for _ in range(1000)]


def main() -> None:
    """What the template is inserted into."""
    # template: begin
    # To look at it: memray flamegraph memray.bin
    allocations = FileDestination("memray.bin", overwrite=True)
    with Tracker(destination=allocations):
        # template: selection
        work()
        # template: end selection
    # template: end
