"""What the token of each job may do on GitHub: as little as its work needs."""

from collections.abc import Mapping

from polyarch.ci.pipelines.shape import Pipeline


def github_permissions(pipeline: Pipeline) -> Mapping[str, Mapping[str, str]]:
    """What each job's token may do, by job."""
    watched = {"watch": watching(pipeline)} if pipeline.triggers.watch else {}
    if pipeline.single:
        return {"publish": publishing(pipeline) | telling(pipeline), **watched}
    return {
        **{f"build-{leg.word}": building(pipeline) for leg in pipeline.legs},
        "publish": publishing(pipeline),
        "notify": telling(pipeline),
        **watched,
    }


def building(pipeline: Pipeline) -> dict[str, str]:
    """GitHub's registry is written to where parts are staged there."""
    return {"contents": "read", **({"packages": "write"} if pipeline.uses_own else {})}


def telling(pipeline: Pipeline) -> dict[str, str]:
    """`actions` tells how the run before this one ended."""
    issues = {"issues": "write"} if pipeline.issues else {}
    return {"contents": "read", "actions": "read", **issues}


def publishing(pipeline: Pipeline) -> dict[str, str]:
    """GitHub's registry is written to where images go there, and read where parts come from."""
    if pipeline.fills_own:
        return {"contents": "read", "packages": "write"}
    staged = pipeline.uses_own and not pipeline.single
    return {"contents": "read", **({"packages": "read"} if staged else {})}


def watching(pipeline: Pipeline) -> dict[str, str]:
    """GitHub's registry is read where images are there, and written to where records go there."""
    issues = {"issues": "write"} if pipeline.issues else {}
    if pipeline.stores_own:
        return {"contents": "read", "packages": "write", **issues}
    return {"contents": "read", **({"packages": "read"} if pipeline.fills_own else {}), **issues}
