"""The story: facts, plan, build, assemble, prove, publish. Knows no terminal and no exit codes."""
