"""A tunnel of ngrok's: by an ngrok that is installed (with pyngrok), or by the one inside its Python SDK."""

from __future__ import annotations

import importlib.util
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestrator.errors import StackError
from orchestrator.tunnel import public_url
from orchestrator.tunnel.agent import Agent, find, require_file
from orchestrator.tunnel.agents.spoken import Said, heard
from orchestrator.tunnel.providers import ngrok_failures
from orchestrator.tunnel.providers.provider import Dropped, Here, Moved

OPEN_SECONDS = 25.0
AGENTS = "orchestrator.tunnel.agents"
DOWNLOAD = "https://ngrok.com/download"


@dataclass(frozen=True)
class Options:
    """`path` is where ngrok is, empty to look for it; `policy` a file with a traffic policy."""

    path: str = ""
    domain: str = ""
    region: str = ""
    policy: str = ""


@dataclass(frozen=True)
class SdkOptions:
    domain: str = ""
    policy: str = ""


class _Spoken(ABC):
    """A tunnel whose agent says in lines of JSON how it goes."""

    hint = "See `hasura-cognito logs tunnel`, and NGROK_POLICY if you have set one."

    def __init__(self, domain: str, policy: str) -> None:
        self._domain = domain
        self._policy = policy
        self._agent: Agent | None = None

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """What runs the agent. Raises StackError where something is missing."""

    async def open(self) -> str:
        check_policy(self._policy)
        agent = self._agent = await Agent.start(self.command())
        troubles: list[str] = []

        def sees(line: str) -> Said | None:
            said = heard(line)
            if said and said.what == "trouble":
                troubles.append(said.text)
            return said if said and said.what in ("open", "failed") else None

        try:
            said = await agent.until(sees, seconds=OPEN_SECONDS)
        except (TimeoutError, EOFError) as error:
            words = "\n".join(troubles or agent.last) or f"it said nothing for {OPEN_SECONDS:g} s"
            raise ngrok_failures.failure(words, domain=self._domain) from error
        if said.what == "failed":
            raise ngrok_failures.failure(said.text, domain=self._domain)
        return public_url.checked(said.text)

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        if self._agent is None:
            return Dropped("there is no ngrok")

        def sees(line: str) -> Moved | Dropped | None:
            said = heard(line)
            if said and said.what == "moved":
                return Moved(public_url.checked(said.text))
            return Dropped(said.text) if said and said.what == "dropped" else None

        try:
            return await self._agent.until(sees, seconds=seconds)
        except TimeoutError:
            return None
        except EOFError:
            return Dropped("ngrok ended")

    async def close(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.stop()


class Ngrok(_Spoken):
    def __init__(self, options: Options, here: Here) -> None:
        super().__init__(options.domain, options.policy)
        self._options = options
        self._here = here

    def command(self) -> tuple[str, ...]:
        options = self._options
        return (
            *(sys.executable, "-m", f"{AGENTS}.ngrok_agent"),
            *("--program", str(self._program())),
            *("--folder", str(self._here.folder / "ngrok")),
            *("--target", self._here.target),
            *(("--domain", options.domain) if options.domain else ()),
            *(("--region", options.region) if options.region else ()),
            *(("--policy", options.policy) if options.policy else ()),
        )

    def _program(self) -> Path:
        """The ngrok of this machine. It is never downloaded; one that pyngrok has downloaded before will do."""
        given = Path(self._options.path) if self._options.path else None
        home = Path(self._here.environ.get("HOME", "/"))
        usual = (
            *(Path(folder) / "ngrok" for folder in ("/usr/local/bin", "/opt/homebrew/bin", "/snap/bin")),
            *(home / folder / "ngrok" for folder in ("bin", ".local/bin", ".config/ngrok")),
            home / "Library/Application Support/ngrok/ngrok",
        )
        found = find("ngrok", given, usual, self._here.environ.get("PATH"))
        if found is None and given:
            raise StackError(
                f"NGROK_PATH={given} is no program.", f"Set it to where ngrok is. To install it: {DOWNLOAD}."
            )
        if found is None:
            raise StackError(
                "There is no ngrok on this machine.",
                f"Install it from {DOWNLOAD}, or set NGROK_PATH to where it is; STACK_TUNNEL=ngrok-sdk needs none.",
            )
        return found


class NgrokSdk(_Spoken):
    def __init__(self, options: SdkOptions, here: Here) -> None:
        super().__init__(options.domain, options.policy)
        self._target = here.target

    def command(self) -> tuple[str, ...]:
        if importlib.util.find_spec("ngrok") is None:
            raise StackError(
                "The SDK of ngrok is not installed.", f"Install it: {sys.executable} -m pip install 'ngrok>=1.4,<2'"
            )
        return (
            *(sys.executable, "-m", f"{AGENTS}.ngrok_sdk_agent"),
            *("--target", self._target),
            *(("--domain", self._domain) if self._domain else ()),
            *(("--policy", self._policy) if self._policy else ()),
        )


def check_policy(path: str) -> None:
    """Raises StackError if there is to be a traffic policy and this file holds none."""
    require_file(path, "NGROK_POLICY")
    if not path:
        return
    try:
        policy = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StackError(f"The traffic policy {path} can't be read: {error}.", "It has to be YAML or JSON.") from error
    if not isinstance(policy, dict):
        raise StackError(f"The traffic policy {path} is empty.", "See https://ngrok.com/docs/traffic-policy.")
