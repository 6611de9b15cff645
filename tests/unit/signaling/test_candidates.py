from videocall.ortc.types import IceCandidate
from videocall.signaling.candidates import with_public


def candidate(address: str, port: int = 10000, protocol: str = "udp", priority: int = 1000) -> IceCandidate:
    return IceCandidate(
        foundation=f"local{address}{protocol}",
        priority=priority,
        ip=address,
        address=address,
        port=port,
        protocol=protocol,  # type: ignore[arg-type]
        type="host",
        tcpType="passive" if protocol == "tcp" else None,
    )


LOCAL = [candidate("127.0.0.1"), candidate("192.168.1.5"), candidate("10.8.0.1", priority=900), candidate("fd00::1")]


def test_without_public_addresses_nothing_is_added() -> None:
    assert with_public(LOCAL, []) == LOCAL


def test_one_for_each_port_after_the_local_ones() -> None:
    tcp = candidate("192.168.1.5", protocol="tcp", priority=500)
    told = with_public([*LOCAL, tcp], ["203.0.113.7"])
    added = told[5:]
    assert [(it.address, it.port, it.protocol, it.tcpType) for it in added] == [
        ("203.0.113.7", 10000, "udp", None),
        ("203.0.113.7", 10000, "tcp", "passive"),
    ]
    assert max(it.priority for it in added) < 500
    assert len({it.foundation for it in told}) == len(told)


def test_families_do_not_mix() -> None:
    assert [it.address for it in with_public([candidate("192.168.1.5")], ["2001:db8::1"])] == ["192.168.1.5"]
    assert [it.address for it in with_public([candidate("fd00::1")], ["2001:db8::1"])] == ["fd00::1", "2001:db8::1"]


def test_loopback_is_no_way_in_and_what_is_announced_is_not_doubled() -> None:
    assert with_public([candidate("127.0.0.1")], ["203.0.113.7"]) == [candidate("127.0.0.1")]
    announced = [candidate("203.0.113.7"), candidate("192.168.1.5")]
    assert with_public(announced, ["203.0.113.7"]) == announced
