"""Why a training does not learn: one step is run and looked at, and mistakes are named from its graph and numbers."""

from .diagnose import diagnose as diagnose
from .finding import Finding as Finding
from .finding import Findings as Findings
