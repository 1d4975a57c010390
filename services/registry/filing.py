"""The commands on one child's file: facts gathered, decided, written with the keys and the vault in one go."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.registry import area_versions, child_keys
from services.registry.domain.child import (
    ChildCommand,
    LetChildLeave,
    MergeChildren,
    RegisterChild,
    ReturnChild,
    ReviseChildFile,
    TransferChild,
    UnmergeChildren,
    child,
)
from services.registry.domain.recognition import Meaning, Person
from services.registry.identity import (
    Identity,
    check_number,
    child_id_of,
    household_key,
    identity_of,
    keys_of,
    school_key,
)
from services.registry.learning import Likeness, drop_learned, note_likely
from services.registry.projecting import project_children
from shared.contracts.event import LeavingReason
from shared.contracts.registry import ChildFile, ChildForgotten
from shared.decider import Rejected
from shared.event_store import Append, ClaimTaken, Connection, NewEvent, append
from shared.handling import Cause, decide_and_append
from shared.problems import NotFound
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)

VILLAGE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Filing:
    """One command on its way: the transaction it runs in, why, and the two days it carries."""

    connection: Connection
    vault: Vault
    cause: Cause
    on: date
    recorded_on: date

    async def decide(
        self,
        child_id: UUID,
        command: ChildCommand,
        *,
        claims: tuple[str, ...] = (),
        releases: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Decide, append and project; raises Rejected, also where another file holds a claim."""
        try:
            told = await decide_and_append(
                self.connection,
                child,
                child_id,
                command,
                self.cause,
                claims=claims,
                releases=releases,
                project=project_children,
            )
        except ClaimTaken:
            raise Rejected("same_child_known") from None
        return {"child_id": str(child_id), "changed": bool(told)}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a child is and what its file says now."""

    area: str
    file: ChildFile
    is_open: bool
    merged: bool


async def standing_of(connection: Connection, child_id: UUID) -> Standing | None:
    """Return how a child stands, None where no file has this id."""
    row = await connection.fetchrow(SQL.standing, child_id)
    if row is None:
        return None
    file = ChildFile.model_validate_json(row["file"])
    return Standing(row["area"], file, row["left_on"] is None, row["merged_into"] is not None)


async def register(filing: Filing, area: str, file: ChildFile, identity: Identity) -> dict[str, Any]:
    """Open a file; raises Rejected(same_child_known) where the number or the child is known."""
    vault, birth_date, sex = filing.vault, file.birth_date, file.sex
    check_number(identity, birth_date, sex)
    keys = keys_of(vault, identity, birth_date, sex, area)
    child_id = child_id_of(vault, identity, birth_date, sex, area, filed_on=filing.on)
    if child_id in await child_keys.ids_in_use(filing.connection, [child_id]):
        # The file that was opened with this number or name has another one now: this is another child.
        child_id = vault.subject_id("child", str(child_id), str(filing.cause.command_id))
    person = Person(child_id, keys.name, birth_date, sex, area, keys.citizen)
    known = await child_keys.load_recognition(filing.connection, [person])
    found = known.recognise(person)
    if found.meaning is not Meaning.NEW:
        raise Rejected("same_child_known")
    command = RegisterChild(
        child_id=child_id,
        area=area,
        village_open=await _village_open(filing.connection, area),
        file=_with_keys(vault, file, identity),
        on=filing.on,
        recorded_on=filing.recorded_on,
    )
    told = await filing.decide(child_id, command, claims=keys.claims)
    await vault.put(filing.connection, [(child_id, identity.kept())])
    await child_keys.write_keys(filing.connection, [person])
    likely = [Likeness(child_id, other, why) for other, why in found.likely]
    await note_likely(filing.connection, likely, found_on=filing.recorded_on, import_id=None)
    return {**told, "likely_duplicates": [str(pair.other_id) for pair in likely]}


async def revise(
    filing: Filing, child_id: UUID, file: ChildFile | None, identity: Identity | None
) -> dict[str, Any]:
    """State anew what is known of a child: codes, names, or both; what is not given stays."""
    stands = await _known(filing.connection, child_id)
    former = await _identity(filing, child_id)
    present = identity or former
    whole = file or stands.file
    if present is not None:
        check_number(present, whole.birth_date, whole.sex)
        whole = _with_keys(filing.vault, whole, present)
    command = ReviseChildFile(
        file=whole, identity_changed=present != former, on=filing.on, recorded_on=filing.recorded_on
    )
    if present is None:
        return await filing.decide(child_id, command)
    before = () if former is None else _claims(filing, former, stands.file, stands.area)
    after = _claims(filing, present, whole, stands.area)
    told = await filing.decide(
        child_id,
        command,
        claims=tuple(key for key in after if key not in before),
        releases=tuple(key for key in before if key not in after),
    )
    await filing.vault.put(filing.connection, [(child_id, present.kept())])
    keys = keys_of(filing.vault, present, whole.birth_date, whole.sex, stands.area)
    person = Person(child_id, keys.name, whole.birth_date, whole.sex, stands.area, keys.citizen)
    await child_keys.write_keys(filing.connection, [person])
    return told


async def transfer(filing: Filing, child_id: UUID, to_area: str) -> dict[str, Any]:
    """Move a child to another village."""
    command = TransferChild(
        to_area=to_area,
        village_open=await _village_open(filing.connection, to_area),
        on=filing.on,
        recorded_on=filing.recorded_on,
    )
    return await filing.decide(child_id, command, claims=await _claims_in(filing, child_id, to_area))


async def leave(filing: Filing, child_id: UUID, reason: LeavingReason) -> dict[str, Any]:
    """Close a child's file, or one that is closed on an earlier day."""
    command = LetChildLeave(reason=reason, on=filing.on, recorded_on=filing.recorded_on)
    return await filing.decide(child_id, command)


async def come_back(
    filing: Filing, child_id: UUID, area: str | None, file: ChildFile | None
) -> dict[str, Any]:
    """Open a closed file again, in another village or with a corrected file where they are given."""
    stands = await _known(filing.connection, child_id)
    village = area or stands.area
    identity = await _identity(filing, child_id)
    whole = _with_keys(filing.vault, file, identity) if file and identity else file
    command = ReturnChild(
        area=village,
        village_open=await _village_open(filing.connection, village),
        file=whole,
        on=filing.on,
        recorded_on=filing.recorded_on,
    )
    return await filing.decide(child_id, command, claims=await _claims_in(filing, child_id, village))


async def merge(filing: Filing, child_id: UUID, survivor_id: UUID) -> dict[str, Any]:
    """Close a child's file as a second one of another's, reversibly."""
    # Held, so that of two merges of the same two files at once the later sees the earlier.
    await filing.connection.fetch(SQL.hold_files, [child_id, survivor_id])
    survivor = await standing_of(filing.connection, survivor_id)
    command = MergeChildren(
        survivor_id=survivor_id,
        survivor_known=survivor is not None and not survivor.merged,
        on=filing.on,
        recorded_on=filing.recorded_on,
    )
    return await filing.decide(child_id, command)


async def unmerge(filing: Filing, child_id: UUID) -> dict[str, Any]:
    """Undo a merge."""
    return await filing.decide(child_id, UnmergeChildren(on=filing.on, recorded_on=filing.recorded_on))


async def forget(filing: Filing, child_id: UUID) -> dict[str, Any]:
    """Delete who a child is, for good, and say so; the file, its events and every total stay what they were."""
    stands = await _known(filing.connection, child_id)
    learned = await drop_learned(
        filing.connection, child_id, dropped_by=filing.cause.caller, on=filing.recorded_on
    )
    forgotten = await filing.vault.apply_forgotten(filing.connection, [child_id, *learned])
    await child_keys.drop_names(filing.connection, child_id)
    event = ChildForgotten(area=stands.area, on=filing.on, recorded_on=filing.recorded_on, child_id=child_id)
    stream, new = child.stream(child_id), NewEvent.named(filing.cause.id_of("forgotten"), event)
    await append(filing.connection, Append(stream, [new]), filing.cause.meta)
    return {"child_id": str(child_id), "changed": forgotten > 0}


async def _known(connection: Connection, child_id: UUID) -> Standing:
    stands = await standing_of(connection, child_id)
    if stands is None:
        raise NotFound
    return stands


async def _village_open(connection: Connection, area: str) -> bool:
    return len(area) == VILLAGE_DIGITS and await area_versions.is_open(connection, area)


async def _identity(filing: Filing, child_id: UUID) -> Identity | None:
    kept = await filing.vault.read(filing.connection, [child_id])
    return identity_of(kept[child_id]) if child_id in kept else None


async def _claims_in(filing: Filing, child_id: UUID, village: str) -> tuple[str, ...]:
    identity = await _identity(filing, child_id)
    if identity is None:
        return ()
    stands = await _known(filing.connection, child_id)
    return _claims(filing, identity, stands.file, village)


def _claims(filing: Filing, identity: Identity, file: ChildFile, village: str) -> tuple[str, ...]:
    return keys_of(filing.vault, identity, file.birth_date, file.sex, village).claims


def _with_keys(vault: Vault, file: ChildFile, identity: Identity) -> ChildFile:
    return file.model_copy(
        update={"school": school_key(vault, identity.school), "household": household_key(vault, identity)}
    )
