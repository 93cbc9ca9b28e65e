"""One request carried out, with the bad luck that was ordered for it."""

import asyncio

from sandbox.trading import commands_config, commands_trades, commands_users
from sandbox.trading.desk import COMMANDS, Desk
from sandbox.trading.faults import DroppedError
from sandbox.trading.hub import Hub
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.wire import Answer, Ask

# The modules enter their commands when they are read.
LISTED = (commands_config, commands_trades, commands_users)

MONEY = frozenset({"TRADE_BALANCE", "USER_DEPOSIT_CHANGE"})


async def serve(hub: Hub, desk: Desk, ask: Ask) -> Answer:
    """Answer a command; durable ones once they are on the disk.

    Raises:
        DroppedError: when the line is to break instead.
    """
    name, faults = ask.command.upper(), hub.faults
    if faults.fires("disconnect"):
        raise DroppedError
    if (pause := faults.delay_s(name)) > 0:
        await asyncio.sleep(pause)
    forced = faults.force(name)
    if forced is not None and not forced.applied:
        return Answer(forced.code)
    if name in MONEY and faults.fires("balance_drop_before"):
        raise DroppedError
    await hub.still()
    answer = await _run(hub, desk, name, ask)
    if name in MONEY and answer.code == Ret.DONE and faults.fires("balance_drop_after"):
        raise DroppedError
    return answer if forced is None else Answer(forced.code)


async def _run(hub: Hub, desk: Desk, name: str, ask: Ask) -> Answer:
    command = COMMANDS.get(name)
    if command is None:
        return Answer(Ret.PARAMS)
    try:
        answer = command.run(desk, ask)
    except RefusedError as refused:
        return Answer(refused.code)
    if command.durable:
        await hub.journal.settled()
    return answer
