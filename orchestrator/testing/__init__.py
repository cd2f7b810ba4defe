"""A pytest plugin: a stack for a test session, and fixtures that sign up, sign in, ask, and make things fail.

These names are for annotations; what a test works with are the fixtures of the same room (docs/testing.md).
"""

from orchestrator.errors import StackError
from orchestrator.testing.clock import Clock
from orchestrator.testing.database import Database
from orchestrator.testing.faults import Fault, Faults
from orchestrator.testing.graphql import GraphQL, GraphQLError
from orchestrator.testing.hosted_ui import HostedUi
from orchestrator.testing.invoke import FunctionError, Invoke
from orchestrator.testing.messages import Messages
from orchestrator.testing.stack import GraphQLAs, Stack
from orchestrator.testing.triggers import Invocation, Triggers
from orchestrator.testing.users import SignIn, SignUp, User

__all__ = [
    "Clock",
    "Database",
    "Fault",
    "Faults",
    "FunctionError",
    "GraphQL",
    "GraphQLAs",
    "GraphQLError",
    "HostedUi",
    "Invocation",
    "Invoke",
    "Messages",
    "SignIn",
    "SignUp",
    "Stack",
    "StackError",
    "Triggers",
    "User",
]
