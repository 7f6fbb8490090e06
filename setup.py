"""What pyproject.toml can't say: the models in assets/ are installed inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["otgen", "otgen.*"]), "otgen.assets"],
    package_dir={"otgen.assets": "assets"},
    package_data={
        "otgen.study": ["report.html"],
        "otgen.ui": ["static/**"],
        "otgen.assets": ["**"],
    },
)
