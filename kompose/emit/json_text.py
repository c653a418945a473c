"""Objects to JSON, as Go writes it: two blanks, fields in their own order, HTML escaped."""

import json
import re
from collections.abc import Mapping
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def manifest_json(obj: Mapping[str, Any]) -> str:
    """One object as a JSON document without a final newline; `kind` and `apiVersion` first."""
    head = {name: obj[name] for name in ("kind", "apiVersion") if name in obj}
    rest = {name: value for name, value in obj.items() if name not in head}
    text = json.dumps({**head, **rest}, indent=2, ensure_ascii=False)
    # Bytes that are no UTF-8 came in as surrogates, which no file can hold.
    return _SURROGATE.sub(r"\\ufffd", text.translate(_ESCAPED))
