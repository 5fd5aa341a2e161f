"""Loops in the machine code of a kernel; instructions have 16 bytes since capability 7.0."""

import struct
from dataclasses import dataclass
from pathlib import Path

BRANCH, BARRIER, SHUFFLE, SPECIAL = 0x947, 0xB1D, 0xF89, 0x308
INVERSE_ROOT = 5  # of the special functions


@dataclass
class Instruction:
    opcode: int
    function: int  # which of the special functions
    target: int | None  # of a branch, counted in instructions from the start


def decoded(index: int, low: int, high: int) -> Instruction:
    opcode = low & 0xFFF
    words = ((low >> 34) | (high << 30)) & ((1 << 48) - 1)  # of 4 bytes, from the next instruction
    words -= (words >> 47) << 48
    target = index + 1 + words // 4 if opcode == BRANCH else None
    return Instruction(opcode, (high >> 10) & 0xF, target)


def code_of(cubin: Path) -> list[Instruction]:
    """The one kernel of the file."""
    data = cubin.read_bytes()
    (table,) = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<3H", data, 0x3A)
    sections = [struct.unpack_from("<II4Q", data, table + i * size) for i in range(count)]
    first = sections[names][4]  # of the names
    (text,) = (
        data[offset : offset + length]
        for name, _, _, _, offset, length in sections
        if data[first + name :].startswith(b".text.")
    )
    return [decoded(i, *words) for i, words in enumerate(struct.iter_unpack("<QQ", text))]


def loops_of(code: list[Instruction]) -> list[range]:
    return [
        range(at.target, i + 1)
        for i, at in enumerate(code)
        if at.target is not None and at.target <= i
    ]


def time_loops(code: list[Instruction]) -> list[range]:
    """Loops with shuffles and without barriers: those over time, where there is no product."""
    found = []
    for loop in loops_of(code):
        opcodes = {code[i].opcode for i in loop}
        if SHUFFLE in opcodes and BARRIER not in opcodes:
            found.append(loop)
    return found


def length_without_noise(code: list[Instruction], loop: range) -> int:
    """Instructions of one turn; a branch goes around the normals, the only inverse roots."""

    def around(i: int) -> int:
        target = code[i].target
        if target is None or not i < target < loop.stop:
            return 0
        skipped = range(i + 1, target)
        roots = (code[k].opcode == SPECIAL and code[k].function == INVERSE_ROOT for k in skipped)
        return len(skipped) if any(roots) else 0

    return len(loop) - max(around(i) for i in loop)
