"""LoRA adapters: fetched, and asked for their rank."""

import json
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.hub import hub_or_cache, not_loaded
from beyondbase.messages import quote

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM makes room for."""


def fetch_adapter(adapter: str) -> Path:
    """Find the folder of an adapter: a local one, or a copy from the Hub.

    Raises:
        InputError: It is in neither place.
    """
    if Path(adapter).is_dir():
        return Path(adapter)
    hub = require("huggingface_hub", "vllm")
    with hub_or_cache(adapter) as silence:
        try:
            return Path(hub.snapshot_download(adapter))
        except Exception as error:  # noqa: BLE001 - the Hub's client raises what its network library raises
            what = f"adapter: {quote(adapter)}"
            raise not_loaded(what, error, silence, use="correct the name") from None


def adapter_rank(folder: Path) -> int:
    """Read the rank of an adapter.

    Raises:
        InputError: The folder holds no adapter, or one that vLLM has no room for.
    """
    file = folder / "adapter_config.json"
    try:
        rank = int(json.loads(file.read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: holds no rank ({error}); give the folder of a LoRA adapter") from None
    if not 1 <= rank <= RANKS[-1]:
        raise InputError(f"{file}: found the rank {rank}; vLLM takes 1 to {RANKS[-1]}")
    return rank
