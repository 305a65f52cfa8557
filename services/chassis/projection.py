# SPDX-License-Identifier: Apache-2.0
"""Read models: what they are (`readmodel`) and what keeps them up to date (`projector`), under one name."""

from services.chassis.projector import Projector
from services.chassis.readmodel import DocumentProjection, Snapshot, TableProjection

__all__ = ["DocumentProjection", "Projector", "Snapshot", "TableProjection"]
