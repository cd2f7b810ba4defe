"""The CloudFormation template, read into values for the emulators: `read(path, parameters, …) -> Template`."""

from orchestrator.project.template.document import Template, read
from orchestrator.project.template.functions import Function

__all__ = ["Function", "Template", "read"]
