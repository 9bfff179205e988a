"""Weight files in the layouts found in practice: both of Keras, and npz."""

import numpy as np

LAYOUTS = ("legacy", "keras3", "npz")


def save(model, path, layout):
    """Write a network's weights with Keras' own code (npz: with NumPy), and return the path."""
    if layout == "legacy":
        import h5py
        from keras.src.legacy.saving import legacy_h5_format

        path = path.with_suffix(".h5")
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    elif layout == "keras3":
        path = path.with_suffix(".weights.h5")
        model.save_weights(path)
    else:
        path = path.with_suffix(".npz")
        arrays = {
            f"{layer.name}/{variable.name}": variable.numpy()
            for layer in model.layers
            for variable in reversed(layer.weights)
        }
        np.savez(path, **arrays)
    return path
