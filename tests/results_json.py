"""Results as what stands in results.json, and what could stand there as results, right or wrong."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from beyondbase.judging.family import Judgement
from beyondbase.results.build import results_of
from beyondbase.results.schema.pairs import PairRecord, ValidPair
from beyondbase.results.schema.record import Record
from beyondbase.results.schema.studies import Results

_Model = TypeVar("_Model", bound=Record)


def as_json(record: Record | Sequence[Record]) -> Any:
    """What stands in results.json, fresh at every call."""
    return json.loads(json.dumps(record, default=vars))


def content_of(*judgements: Judgement) -> dict[str, Any]:
    """The content of results.json, fresh at every call."""
    content: dict[str, Any] = as_json(results_of(judgements))
    return content


def recorded(content: Mapping[str, Any]) -> Results:
    """Results of a content as it is: nothing is checked, and what is missing stays so."""
    return record_of(content, Results)


def record_of(content: Mapping[str, Any], model: type[_Model]) -> _Model:
    """A part of results of its content, as `recorded` does it."""
    fields = {
        name: _value(value, model.model_fields[name].annotation)
        for name, value in content.items()
        if name in model.model_fields
    }
    built = ValidPair if model is PairRecord and not content["invalid"] else model
    record = built.model_construct(**fields)
    assert isinstance(record, model)
    return record


def _value(value: Any, kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Record):
        return record_of(value, kind) if isinstance(value, Mapping) else value
    (found, *_) = [*(part for part in get_args(kind) if part is not type(None)), None]
    if isinstance(value, list):
        return [_value(item, found) for item in value]
    return value if found is None or isinstance(value, str) else _value(value, found)
