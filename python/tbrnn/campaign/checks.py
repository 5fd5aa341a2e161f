"""What `tbrnn.fit` would refuse, found before a folder is begun."""

from __future__ import annotations

from collections.abc import Sequence

from tbrnn._device import plugin_for
from tbrnn._options import member_options as checked_options
from tbrnn._packing import check_loss, check_trials
from tbrnn._starting import networks
from tbrnn.campaign.members import Member
from tbrnn.campaign.options import call_options, member_options


def check_members(members: Sequence[Member]) -> None:
    """The device, and trials and options of one member of each kind.

    A folder that a refused call had begun would refuse every other configuration.

    Raises
    ------
    ValueError, TypeError, BackendUnavailable
        As in `tbrnn.fit`.
    """
    kinds = {(repr(one.model), repr(one.training), id(one.source)): one for one in members}
    for member in kinds.values():
        _check(member)


def _check(member: Member) -> None:
    call = call_options(member.training)
    nets = networks([member.model], [member.entropy], [member.seed], call["dtype"])
    for argument, trials in (
        ("trials", member.source.training),
        ("validation", member.source.validation),
        ("test", member.source.test),
    ):
        if trials is not None:
            check_trials(nets, trials, "outputs", argument)
            check_loss(call["loss"], "outputs", trials, argument)
    checked_options(
        nets,
        optimizer=call["optimizer"],
        record_every=call["record_every"],
        train=None,
        **member_options([member]),
    )
    plugin_for(None, nets, "outputs", call["loss"])
