"""Load pytest's ``pytester`` plugin for the tests of the plugin."""

pytest_plugins = ["pytester"]
