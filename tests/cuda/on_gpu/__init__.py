"""What only a machine with a GPU can show: `python tests/cuda/on_gpu parity`, `sanitize`, `bench`.

Each command builds the engine for the GPU that is there (once for all three), ends within eight
minutes, prints one table and writes build/on_gpu/COMMAND.json (see `report`). They need the source
tree, a CUDA toolkit, cmake, ninja, and Python with numpy, scipy, tqdm and pybind11; `bench` times
PyTorch and JAX too, as far as they are installed.

    parity    each kernel against the CPU engine: gradients, trainings, bits of a repeated run
    sanitize  compute-sanitizer over tiny networks of each kernel, with four tools
    bench     the workloads that have figures to meet, beside their peers, and what a launch, a
              barrier or a shuffle takes on this card

The engine takes the longest to build. One that was built elsewhere, for this card and from these
sources, is not built again where TBRNN_CUDA_LIBRARY names its file.

``--emulated`` runs what can run without a GPU, on few and tiny networks: the sources of the engine
on the emulator, the library of which TBRNN_CUDA_LIBRARY names. Nothing of it is a result.
"""
