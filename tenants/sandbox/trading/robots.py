"""Robots: accounts that trade by themselves while the server runs."""

import random

from sandbox.trading import dealing, styles
from sandbox.trading.floor import Floor
from sandbox.trading.records import Position, Reason, RobotSet
from sandbox.trading.retcodes import RefusedError
from sandbox.trading.styles import STYLES

HOUR_MS = 3_600_000
HELD_MAX = 4
FIRST_WAIT_MAX_MS = 120_000


class Robot:
    """One robot at work. It opens or closes once each time it is woken."""

    def __init__(self, record: RobotSet, seed: int) -> None:
        self.record = record
        self.style = STYLES[record.style]
        self.dice = random.Random(f"{seed}:robot:{record.robot}:{record.seed}")
        self.alive = True
        self._begun = False

    def next_time(self, after: int) -> int:
        wait = self.dice.expovariate(self.record.rate / HOUR_MS)
        if not self._begun:
            self._begun, wait = True, min(wait, FIRST_WAIT_MAX_MS)
        return after + max(250, int(wait))


def act(floor: Floor, robot: Robot, at: int) -> None:
    """Do one thing: close what was held long enough or too much of, else open something."""
    account = floor.book.account(robot.record.login)
    if account is None:
        robot.alive = False
        return
    held = [each for each in account.positions.values() if each.expert == robot.record.robot]
    dice = robot.dice
    try:
        if held and (len(held) >= HELD_MAX or dice.random() < 0.5):
            _close(floor, robot, dice.choice(held), at)
            return
        style = robot.style
        if robot.record.symbols:
            style = styles.Style(style.name, robot.record.symbols, style.hold, style.gear)
        want = styles.pick(floor, account, style, at, dice, expert=robot.record.robot)
        dealing.trade(floor, account, want, at)
    except RefusedError:
        # No money, no rights or a closed market: a robot shrugs and tries again later.
        return


def _close(floor: Floor, robot: Robot, position: Position, at: int) -> None:
    account = floor.book.accounts[position.login]
    part = None
    if position.volume >= 200 and robot.dice.random() < 0.1:
        part = position.volume // 200 * 100
    dealing.close(floor, account, position, at, volume=part, reason=Reason.EXPERT)
