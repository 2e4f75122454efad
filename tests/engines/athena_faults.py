"""What goes wrong on request: errors, lost answers and slow queries of the Athena endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

DENIED = "User: arn:aws:iam::123456789012:user/analyst is not authorized to perform: {action} on resource: {resource}"
EXPIRED = "The security token included in the request is expired"


@dataclass(frozen=True)
class Refusal:
    """An error that is answered in place of the answer; no code: the connection is cut without a word."""

    code: str = ""
    message: str = ""
    status: int = 400


@dataclass
class Fault:
    """A fault of an action (`athena:GetQueryResults`, `scheduler:*`, `*`): after `skip` good answers, `times` times (None: always).

    `act`: what is answered, or what is called before the good answer.
    """

    action: str
    act: Refusal | Callable[[], object]
    times: int | None = None
    skip: int = 0

    def fits(self, action: str) -> bool:
        """Tell whether the fault is of an action."""
        return self.action in ("*", action, action.partition(":")[0] + ":*")


@dataclass(frozen=True)
class Course:
    """How a query is told to go: its states and scanned bytes, one for each time it is asked; then its own end.

    `stays`: the last of them for ever. `reason`: it fails in the end with that reason.
    """

    steps: Sequence[tuple[str, int]]
    stays: bool = False
    reason: str = ""


@dataclass
class Faults:
    """The planted faults, in the order in which they are tried."""

    planted: list[Fault] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plant(
        self, action: str, act: Refusal | Callable[[], object], *, times: int | None = None, skip: int = 0
    ) -> None:
        """Plant any fault: an answer, or a function that is called when the request comes (to kill who asks, say)."""
        self.planted.append(Fault(action, act, times, skip))

    def throttle(self, action: str, times: int | None = None) -> None:
        """Answer that the rate is exceeded."""
        self.plant(action, Refusal("ThrottlingException", "Rate exceeded"), times=times)

    def deny(self, action: str, resource: str = "arn:aws:athena:eu-west-1:123456789012:workgroup/primary") -> None:
        """Answer that the caller lacks the right to an action."""
        message = DENIED.format(action=action, resource=resource)
        message += f" because no identity-based policy allows the {action} action"
        self.plant(action, Refusal("AccessDeniedException", message))

    def expire(self, action: str = "*", skip: int = 0) -> None:
        """Answer that the credentials have expired."""
        self.plant(action, Refusal("ExpiredTokenException", EXPIRED), skip=skip)

    def lose(self, action: str, *, times: int | None = None, skip: int = 0) -> None:
        """Cut the connection in place of an answer."""
        self.plant(action, Refusal(), times=times, skip=skip)

    def course(self, *steps: tuple[str, int], stays: bool = False, reason: str = "") -> None:
        """Let the next query go through these states (see `Course`)."""
        self.courses.append(Course(steps, stays, reason))

    def clear(self) -> None:
        """Let everything go well again."""
        with self.lock:
            self.planted.clear()
            self.courses.clear()

    def next_course(self) -> Course | None:
        """Return the course of the query that starts now."""
        with self.lock:
            return self.courses.pop(0) if self.courses else None

    def meet(self, action: str) -> Refusal | None:
        """Return what an action is refused with, None where it goes well; a function is called first."""
        with self.lock:
            act = self._act(action)
        if act is None or isinstance(act, Refusal):
            return act
        act()
        return None

    def _act(self, action: str) -> Refusal | Callable[[], object] | None:
        for fault in self.planted:
            if not fault.fits(action) or fault.times == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault.act
        return None
