"""What all tests share."""

import hypothesis

# The machines that run the tests are shared: time says nothing about an example.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")
