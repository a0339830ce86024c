"""A Ray cluster on this machine, bounded in memory, started once and stopped at the end."""

import warnings

import pytest


@pytest.fixture(scope="session")
def ray():
    ray = pytest.importorskip("ray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(
            num_cpus=2,
            object_store_memory=256 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    yield ray
    ray.shutdown()
