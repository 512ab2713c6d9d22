"""The registries that are known by their hosts, and where each fact about them is from.

A field that differs from the careful default has a fact; a test holds that. Facts that were found
by asking a registry wear off: whoever sees another answer changes the line and its source.
"""

from dataclasses import replace

from polyarch.registry.profile import Fact, Profile
from polyarch.registry.profile_software import SOFTWARE

MIB = 1024 * 1024
_GIT = "https://github.com"

UNKNOWN = Profile(name="unknown", title="any other registry")

DOCKER_HUB = Profile(
    name="docker-hub",
    title="Docker Hub",
    hosts=("docker.io", "index.docker.io", "registry-1.docker.io", "*.docker.io"),
    metered_reads=True,
    tag_delete="no",
    facts=(
        Fact(
            "metered_reads",
            "a GET of a manifest counts as a pull, a HEAD does not",
            f"{_GIT}/containers/image/issues/1078",
        ),
        Fact(
            "tag_delete",
            "deleting is switched off; its web API deletes tags",
            f"{_GIT}/docker/hub-feedback/issues/1759",
        ),
    ),
)

GHCR = Profile(
    name="ghcr",
    title="GitHub Container Registry",
    hosts=("ghcr.io", "containers.pkg.github.com", "docker.pkg.github.com"),
    chunked=False,
    chunk_max=4 * MIB,
    tag_delete="manifest",
    referrers="tag",
    facts=(
        Fact(
            "chunked",
            "many chunks trip its secondary rate limit, a 403",
            f"{_GIT}/kubeswift-io/kubeswift/issues/452",
        ),
        Fact(
            "chunk_max",
            "a longer chunk gets 416 though its upload is whole",
            f"{_GIT}/ocx-sh/ocx/issues/237",
        ),
        Fact(
            "tag_delete",
            "deleting a tag deletes the package version, which is the manifest under it",
            f"{_GIT}/nfrastack/db-backup/issues/575",
        ),
        Fact(
            "referrers",
            "no referrers API; a redirect to the web pages, or 404",
            f"{_GIT}/dataaxiom/ghcr-cleanup-action/issues/13",
        ),
    ),
)

ALIYUN = Profile(
    name="aliyun",
    title="Alibaba Cloud Container Registry",
    hosts=("registry.*.aliyuncs.com", "registry-*.*.aliyuncs.com", "*.cr.aliyuncs.com"),
    empty_config=False,
    must_exist=True,
    create=(
        "aliyun cr CreateNamespace --RegionId {region} --InstanceId INSTANCE "
        "--NamespaceName {first} --AutoCreateRepo true"
    ),
    region=r"([a-z]{2}-[a-z0-9-]+)\.(?:personal\.)?(?:cr\.)?aliyuncs\.com$",
    facts=(
        Fact(
            "empty_config",
            "`denied: unknown manifest class for application/vnd.oci.empty.v1+json`, also of "
            "an index that names such a manifest",
            f"{_GIT}/koordinator-sh/koordinator/issues/3194",
        ),
        Fact(
            "must_exist",
            "the namespace; repositories in it are made by a push unless that is switched "
            "off. A missing namespace is told as `denied: requested access`",
            "https://www.alibabacloud.com/help/en/acr/user-guide/manage-namespaces",
        ),
    ),
)

ECR = Profile(
    name="ecr",
    title="Amazon ECR",
    hosts=(
        "*.dkr.ecr.*.amazonaws.com",
        "*.dkr.ecr-fips.*.amazonaws.com",
        "*.dkr.ecr.*.amazonaws.com.cn",
        "*.dkr-ecr.*.on.aws",
    ),
    chunk_min=5 * MIB,
    resumable=False,
    must_exist=True,
    create="aws ecr create-repository --repository-name {path} --region {region}",
    region=r"[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.",
    facts=(
        Fact(
            "chunk_min",
            "every chunk but the last has 5 MiB or more; PATCH is answered 201",
            f"{_GIT}/dotnet/sdk-container-builds/issues/279",
        ),
        Fact(
            "resumable",
            "after the first chunk it tells no longer how far an upload came",
            f"{_GIT}/aws/containers-roadmap/issues/2831",
        ),
        Fact(
            "must_exist",
            "else the connection is dropped in the middle of a push",
            f"{_GIT}/dotnet/sdk-container-builds/issues/424",
        ),
    ),
)

ECR_PUBLIC = Profile(
    name="ecr-public",
    title="Amazon ECR Public",
    hosts=("public.ecr.aws", "ecr-public.aws.com"),
    chunk_min=5 * MIB,
    resumable=False,
    must_exist=True,
    create="aws ecr-public create-repository --repository-name {rest} --region us-east-1",
    facts=(
        Fact("chunk_min", "as Amazon ECR", f"{_GIT}/dotnet/sdk-container-builds/issues/279"),
        Fact("resumable", "as Amazon ECR", f"{_GIT}/aws/containers-roadmap/issues/2831"),
        Fact("must_exist", "as Amazon ECR", f"{_GIT}/dotnet/sdk-container-builds/issues/424"),
    ),
)

QUAY = Profile(
    name="quay",
    title="Quay",
    hosts=("quay.io", "*.quay.io"),
    tag_delete="tag",
    untagged_life_s=3600,
    facts=(
        Fact(
            "mount_wants_from",
            "a mount without `from` fails",
            f"{_GIT}/google/go-containerregistry/blob/main/pkg/v1/remote/write.go",
        ),
        Fact(
            "serial_tags",
            "two PUTs of one manifest at the same time can give MANIFEST_INVALID",
            f"{_GIT}/GoogleContainerTools/jib/issues/2470",
        ),
        Fact(
            "tag_delete",
            "deletes the tag alone",
            f"{_GIT}/quay/quay/blob/master/endpoints/v2/manifest.py",
        ),
        Fact(
            "untagged_life_s",
            "a manifest that was pushed by digest vanishes after an hour",
            f"{_GIT}/vllm-project/vllm-ascend/issues/10347",
        ),
    ),
)

GAR = Profile(
    name="gar",
    title="Google Artifact Registry",
    hosts=("*.pkg.dev",),
    chunked=False,
    chunk_max=0,
    must_exist=True,
    create=(
        "gcloud artifacts repositories create {second} --repository-format=docker "
        "--location={region} --project={first}"
    ),
    region=r"^([a-z0-9-]+)-docker\.pkg\.dev$",
    facts=(
        Fact(
            "chunked",
            "an upload takes one request with a body",
            f"{_GIT}/containers/skopeo/issues/1101",
        ),
        Fact(
            "chunk_max", "no chunks, whatever their size", f"{_GIT}/containers/skopeo/issues/1101"
        ),
        Fact(
            "must_exist",
            "the repository of the project; images in it are made by a push",
            "https://cloud.google.com/artifact-registry/docs/docker/pushing-and-pulling",
        ),
    ),
)

GCR = replace(
    GAR,
    name="gcr",
    title="gcr.io (Google Artifact Registry)",
    hosts=("gcr.io", "*.gcr.io"),
    create=(
        "gcloud artifacts repositories create {host} --repository-format=docker "
        "--location=us --project={first}"
    ),
    region="",
)

AZURE = Profile(
    name="azure",
    title="Azure Container Registry",
    hosts=("*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"),
    resumable=False,
    facts=(
        Fact(
            "resumable",
            "an upload that was cut off is refused",
            f"{_GIT}/Azure/azure-sdk-for-python/issues/29738",
        ),
    ),
)

GITLAB = Profile(
    name="gitlab",
    title="GitLab",
    hosts=("registry.gitlab.com",),
    tag_delete="tag",
    must_exist=True,
    create="glab repo create {path}",
    facts=(
        Fact(
            "tag_delete",
            "since 16.4, the tag alone",
            "https://gitlab.com/gitlab-org/container-registry/-/issues/1094",
        ),
        Fact(
            "must_exist",
            "the project whose path the name begins with",
            "https://docs.gitlab.com/ee/user/packages/container_registry/",
        ),
    ),
)

OCIR = Profile(
    name="ocir",
    title="Oracle Cloud Infrastructure Registry",
    hosts=("*.ocir.io", "ocir.*.oci.oraclecloud.com"),
    must_exist=True,
    create=(
        "oci artifacts container repository create --display-name {rest} "
        "--compartment-id COMPARTMENT"
    ),
    facts=(
        Fact(
            "must_exist",
            "except in the root compartment, where a push may make it. A manifest that stands "
            f"there already is refused with 409 ({_GIT}/docker/cli/issues/5874)",
            "https://docs.oracle.com/iaas/Content/Registry/Tasks/registrycreatingarepository.htm",
        ),
    ),
)

KNOWN = (
    DOCKER_HUB,
    GHCR,
    ALIYUN,
    ECR,
    ECR_PUBLIC,
    QUAY,
    GAR,
    GCR,
    AZURE,
    GITLAB,
    OCIR,
    *SOFTWARE,
    UNKNOWN,
)
