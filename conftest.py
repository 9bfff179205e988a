"""Makes pytest's own testing plugin available to the tests of the plugin."""

pytest_plugins = ["pytester"]
