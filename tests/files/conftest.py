"""A project's folder, in which tminus is run."""

import pytest

import file_project


@pytest.fixture
def project(folder, container):
    return file_project.Project(folder, container)
