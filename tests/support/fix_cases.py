"""Projects as people have them, each with what `--fix` is to mend in its Dockerfile.

`{golang}`, `{node}` and the like are bases that the tests make; `{files}` is a server on loopback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.dockerfile.lint.finding import FixClass

BASES = {
    "golang": "golang:1",
    "busybox": "busybox:1",
    "debian": "debian:bookworm",
    "buildpack": "buildpack-deps:bookworm",
    "node": "node:22",
    "nginx": "nginx:1",
}


@dataclass(frozen=True, kw_only=True)
class FixCase:
    """A project.

    `rules` are those that are mended; `program` is what is compiled for the platform, a path in
    the image, and `says` what it prints. `same_bytes` is false where another compiler, the cross
    one, may choose other instructions.
    """

    name: str
    dockerfile: str
    files: Mapping[str, str]
    rules: tuple[str, ...]
    allow: FixClass = FixClass.SAFE
    program: str = ""
    says: str = ""
    same_bytes: bool = True
    stays: tuple[str, ...] = field(default=())


GO = {
    "go.mod": "module example.com/server\n\ngo 1.21\n",
    "cmd/server/main.go": """\
package main

import (
	"os"
	"runtime"
)

func main() {
	os.Stdout.WriteString("hello from " + runtime.GOARCH + "\\n")
}
""",
}
FRONT = {
    "package.json": """\
{"name": "web", "version": "1.0.0", "private": true, "scripts": {"build": "node build.mjs"}}
""",
    "package-lock.json": """\
{"name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
 "packages": {"": {"name": "web", "version": "1.0.0"}}}
""",
    "build.mjs": """\
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const text = readFileSync("src/main.js", "utf8");
mkdirSync("dist/assets", { recursive: true });
writeFileSync("dist/assets/main.js", text.replace(/\\s+/g, " "));
writeFileSync("dist/index.html", "<script src=assets/main.js></script>\\n");
""",
    "src/main.js": 'const name = "web";\n\nconsole.log(name);\n',
}
C_PROGRAM = """\
#include <stdio.h>
int main(void) {
#if defined(__aarch64__)
  puts("hello from arm64");
#elif defined(__x86_64__)
  puts("hello from amd64");
#endif
  return 0;
}
"""

CASES = (
    FixCase(
        name="go",
        rules=("PA201",),
        program="usr/local/bin/server",
        says="hello from {arch}\n",
        files=GO,
        dockerfile="""\
# Two stages, as every tutorial has them.
FROM {golang} AS build
WORKDIR /src
COPY go.mod ./
RUN go mod download
COPY . .

# The program itself.
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" \\
      -o /out/server \\
      ./cmd/server

FROM {busybox}
COPY --from=build /out/server /usr/local/bin/server
ENTRYPOINT ["server"]
""",
    ),
    FixCase(
        name="go-server-and-script",
        rules=("PA201", "PA401"),
        program="app/server",
        says="hello from {arch}\n",
        files={**GO, "script.sh": "#!/bin/sh\nexec ./server\n"},
        dockerfile="""\
FROM {golang} AS builder
ENV GO111MODULE=on \\
    CGO_ENABLED=0
WORKDIR /app
COPY go.mod .
RUN go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build go build -trimpath -o server ./cmd/server

FROM {busybox}
WORKDIR /app
COPY --from=builder /app/server .
COPY script.sh .
RUN chmod +x script.sh
EXPOSE 8000
CMD ["./script.sh"]
""",
    ),
    FixCase(
        name="go-server-and-everything",
        rules=("PA201",),
        stays=("RUN chmod +x script.sh .",),
        program="app/server",
        says="hello from {arch}\n",
        files={**GO, "script.sh": "#!/bin/sh\nexec ./server\n"},
        dockerfile="""\
FROM {golang} AS builder
ENV CGO_ENABLED=0
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build go build -trimpath -o server ./cmd/server

FROM {busybox}
WORKDIR /app
COPY --from=builder /app/server /app/script.sh ./
RUN chmod +x script.sh .
CMD ["./script.sh"]
""",
    ),
    FixCase(
        name="web",
        rules=("PA204",),
        files={**FRONT, "default.conf": "listen 80;\n"},
        dockerfile="""\
FROM {node} AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM {nginx}
COPY default.conf /etc/nginx/conf.d/default.conf
COPY --from=build /app/dist /usr/share/nginx/html
EXPOSE 80
""",
    ),
    FixCase(
        name="chmod",
        rules=("PA401",),
        files={"entrypoint.sh": "#!/bin/sh\necho started\n", "etc/app.conf": "a=b\n"},
        program="",
        dockerfile="""\
FROM {busybox}
COPY etc /etc/app
COPY entrypoint.sh /usr/local/bin/
# It has to be executable.
RUN chmod +x /usr/local/bin/entrypoint.sh
ENTRYPOINT ["entrypoint.sh"]
""",
    ),
    FixCase(
        name="chown",
        rules=("PA402",),
        allow=FixClass.REVIEW,
        files={"entrypoint.sh": "#!/bin/sh\necho started\n", "app.conf": "a=b\n"},
        stays=("RUN echo worker:",),
        dockerfile="""\
FROM {busybox}
RUN echo worker:x:1234:1300::/:/bin/sh >> /etc/passwd && echo staff:x:1301: >> /etc/group
WORKDIR /srv
COPY app.conf .
COPY entrypoint.sh /bin/
RUN set -e; chown 7:8 app.conf
# It has to be executable, and its owner's.
RUN chmod +x /bin/entrypoint.sh && \\
    chown worker:staff /bin/entrypoint.sh
USER worker
ENTRYPOINT ["entrypoint.sh"]
""",
    ),
    FixCase(
        name="download",
        rules=("PA209",),
        files={"sums": "{sums}"},
        dockerfile="""\
FROM {busybox} AS fetch
WORKDIR /tmp
COPY sums .
RUN wget -q {files}/data.tar.gz && sha256sum -c sums && mkdir /data && tar -xzf data.tar.gz -C /data

FROM {busybox}
COPY --from=fetch /data /usr/share/data
""",
    ),
    FixCase(
        name="rust",
        rules=("PA202",),
        allow=FixClass.REVIEW,
        program="usr/local/bin/hello",
        says="hello from {arch}\n",
        same_bytes=False,
        files={
            "Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n',
            "src/main.rs": """\
fn main() {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    println!("hello from {arch}");
}
""",
        },
        dockerfile="""\
FROM {buildpack} AS build
WORKDIR /src
COPY . .
RUN cargo build --release

FROM {debian}
COPY --from=build /src/target/release/hello /usr/local/bin/hello
ENTRYPOINT ["hello"]
""",
    ),
    FixCase(
        name="make",
        rules=("PA203",),
        allow=FixClass.REVIEW,
        program="usr/local/bin/hello",
        says="hello from {arch}\n",
        same_bytes=False,
        files={
            "hello.c": C_PROGRAM,
            "Makefile": "hello: hello.c\n\t$(CC) -O2 -static -o $@ $<\n",
        },
        dockerfile="""\
FROM {buildpack} AS build
WORKDIR /src
COPY . .
RUN make hello

FROM {debian}
COPY --from=build /src/hello /usr/local/bin/hello
ENTRYPOINT ["hello"]
""",
    ),
    FixCase(
        name="cmake",
        rules=("PA203",),
        allow=FixClass.REVIEW,
        program="usr/local/bin/hello",
        says="hello from {arch}\n",
        same_bytes=False,
        files={
            "hello.c": C_PROGRAM,
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.16)\n"
            "project(hello C)\nadd_executable(hello hello.c)\n",
        },
        dockerfile="""\
FROM {buildpack} AS build
WORKDIR /src
COPY . .
RUN cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build

FROM {debian}
COPY --from=build /src/build/hello /usr/local/bin/hello
ENTRYPOINT ["hello"]
""",
    ),
)
