"""Real registries as sets of quirks, each line with the source of its fact.

They are what is known to be hard about a registry, not all that it does; what depends on its
settings (immutable tags, caps of a proxy) is left to the test. Times that real registries take are
kept where a clock counts them, and left out where somebody would have to wait.
"""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.sandbox.quirks import Quirks

_MIB = 1024 * 1024

DOCKER_HUB = Quirks(
    # GETs are metered, HEADs are not: containers/image#1078; 100 per 6 h without a login:
    # docs.docker.com "Docker Hub pull usage and limits"
    pull_limit=100,
    pull_window_s=21600,
    # 400 `invalid repository name`: google/go-containerregistry#1741
    mount_origin=False,
    # docker/hub-feedback#1759
    tag_delete=False,
    manifest_delete=False,
    # not in distribution-spec v1.1
    tags_per_put=0,
)

GHCR = Quirks(
    # ocx-sh/ocx#237, wasmCloud/wash-archive#268
    max_chunk=4 * _MIB,
    # dataaxiom/ghcr-cleanup-action#13
    referrers=False,
    # nfrastack/db-backup#575
    tag_delete_takes_all=True,
    # no header, a duration in the text: fermyon/developer#589, dependabot/cli#380
    retry_after=None,
    throttle_text="retry-after: 10.497765ms, allowed: 2000/minute",
    tags_per_put=0,
)

ALIYUN = Quirks(
    # koordinator-sh/koordinator#3194, matrixorigin/matrixone-operator#613
    empty_config=False,
    tags_per_put=0,
)

ECR = Quirks(
    # dotnet/sdk-container-builds#424; a test names those that exist
    repositories=frozenset(),
    missing_drops=True,
    # openai/tart#273
    patch_status=201,
    # dotnet/sdk-container-builds#279; whether it is told is not known: the harder case
    min_chunk=5 * _MIB,
    min_chunk_told=False,
    # openai/tart#159
    empty_closing_put=False,
    # aws/containers-roadmap#2831
    stale_range=True,
    # containerd/containerd#10447
    manifest_put_rate=10,
    # google/go-containerregistry#1091
    max_page=1000,
    tags_per_put=0,
)

QUAY = Quirks(
    # google/go-containerregistry, pkg/v1/remote/write.go, initiateUpload
    mount_without_from="refused",
    # regclient/regclient#272, deitch/docker_registry2#56; the size is V2_PAGINATION_SIZE's default
    opaque_pages=True,
    page_size=100,
    # GoogleContainerTools/jib#2470
    parallel_tags_s=0.05,
    # vllm-project/vllm-ascend#10347
    untagged_life_s=3600,
    # podman-container-tools/buildah#3550, #2594
    mixed_lists=False,
    tags_per_put=0,
)

HARBOR = Quirks(
    # goharbor/harbor#17097
    unknown_mount_status=401,
    # goharbor/harbor#14404, #12676
    poison_cookie=True,
    # goharbor/harbor, src/server/registry/manifest.go: by digest only
    tag_delete=False,
    # goharbor/harbor, src/server/middleware/immutable
    immutable_status=412,
    tags_per_put=0,
)

GAR = Quirks(
    # podman-container-tools/skopeo#1101, dotnet/sdk-container-builds#287
    multi_chunk=False,
    tags_per_put=0,
)

AZURE = Quirks(
    # Azure/azure-sdk-for-python#29738
    resume=False,
    tags_per_put=0,
)

OCIR = Quirks(
    # docker/cli#5874
    conflict_again=True,
    tags_per_put=0,
)

ARTIFACTORY = Quirks(
    # google/go-containerregistry, pkg/v1/remote/pusher.go, manifestExists
    forbids_missing=True,
    # a proxy of Cloudflare's in front: apple/container#698
    max_body=100 * _MIB,
    tags_per_put=0,
)

DISTRIBUTION = Quirks(
    # distribution/distribution, registry/handlers/blobupload.go
    single_post=False,
    mount_without_from="session",
    # distribution/distribution#1566 (2.8; version 3 deletes tags)
    tag_delete=False,
    # oras-project/rust-oci-client#259
    referrers=False,
    tags_per_put=0,
)

ZOT = Quirks(
    # project-zot/zot#4444
    last_tag_takes_all=True,
    tags_per_put=0,
)

LIKENESSES: Mapping[str, Quirks] = MappingProxyType(
    {
        "aliyun": ALIYUN,
        "artifactory": ARTIFACTORY,
        "azure": AZURE,
        "distribution": DISTRIBUTION,
        "docker-hub": DOCKER_HUB,
        "ecr": ECR,
        "gar": GAR,
        "ghcr": GHCR,
        "harbor": HARBOR,
        "ocir": OCIR,
        "quay": QUAY,
        "zot": ZOT,
    }
)
"""All of them by name."""
