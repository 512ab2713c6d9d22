"""What emulation costs a stage, as values and in one line."""

from polyarch.dockerfile.lint.cost import FACTORS, costs, dearest
from polyarch.dockerfile.lint.tools import Work
from tests.support.emulated_work import AMD64, laid_out

TEXT = """
    FROM golang AS build
    RUN go build -o /app .
    FROM mcr.microsoft.com/dotnet/sdk AS net
    RUN dotnet publish -o /net
    FROM alpine
    RUN apk add tzdata
    COPY --from=build /app /
    COPY --from=net /net /net
"""


def test_tells_each_stage_and_platform() -> None:
    result = costs(laid_out(TEXT))
    assert [(one.stage, one.work, one.line) for one in result] == [
        ("build", Work.GO, 2),
        ("net", Work.DOTNET, 4),
        ("2", None, 6),
    ]
    assert [str(one) for one in result] == [
        (
            "`go build` (line 2) for linux/arm64 takes 5 to 40 times as long under emulation,"
            " 13 times where it was measured"
        ),
        "`dotnet publish` (line 4) for linux/arm64 hangs or crashes under emulation",
        "`apk add` (line 6) for linux/arm64 takes seconds to minutes more under emulation",
    ]


def test_names_what_fails_before_what_is_slow() -> None:
    result = costs(laid_out(TEXT))
    assert dearest(result) == result[1]
    assert dearest((result[2], result[0])) == result[0]
    assert dearest(()) is None


def test_costs_nothing_where_nothing_is_emulated() -> None:
    assert costs(laid_out(TEXT, AMD64)) == ()
    assert costs(laid_out("FROM alpine\nCOPY x /x\n")) == ()


def test_every_kind_of_work_that_comes_to_an_end_has_a_factor() -> None:
    assert set(FACTORS) == set(Work) - {Work.DOTNET}
    assert all(one.source for one in FACTORS.values())
