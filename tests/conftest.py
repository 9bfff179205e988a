"""What all tests share."""


def pytest_configure(config):
    """Lets no deadline fail a hypothesis test: the machines that run them are shared.

    pytest reads this file for its help too, where hypothesis need not be installed.
    """
    if config.pluginmanager.hasplugin("hypothesispytest"):
        import hypothesis

        hypothesis.settings.register_profile("shared machine", deadline=None)
        hypothesis.settings.load_profile("shared machine")
