"""PyTorch's place for models of others: nothing is fetched here, and each function says what to do instead.

``tqdm``, which programs take from there, is tqdm's own progress bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .autograd.errors import ArgumentError

__all__ = ["download_url_to_file", "help", "list", "load", "load_state_dict_from_url"]


def _refusal(name: str, what: object) -> ArgumentError:
    return ArgumentError(
        f"hub.{name}({what!r}): models are not fetched; build the model, and load a state dict that you converted: "
        "model.load_state_dict(tg.load(path))"
    )


def load(repo_or_dir: str, model: str, *args: object, **settings: object) -> NoReturn:
    """A model of a repository: raises ``ArgumentError``, models are not fetched.

    >>> load("pytorch/vision", "resnet18")
    Traceback (most recent call last):
    tinygrad_bp.autograd.errors.ArgumentError: hub.load('resnet18'): models are not fetched; build the model, and load a state dict that you converted: model.load_state_dict(tg.load(path))
    """  # noqa: E501  (an error's text is one line)
    raise _refusal("load", model)


def load_state_dict_from_url(url: str, model_dir: str | None = None, **settings: object) -> NoReturn:
    """The weights at an address: raises ``ArgumentError``, models are not fetched."""
    raise _refusal("load_state_dict_from_url", url)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> NoReturn:
    """The file at an address: raises ``ArgumentError``, models are not fetched."""
    raise _refusal("download_url_to_file", url)


def list(github: str, **settings: object) -> NoReturn:
    """The models of a repository: raises ``ArgumentError``, models are not fetched."""
    raise _refusal("list", github)


def help(github: str, model: str, **settings: object) -> NoReturn:
    """What a repository says of its model: raises ``ArgumentError``, models are not fetched."""
    raise _refusal("help", model)


if not TYPE_CHECKING:

    def __getattr__(name):
        if name == "tqdm":
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError("hub.tqdm is the progress bar of tqdm: pip install tqdm") from error
            return tqdm
        from .not_here import missing

        raise missing("hub", name)
