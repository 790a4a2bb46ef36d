"""What every SPDX 3.0.1 document needs: one creation info, identifiers, and elements that refer to each other.

The classes of spdx_python_model are generated from the official SHACL model and refuse values of another type, names of
another enumeration and elements without what they must have.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from archdiff.render.bom.identity import created

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.render.bom.subject import Subject

__all__ = ["SpdxDocument"]

VERSION = "3.0.1"
"""Of the specification."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NO_TIME = (
    "Made without asking the clock: set SOURCE_DATE_EPOCH for a time of creation other than the beginning of 1970."
)


class SpdxDocument:
    """Elements of a document, in the order in which they were added.

    Args:
        subject: what the document is about; its digest makes the identifiers, so that the same input has the same.

    Raises:
        UsageError: `SOURCE_DATE_EPOCH` is no number of seconds.
    """

    def __init__(self, subject: Subject) -> None:
        from spdx_python_model import v3_0_1

        self.spdx: Any = v3_0_1
        self._prefix = f"https://spdx.org/spdxdocs/archdiff-{subject.serial}#"
        moment = created()
        self._creation = self.spdx.CreationInfo(
            specVersion=VERSION, created=moment or _EPOCH, **({} if moment else {"comment": _NO_TIME})
        )
        self._elements: dict[str, Any] = {}
        version = subject.tools["archdiff"]
        self._creation.createdBy = [self.add("SoftwareAgent", "archdiff", name=f"archdiff {version}")]
        tools = [f"{name} {number}" for name, number in subject.tools.items()]
        self._creation.createdUsing = [self.add("Tool", f"tool-{n}", name=name) for n, name in enumerate(tools, 1)]

    def add(self, kind: str, key: str, **values: Any) -> Any:
        """Make an element.

        Args:
            kind: name of its class.
            key: end of its identifier, unique in the document: letters, digits and dashes.
            values: its properties; those that are None are left out.
        """
        stated = {name: value for name, value in values.items() if value is not None}
        made = getattr(self.spdx, kind)(spdxId=self._prefix + key, creationInfo=self._creation, **stated)
        self._elements[key] = made
        return made

    def relate(self, key: str, kind: str, start: Any, ends: Sequence[Any], comment: str | None = None) -> Any:
        """Make a relationship from an element to others, named by its type."""
        relation = getattr(self.spdx.RelationshipType, kind)
        return self.add("Relationship", key, from_=start, to=list(ends), relationshipType=relation, comment=comment)

    def annotate(self, key: str, subject: Any, statement: str, *, is_review: bool = False) -> Any:
        """Say something about an element."""
        kind = self.spdx.AnnotationType.review if is_review else self.spdx.AnnotationType.other
        return self.add(
            "Annotation", key, subject=subject, statement=statement, annotationType=kind, contentType="text/plain"
        )

    def entries(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        """Names and values as entries of a dictionary."""
        return [self.spdx.DictionaryEntry(key=key or "(no name)", value=value) for key, value in pairs]

    def sha256(self, digits: str, comment: str) -> Any:
        """A hash, and what was hashed."""
        return self.spdx.Hash(algorithm=self.spdx.HashAlgorithm.sha256, hashValue=digits, comment=comment)

    def close(self, root: Any, profiles: Sequence[str]) -> str:
        """Put all elements into a bill of materials of the root, and write the document as JSON-LD."""
        conformance = [getattr(self.spdx.ProfileIdentifierType, profile) for profile in profiles]
        analyzed = self.spdx.software_SbomType.analyzed
        described = list(self._elements.values())
        bom = self.add(
            "software_Sbom", "bom", rootElement=[root], element=described, profileConformance=conformance,
            software_sbomType=[analyzed],
        )  # fmt: skip
        self.add(
            "SpdxDocument", "document", rootElement=[bom], element=[*described, bom], profileConformance=conformance
        )
        objects = self.spdx.SHACLObjectSet([self._creation, *self._elements.values()])
        data = self.spdx.JSONLDSerializer().serialize_data(objects, force_at_graph=True)
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
