import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.origins.documents import DocumentSplitter

RECORDS = [{"a": 1, "b": "}]{["}, {"c": {"d": [{"e": 2}]}}, {"f": '"quoted\\'}, {}]
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


def cut(document: str, sizes: list[int]) -> list[object]:
    splitter, data, block, start = DocumentSplitter(), document.encode(), b"", 0
    for size in sizes:
        block += splitter.feed(data[start : start + size])
        start += size
    block += splitter.feed(data[start:]) + splitter.flush()
    return [json.loads(line) for line in block.splitlines()]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_records_come_back_whatever_the_chunks(indent: int | None, size: int) -> None:
    for document in (RECORDS, {"records": RECORDS}, {"meta": {"x": 1}, "records": RECORDS, "y": 2}):
        text = json.dumps(document, indent=indent)
        assert cut(text, [size] * len(text)) == RECORDS


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=4), st.lists(st.integers(0, 9)))
def test_any_records_come_back(records: list[dict[str, object]], sizes: list[int]) -> None:
    assert cut(json.dumps(records), sizes) == records
    assert cut(json.dumps({"records": records}, ensure_ascii=False, indent=1), sizes) == records


def test_documents_that_were_joined_are_cut() -> None:
    assert cut(json.dumps(RECORDS) + "\r\n" + json.dumps({"records": RECORDS}), []) == RECORDS * 2


def test_a_truncated_document_gives_its_last_record_as_it_is() -> None:
    splitter = DocumentSplitter()
    assert splitter.feed(b'[{"a":1},{"b":') == b'{"a":1}\n'
    assert splitter.flush() == b'{"b":\n'
    assert splitter.flush() == b""


def test_a_record_without_end_does_not_fill_the_memory() -> None:
    splitter = DocumentSplitter(max_bytes=10)
    assert splitter.feed(b'[{"a":"' + b"b" * 20) == b'{"a":"' + b"b" * 20 + b"\n"
    assert splitter.flush() == b""


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_chunks_of_anything_change_nothing(chunks: list[bytes]) -> None:
    whole, parts = DocumentSplitter(), DocumentSplitter()
    together = whole.feed(b"".join(chunks)) + whole.flush()
    apart = b"".join(map(parts.feed, chunks)) + parts.flush()
    assert together == apart
