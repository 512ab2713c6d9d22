"""Registries that anybody can run: found by the name in the config, as their hosts tell nothing."""

from polyarch.registry.profile import Fact, Profile

_GIT = "https://github.com"

HARBOR = Profile(
    name="harbor",
    title="Harbor",
    tag_delete="no",
    must_exist=True,
    create=(
        "curl -u USER -X POST -H 'Content-Type: application/json' "
        '-d \'{{"project_name": "{first}"}}\' https://{host}/api/v2.0/projects'
    ),
    facts=(
        Fact(
            "tag_delete",
            "deletes by digest only",
            f"{_GIT}/goharbor/harbor/blob/main/src/server/registry/manifest.go",
        ),
        Fact(
            "must_exist",
            "the project; a mount from one that does not exist gets 401",
            f"{_GIT}/goharbor/harbor/issues/17097",
        ),
    ),
)

GITEA = Profile(
    name="gitea",
    title="Gitea and Forgejo",
    single_post=True,
    facts=(
        Fact(
            "single_post",
            "a blob in the request that opens its upload is stored",
            f"{_GIT}/go-gitea/gitea/blob/main/routers/api/packages/container/container.go",
        ),
    ),
)

DISTRIBUTION = Profile(
    name="distribution",
    title="CNCF distribution (`registry`)",
    single_post=False,
    serial_tags=False,
    referrers="tag",
    facts=(
        Fact(
            "single_post",
            "opens an upload and takes no body",
            f"{_GIT}/distribution/distribution/blob/main/registry/handlers/blobupload.go",
        ),
        Fact(
            "tag_delete",
            "400 or 405 before version 3, which deletes the tag alone",
            f"{_GIT}/distribution/distribution/issues/1566",
        ),
        Fact(
            "serial_tags",
            "each tag is a file of its own",
            f"{_GIT}/distribution/distribution/blob/main/registry/storage/tagstore.go",
        ),
        Fact("referrers", "no referrers API", f"{_GIT}/oras-project/rust-oci-client/pull/259"),
    ),
)

ZOT = Profile(
    name="zot",
    title="zot",
    tag_delete="tag",
    facts=(
        Fact(
            "tag_delete",
            "a manifest whose last tag is deleted or moved away is gone, by digest too "
            f"({_GIT}/project-zot/zot/issues/4444)",
            f"{_GIT}/project-zot/zot/pull/219",
        ),
    ),
)

SOFTWARE = (HARBOR, GITEA, DISTRIBUTION, ZOT)
