from __future__ import annotations

import asyncio
import itertools
import threading

import pytest

from orchestrator.errors import StackError
from orchestrator.tunnel import keeper
from orchestrator.tunnel.providers.provider import Dropped, Moved
from tests.tunnel.scripted import START, TARGET, After, Asleep, Scene, names

A, B = "https://a.example.com", "https://b.example.com"
EVER = 1e9


async def test_a_tunnel_is_proved_before_it_is_registered_and_released_before_it_is_closed() -> None:
    scene = Scene([A])
    assert await scene.play()
    assert scene.done == [
        "0 open",
        f"0 probe {A}",
        f"0 register {A}/sync proved at 0",
        "0 release",
        "0 close",
    ]
    assert names(scene.states) == ["opening", "open"]
    assert (scene.states[-1].url, scene.states[-1].registered) == (A, f"lease {A}/sync")
    assert scene.lines == [f"opened {A}", f"registered: lease {A}/sync", "released"]


async def test_the_first_answer_may_take_a_while() -> None:
    scene = Scene([A], down={A: [(0, 20)]})
    await scene.play()
    assert f"20 register {A}/sync proved at 20" in scene.done


async def test_a_lease_is_renewed_every_40_seconds_with_a_new_proof() -> None:
    scene = Scene([A], [After(125, None)], renew_seconds=40)
    await scene.play()
    assert [line for line in scene.done if "register" in line] == [
        f"{seconds} register {A}/sync proved at {seconds}" for seconds in (0, 40, 80, 120)
    ]
    assert scene.lines == [f"opened {A}", f"registered: lease {A}/sync", "released"]


async def test_what_needs_no_renewal_is_proved_all_the_same() -> None:
    scene = Scene([A], [After(85, None)])
    await scene.play()
    assert [line for line in scene.done if A in line] == [
        f"0 probe {A}",
        f"0 register {A}/sync proved at 0",
        f"40 probe {A}",
        f"80 probe {A}",
    ]


async def test_a_tunnel_without_registration_is_kept_too() -> None:
    scene = Scene([A, B], [After(5, Dropped("ssh ended"))], registered=False)
    await scene.play()
    assert names(scene.states) == ["opening", "open", "reopening", "open"]
    assert scene.states[-1].registered is None


async def test_a_dropped_tunnel_is_opened_again_and_a_changed_url_registered_again() -> None:
    scene = Scene([A, B], [After(5, Dropped("ssh ended"))])
    await scene.play()
    assert names(scene.states) == ["opening", "open", "reopening", "open"]
    assert f"6 register {B}/sync proved at 6" in scene.done
    assert scene.lines[2:-1] == ["dropped: ssh ended", "again in 1.0 s", f"opened {B}", f"registered: lease {B}/sync"]
    assert [state.since - START for state in scene.states if state.url] == [0, 6]


async def test_openings_that_fail_are_tried_for_ever_with_longer_and_longer_waits() -> None:
    offline = StackError("There is no network.", "Wait.")
    scene = Scene([A, *[offline] * 9, A], [After(0, Dropped("ssh ended"))])
    await scene.play()
    opened = [float(line.split()[0]) for line in scene.done if line.endswith(" open")]
    waits = [later - earlier for earlier, later in itertools.pairwise(opened)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    reopening = [state for state in scene.states if state.state == "reopening"]
    assert reopening[0].error
    assert reopening[0].error.message == "The tunnel dropped: ssh ended."
    assert reopening[-1].error is offline
    assert scene.states[-1].error is None


async def test_a_machine_that_wakes_up_does_not_wait_any_longer() -> None:
    offline = StackError("There is no network.", "Wait.")
    scene = Scene([A, *[offline] * 7, A], [After(0, Dropped("ssh ended"))])
    scene.sleeps_at = 64
    await scene.play()
    opened = [float(line.split()[0]) for line in scene.done if line.endswith(" open")]
    assert opened == [0, 1, 3, 7, 15, 31, 63, 65, 66]


async def test_every_opening_closes_what_is_left_of_the_one_before() -> None:
    scene = Scene([A, StackError("No."), A], [After(0, Dropped("ssh ended"))])
    await scene.play()
    assert [line.split()[1] for line in scene.done if line.endswith(("open", "close"))] == [
        *("open", "close", "open", "close", "open", "close")
    ]


async def test_a_tunnel_that_moves_is_registered_where_it_is_now() -> None:
    scene = Scene([A], [After(7, Moved(B))])
    await scene.play()
    assert names(scene.states) == ["opening", "open"]
    assert f"7 register {B}/sync proved at 7" in scene.done
    assert scene.states[-1].url == B


async def test_a_tunnel_that_moves_to_where_nothing_answers_is_opened_again() -> None:
    scene = Scene([A, A], [After(7, Moved(B))], down={B: [(0, EVER)]})
    await scene.play()
    assert names(scene.states) == ["opening", "open", "reopening", "open"]
    assert not any(f"register {B}" in line for line in scene.done)


async def test_a_tunnel_through_which_nothing_answers_has_dropped() -> None:
    scene = Scene([A, B], [After(41, None)], down={A: [(30, EVER)]}, renew_seconds=40)
    await scene.play()
    assert [line for line in scene.done if A in line][2:] == [f"{seconds} probe {A}" for seconds in (40, 42, 44)]
    assert "dropped: it is down" in scene.lines
    assert f"45 register {B}/sync proved at 45" in scene.done


async def test_one_probe_that_fails_is_nothing() -> None:
    scene = Scene([A], [After(45, None)], down={A: [(40, 41)]}, renew_seconds=40)
    await scene.play()
    assert f"42 register {A}/sync proved at 42" in scene.done
    assert names(scene.states) == ["opening", "open"]


async def test_a_gateway_that_is_away_is_said_and_is_no_reason_to_open_the_tunnel_again() -> None:
    scene = Scene([A], [After(75, None)], down={TARGET: [(40, 65)]}, renew_seconds=40)
    await scene.play()
    assert names(scene.states) == ["opening", "open"]
    errors = [state.error.message if state.error else None for state in scene.states]
    assert errors[-4:] == [f"The gateway does not answer at {TARGET}: it is down."] * 3 + [None]
    assert len([line for line in scene.lines if "it is down" in line]) == 1
    assert [line for line in scene.done if "register" in line][1:] == [f"70 register {A}/sync proved at 70"]


async def test_after_a_sleep_the_tunnel_is_proved_and_the_lease_renewed_at_once() -> None:
    scene = Scene([A], [After(5, None), Asleep(3600)], renew_seconds=40)
    await scene.play()
    assert scene.done[-4:] == [f"5 probe {A}", f"5 register {A}/sync proved at 3605", "5 release", "5 close"]
    assert "the machine slept for 3600 s" in scene.lines


async def test_a_sleep_that_killed_the_tunnel_opens_it_again() -> None:
    scene = Scene([A, B], [After(5, None), Asleep(3600)], down={A: [(1, EVER)]}, renew_seconds=40)
    await scene.play()
    assert f"10 register {B}/sync proved at 3610" in scene.done


async def test_a_first_opening_that_fails_is_final_and_registers_nothing() -> None:
    scene = Scene([StackError("There is no ngrok.", "Install it.")])
    await scene.play()
    assert scene.done == ["0 open", "0 close"]
    assert names(scene.states) == ["opening", "failed"]
    assert str(scene.states[-1].error) == "There is no ngrok. Install it."
    assert scene.lines == ["failed: There is no ngrok. Install it."]


async def test_a_first_tunnel_that_leads_elsewhere_is_final_too() -> None:
    scene = Scene([A], down={A: [(0, EVER)]})
    await scene.play()
    assert str(scene.states[-1].error) == f"{A} does not lead to this stack's gateway: it is down. Look there."
    assert not any("register" in line for line in scene.done)


async def test_a_gateway_that_never_starts_opens_no_tunnel() -> None:
    scene = Scene([A], down={TARGET: [(0, EVER)]})
    await scene.play()
    assert scene.done == ["10.5 close"]
    assert names(scene.states) == ["opening", "failed"]


async def test_a_first_registration_that_fails_is_final_and_leaves_nothing_registered() -> None:
    scene = Scene([A], registers=[StackError("No permission.")])
    await scene.play()
    assert scene.done[-2:] == ["0 release", "0 close"]
    assert names(scene.states) == ["opening", "failed"]


@pytest.mark.parametrize("renew_seconds", [40, None])
async def test_a_later_registration_that_fails_is_shown_and_tried_again(renew_seconds: float | None) -> None:
    throttled = StackError("DynamoDB is busy.", "")
    scene = Scene(
        [A, B],
        [After(5, Dropped("ssh ended")), After(25, None)],
        registers=[None, throttled, throttled],
        renew_seconds=renew_seconds,
    )
    await scene.play()
    assert [line for line in scene.done if f"register {B}" in line] == [
        f"{seconds} register {B}/sync proved at {seconds}" for seconds in (6, 16, 26)
    ]
    assert names(scene.states) == ["opening", "open", "reopening", "open"]
    assert [(state.registered, state.error) for state in scene.states if state.url == B] == [
        (None, throttled),
        (None, throttled),
        (f"lease {B}/sync", None),
    ]
    assert scene.lines.count("DynamoDB is busy.") == 1


async def test_the_successor_of_a_killed_keeper_does_not_give_up() -> None:
    scene = Scene([StackError("The port is taken."), A])
    await scene.play(reopen=True)
    assert names(scene.states) == ["opening", "reopening", "open"]


async def test_the_successor_of_a_killed_keeper_releases_what_that_one_registered() -> None:
    scene = Scene([], down={TARGET: [(0, EVER)]})

    async def sleep(seconds: float) -> None:
        scene.now += seconds
        if scene.now > 50:
            scene.stop.set()
        await asyncio.sleep(0)

    scene.sleep = sleep  # type: ignore[method-assign]
    await scene.play(reopen=True)
    assert [line.split()[1] for line in scene.done][-2:] == ["release", "close"]


async def test_a_release_that_hangs_does_not_keep_the_tunnel_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "RELEASE_SECONDS", 0.05)
    scene, hangs = Scene([A]), threading.Event()

    def release() -> str:
        hangs.wait(10)
        return "released"

    scene.release = release  # type: ignore[method-assign]
    try:
        assert not await scene.play()
    finally:
        hangs.set()
    assert scene.done[-1] == "0 close"
    assert scene.lines[-1] == "not released: that took longer than 0.05 s"


async def test_a_release_that_fails_is_said() -> None:
    scene = Scene([A])

    def release() -> str:
        raise StackError("AWS does not answer.", "It lapses by itself.")

    scene.release = release  # type: ignore[method-assign]
    assert not await scene.play()
    assert scene.lines[-1] == "not released: AWS does not answer. It lapses by itself."
    assert scene.done[-1] == "0 close"
