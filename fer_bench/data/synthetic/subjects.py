"""Parameter ranges of people and views."""

from __future__ import annotations

FEATURES: dict[str, tuple[float, float]] = {
    # Lengths are in half widths of the image of a face at scale 1, tones in grey levels.
    "skin": (95.0, 215.0),
    "face_width": (0.62, 0.78),
    "face_height": (0.86, 1.0),
    "jaw_taper": (0.08, 0.36),
    "eye_distance": (0.28, 0.37),
    "eye_height": (-0.22, -0.13),
    "eye_width": (0.135, 0.185),
    "eye_opening": (0.06, 0.095),
    "eye_slant": (-0.025, 0.025),
    "iris": (15.0, 85.0),
    "brow_gap": (0.17, 0.24),
    "brow_thickness": (0.018, 0.045),
    "brow_length": (0.26, 0.34),
    "brow_arch": (0.0, 0.06),
    "brow_slant": (-0.03, 0.03),
    "nose_length": (0.12, 0.24),
    "nose_width": (0.1, 0.17),
    "mouth_height": (0.45, 0.54),
    "mouth_width": (0.22, 0.31),
    "lip_thickness": (0.03, 0.075),
    "lip_tone": (0.55, 0.85),
    "age": (0.0, 1.0),
}
"""Ranges of the facial features that make up an identity."""

STYLE: dict[str, tuple[float, float]] = {
    "hair": (12.0, 120.0),
    "hairline": (-0.8, -0.58),
    "fringe": (-0.35, 0.45),
    "hair_volume": (0.04, 0.2),
    "hair_length": (-0.6, 0.9),
    "beard": (-1.5, 0.7),
    "moustache": (-2.5, 0.9),
    "glasses": (-4.0, 1.0),
}
"""Ranges of traits that may differ between images of the same person.

``beard``, ``moustache`` and ``glasses`` are opacities, and absent below 0.
"""

TRAITS = FEATURES | STYLE
"""Ranges of all traits of a person in an image."""

VIEWS: dict[str, tuple[float, float]] = {
    "across": (-0.07, 0.07),
    "down": (-0.07, 0.07),
    "scale": (1.04, 1.24),
    "half_tilt": (-0.075, 0.075),
    "yaw": (-1.0, 1.0),
    "background": (10.0, 235.0),
    "background_slope": (-50.0, 50.0),
    "light_across": (-0.3, 0.3),
    "light_down": (-0.2, 0.2),
    "brightness": (-25.0, 25.0),
    "contrast": (0.65, 1.15),
    "blur": (0.0, 0.2),
    "noise": (2.0, 10.0),
}
"""Ranges of pose, light and camera.

``half_tilt`` is the tangent of half the angle of rotation in the image, ``yaw`` the turn of the
head with 1 as its maximum, light and contrast are factors, ``blur`` is the weight of each neighbour
in a three-pixel mean, and ``noise`` a standard deviation in grey levels.
"""
