import re

import segno

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


def test_what_is_drawn_is_the_code() -> None:
    text = "https://10.0.0.5:8080/"
    drawn = qr_code(text, columns=80)
    assert drawn is not None
    halves = {"\u2588": (0, 0), "\u2580": (0, 1), "\u2584": (1, 0), " ": (1, 1)}  # light is drawn, dark is not
    rows: list[list[int]] = []
    for line in re.sub("\x1b[^m]*m", "", drawn).splitlines():
        rows += [[halves[char][half] for char in line] for half in (0, 1)]
    code = segno.make(text, error="l", micro=False)
    expected = [list(row) for row in code.matrix_iter(border=2)]
    assert rows[: len(expected)] == expected
