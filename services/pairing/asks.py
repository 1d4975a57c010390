"""What other services ask pairing: how carers are called."""

from services.pairing.carers import known_carers
from shared.asking import Question
from shared.contracts.asks import CARERS, CarerIdentity, CarersAnswer, CarersQuestion
from shared.problems import Forbidden
from shared.running import Running
from shared.scope import narrow
from shared.tokens import Caller, Permission


def carers_question(running: Running) -> Question[CarersQuestion, CarersAnswer]:
    """Return ask.kith.pairing.carers: who carers are, with the caller's own rights; each look is logged."""

    async def answer(caller: Caller, asked: CarersQuestion) -> CarersAnswer:
        if not caller.may(Permission.READ):
            raise Forbidden(Permission.READ)
        unmask = asked.unmask and caller.may(Permission.UNMASK)
        async with running.pool.acquire() as connection, connection.transaction():
            await narrow(connection, caller)
            seen = await known_carers(connection, asked.ids)
            kept = await running.vault.look(connection, sorted(seen), caller, asked.reason, unmask=unmask)
        return CarersAnswer(
            carers=tuple(
                CarerIdentity(
                    carer_id=carer_id,
                    name=identity.pop("name", ""),
                    masked=not unmask,
                    details=identity,
                )
                for carer_id, identity in kept.items()
            )
        )

    return Question(CARERS, CarersQuestion, answer)
