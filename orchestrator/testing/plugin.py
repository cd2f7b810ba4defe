"""The pytest plugin: its options, its fixtures, and what it adds to the report of a failing test.

pytest loads this in every project of an environment where the package is installed, so that it imports next to nothing
until a test asks for a fixture.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.testing.clock import Clock
    from orchestrator.testing.database import Database
    from orchestrator.testing.faults import Faults
    from orchestrator.testing.hosted_ui import HostedUi
    from orchestrator.testing.invoke import Invoke
    from orchestrator.testing.messages import Messages
    from orchestrator.testing.report import Watch
    from orchestrator.testing.stack import GraphQLAs, Stack
    from orchestrator.testing.triggers import Triggers
    from orchestrator.testing.users import SignIn, SignUp, User, Users

OWN, RUNNING = "own", "running"
WATCH: pytest.StashKey[Watch] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hasura-cognito", "a stack of Hasura and Cognito")
    group.addoption(
        "--stack",
        choices=(OWN, RUNNING),
        default=OWN,
        help="own (default): start one for this session; running: use the project's, which `hasura-cognito up` started",
    )
    group.addoption(
        "--stack-backend",
        choices=("embedded", "docker", "auto"),
        default=None,
        help="what the session's own stack runs PostgreSQL and Hasura on; embedded by default",
    )
    group.addoption("--stack-project", metavar="FOLDER", help="the folder of the project's config.yaml")
    parser.addini("stack_project", "the folder of the project's config.yaml, from pytest's rootdir")


@pytest.fixture(scope="session")
def stack_project(pytestconfig: pytest.Config) -> Path:
    """The project's folder: --stack-project, or stack_project of the configuration, or the nearest one from pytest's
    rootdir upwards that has a config.yaml. Override it for tests of a project that is elsewhere."""
    from orchestrator.project.config import find_root

    chosen: Path
    if given := pytestconfig.getoption("--stack-project"):
        chosen = pytestconfig.invocation_params.dir / given
    elif configured := pytestconfig.getini("stack_project"):
        chosen = pytestconfig.rootpath / configured
    else:
        try:
            return find_root(pytestconfig.rootpath)
        except StackError as error:
            hint = "Say where the project is with --stack-project, or stack_project in pytest's configuration."
            raise pytest.fail.Exception(f"{error.message}\n{hint}", pytrace=False) from None
    if not (chosen / "config.yaml").is_file():
        pytest.fail(f"{chosen} is no project: it has no config.yaml.", pytrace=False)
    return chosen.resolve()


@pytest.fixture(scope="session")
def stack_settings() -> Mapping[str, str]:
    """Settings for the session's own stack, as in `.env`, and before those. Override it to set some."""
    return {}


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, stack_project: Path, stack_settings: Mapping[str, str]) -> Iterator[Stack]:
    """The running stack: its URLs, its pool, boto3's clients for it. One a session, and with xdist one a worker."""
    from orchestrator.testing.background import Background
    from orchestrator.testing.own import own_stack
    from orchestrator.testing.running import running_stack

    backend = pytestconfig.getoption("--stack-backend")
    with ExitStack() as undo:
        background = Background()
        undo.callback(background.close)
        with _told():
            if pytestconfig.getoption("--stack") == RUNNING:
                opened = running_stack(stack_project, os.environ, background, backend=backend)
            else:
                settings = {"STACK_BACKEND": backend or "embedded", **stack_settings}
                opened = own_stack(stack_project, os.environ, background, settings=settings)
            stack = undo.enter_context(opened)
        yield stack


@pytest.fixture
def _users(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Users]:
    """The stack as the session began with it, before this test and after it."""
    from orchestrator.testing.report import Watch
    from orchestrator.testing.users import Users

    users = Users(stack)
    with _told():
        stack.put_back()
    watch = request.node.stash[WATCH] = Watch(stack)
    yield users
    watch.close()
    del request.node.stash[WATCH]
    with _told():
        if stack.own:
            stack.put_back()
        else:
            users.remove()


@pytest.fixture
def database(stack: Stack, _users: Users) -> Iterator[Database]:
    """SQL against the application's database, which is fresh: nothing of another test is in it."""
    from orchestrator.testing.database import Database

    database = Database(stack.urls.postgres, stack.background)
    yield database
    database.close()


@pytest.fixture
def sign_up(_users: Users) -> SignUp:
    """Makes a user: `sign_up()`, `sign_up("ada@example.com", groups=["editor"])`, `sign_up(confirm=False)`."""
    return _users.sign_up


@pytest.fixture
def sign_in(_users: Users) -> SignIn:
    """Signs a user in: `sign_in(user)` or `sign_in("ada@example.com", "password")` gives it with new tokens."""
    return _users.sign_in


@pytest.fixture
def user(sign_up: SignUp, sign_in: SignIn) -> User:
    """A user who has signed up and in: `user.sub`, `user.token`, `user.claims`, `user.graphql("{ … }")`."""
    return sign_in(sign_up())


@pytest.fixture
def graphql(stack: Stack, _users: Users) -> GraphQLAs:
    """A GraphQL client: `graphql(user=user)`, `graphql(role="admin")`, `graphql()` for somebody without a token."""
    return stack.graphql


@pytest.fixture
def hosted_ui(stack: Stack, _users: Users) -> HostedUi:
    """The hosted UI without a browser: `hosted_ui.sign_up()`, `hosted_ui.sign_in(user, grant="code")`."""
    from orchestrator.testing.hosted_ui import HostedUi

    return HostedUi(stack, _users)


@pytest.fixture
def invoke(stack: Stack, _users: Users) -> Invoke:
    """Runs a Lambda function: `invoke(event)`, `invoke(invoke.event("PostConfirmation_ConfirmSignUp", user))`."""
    from orchestrator.testing.invoke import Invoke

    return Invoke(stack)


@pytest.fixture
def messages(stack: Stack, _users: Users) -> Messages:
    """What Cognito "sent": `messages(user)`, `messages.code(user)`."""
    from orchestrator.testing.messages import Messages

    return Messages(stack)


@pytest.fixture
def triggers(stack: Stack, _users: Users) -> Triggers:
    """The invocations of functions since the test began, each with event and answer; it grows while the test runs."""
    if stack.own is None:
        pytest.fail("Only a session's own stack sees the trigger events: leave out --stack=running.", pytrace=False)
    return stack.own.triggers


@pytest.fixture
def clock(stack: Stack, _users: Users) -> Iterator[Clock]:
    """Cognito's clock: `clock.expired(user)`, `clock.not_yet_valid(user)`, `with clock.moved(days=31): …`."""
    from orchestrator.testing.clock import Clock

    clock = Clock(stack, _users)
    yield clock
    clock.reset()


@pytest.fixture
def faults(stack: Stack, _users: Users) -> Iterator[Faults]:
    """Lets parts of the stack fail until the test ends: `faults.hasura_down()`, `faults.fail("user_sync", times=1)`."""
    from orchestrator.testing.faults import Faults

    faults = Faults(stack)
    yield faults
    with _told():
        faults.undo()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    watch = item.stash.get(WATCH, None)
    if report.failed and watch:
        report.sections.extend(watch.sections())
    return report


@contextmanager
def _told() -> Iterator[None]:
    """What the stack has to say, without a traceback of its inside."""
    try:
        yield
    except StackError as error:
        raise pytest.fail.Exception(f"{error.message}\n{error.hint or ''}".strip(), pytrace=False) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """One line where something other than the default was asked for."""
    asked: Mapping[str, Any] = {name: config.getoption(name) for name in ("--stack-backend", "--stack-project")}
    chosen = [f"{name}={value}" for name, value in asked.items() if value]
    if config.getoption("--stack") == RUNNING:
        chosen.insert(0, "--stack=running")
    return [f"hasura-cognito: {' '.join(chosen)}"] if chosen else []
