"""Ray clusters on this machine, bounded in memory and in time, stopped at the end."""

import signal
import warnings

import pytest

STORE = 256 << 20  # bytes of objects, in all
SECONDS = 300  # of a test that uses a cluster


@pytest.fixture(autouse=True)
def _limit(request):
    """End a test that uses a cluster after some minutes, with a traceback."""
    if not {"ray", "machines"} & set(request.fixturenames):
        yield
        return

    def ends(*_):
        raise TimeoutError(f"the test took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ends)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def ray():
    """Start Ray on one machine with two processors."""
    ray = pytest.importorskip("ray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(
            "local",  # even if a cluster runs here
            num_cpus=2,
            object_store_memory=STORE,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def machines():
    """Make a cluster of three simulated machines with one processor each."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = {"num_cpus": 1, "object_store_memory": STORE // 3}
        cluster = Cluster(initialize_head=True, head_node_args=arguments)
        for _ in range(2):
            cluster.add_node(**arguments)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    cluster.arguments = arguments
    yield cluster
    ray.shutdown()
    cluster.shutdown()
