"""PyTorch at its best on a GPU: a compiled step, and the whole epoch captured in a CUDA graph."""

import torch

from tbrnn.bench.peers import eager
from tbrnn.bench.workloads import LEARNING_RATE

EPOCHS = 10  # of one call
EARLY = 3  # epochs before the capture: compilation, and Adam's first state


def training(workload, members, threads):
    network = eager.Network(workload, loop(torch.compile(eager.step, fullgraph=True)))
    torch.manual_seed(0)
    weights = workload.nets()[0].arrays
    p = {name: torch.tensor(w, requires_grad=True) for name, w in weights.items()}
    adam = torch.optim.Adam(list(p.values()), lr=LEARNING_RATE, capturable=True, fused=True)

    def epoch():
        adam.zero_grad(set_to_none=True)
        value = network.loss(p)
        value.backward()
        adam.step()
        return value.detach()

    return replayed(epoch)


def loop(step):
    """`eager.steps` with another step."""

    def steps(x, drive, *matrices):
        rates = [torch.tanh(x)]
        for now in drive:
            x, r = step(x, rates[-1], now, *matrices)
            rates.append(r)
        return rates

    return steps


def replayed(epoch):
    """Ten epochs a call, one replay each; the early ones, which made the graph, count too."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        losses = [epoch().item() for _ in range(EARLY)]
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value = epoch()
    torch.cuda.synchronize()
    early = [losses]

    def call():
        if early:
            return early.pop()
        found = []
        for _ in range(EPOCHS):
            graph.replay()
            found.append(value.clone())
        return torch.stack(found).tolist()

    return call
