import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.rawjson import Decoder, SolveStatus, Vertex

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
STATUSES = st.fixed_dictionaries(
    {},
    optional={
        "vertexes": st.lists(
            st.fixed_dictionaries(
                {"digest": st.text(), "name": st.text()},
                optional={"cached": st.booleans(), "error": st.text(), "started": st.text()},
            ),
            max_size=3,
        ),
        "logs": st.lists(
            st.fixed_dictionaries(
                {
                    "vertex": st.text(),
                    "data": st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
                }
            ),
            max_size=3,
        ),
    },
)


def decode(lines: list[str]) -> list[SolveStatus | str]:
    decoder = Decoder()
    found = [item for line in lines for item in decoder.feed(line)]
    return [*found, *decoder.finish()]


@given(st.lists(STATUSES, max_size=5), st.sampled_from([None, 2]))
def test_one_line_and_many_lines_say_the_same(
    values: list[dict[str, object]], indent: int | None
) -> None:
    lines = [line for value in values for line in json.dumps(value, indent=indent).split("\n")]
    assert decode([*lines, "ERROR: it ends in words"]) == [
        *map(SolveStatus.parse, values),
        "ERROR: it ends in words",
    ]


@given(st.lists(st.text(alphabet='{}[]",: \nabc') | JSON.map(json.dumps), max_size=8))
def test_nothing_breaks_it_and_no_line_is_lost(texts: list[str]) -> None:
    lines = [line for text in texts for line in text.split("\n")]
    words = [item for item in decode(lines) if isinstance(item, str)]
    assert set(words) <= set(lines)
    assert [line for line in words if not line.startswith(("{", "}"))] == [
        line for line in words if line in lines and not line.startswith(("{", "}"))
    ]


@given(st.dictionaries(st.sampled_from(["vertexes", "logs", "warnings", "statuses"]), JSON))
def test_fields_of_any_type_are_read(value: dict[str, object]) -> None:
    SolveStatus.parse(value)


def test_a_vertex_as_buildkit_tells_it() -> None:
    vertex = Vertex.parse(
        {
            "digest": "sha256:1",
            "name": "[2/3] RUN make \\\n  && make install",
            "started": "2026-11-20T23:56:33.500000000Z",
            "completed": "2026-11-20T23:56:35.000000001Z",
            "cached": True,
            "error": "no",
        }
    )
    assert vertex.name == "[2/3] RUN make \\ && make install"
    assert 1.49 < vertex.seconds < 1.51
    assert vertex.cached
    assert vertex.error == "no"


def test_text_in_pieces_is_decoded_leniently() -> None:
    data = base64.b64encode(b"half a \xc3").decode()
    (output,) = SolveStatus.parse({"logs": [{"vertex": "v", "data": data}]}).outputs
    assert output.text == "half a �"
