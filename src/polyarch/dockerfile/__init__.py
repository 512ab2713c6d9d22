"""Dockerfiles as BuildKit reads them: tree, expansion, stages, and the build context beside them.

`parse` turns text into a tree that knows where each byte came from, `resolve` turns the tree into
the graph of the stages that one platform needs, `ignore` and `context` say which files a build
sees. `shell` reads the scripts of RUN, `lint` tells what harms other architectures, `fix` mends it.
Text in, values out: this room knows no engine, no registry and no config; the functions that
touch files (`read_dockerfile`, `find_ignore`, `context_files`, `context_digest`) stand at its edge.

The reference is BuildKit (`frontend/dockerfile` in moby/buildkit): where its documentation and its
code differ, the code is followed, because that is what reads the file in the end.
"""
