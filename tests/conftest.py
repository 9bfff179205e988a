"""What all tests share."""


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
