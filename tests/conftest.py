"""What all tests share."""

import pytest


def pytest_configure(config):
    """Lets no lack of time fail a hypothesis test: the machines that run them are shared.

    pytest reads this file for its help too, where hypothesis need not be installed.
    """
    if config.pluginmanager.hasplugin("hypothesispytest"):
        from hypothesis import HealthCheck, settings

        settings.register_profile(
            "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
        settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def needs_structure():
    """Skips where a backbone's structure is nowhere: neither deepface nor an exported file."""
    pytest.importorskip("keras")
    from fer_bench.backbones import structure_files
    from fer_bench.errors import FerBenchError

    def check(name):
        missing = structure_files.missing_packages()
        if name in ("vggface", "openface") and missing:
            try:
                structure_files.find(name, missing)
            except FerBenchError as error:
                pytest.skip(str(error))

    return check
