"""The fake GitHub, as people use it, and as it is: its state is asked of itself."""

import http.client
import json
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "token-of-the-bot"


@dataclass(frozen=True)
class Issue:
    """An issue as it stands."""

    number: int
    title: str
    body: str
    state: str
    state_reason: str | None
    labels: list[str]
    comments: list[dict[str, Any]]
    gone: str | None

    @property
    def open(self) -> bool:
        return self.state == "open" and not self.gone

    def says(self) -> str:
        """Its text and its comments, as a person reads them."""
        return "\n\n".join([self.body, *(comment["body"] for comment in self.comments)])


class GitHub:
    """The server."""

    def __init__(self, url: str, authority: Path) -> None:
        self.url, self.authority = url, authority.read_text()
        self.tls = ssl.create_default_context(cadata=self.authority)
        self.lock = threading.Lock()

    def do(self, action: str, **body: object) -> Any:
        """Something happens on GitHub, or is asked of it."""
        host = self.url.removeprefix("https://")
        connection = http.client.HTTPSConnection(host, context=self.tls, timeout=20)
        try:
            connection.request("POST", f"/_admin/{action}", json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{action} {body}: {answer.status} {text}")
        return json.loads(text)


    def fault(self, path: str, times: int = 1000, **more: object) -> None:
        """The next requests below a path go wrong: no answer, or the one that is said."""
        self.recover()
        self.do("faults", path=path, times=times, **more)

    def recover(self) -> None:
        """Nothing goes wrong any more."""
        self.do("clear-faults")


class Repository:
    """A repository of issues, where alice may approve and mallory may not."""

    def __init__(self, github: GitHub, name: str) -> None:
        self.github, self.name = github, name
        github.do("add-repository", repository=name)
        self.bot: int = github.do("add-user", repository=name, login="deploy-bot", role="write", token=TOKEN)["id"]
        github.do("add-user", repository=name, login="alice", role="triage")
        github.do("add-user", repository=name, login="mallory", role="read")

    def do(self, action: str, number: int, by: str = "alice", **more: object) -> Any:
        """A person does something to an issue, some seconds after what happened before."""
        # GitHub tells times by the second, and people are slower than that.
        self.github.do("advance", millis=2000)
        return self.github.do(action, repository=self.name, number=number, actor=by, **more)

    def close(self, number: int, by: str = "alice", reason: str = "completed") -> None:
        """A person closes an issue."""
        self.do("close", number, by, reason=reason)

    def issues(self, title: str = "") -> list[Issue]:
        """The issues whose title contains a text, oldest first."""
        state = self.github.do("state")["repositories"][self.name]
        found = [Issue(**{name: issue[name] for name in Issue.__dataclass_fields__}) for issue in state]
        for issue in found:
            # The label by which the resource asks for its issues is nothing that a person reads.
            issue.labels[:] = [label for label in issue.labels if not label.startswith("gate:")]
        return sorted((issue for issue in found if title in issue.title), key=lambda issue: issue.number)

    def labels(self, number: int) -> list[str]:
        """All labels of an issue."""
        state = self.github.do("state")["repositories"][self.name]
        return next(issue["labels"] for issue in state if issue["number"] == number)

    def issue(self, number: int) -> Issue:
        """One of them."""
        return next(issue for issue in self.issues() if issue.number == number)

    def open(self, title: str = "") -> list[Issue]:
        """Those that are open."""
        return [issue for issue in self.issues(title) if issue.open]
