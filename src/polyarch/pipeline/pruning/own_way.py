"""How a registry itself removes tags, for those that do not do it over the registry API."""

from polyarch.oci.reference import Repository
from polyarch.registry.profile import Profile

_WAYS = {
    "docker-hub": "https://hub.docker.com/repository/docker/{path}/tags deletes tags",
    "ghcr": "`gh api --method DELETE /orgs/{first}/packages/container/{escaped}/versions/ID`"
    " deletes an image with all of its tags",
    "aliyun": "`aliyun cr DeleteRepoTag` deletes a tag",
    "ecr": "`aws ecr put-lifecycle-policy --repository-name {path}` lets images go by age",
    "ecr-public": "`aws ecr-public batch-delete-image --repository-name {rest}"
    " --image-ids imageTag=TAG --region us-east-1` deletes an image",
    "gar": "`gcloud artifacts docker images delete {host}/{path}:TAG --delete-tags` deletes one",
    "gcr": "`gcloud artifacts docker images delete {host}/{path}:TAG --delete-tags` deletes one",
    "azure": "`az acr repository delete --name {name} --image {path}:TAG` deletes an image, and"
    " `az acr repository untag` a tag alone",
    "harbor": "its web pages have rules for which tags stay, and a garbage collection",
    "gitlab": "Settings > Packages and registries has a cleanup policy",
}
_OTHERWISE = "whoever runs {host} may switch deletion on"


def own_way(profile: Profile, repository: Repository) -> str:
    """What else a person can do there, in one sentence."""
    first, _, rest = repository.path.partition("/")
    return _WAYS.get(profile.name, _OTHERWISE).format(
        host=repository.registry,
        path=repository.path,
        first=first,
        rest=rest or first,
        escaped=(rest or first).replace("/", "%2F"),
        name=repository.registry.partition(".")[0],
    )
