import gzip
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from videocall.server.static import Bundle, MissingBundleError, load_bundle


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>videocall</title>" + " " * 1000)
    (tmp_path / "assets" / "index-1a2b.js").write_text("export {};" * 200)
    (tmp_path / "assets" / "font-1a2b.woff2").write_bytes(bytes(2000))
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def bundle(directory: Path) -> Bundle:
    return load_bundle(directory)


def test_a_missing_bundle_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingBundleError, match="make run") as missing:
        load_bundle(tmp_path / "web_dist")
    assert "\n" not in str(missing.value)


def test_the_page_is_asked_for_every_time_and_hashed_files_never_again(bundle: Bundle) -> None:
    assert bundle.page(Headers()).headers["cache-control"] == "no-cache"
    asset = bundle.file("assets/index-1a2b.js", Headers())
    assert asset is not None
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    icon = bundle.file("favicon.svg", Headers())
    assert icon is not None
    assert icon.headers["cache-control"] == "no-cache"


def test_text_is_compressed_for_who_wants_it(bundle: Bundle, directory: Path) -> None:
    plain = bundle.file("assets/index-1a2b.js", Headers())
    small = bundle.file("assets/index-1a2b.js", Headers({"accept-encoding": "br, gzip"}))
    assert plain is not None
    assert small is not None
    content = (directory / "assets" / "index-1a2b.js").read_bytes()
    assert plain.body == content
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(bytes(small.body)) == content
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "accept-encoding")
    font = bundle.file("assets/font-1a2b.woff2", Headers({"accept-encoding": "gzip"}))
    assert font is not None
    assert "content-encoding" not in font.headers


def test_scripts_have_the_type_that_browsers_want_for_modules(bundle: Bundle) -> None:
    script = bundle.file("assets/index-1a2b.js", Headers())
    assert script is not None
    assert script.headers["content-type"].startswith("text/javascript")


def test_what_is_known_is_not_sent_again(bundle: Bundle) -> None:
    first = bundle.page(Headers())
    again = bundle.page(Headers({"if-none-match": first.headers["etag"]}))
    assert (again.status_code, again.body) == (304, b"")
    other = bundle.page(Headers({"if-none-match": '"something else"'}))
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["", "..", "../secret", "assets", "assets/", "/etc/passwd", "index.html/", "assets/../index.html"]
)
def test_only_files_of_the_bundle_are_served(bundle: Bundle, path: str) -> None:
    assert bundle.file(path, Headers()) is None


def test_files_that_come_later_are_not_served(bundle: Bundle, directory: Path) -> None:
    (directory / "later.txt").write_text("secret")
    assert bundle.file("later.txt", Headers()) is None


def test_a_page_that_is_mounted_somewhere_says_where(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<!doctype html><base href="/" /><script src="./assets/a.js"></script>')
    bundle = load_bundle(tmp_path)
    at_root, mounted = bundle.page(Headers()), bundle.page(Headers(), '/meet/"now"')
    assert b'<base href="/" />' in bytes(at_root.body)
    assert b'<base href="/meet/%22now%22/" />' in bytes(mounted.body)
    assert mounted.headers["etag"] != at_root.headers["etag"]
    assert mounted.headers["etag"] == bundle.page(Headers(), '/meet/"now"').headers["etag"]
