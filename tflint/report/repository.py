"""Paths as code hosts know them: from the root of the repository."""

from __future__ import annotations

import os
import posixpath
from urllib.parse import quote

# Where CI systems have checked the repository out, which need not be the working directory.
GITHUB = "GITHUB_WORKSPACE"
GITLAB = "CI_PROJECT_DIR"


def repository_path(path: str, variable: str) -> str:
    """The path from the folder that an environment variable names, as `docs/a.md`.

    As it is, but normalised, where there is no such folder, or where the path leads out of it.
    """
    root = os.environ.get(variable, "")
    if root and os.path.isabs(root):
        try:
            # The path itself is not resolved: a link in the repository is what is in there.
            inside = os.path.relpath(os.path.abspath(path), os.path.realpath(root))
        except ValueError:  # another drive
            return posixpath.normpath(path)
        if inside.split(os.sep)[0] != os.pardir:
            return inside.replace(os.sep, "/")
    return posixpath.normpath(path)


def uri(path: str) -> tuple[str, bool]:
    """The URI of a path, and whether it is relative (RFC 3986, RFC 8089).

    A path that leads out of the folder that it is relative to becomes absolute, as SARIF
    wants no `..` there.
    """
    path = posixpath.normpath(path)
    if path == ".." or path.startswith("../"):
        path = posixpath.normpath(posixpath.join(os.getcwd().replace(os.sep, "/"), path))
    if path[1:3] == ":/" and os.name == "nt":
        return f"file:///{path[:2]}{_encoded(path[2:])}", False
    if path.startswith("//") and os.name == "nt":
        return f"file:{_encoded(path)}", False  # `//server/share` has its host already.
    if path.startswith("/"):
        return f"file:///{_encoded(path.lstrip('/'))}", False
    return _encoded(path), True


def _encoded(path: str) -> str:
    """Percent-encoded; bytes that were not UTF-8 become what they were."""
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = path.encode("utf-8", "surrogatepass")
    return quote(data)
