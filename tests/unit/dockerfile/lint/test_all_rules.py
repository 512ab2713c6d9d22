"""What holds for every rule: ids, prose, hostile files, time."""

import gc
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.rules import RULES
from polyarch.dockerfile.parse import parse
from polyarch.errors import DockerfileSyntaxError
from tests.support.linted import AMD64, ARM64, EIGHT, linted


def test_rules_are_in_order_and_each_once():
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_about(rule: Rule):
    assert re.fullmatch(r"PA\d{3}", rule.id)
    assert re.fullmatch(r"[a-z][a-z0-9-]+[a-z0-9]", rule.name)
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.consequence.endswith(".")
    assert rule.remedy.endswith(".")
    assert all(source.startswith("https://") for source in rule.sources)
    assert rule.sources


LINES = (
    "FROM a", "FROM x", "FROM --platform=$BUILDPLATFORM a AS x",
    "FROM --platform=linux/amd64 b AS y",
    "FROM golang AS go", "FROM node AS n", "FROM arm64v8/debian", "FROM scratch", "ARG TARGETARCH",
    "ARG TARGETARCH=amd64", "ARG ARCH", "ENV GOARCH=$TARGETARCH CGO_ENABLED=0", "WORKDIR /src",
    "COPY . .", "COPY run /bin/", "COPY --from=x /usr/lib /usr/lib",
    "COPY --from=n /node_modules /",
    "RUN chmod +x /bin/run", "RUN go build -o /app . && /app", "RUN npm ci", "RUN mkdir -p /x",
    "RUN apt-get update && apt-get install -y gcc", "RUN make", "RUN pip install x", "USER me",
    "RUN sudo true", "RUN case $(uname -m) in x86_64) a=1;; *) exit 1;; esac; curl https://x/$a",
    "RUN <<EOF\nwget https://x/y-linux-amd64\nEOF", "ONBUILD RUN cargo build", 'CMD ["/app"]',
    "# polyarch: ignore=PA201,PA401 why", "RUN if true; then", "RUN curl -o x https://x/$TARGETARCH",
)  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=14))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_whatever_stands_in_a_file_findings_are_sound(lines: list[str]):
    text = "\n".join(["FROM base", *lines])
    try:
        found = linted(text, AMD64, ARM64)
    except DockerfileSyntaxError:
        return
    assert list(found) == sorted(found, key=lambda one: (one.line, one.rule))
    assert len(found) == len({(one.rule, one.line, one.span) for one in found})
    last = text.count("\n") + 1
    rules = {rule.id for rule in RULES}
    for one in found:
        assert one.rule in rules
        assert 1 <= one.line <= last
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert one.platforms
        assert one.message
        assert one.hint
        assert one.fix is not FixClass.SAFE or not one.why_not


@given(st.text(alphabet="FROM RUNCPYADG$={}\"'\\|&;()<>#\n\tab:/-@*?`0", max_size=300))
@settings(deadline=None)
def test_any_text_is_judged_or_refused(text: str):
    try:
        file = parse(f"FROM a\n{text}")
        lint(file, platforms=EIGHT[:2], build_platform=AMD64)
    except DockerfileSyntaxError as error:
        assert error.line >= 1


LONG = {
    "stages": ("FROM a AS s{i}\nRUN chmod +x /f{i}\n", "FROM a\n"),
    "stages on stages": ("FROM s{j} AS s{i}\nRUN mkdir /d{i}\n", "FROM a AS s0\n"),
    "copies": ("COPY f{i} /bin/f{i}\n", "FROM a\n"),
    "modes": ("COPY f{i} /f{i}\nRUN chmod +x /f{i}\n", "FROM a\n"),
    "arguments": ("ARG A{i}=$A{j}\n", "FROM a\n"),
    "global arguments": ("ARG A{i}=$A{j}\n", ""),
    "architectures": ("ARG ARCH_{i}=$ARCH_{j}\n", ""),
    "Go": ("RUN GOARCH=$TARGETARCH go build -o /f{i} .\n", "FROM --platform=$BUILDPLATFORM go\n"),
    "undeclared": ("RUN wget x-$TARGETARCH\n", "FROM a\n"),
    "outputs": ("COPY --from=n /node_modules/{i} /{i}\n", "FROM node AS n\nRUN npm ci\nFROM a\n"),
}


@pytest.mark.parametrize("name", ["ARG", "ENV"])
def test_values_that_double_do_not_fill_the_memory(name: str):
    lines = "".join(f"{name} A{i + 1}=$A{i}$A{i}\n" for i in range(64))
    for text in (f"FROM a\n{name} A0=x\n{lines}", f"ARG A0=x\n{lines}FROM a:$A64\n"):
        with pytest.raises(DockerfileSyntaxError):
            linted(text, ARM64)


@pytest.mark.parametrize("name", LONG)
def test_time_grows_with_the_file_and_no_faster(name: str):
    line, head = LONG[name]

    def seconds(count: int) -> float:
        body = "".join(line.format(i=i + 1, j=i) for i in range(count))
        text = head + body + ("" if head else "FROM a\n")
        gc.collect()  # what other tests left is not to be counted here
        gc.disable()
        try:
            begin = time.process_time()
            linted(text, ARM64)
            return time.process_time() - begin
        finally:
            gc.enable()

    seconds(10)
    small, large = min(seconds(250), seconds(250)), min(seconds(1000), seconds(1000))
    assert large < 12 * max(small, 0.05), f"{small:.2f} s, {large:.2f} s"
