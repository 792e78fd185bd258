"""Build wheels from a clean folder: setuptools would pack modules that an earlier build left."""

import shutil

from setuptools import setup
from setuptools.command.build import build


class CleanBuild(build):
    """`build`, without what is in its folder."""

    def run(self) -> None:
        """Remove the folder, then build."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": CleanBuild})
