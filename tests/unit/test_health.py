from videocall.health import Health, Part


def test_a_part_is_off_until_somebody_says_otherwise() -> None:
    assert Part("redis").health.state == "off"


def test_only_a_change_is_news_and_says_since_when() -> None:
    now = 1.0
    part = Part("database", clock=lambda: now)
    assert part.ok()
    assert not part.ok()
    now = 2.0
    assert part.down("connection refused")
    now = 3.0
    assert not part.down("still refused")
    assert part.health == Health("down", 2000, "connection refused")
    assert part.degraded("behind")
    assert part.ok()
    assert part.health == Health("ok", 3000)
