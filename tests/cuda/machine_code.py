"""Loops in the machine code of a kernel; instructions have 16 bytes since capability 7.0."""

import struct
from dataclasses import dataclass
from pathlib import Path

BRANCH, BARRIER, SHUFFLE = 0x947, 0xB1D, 0xF89


@dataclass
class Instruction:
    opcode: int
    target: int | None  # of a branch, counted in instructions from the start
    always: bool  # without a predicate


def decoded(index: int, low: int, high: int) -> Instruction:
    opcode = low & 0xFFF
    words = ((low >> 34) | (high << 30)) & ((1 << 48) - 1)  # of 4 bytes, from the next instruction
    words -= (words >> 47) << 48
    target = index + 1 + words // 4 if opcode == BRANCH else None
    return Instruction(opcode, target, (low >> 12) & 0xF == 7)


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


def shortest_turn(code: list[Instruction], start: int) -> list[int]:
    """The instructions of one turn of the loop that starts there, around all that is skipped."""
    before = {start: start}
    reached = [start]
    for i in reached:
        target = code[i].target
        if target == start:
            turn = [i]
            while turn[-1] != start:
                turn.append(before[turn[-1]])
            return turn[::-1]
        ways = [] if target is not None and code[i].always else [i + 1]
        for way in [*ways, target]:
            if way is not None and way < len(code) and way not in before:
                before[way] = i
                reached.append(way)
    raise ValueError(f"no loop starts at instruction {start}")


def time_loops(code: list[Instruction]) -> list[list[int]]:
    """Without noise one turn of the loops with shuffles and without barriers: those over time."""
    found = []
    for start in sorted({loop.start for loop in loops_of(code)}):
        turn = shortest_turn(code, start)
        opcodes = {code[i].opcode for i in turn}
        if SHUFFLE in opcodes and BARRIER not in opcodes:
            found.append(turn)
    return found


def length_of_step(code: list[Instruction], turn: list[int], shuffles: int) -> float:
    """Instructions of a time step that has so many shuffles; a turn may be several steps."""
    steps = sum(code[i].opcode == SHUFFLE for i in turn) / shuffles
    return len(turn) / steps
