"""Without a key no noise comes twice: in no call, instance, thread or process, however that came to be."""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from noiseaug import GaussianNoise

NOISE = GaussianNoise(0.1, seed=3)
METHODS = multiprocessing.get_all_start_methods()


def patterns(noise: GaussianNoise, count: int = 8) -> list[str]:
    """What several calls give, as digests."""
    return [hashlib.sha256(noise(np.zeros(50, np.float32)).tobytes()).hexdigest() for _ in range(count)]


def three_ways(noise: GaussianNoise) -> list[str]:
    return [*patterns(noise), *patterns(NOISE), *patterns(GaussianNoise(0.1, seed=3))]


def assert_all_differ(found: list[list[str]]) -> None:
    flat = [pattern for some in found for pattern in some]
    assert len(set(flat)) == len(flat)


def test_no_two_calls_are_alike():
    assert_all_differ([patterns(NOISE, 200)])


def test_instances_that_are_alike_do_not_repeat_each_other():
    again = GaussianNoise(0.1, seed=3)
    assert again == NOISE
    assert_all_differ(
        [
            patterns(noise)
            for noise in (NOISE, again, copy.copy(NOISE), copy.deepcopy(NOISE), GaussianNoise(0.1, seed=3))
        ]
    )
    assert_all_differ([patterns(pickle.loads(pickle.dumps(NOISE))) for _ in range(3)])
    assert_all_differ([patterns(GaussianNoise(0.1), 1) for _ in range(50)])


def test_strength_and_probability_are_drawn_anew_in_each_call():
    noise = GaussianNoise("0.1:0.9", p=0.5, return_std=True)
    stds = [noise(np.zeros(3))[1] for _ in range(200)]
    assert 60 < stds.count(0.0) < 140
    assert len(set(stds)) == 201 - stds.count(0.0)


def test_the_items_of_a_batch_differ():
    noisy = NOISE(np.zeros((40, 30)), batch=True)
    assert len({row.tobytes() for row in noisy}) == 40


@pytest.mark.parametrize("method", METHODS)
def test_processes_of_multiprocessing_differ(method):
    """Whether they are handed an instance, find one in a module or make one."""
    with multiprocessing.get_context(method).Pool(2, maxtasksperchild=1) as pool:
        found = pool.map(three_ways, [NOISE] * 3, chunksize=1)
    assert_all_differ([*found, patterns(NOISE)])


def test_a_fork_by_hand_and_its_fork_differ():
    found = []
    for depth in (1, 2):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            if depth == 2 and (grandchild := os.fork()):
                os.waitpid(grandchild, 0)
                os._exit(0)
            os.write(writer, " ".join(patterns(NOISE)).encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with os.fdopen(reader) as lines:
            found.append(lines.read().split())
    assert all(len(some) == 8 for some in found)
    assert_all_differ([*found, patterns(NOISE)])


def test_workers_of_joblib_differ():
    joblib = pytest.importorskip("joblib")
    assert_all_differ(joblib.Parallel(n_jobs=2)(joblib.delayed(three_ways)(NOISE) for _ in range(4)))


def test_an_instance_that_came_from_another_program_does_not_repeat_what_others_make_of_it():
    """As on clusters, whose workers are programs of their own that get it pickled."""
    program = """
import pickle, sys
import numpy as np
noise = pickle.load(sys.stdin.buffer)
print(*(noise(np.zeros(3)).sum() for _ in range(8)))
"""
    found = []
    for _ in range(2):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        given = pickle.dumps(NOISE)
        done = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, env=environment)
        found.append(done.stdout.decode().split())
        assert done.stderr == b""
    assert_all_differ(found)


def test_threads_differ():
    barrier = threading.Barrier(4)

    def work(_: int) -> list[str]:
        barrier.wait()
        return patterns(NOISE, 100)

    with ThreadPoolExecutor(4) as pool:
        assert_all_differ([*pool.map(work, range(4)), patterns(NOISE)])
    with ThreadPoolExecutor(4) as pool:  # new threads have what the former ones left
        assert_all_differ([*pool.map(work, range(4)), patterns(NOISE)])


PROGRAM = """
import sys, threading, numpy as np
from noiseaug import GaussianNoise
noise = GaussianNoise("0.1:0.2", seed=int(sys.argv[1]))
thread = threading.Thread(target=lambda: noise(np.zeros(9)))
thread.start()
print([noise(np.zeros(5, np.float32)).tolist() for _ in range(3)], noise(np.zeros((2, 3)), batch=True).tolist())
thread.join()
"""


def second_runs(*runs: tuple[str, dict[str, str]]) -> list[str]:
    return [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, seed], env=os.environ | more, capture_output=True, text=True, check=True
        ).stdout
        for seed, more in runs
    ]


def test_the_main_thread_of_a_program_makes_the_same_noise_in_a_second_run():
    one, two = second_runs(("7", {}), ("7", {}))
    assert one == two


def test_other_seeds_and_the_ranks_of_a_launcher_differ():
    found = second_runs(("7", {}), ("8", {}), ("7", {"RANK": "1"}), ("7", {"SLURM_PROCID": "2"}))
    assert len(set(found)) == 4


def test_with_a_key_noise_is_the_same_wherever_it_is_made():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(keyed, [NOISE]), keyed(NOISE))


def keyed(noise: GaussianNoise) -> np.ndarray:
    return noise(np.zeros(9), key="a", copy=2)


def test_the_copy_of_a_key_is_the_epoch():
    zeros = np.zeros(9)
    copies = [NOISE(zeros, key="a", copy=copy).tolist() for copy in range(3)]
    assert [NOISE(zeros, key="a", epoch=epoch).tolist() for epoch in range(3)] == copies
    assert copies[0] != copies[1] != copies[2] != copies[0]


def test_torch_is_not_imported():
    program = "import sys, noiseaug, numpy; noiseaug.GaussianNoise(0.1)(numpy.zeros(3)); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
