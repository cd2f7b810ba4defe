"""Becomes a supervised child: `python -I -S exec_child.py FILE`, where FILE says what to run.

FILE (see run_file.py) is readable by its owner only, so that no secret shows in an argument list. It runs
before every child, so it imports little: not even typing or json.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pwd
    from typing import NoReturn

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main(path: str) -> NoReturn:
    started = time.time()
    parent = os.getppid()
    pairs = read(path)
    argv = [value for key, value in pairs if key == "arg"]
    env = dict(value.split("=", 1) for key, value in pairs if key == "env")
    one = dict(pairs)
    if "pid_file" in one:
        _write_pid(one["pid_file"], started, one["signal"])
    if one["unprivileged"] == "yes" and os.geteuid() == 0:
        argv = _drop_root(argv, [value for key, value in pairs if key == "owned"], one["signal"])
    _die_with(parent, int(one["signal_number"]))
    try:
        os.chdir(one["cwd"])
        os.execve(argv[0], argv, env)  # noqa: S606
    except OSError as error:
        sys.exit(f"{error.filename or argv[0]}: {error.strerror}")


def read(path: str) -> list[tuple[str, str]]:
    """The keys and values of a run file, in order; a key may come more than once."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        words = file.read().split("\0")
    return list(zip(words[::2], words[1::2], strict=False))


def _write_pid(path: str, started: float, stop_signal: str) -> None:
    """Leaves "PID SECONDS SIGNAL": who this is (exec keeps the pid), since when (a pid may be reused), how it ends."""
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"{os.getpid()} {started} {stop_signal}\n")


def _die_with(parent: int, death_signal: int) -> None:
    """The kernel sends `death_signal` when the parent dies. Linux only, and lost whenever the user id changes."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The supervisor died.")


def _drop_root(argv: list[str], owned: list[str], death_signal: str) -> list[str]:
    """Leaves uid 0: into a user namespace where our uid has another number, else through setpriv. The argv to run."""
    stranger = _unprivileged_user()
    if _may_enter_user_namespace():
        _own(owned, os.geteuid(), os.getegid())
        _enter_user_namespace(stranger)
        return argv
    setpriv = next((path for path in ("/usr/bin/setpriv", "/bin/setpriv") if os.access(path, os.X_OK)), None)
    if setpriv is None:
        sys.exit(
            f"{argv[0]} refuses to run as root, and neither a user namespace nor setpriv is at hand. "
            "Run as an ordinary user, or install util-linux."
        )
    _own(owned, stranger.pw_uid, stranger.pw_gid)
    identity = [f"--reuid={stranger.pw_uid}", f"--regid={stranger.pw_gid}", "--clear-groups"]
    # It has to reach its files below folders that only root may enter.
    capabilities = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, *capabilities, f"--pdeathsig={death_signal}", "--", *argv]


def _unprivileged_user() -> pwd.struct_passwd:
    """A user that has a name (PostgreSQL asks for it), and is not root."""
    import pwd

    users = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    if not users:
        sys.exit("Every user of this machine is root. Add an ordinary one to /etc/passwd.")
    return users.get("nobody") or next(iter(users.values()))


def _may_enter_user_namespace() -> bool:
    """False where the system refuses (Docker's seccomp, macOS). Tried in a process of its own: there is no way back."""
    if sys.platform != "linux":
        return False
    probe = os.fork()
    if probe == 0:
        os._exit(0 if _unshare() else 1)
    return os.waitpid(probe, 0)[1] == 0


def _unshare() -> bool:
    import ctypes

    return bool(ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0)


def _enter_user_namespace(user: pwd.struct_passwd) -> None:
    """Our uid and gid go by `user`'s numbers from now on."""
    uid, gid = os.geteuid(), os.getegid()
    if not _unshare():
        sys.exit("The system refused a user namespace.")
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", f"{user.pw_gid} {gid} 1"),
        ("uid_map", f"{user.pw_uid} {uid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)


def _own(paths: list[str], uid: int, gid: int) -> None:
    """Gives the trees to this user, unless they are its own."""
    for path in paths:
        if not os.path.exists(path) or os.stat(path).st_uid == uid:  # noqa: PTH110, PTH116
            continue
        os.chown(path, uid, gid)
        for folder, folders, files in os.walk(path):
            for name in folders + files:
                os.chown(f"{folder}/{name}", uid, gid, follow_symlinks=False)


if __name__ == "__main__":
    main(sys.argv[1])
