"""Tensors without values that know where each element comes from: patches of other tensors, cut and put together.

What a loader does to the tensors of a checkpoint, and what a class does to its own, can be done to them instead.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["NotFollowedError", "Patch", "Patchwork", "concatenate", "stack"]

_MOST_PATCHES = 1 << 15


class NotFollowedError(Exception):
    """What was done to a tensor cannot be told in patches."""


@dataclasses.dataclass(frozen=True, slots=True)
class Patch:
    """A box of a tensor, all of whose elements come from one source.

    Args:
        source: number of the tensor that they come from.
        offset: its element that the box begins with, in row-major order.
        start: where the box stands, by axis.
        shape: sizes of the box, by axis.
        strides: elements of the source from one to the next, by axis.
    """

    source: int
    offset: int
    start: tuple[int, ...]
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Patchwork:
    """A tensor that patches make up, each element in exactly one.

    Args:
        shape: sizes, outermost first.
        patches: in the order in which they were put together.
    """

    shape: tuple[int, ...]
    patches: tuple[Patch, ...]

    @classmethod
    def whole(cls, shape: Sequence[int], source: int = 0) -> Patchwork:
        """A source as it is stored."""
        sizes = tuple(shape)
        strides = tuple(math.prod(sizes[axis + 1 :]) for axis in range(len(sizes)))
        return cls(sizes, (Patch(source, 0, (0,) * len(sizes), sizes, strides),))

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def part(self, axis: int, start: int, stop: int, step: int = 1) -> Patchwork:
        """The elements from `start` to before `stop` along an axis, every `step`-th.

        Raises:
            NotFollowedError: the axis does not reach as far.
        """
        if not 0 <= start <= stop <= self.shape[axis] or step < 1:
            raise NotFollowedError(f"no elements {start} to {stop} along an axis of {self.shape[axis]}")
        size = len(range(start, stop, step))
        found = (_cut(patch, axis, start, size, step) for patch in self.patches)
        return Patchwork(_put(self.shape, axis, size), tuple(patch for patch in found if patch is not None))

    def pick(self, axis: int, number: int) -> Patchwork:
        """The tensor at one place along an axis, which it no longer has."""
        return self.part(axis, number, number + 1).squeeze(axis)

    def unbind(self) -> tuple[Patchwork, ...]:
        """The tensors along the first axis, which they no longer have.

        Raises:
            NotFollowedError: they are too many.
        """
        if self.shape[0] > _MOST_PATCHES:
            raise NotFollowedError(f"{self.shape[0]} tensors are too many")
        found: list[list[Patch]] = [[] for _ in range(self.shape[0])]
        for patch in self.patches:
            behind = patch.start[1:], patch.shape[1:], patch.strides[1:]
            for number in range(patch.shape[0]):
                moved = Patch(patch.source, patch.offset + number * patch.strides[0], *behind)
                found[patch.start[0] + number].append(moved)
        return tuple(Patchwork(self.shape[1:], tuple(patches)) for patches in found)

    def squeeze(self, axis: int) -> Patchwork:
        """Without an axis of size 1."""
        return self.permute([other for other in range(len(self.shape)) if other != axis])

    def unsqueeze(self, axis: int) -> Patchwork:
        """With a new axis of size 1."""
        grown = (
            Patch(p.source, p.offset, _new(p.start, axis, 0), _new(p.shape, axis, 1), _new(p.strides, axis, 0))
            for p in self.patches
        )
        return Patchwork(_new(self.shape, axis, 1), tuple(grown))

    def permute(self, order: Sequence[int]) -> Patchwork:
        """The axes in another order."""
        turned = (
            Patch(p.source, p.offset, _order(p.start, order), _order(p.shape, order), _order(p.strides, order))
            for p in self.patches
        )
        return Patchwork(_order(self.shape, order), tuple(turned))

    def transpose(self, first: int = 0, second: int = 1) -> Patchwork:
        """Two axes for each other."""
        order = list(range(len(self.shape)))
        order[first], order[second] = order[second], order[first]
        return self.permute(order)

    def reshape(self, *sizes: int) -> Patchwork:
        """The same elements in row-major order in another shape; one size may be -1.

        Raises:
            NotFollowedError: the shapes do not hold equally many elements, or too many patches would be needed.
        """
        shape = _with_rest(sizes, self.count)
        if math.prod(shape) != self.count:
            raise NotFollowedError(f"{self.shape} cannot become {shape}")
        if self.count == 0:
            return Patchwork(shape, ())
        found, axis = self, 0
        for olds, news in _groups(self.shape, shape):
            found = _regrouped(found, axis, olds, news)
            axis += len(news)
        return found


def concatenate(tensors: Sequence[Patchwork], axis: int = 0) -> Patchwork:
    """One tensor of several, one behind the other along an axis.

    Raises:
        NotFollowedError: they are none, or their other sizes differ.
    """
    if not tensors or len({_put(tensor.shape, axis, 0) for tensor in tensors}) > 1:
        raise NotFollowedError("tensors of unequal sizes cannot be put together")
    patches: list[Patch] = []
    done = 0
    for tensor in tensors:
        patches += (dataclasses.replace(p, start=_put(p.start, axis, p.start[axis] + done)) for p in tensor.patches)
        done += tensor.shape[axis]
    return Patchwork(_put(tensors[0].shape, axis, done), tuple(patches))


def stack(tensors: Sequence[Patchwork], axis: int = 0) -> Patchwork:
    """One tensor of several equal in shape, along a new axis.

    Raises:
        NotFollowedError: they are none, or their shapes differ.
    """
    return concatenate([tensor.unsqueeze(axis) for tensor in tensors], axis)


def _put(values: tuple[int, ...], axis: int, value: int) -> tuple[int, ...]:
    return (*values[:axis], value, *values[axis + 1 :])


def _new(values: tuple[int, ...], axis: int, value: int) -> tuple[int, ...]:
    return (*values[:axis], value, *values[axis:])


def _order(values: tuple[int, ...], order: Sequence[int]) -> tuple[int, ...]:
    return tuple(values[axis] for axis in order)


def _cut(patch: Patch, axis: int, start: int, size: int, step: int) -> Patch | None:
    """What is left of a patch of the elements start, start + step, …, of which there are `size`."""
    first, behind = patch.start[axis], patch.start[axis] + patch.shape[axis]
    low = max(0, -(-(first - start) // step))
    high = min(size, -(-(behind - start) // step))
    if low >= high:
        return None
    stride = patch.strides[axis]
    return Patch(
        patch.source,
        patch.offset + (start + low * step - first) * stride,
        _put(patch.start, axis, low),
        _put(patch.shape, axis, high - low),
        _put(patch.strides, axis, stride * step),
    )


def _with_rest(sizes: Sequence[int], count: int) -> tuple[int, ...]:
    known = math.prod(size for size in sizes if size != -1)
    return tuple((count // known if known else 0) if size == -1 else size for size in sizes)


def _groups(old: Sequence[int], new: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shortest runs of axes of two shapes that hold equally many elements; a last one may have axes of size 1."""
    i = j = 0
    while i < len(old) and j < len(new):
        a, b = i + 1, j + 1
        while math.prod(old[i:a]) != math.prod(new[j:b]):
            if math.prod(old[i:a]) < math.prod(new[j:b]):
                a += 1
            else:
                b += 1
        yield tuple(old[i:a]), tuple(new[j:b])
        i, j = a, b
    if i < len(old) or j < len(new):
        yield tuple(old[i:]), tuple(new[j:])


def _regrouped(tensor: Patchwork, axis: int, olds: Sequence[int], news: Sequence[int]) -> Patchwork:
    if not olds:
        tensor = tensor.unsqueeze(axis)
    for _ in olds[1:]:
        tensor = _checked(tensor, axis, _merged)
    for size in reversed(news[1:]):
        tensor = _checked(tensor, axis, _split, size)
    return tensor if news else tensor.squeeze(axis)


def _checked(tensor: Patchwork, axis: int, change: Any, *sizes: int) -> Patchwork:
    patches: list[Patch] = []
    for patch in tensor.patches:
        patches += itertools.islice(change(tensor, patch, axis, *sizes), _MOST_PATCHES + 1)
        if len(patches) > _MOST_PATCHES:
            raise NotFollowedError("its elements come from too many places")
    n = tensor.shape[axis]
    shape = (n // sizes[0], sizes[0]) if sizes else (n * tensor.shape[axis + 1],)
    behind = tensor.shape[axis + (1 if sizes else 2) :]
    return Patchwork((*tensor.shape[:axis], *shape, *behind), tuple(patches))


def _merged(tensor: Patchwork, patch: Patch, axis: int) -> Iterator[Patch]:
    """The patch with an axis and the one behind it as one; row by row where their elements are not evenly far apart."""
    width = tensor.shape[axis + 1]
    (first, second), (rows, columns) = patch.start[axis : axis + 2], patch.shape[axis : axis + 2]
    far, near = patch.strides[axis : axis + 2]
    if rows == 1 or columns == width == 1 or (columns == width and far == near * width):
        step = far if width == 1 and rows > 1 else near
        yield _instead(patch, axis, 2, patch.offset, ((first * width + second, rows * columns, step),))
        return
    for row in range(rows):
        place = ((first + row) * width + second, columns, near)
        yield _instead(patch, axis, 2, patch.offset + row * far, (place,))


def _split(_: Patchwork, patch: Patch, axis: int, width: int) -> Iterator[Patch]:
    """The patch with an axis as two, of which the second has `width`; cut where it begins or ends inside of one."""
    start, stop, stride = patch.start[axis], patch.start[axis] + patch.shape[axis], patch.strides[axis]
    head = min(stop, -(-start // width) * width)
    tail = max(head, stop // width * width)
    for low, high in ((start, head), (head, tail), (tail, stop)):
        if low < high:
            columns = min(width, high - low)
            places = ((low // width, (high - low) // columns, stride * width), (low % width, columns, stride))
            yield _instead(patch, axis, 1, patch.offset + (low - start) * stride, places)


def _instead(patch: Patch, axis: int, taken: int, offset: int, places: Sequence[tuple[int, int, int]]) -> Patch:
    """The patch with other axes in place of some: start, size and stride of each."""
    starts, sizes, strides = zip(*places, strict=True)
    return Patch(
        patch.source,
        offset,
        (*patch.start[:axis], *starts, *patch.start[axis + taken :]),
        (*patch.shape[:axis], *sizes, *patch.shape[axis + taken :]),
        (*patch.strides[:axis], *strides, *patch.strides[axis + taken :]),
    )
