"""A dataset of samples on the Hub: the page that it begins with, and the commits that add to it."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from beyondbase.extras import require
from beyondbase.store.layout import SET_FILE
from beyondbase.store.sample_set import SampleSet
from beyondbase.store.shards import COMPLETIONS

_CARD = "README.md"
_DATASET = re.compile(r"datasets/([^/@]+/[^/@]+)(?:/(.+))?")
_FIELDS = {
    "problem_id": "the problem",
    "index": "the completion's number among the problem's, from 0",
    "digest": "64 bits of the text's sha256",
    "tokens": "how many tokens were generated, where that is known",
    "finish": "why generation ended: stop, length, error, or unknown",
    "logprob": "sum of the tokens' log-probabilities under the sampling model at temperature 1",
    "seed": "what the completion was drawn with, where that is known",
    "text": "the completion",
    "token_ids": "the generated tokens, where they were kept",
    "token_logprobs": "the log-probability of each, where they were kept",
}


def in_dataset(root: str) -> bool:
    """Whether a path of the Hub's file system lies in a dataset."""
    return _DATASET.fullmatch(root) is not None


def commit_set(
    folder: Path, content: Mapping[str, Path | bytes], files: Any, root: str, card: str | None
) -> None:
    """Add files of a set to a dataset, with a card where the dataset has none.

    Args:
        folder: The set.
        content: What to add, by its name in the set.
        files: The Hub's file system.
        root: Where the set lies in it.
        card: What the card says; by default what the set is.

    Raises:
        InputError: A shard is damaged.
    """
    repo, place = _dataset(root)
    new = content and not files.exists(f"datasets/{repo}/{_CARD}")
    others = _sets(files, f"datasets/{repo}") - {place} if new else ()
    text = (card or make_card(SampleSet.read(folder), repo, place, sorted(others))) if new else None
    commit(content, root, text, f"Add {len(content)} files of a sample set")


def commit(content: Mapping[str, Path | bytes], root: str, card: str | None, message: str) -> None:
    """Add files to a dataset, which is made, private, where it is not there.

    Args:
        content: What to add, by its name below the root.
        root: Where it goes in the Hub's file system.
        card: The text of the dataset's card; None leaves the card alone.
        message: That of the commit.
    """
    if not content:
        return
    # One commit, because the Hub slows down who makes thousands.
    hub, (repo, place) = require("huggingface_hub", "hub"), _dataset(root)
    add = hub.CommitOperationAdd
    operations = [
        add(
            path_in_repo=f"{place}/{name}".lstrip("/"),
            path_or_fileobj=source if isinstance(source, bytes) else str(source),
        )
        for name, source in content.items()
    ]
    if card is not None:
        operations.append(add(path_in_repo=_CARD, path_or_fileobj=card.encode()))
    api = hub.HfApi()
    api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    api.create_commit(repo, operations, repo_type="dataset", commit_message=message)


def make_card(store: SampleSet, repo: str, place: str, others: Iterable[str] = ()) -> str:
    """Describe a set in a dataset, as Markdown with a header for the Hub.

    Args:
        store: The set.
        repo: The dataset, as OWNER/NAME.
        place: The folder of the set in it; "" for all of it.
        others: The folders of other sets in it.

    Raises:
        InputError: A shard is damaged.
    """
    status = store.status()
    url = f"hf://datasets/{repo}/{place}".rstrip("/")
    name = config_name(place)
    model = _model(store.identity)
    per_problem = (
        f"{status.least:,}" if status.least == status.most else f"{status.least:,} to {status.most:,}"
    )
    fields = "\n".join(f"| `{field}` | {_FIELDS[field]} |" for field in COMPLETIONS.schema.names)
    return f"""{_header([place, *others])}
# Sampled completions{f" of {model}" if model else ""}

{status.completions:,} completions to {status.problems:,} problems, {per_problem} of each, sampled with
beyondbase for pass@k. **The texts are the output of a language model**: they are wrong in places, checked by
nobody, and no source of facts. This page names no licence: the terms of the model and of the task hold.

It describes the folder `{place or "."}` as it was first pushed; more may have come since.

## Settings

All completions of a folder were drawn with one setting. Fingerprint `{store.fingerprint}`:

```json
{json.dumps(dict(store.identity), indent=2, sort_keys=True)}
```

## Fields

| field | what it is |
| --- | --- |
{fields}

Graded by: {_listed(" ".join(grader) for grader in store.graders())}. Scored by: {_listed(store.scorers())}.
Grades and scores lie in folders `grades/` and `scores/` beside the completions; each belongs to the
completion of the same `problem_id`, `index` and `digest`.

## Load it

```python
from datasets import load_dataset

rows = load_dataset({json.dumps(repo)}, {json.dumps(name)}, split="train")
```

```python
from pathlib import Path

from beyondbase.store import SampleSet, pull

pull({json.dumps(url)}, Path("samples"))
for batch in SampleSet.read(Path("samples")).completions():
    ...
```
"""


def config_name(place: str) -> str:
    """Name what `datasets` loads a set by."""
    return place.replace("/", "--") or "default"


def _header(places: Iterable[str]) -> str:
    lines = ["---", "pretty_name: Sampled completions", "configs:"]
    for place in places:
        glob = f"{place}/completions/*.parquet".lstrip("/")
        # A text of JSON is one of YAML, but for characters that JSON writes as two.
        name, files = (json.dumps(text, ensure_ascii=False) for text in (config_name(place), glob))
        lines += [f"  - config_name: {name}", f"    data_files: {files}"]
    return "\n".join([*lines, "---", ""])


def _model(identity: Mapping[str, Any]) -> str:
    found = identity.get("model")
    if isinstance(found, Mapping):
        found = found.get("id")
    return f"`{found}`" if isinstance(found, str) and "`" not in found and found.isprintable() else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nobody"


def _dataset(root: str) -> tuple[str, str]:
    match = _DATASET.fullmatch(root)
    return (match[1], match[2] or "") if match else (root, "")


def _sets(files: Any, repo: str) -> set[str]:
    names = files.find(repo) if files.exists(repo) else []
    found = (name.removeprefix(repo).strip("/").rpartition("/") for name in names)
    return {place for place, _, name in found if name == SET_FILE}
