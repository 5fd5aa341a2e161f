"""lr of epoch e: lr0 (1 + (lr1/lr0 - 1) min(e, S)/S), linear over S epochs, then constant."""


def linear(first, last, epochs):
    return lambda e: first * (1 + (last / first - 1) * min(e, epochs) / epochs)


def constant(lr):
    return lambda e: lr
