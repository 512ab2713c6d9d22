"""PA308: paths of one platform."""

import pytest

from tests.support.linted import told

FOUND = [
    ("FROM b\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64", "2 error review"),
    ("FROM b\nENV A=1 \\\n  PATH=/usr/lib/jvm/java-8-openjdk-amd64/bin:$PATH", "2 error review"),
    ("FROM b\nENV JAVA_HOME /usr/lib/jvm/java-17-amazon-corretto.x86_64", "2 error review"),
    ("FROM b\nENV LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "2 error review"),
    ("FROM b\nRUN ln -s /usr/include/x86_64-linux-gnu/asm /usr/include/asm", "2 error none"),
    ("FROM b\nRUN ln -s /lib/libc.so /lib64/ld-linux-x86-64.so.2", "2 error none"),
    ("FROM b\nRUN L=/lib/ld-musl-x86_64.so.1 && cp $L /out", "2 error none"),
    ("FROM b\nRUN LIB=/usr/lib/aarch64-linux-gnu make", "2 error none"),
    ("FROM b\nCOPY release/linux/arm64/app /bin/app", "2 error review"),
    ("FROM b\nCOPY dist/app_linux_amd64_v1/app /bin/", "2 error review"),
    ('FROM b\nCOPY ["bin/app-x86_64", "/bin/app"]', "2 error review"),
    ("FROM b\nADD rootfs-amd64.tar.gz /", "2 error review"),
    ("FROM b\nCOPY lib.so /usr/lib/x86_64-linux-gnu/", "2 error review"),
    ("FROM b AS x\nFROM c\nCOPY --from=x /usr/lib/x86_64-linux-gnu/a.so /a.so", "3 error review"),
    ("FROM c\nCOPY --from=other/image /bin/tool-linux-amd64 /bin/tool", "2 error review"),
    ("FROM b\nCOPY --from=x/y /usr/lib/i386-linux-gnu/a.so /a.so", "2 error review"),
    ("FROM b\nRUN cp node_modules/x/prebuilds/linux-x64/a.node /out", "2 error none"),
    ("FROM b\nWORKDIR /usr/lib/x86_64-linux-gnu", "2 error review"),
    # Cross sysroots that a native stage fixes.
    (
        ("FROM --platform=$BUILDPLATFORM b AS x\nENV L=/usr/lib/aarch64-linux-gnu\nRUN make\n"
        "FROM b\nCOPY --from=x /o /o"),
        "2 error review",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_a_path_of_one_platform_is_found(text: str, expected: str):
    assert told(text, "PA308") == [f"PA308:{expected}"]


NOT_FOUND = [
    "FROM b\nENV JAVA_HOME=/usr/lib/jvm/default-java",
    "FROM b\nRUN cp /usr/lib/*-linux-gnu/a.so /out",
    "FROM b\nRUN cp /usr/lib/$(gcc -print-multiarch)/a.so /out",
    "FROM b\nCOPY release/linux/$TARGETARCH/app /bin/app",
    "FROM b\nCOPY README.md /",
    "FROM b\nCOPY qemu-aarch64-static /usr/bin/",
    "FROM b\nRUN apt-get install -y g++-aarch64-linux-gnu",
    'FROM b\nRUN if [ "$(uname -m)" = x86_64 ]; then ln -s /usr/lib/x86_64-linux-gnu/a /a; fi',
    "FROM b\nRUN [ -f /lib/x86_64-linux-gnu/a ] && cp /lib/x86_64-linux-gnu/a /out",
    "FROM b\nRUN rm -rf /usr/lib/x86_64-linux-gnu/dri",
    "FROM b\nENV L=/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu",
    # Both are taken, something chooses later.
    "FROM b\nCOPY out/amd64/a /amd64/a\nCOPY out/arm64/a /arm64/a",
    "FROM b\nRUN ln -s jdk /usr/lib/jvm/java-8-amd64\nENV JAVA_HOME=/usr/lib/jvm/java-8-amd64",
    # The file of a compiler's target: told of where the target is.
    "FROM b AS x\nFROM c\nCOPY --from=x /target/x86_64-unknown-linux-musl/release/a /a",
    # The builder's own.
    ("FROM --platform=$BUILDPLATFORM b AS x\nENV L=/usr/lib/x86_64-linux-gnu\nRUN make\n"
    "FROM b\nCOPY --from=x /o /o"),
    "FROM b AS x-amd64\nENV L=/usr/lib/x86_64-linux-gnu\nFROM x-amd64",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_FOUND)
def test_a_path_that_all_have_is_not(text: str):
    assert told(text, "PA308") == []
