"""Why a row was not written: messages for the log, which hold no secret."""


class SyncFailed(Exception):
    """The row was not written."""


class NobodyThere(SyncFailed):
    """The row was not written because no Hasura is up to take it: a developer's computer is closed, for example."""


class Unreachable(NobodyThere):
    """The tunnel was tried, and no gateway answered through it."""
