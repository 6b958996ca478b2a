from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from animeseg.weights.cache import ModelCache, model_bytes


class Model:
    def __init__(self, size=100):
        self.nbytes = size
        self.network = torch.nn.Linear(1, size // 4, bias=False)
        self.at_work = 0
        self.calls = 0

    def run(self):
        """Notices when two threads are inside at once."""
        self.at_work += 1
        assert self.at_work == 1
        self.calls += 1
        self.at_work -= 1


def test_a_model_is_loaded_once_and_kept():
    cache = ModelCache()
    first = cache.get("a", Model)
    assert cache.get("a", pytest.fail) is first
    assert cache.sizes() == {"a": 100}


def test_many_threads_load_a_model_once():
    cache = ModelCache()
    gate = threading.Barrier(8)
    loads = []

    def load():
        loads.append(1)
        return Model()

    def work(_):
        gate.wait()
        return cache.get("a", load)

    with ThreadPoolExecutor(8) as pool:
        models = set(pool.map(work, range(8)))
    assert len(models) == len(loads) == 1


def test_what_loading_raises_goes_to_the_caller_and_is_not_kept():
    cache = ModelCache()

    def fail():
        raise RuntimeError("damaged")

    with pytest.raises(RuntimeError, match="damaged"):
        cache.get("a", fail)
    assert cache.sizes() == {}
    assert isinstance(cache.get("a", Model), Model)


def test_a_failed_load_leaves_other_models_alone():
    cache = ModelCache()
    good = cache.get("good", Model)
    with pytest.raises(ZeroDivisionError):
        cache.get("bad", lambda: 1 // 0)
    assert cache.get("good", pytest.fail) is good


def test_the_least_recently_used_model_goes_first():
    cache = ModelCache(budget=250)
    for key in "abacd":
        cache.get(key, Model)
    assert list(cache.sizes()) == ["c", "d"]


def test_a_model_larger_than_the_budget_is_kept_alone():
    cache = ModelCache(budget=250)
    cache.get("small", Model)
    large = cache.get("large", lambda: Model(1000))
    assert cache.sizes() == {"large": 1000}
    assert cache.get("large", pytest.fail) is large


def test_a_model_at_work_is_not_dropped():
    cache = ModelCache(budget=150)
    with cache.use("busy", Model) as busy:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(cache.get, "other", Model).result()
        assert cache.get("busy", pytest.fail) is busy
    cache.get("third", Model)
    assert list(cache.sizes()) == ["third"]


def test_unload_frees_one_or_all():
    cache = ModelCache()
    for key in "abc":
        cache.get(key, Model)
    assert cache.unload("a") == 100
    assert cache.unload("a") == 0
    assert list(cache.sizes()) == ["b", "c"]
    assert cache.unload() == 200
    assert cache.sizes() == {}


def test_where_nothing_is_loaded_unloading_costs_nothing(monkeypatch):
    released = []
    monkeypatch.setattr("animeseg.weights.cache._release", lambda: released.append(True))
    cache = ModelCache()
    assert cache.unload() == 0
    assert released == []
    cache.get("a", object)
    cache.unload()
    assert released == [True]


def test_unloading_a_model_at_work_lets_it_finish():
    cache = ModelCache()
    with cache.use("a", Model) as model:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(cache.unload).result(timeout=30) == 100
        model.run()
    assert cache.get("a", Model) is not model


def test_one_thread_may_enter_its_model_twice_but_never_hold_two():
    cache = ModelCache()
    with cache.use("a", Model) as outer:
        with cache.use("a", pytest.fail) as inner:
            assert inner is outer
        with pytest.raises(RuntimeError, match="give 'a' back"), cache.use("b", Model):
            pass
    with cache.use("b", Model) as model:
        model.run()


def test_two_models_switching_under_a_small_budget_never_deadlock_and_never_mix(monkeypatch):
    monkeypatch.setattr("animeseg.weights.cache._release", lambda: None)  # only slow, many times
    cache = ModelCache(budget=150)
    done = []

    def work(seed):
        choice = random.Random(seed)
        for _ in range(250):
            key = choice.choice("ab")
            action = choice.random()
            if action < 0.05:
                cache.unload(choice.choice(["a", "b", None]))
            elif action < 0.2:
                assert cache.get(key, Model).network.weight.numel() == 25
            else:
                with cache.use(key, Model) as model:
                    model.run()
        done.append(seed)

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(done) == list(range(8))
    assert sum(cache.sizes().values()) <= 200


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (torch.nn.Linear(4, 2), 40),
        (torch.nn.Linear(4, 2).half(), 20),
        (torch.nn.BatchNorm1d(2), 4 * 8 + 8),
        (Model(400), 400),
        (object(), 0),
    ],
)
def test_sizes_count_parameters_and_buffers(model, size):
    assert model_bytes(model) == size


def test_shared_parameters_count_once():
    layer = torch.nn.Linear(4, 4, bias=False)
    assert model_bytes(torch.nn.Sequential(layer, layer)) == 64
