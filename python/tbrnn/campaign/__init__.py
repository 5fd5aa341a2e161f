"""Campaigns: folders of many trainings that survive anything and say what happened to each."""

from tbrnn.campaign.folder import ChangedConfiguration, FolderInUse, hold
from tbrnn.campaign.lines import Lines

__all__ = ["ChangedConfiguration", "FolderInUse", "Lines", "hold"]
