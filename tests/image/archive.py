"""An image in an OCI archive, unpacked."""

import gzip
import io
import json
import subprocess
import tarfile


class Image:
    """`root`: the folder into which its layers were unpacked. `config`: as the OCI image specification has it."""

    def __init__(self, archive, folder):
        self.root = folder
        with tarfile.open(archive) as files:

            def blob(digest):
                return files.extractfile("blobs/" + digest.replace(":", "/")).read()

            entry = json.load(files.extractfile("index.json"))["manifests"][0]
            self.digest = entry["digest"]
            manifest = json.loads(blob(self.digest))
            self.config = json.loads(blob(manifest["config"]["digest"]))
            self.unpacked = 0
            for layer in manifest["layers"]:
                data = blob(layer["digest"])
                data = gzip.decompress(data) if layer["mediaType"].endswith("gzip") else data
                self.unpacked += len(data)
                with tarfile.open(fileobj=io.BytesIO(data)) as content:
                    content.extractall(folder, filter="tar")

    def files(self):
        return [path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]

    def elves(self):
        return [path for path in self.files() if path.open("rb").read(4) == b"\x7fELF"]

    def needed(self, elf):
        """The names of the libraries that a program or library asks the loader for."""
        lines = subprocess.run(["readelf", "-d", elf], capture_output=True, text=True, check=True).stdout.splitlines()
        return {line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line}
