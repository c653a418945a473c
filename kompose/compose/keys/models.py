"""``models``: language models that a service uses."""

from __future__ import annotations

from kompose.compose.form import either, mapping_of, or_null, record
from kompose.compose.key import Key, unread
from kompose.compose.keys.networks import long_names
from kompose.compose.merging import merge_by_name
from kompose.compose.values import ENTRY_NAMES, TEXT, TEXTS

_USE = or_null(record({"endpoint_var": TEXT, "model_var": TEXT}), is_choice=True)
MODELS = Key(
    "models",
    either(
        TEXTS.shape, mapping_of(or_null(_USE, is_choice=True), ENTRY_NAMES, is_open=True)
    )._replace(merge=merge_by_name),
    read=unread,
    long=long_names,
    instead="",
)
