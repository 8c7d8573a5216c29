"""Who is computed next on the loop, and how many at a time."""

import asyncio
import time

from graphrec.serving.turns import Turns


def busy(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def passes_for(answers: int, pass_s: float, answer_s: float) -> tuple[int, list[int]]:
    """Return how many passes a loop made for some answers, where each pass and each answer takes so long."""

    async def measured() -> tuple[int, list[int]]:
        turns, passes, order = Turns(), 0, list[int]()

        async def others() -> None:
            nonlocal passes
            while len(order) < answers:
                passes += 1
                busy(pass_s)
                await asyncio.sleep(0)

        async def answer(number: int) -> None:
            async with turns:
                busy(answer_s)
                order.append(number)

        await asyncio.gather(others(), *(answer(number) for number in range(answers)))
        return passes, order

    return asyncio.run(measured())


def test_short_passes_come_before_each_answer() -> None:
    passes, order = passes_for(30, pass_s=0, answer_s=0.001)
    assert order == list(range(30))
    assert passes >= 25


def test_long_passes_do_not_starve_the_answers() -> None:
    passes, order = passes_for(200, pass_s=0.01, answer_s=0.0002)
    assert order == list(range(200))
    assert passes < 50, "fifty answers take as long as a pass"


def test_whoever_gives_up_holds_nobody_up() -> None:
    async def measured() -> list[int]:
        turns, order = Turns(), list[int]()

        async def answer(number: int) -> None:
            async with turns:
                order.append(number)
                await asyncio.sleep(0)  # not what it is made for, but it holds

        for _ in range(3):  # cancelled while they wait, and right after they were called
            tasks = [asyncio.create_task(answer(number)) for number in range(6)]
            for step in range(4):
                await asyncio.sleep(0)
                tasks[step + 1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await answer(9)
        return order

    order = asyncio.run(measured())
    assert order[-1] == 9
    assert order.count(0) == order.count(5) == 3


def test_who_gives_up_while_nobody_else_waits_holds_nobody_up() -> None:
    async def measured() -> list[int]:
        turns, order = Turns(), list[int]()

        async def answer(number: int) -> None:
            async with turns:
                order.append(number)

        first = asyncio.create_task(answer(0))
        await asyncio.sleep(0)  # inside, before its turn has begun
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.wait_for(answer(1), timeout=5)
        return order

    assert asyncio.run(measured()) == [1]
