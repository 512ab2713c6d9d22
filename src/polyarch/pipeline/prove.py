"""The proof of an image before any tag moves."""

from polyarch.checks.structure import check_structure
from polyarch.content.store import Fetcher
from polyarch.errors import VerificationError
from polyarch.events import ImageChecked, Listener
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.plan import ImagePlan


def prove(image: ImagePlan, index: ImageIndex, store: Fetcher, listen: Listener) -> None:
    """Check an assembled image against its plan.

    Raises:
        VerificationError: it is not what the plan says; each finding is a line of it.
    """
    planned = [platform.platform for platform in image.platforms]
    report = check_structure(store, index, planned, subject=image.name)
    if not report.ok:
        found = [str(finding) for finding in report.errors] or ["nothing could be checked"]
        raise VerificationError(image.name, found)
    listen(
        ImageChecked(image=image.name, digest=index.descriptor.digest, platforms=report.platforms)
    )
