"""The folder that a pod finds its ServiceAccount token in, laid out and replaced as the kubelet does it."""

import itertools
import os
import shutil

from .pki import write_private

_FILES = ("token", "ca.crt", "namespace")


class TokenFolder:
    """`token` is a link to `..data/token`, and `..data` a link to a folder that changes at once and as a whole."""

    def __init__(self, path, ca, namespace, token):
        self.path = path
        self._ca = ca
        self._namespace = namespace
        self._numbers = itertools.count(1)
        path.mkdir()
        self.write(token)
        for name in _FILES:
            (path / name).symlink_to(f"..data/{name}")

    def write(self, token):
        folder = self.path / f"..version_{next(self._numbers)}"
        folder.mkdir()
        write_private(folder / "token", token.encode())
        shutil.copyfile(self._ca, folder / "ca.crt")
        (folder / "namespace").write_text(self._namespace)
        link = self.path / "..data_tmp"
        link.symlink_to(folder.name)
        data = self.path / "..data"
        old = self.path / os.readlink(data) if data.is_symlink() else None
        link.replace(data)
        if old:
            shutil.rmtree(old)
