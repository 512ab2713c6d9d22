"""What is to stand under a tag that registries show different images of. Pure.

A tag that moves on goes to the newest version or commit, as the tag policy has it in publishing. A
record, or how many registries show something, only decides between forms of the same one: other
machines publish, too, and a record may be an old one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from polyarch.config.project import PER_REGISTRY
from polyarch.metadata.kind import TagKind
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.claims import Claim
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import FREE, Judgement, Ours, judge
from polyarch.pipeline.plan import Action, Current, State
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.subject import Subject

_KINDS: Mapping[Sort, TagKind] = MappingProxyType(
    {Sort.VERSION: TagKind.FIXED, Sort.COMMIT: TagKind.FIXED, Sort.MOVING: TagKind.VERSIONS}
)
_SEVERAL = 2
_MOVES = frozenset({Action.MOVE, Action.CREATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`root` is None where nobody can say; `why` says by what it is right.

    `held` is what somebody put the tag back to, where that keeps the newest from its place, and
    `reason` how that is told. `unknown`: whether somebody did was asked for and not said.
    """

    root: Digest | None = None
    why: str = ""
    held: Digest | None = None
    reason: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One of the images that stand under the tag."""

    digest: Digest
    ours: Ours
    current: Current
    built: str

    @property
    def said(self) -> tuple[str, str] | None:
        """What it says that it is; None where it does not."""
        told = self.current.version or "", self.current.revision or ""
        return told if any(told) else None


def kind_of(subject: Subject, tag: str) -> TagKind:
    """How a tag may move; what nobody can name is like a branch."""
    return _KINDS.get(subject.sorts[tag].sort, TagKind.COMMITS)


def policy_of(subject: Subject, tag: str, digest: Digest) -> str:
    """By which policy a tag is mended: what is for good goes back to what a run has published."""
    fixed = kind_of(subject, tag) is TagKind.FIXED
    return FREE if fixed and recorded(subject, tag) == digest else subject.settings.tag_policy


def disagree(subject: Subject, tag: str) -> bool:
    """Whether a tag shows different images; registries may get what they take, where that is so."""
    roots = subject.view.roots(tag)
    if len(roots) > 1 and subject.settings.digest_policy == PER_REGISTRY:
        return len({_images(subject, root) for root in roots}) > 1
    return len(roots) > 1


def recorded(subject: Subject, tag: str) -> Digest | None:
    """What the newest records say was put there, where they agree and it still stands somewhere."""
    said = {
        subject.memory.digests.get((str(sight.repository), tag), "")
        for sight in subject.view.sights
    } - {""}
    found = [each for each in subject.view.roots(tag) if {str(each)} == said]
    return found[0] if found else None


def decide(subject: Subject, tag: str) -> Decision:
    """What is to stand under a tag everywhere."""
    roots = subject.view.roots(tag)
    if not disagree(subject, tag):
        return Decision(root=roots[0] if roots else None)
    forms = [_form(subject, tag, root) for root in roots]
    judges = _Judges(subject=subject, tag=tag)
    best = forms if kind_of(subject, tag) is TagKind.FIXED else judges.best(forms)
    chosen = _chosen(subject, tag, best, several=len(best) == len(forms))
    told = judges.held(forms, best)
    if subject.holds_unknown(tag):
        return replace(told, unknown=True)
    if chosen.root is None or told.held:
        return replace(chosen, root=None, held=told.held, reason=told.reason)
    right = next(each for each in forms if each.digest == chosen.root)
    return chosen if judges.lets(right, forms) else Decision()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judges:
    """The tag policy between the forms of one tag."""

    subject: Subject
    tag: str

    def best(self, forms: Sequence[_Form]) -> list[_Form]:
        """Those that no other one is newer than; all of them under a policy without an order."""
        if self.subject.settings.tag_policy == FREE:
            return list(forms)
        return [each for each in forms if not any(self._beats(other, each) for other in forms)]

    def lets(self, right: _Form, forms: Sequence[_Form]) -> bool:
        """Whether it may take the place of all others."""
        policy = policy_of(self.subject, self.tag, right.digest)
        others = (each for each in forms if each is not right)
        return all(self._judge(right, each, policy).action in _MOVES for each in others)

    def held(self, forms: Sequence[_Form], best: Sequence[_Form]) -> Decision:
        """What somebody put the tag back to, where one of the best would take its place else."""
        for standing in (each for each in forms if each.current.holds):
            bare = replace(standing, current=replace(standing.current, holds=()))
            for other in (each for each in best if each is not standing):
                policy = policy_of(self.subject, self.tag, other.digest)
                free = self._judge(other, bare, policy).action in _MOVES
                judged = self._judge(other, standing, policy)
                if free and judged.action is Action.KEEP:
                    return Decision(held=standing.digest, reason=judged.reason)
        return Decision()

    def _beats(self, one: _Form, other: _Form) -> bool:
        policy = self.subject.settings.tag_policy
        return one is not other and (
            self._judge(one, other, policy).action in _MOVES
            and self._judge(other, one, policy).action not in _MOVES
        )

    def _judge(self, ours: _Form, standing: _Form, policy: str) -> Judgement:
        return judge(
            kind_of(self.subject, self.tag),
            ours.ours,
            standing.current,
            policy=policy,
            descends=lambda revision: self.subject.descends(ours.ours.revision, revision),
        )


def _form(subject: Subject, tag: str, digest: Digest) -> _Form:
    """What cannot be read says nothing of itself."""
    node = subject.view.manifests.get(digest)
    current = current_of(node) if node else Current(state=State.PRESENT, digest=digest)
    children = node.images if isinstance(node, ImageIndex) else ()
    return _Form(
        digest=digest,
        ours=Ours(
            version=current.version, revision=current.revision or "", committed=current.created
        ),
        current=replace(current, holds=subject.holds_of(tag, digest)),
        built=max((Claim.of(child).built for child in children), default=""),
    )


def _chosen(subject: Subject, tag: str, best: Sequence[_Form], *, several: bool) -> Decision:
    """The one of the best; where they are forms of the same, by a record or by most registries."""
    if len(best) == 1 and not several:
        return Decision(root=best[0].digest, why="is the newest by the tag policy")
    moves_on = kind_of(subject, tag) is not TagKind.FIXED
    if moves_on and len({each.said for each in best} - {None}) > 1:
        return Decision()  # different versions or commits, of which nobody knows the newer one
    known = recorded(subject, tag)
    shown = Counter(each for s in subject.view.sights if (each := s.digest(tag)))
    digest, count = shown.most_common(1)[0]
    most = digest if count >= _SEVERAL and count * 2 > shown.total() else None
    # A record may be an old one: another machine has published since.
    root = None if known and most and known != most else known or most
    right = next((each for each in best if each.digest == root), None)
    if right is None or (moves_on and any(_says_more(each, right) for each in best)):
        return Decision()
    return Decision(root=root, why="a run has published" if known else "most registries have")


def _says_more(other: _Form, right: _Form) -> bool:
    """Whether it may be the newer form: built later, or the only one that says what it is."""
    return other.built > right.built or (other.said is not None and right.said is None)


def _images(subject: Subject, root: Digest) -> frozenset[tuple[str, Digest]]:
    images = subject.view.images(root)
    return frozenset((str(each.platform), each.digest) for each in images) or frozenset(
        {("", root)}
    )
