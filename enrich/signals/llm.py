"""A language model behind any OpenAI-compatible endpoint: off until an operator names one.

What creators write is data: it is sent as a JSON string apart from the instructions, and whatever it says, an answer
that is not of the asked schema (ids of closed lists, numbers in bounds) is thrown away after one try to have it
corrected. The answers are kept by the hash of the question, what they cost is counted against a daily limit before it
is spent, and a model that does not answer changes nothing but that its opinion is missing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from creators.errors import SetupError
from creators.ids import content_hash
from creators.stores.opinions import Opinions
from creators.stores.scripts import Shared
from creators.stores.spending import Spending
from creators.stores.tallies import Count, Tallies

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion

    from creators.stores.session import Stores

log = structlog.get_logger(__name__)

A = TypeVar("A", bound=BaseModel)
MAX_FAILURES = 3
"""Failures in a row after which the rest of a batch is not asked: a job has a time limit of its own."""
_CHARACTERS_A_TOKEN = 2
"""Fewer than any language has, so that more is reserved than is spent."""
_CONTEXT_TOKENS = 500


@dataclass(frozen=True)
class Question(Generic[A]):
    """What is asked.

    Attributes:
        name: and version; with the model and the content it makes the hash under which the answer is kept.
        instructions: ours.
        content: a text of somebody else, or parts as the API has them (images, audio).
        answer: the schema; closed lists and bounded numbers, a text only where it is then taken for a stranger's.
        max_tokens: of the answer.
    """

    name: str
    instructions: str
    content: str | Sequence[dict[str, Any]]
    answer: type[A]
    max_tokens: int = 400


class LanguageModel:
    """Asks one model; safe to use from several threads."""

    def __init__(self, stores: Stores) -> None:
        self._settings = stores.settings
        shared = Shared(stores.queue.redis, stores.settings.index_prefix)
        self._opinions = Opinions(stores.lake)
        self._tallies = Tallies(shared)
        self.spending = Spending(shared, "llm", stores.settings.llm_daily_usd)
        self._failures = 0
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Of the model, as the endpoint has it."""
        return str(self._settings.llm_model)

    @cached_property
    def _client(self) -> OpenAI:
        try:
            from openai import OpenAI
        except ImportError as error:
            detail = "llm_base_url is set, and the package openai is missing: install creatorscope[llm]"
            raise SetupError(detail) from error
        key = self._settings.llm_key.get_secret_value() if self._settings.llm_key else "none"
        return OpenAI(
            base_url=self._settings.llm_base_url, api_key=key, timeout=self._settings.llm_timeout_s, max_retries=0
        )

    def begin(self) -> None:
        """Start a batch: failures of the last one are forgotten."""
        with self._lock:
            self._failures = 0

    def ask(self, question: Question[A]) -> A | None:
        """Return the answer; None where the model does not give one of the schema, or the day's money is spent.

        Raises:
            SetupError: the package ``openai`` is missing.
            QueueUnavailable: Redis does not answer.
            LakeUnavailable: the lake does not.
        """
        digest = self._digest(question)
        if (kept := self._opinions.get(digest)) is not None:
            self._count("kept")
            return question.answer.model_validate(kept)
        if self._failures >= MAX_FAILURES:
            self._count("paused")
            return None
        answer = self._fresh(question)
        if answer is None:
            return None
        return question.answer.model_validate(self._opinions.put(digest, answer.model_dump(mode="json")))

    def _digest(self, question: Question[A]) -> str:
        asked = [question.name, self.name, question.instructions, question.content]
        return content_hash(json.dumps(asked, sort_keys=True, default=list).encode("utf-8", "replace"))

    def _fresh(self, question: Question[A]) -> A | None:
        messages = _messages(question)
        for _ in range(2):
            said = self._said(messages, question)
            if said is None:
                return None
            try:
                answer = question.answer.model_validate_json(said)
            except ValidationError as error:
                messages += _correction(said, error)
            else:
                self._count("answered")
                self.begin()
                return answer
        self._count("malformed")
        return None

    def _said(self, messages: list[dict[str, Any]], question: Question[A]) -> str | None:
        import openai

        reserved = self._price(len(json.dumps(messages)) // _CHARACTERS_A_TOKEN + _CONTEXT_TOKENS, question.max_tokens)
        if not self.spending.reserve(reserved):
            self._count("spent")
            return None
        try:
            completion = self._complete(messages, question)
        except openai.OpenAIError as error:
            # An endpoint that was reached may charge for what never came back: what was reserved stays spent.
            self._failed(error)
            return None
        cost = self._cost(completion)
        self.spending.settle(cost - reserved)
        self._tallies.add([Count("llm_usd", {"model": self.name}, cost)])
        return (completion.choices[0].message.content or "") if completion.choices else ""

    def _complete(self, messages: list[dict[str, Any]], question: Question[A]) -> ChatCompletion:
        schema = {"name": "answer", "schema": question.answer.model_json_schema()}
        form: Any = {"type": "json_schema", "json_schema": schema}
        told: Any = messages
        return self._client.chat.completions.create(
            model=self.name, messages=told, response_format=form, max_tokens=question.max_tokens, temperature=0
        )

    def _cost(self, completion: ChatCompletion) -> float:
        usage = completion.usage
        return self._price(usage.prompt_tokens, usage.completion_tokens) if usage else 0.0

    def _price(self, read: int, written: int) -> float:
        return (read * self._settings.llm_usd_input + written * self._settings.llm_usd_output) / 1e6

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
        log.warning("llm_failed", reason=type(error).__name__)
        self._count("failed")

    def _count(self, result: str) -> None:
        self._tallies.add([Count("llm_calls", {"result": result})])


def model_of(stores: Stores) -> LanguageModel | None:
    """Return the model that the settings name; None where they name none."""
    settings = stores.settings
    return LanguageModel(stores) if settings.llm_base_url and settings.llm_model else None


def _messages(question: Question[A]) -> list[dict[str, Any]]:
    # As a JSON string a text has no way to look like the end of itself.
    told = json.dumps(question.content, ensure_ascii=False) if isinstance(question.content, str) else question.content
    return [{"role": "system", "content": question.instructions}, {"role": "user", "content": told}]


def _correction(said: str, error: ValidationError) -> list[dict[str, Any]]:
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['type']}" for one in error.errors()[:5])
    return [
        {"role": "assistant", "content": said[:2_000]},
        {"role": "user", "content": f"That is not of the schema ({wrong}). Answer again with the JSON object only."},
    ]
