"""PA311, PA312: packages of one architecture, and those that few platforms have."""

import pytest

from tests.support.linted import AMD64, ARM64, linted, told

FOUND = [
    ("RUN apt-get install -y libc6:i386", "2 error none"),
    ("RUN dpkg --add-architecture i386 && apt-get update", "2 error none"),
    ("RUN apt install -y libssl-dev:arm64=1.1", "2 error none"),
    ("RUN dnf install -y glibc.i686 libstdc++.i686", "2 error none"),
    ("RUN yum install -y foo-1.2.x86_64", "2 error none"),
    ("RUN apk add --arch x86_64 musl", "2 error none"),
    ("RUN apk --arch=aarch64 add musl", "2 error none"),
    ("RUN debootstrap --arch=amd64 trixie /rootfs", "2 error none"),
    ('RUN echo "deb [arch=amd64] https://example.com/apt x main" > /etc/apt/x', "2 error review"),
    (
        "RUN add-apt-repository 'deb [signed-by=/k.gpg arch=amd64] https://example.com x main'",
        "2 error review",
    ),
    (
        "RUN cat <<EOF > /etc/apt/sources.list.d/x.sources\nTypes: deb\nArchitectures: amd64\nEOF",
        "2 error review",
    ),
    ("COPY <<EOF /etc/apt/x\ndeb [arch=arm64] https://x.example x main\nEOF", "2 error review"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), FOUND)
def test_a_package_of_one_architecture_is_found(body: str, expected: str):
    assert told(f"FROM b\n{body}", "PA311") == [f"PA311:{expected}"]


NOT_FOUND = [
    "RUN apt-get install -y libc6 libssl-dev:native foo:any g++-aarch64-linux-gnu",
    'RUN echo "deb [arch=$(dpkg --print-architecture)] https://example.com x main"',
    'RUN echo "deb [arch=amd64,arm64] https://example.com x main" > /x',
    "RUN dpkg --add-architecture $TARGETARCH",
    'RUN if [ "$TARGETARCH" = amd64 ]; then apt-get install -y libc6:i386; fi',
    "RUN dnf install -y foo.noarch python3.11",
    "RUN dpkg --add-architecture arm64 && dpkg --add-architecture armhf",
    "RUN docker run example/x:amd64",
    "RUN yum install -y ./foo.x86_64.rpm",
]


@pytest.mark.parametrize("body", NOT_FOUND)
def test_a_package_of_the_machine_is_not(body: str):
    assert told(f"FROM b\n{body}", "PA311") == []


def test_i386_packages_are_there_for_amd64():
    (found,) = linted("FROM b\nRUN dpkg --add-architecture i386", AMD64, ARM64)
    assert found.platforms == (ARM64,)


RARE = [
    "RUN apt-get install -y google-chrome-stable",
    "RUN apt-get install -y curl wine64 winehq-stable",
    "RUN apt-get install -y intel-media-va-driver-non-free=1.2",
    "RUN yum install -y cuda-toolkit-12-4",
    "RUN ACCEPT_EULA=Y apt-get install -y msodbcsql18",
    "RUN apt-get update && apt-get install -y --no-install-recommends mongodb-org",
    "RUN apt-get install -y lib32gcc-s1",
    "RUN npx playwright install --with-deps chromium",
    "RUN npx puppeteer browsers install chrome",
    "RUN npx playwright-core@1.50 install chrome",
    "RUN ./node_modules/playwright-core/cli.js install --with-deps chrome",
    "RUN node node_modules/playwright/cli.js install",
]


@pytest.mark.parametrize("body", RARE)
def test_a_package_of_few_platforms_is_found(body: str):
    assert told(f"FROM b\n{body}", "PA312") == ["PA312:2 warning none"]


NOT_RARE = [
    "RUN apt-get install -y chromium wireshark lib3ds-dev",
    "RUN apt-get remove -y google-chrome-stable",
    'RUN if [ "$(uname -m)" = x86_64 ]; then apt-get install -y google-chrome-stable; fi',
    "RUN npx playwright install-deps",
    "RUN node node_modules/playwright/cli.js install-deps",
    "RUN node node_modules/puppet/cli.js install",
    "RUN node playwright.js install",
    "RUN pip install nvidia-cublas-cu12",
]


@pytest.mark.parametrize("body", NOT_RARE)
def test_a_package_of_many_platforms_is_not(body: str):
    assert told(f"FROM b\n{body}", "PA312") == []


def test_a_package_that_all_requested_platforms_have_is_not():
    assert linted("FROM b\nRUN npx playwright install", AMD64, ARM64) == ()
