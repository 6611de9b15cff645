import re

from videocall.lan.qr import qr_code


def test_it_fits_a_narrow_terminal_or_is_left_out() -> None:
    code = qr_code("http://192.168.100.200:8081/", columns=30)
    assert code is not None
    lines = re.sub("\x1b[^m]*m", "", code).splitlines()
    assert {len(line) for line in lines} == {29}
    assert qr_code("http://192.168.100.200:8081/", columns=28) is None


def test_its_colours_are_its_own_and_end_with_the_line() -> None:
    code = qr_code("x", columns=80)
    assert code is not None
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in code.splitlines())
