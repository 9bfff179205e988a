"""Prediction with an exported model: detect, align, crop and classify the faces of photos.

Needs onnxruntime, numpy and Pillow; neither Keras nor TensorFlow, and nothing that trains.
"""

from fer_bench.predict.predictions import Prediction, Predictions
from fer_bench.predict.predictor import Predictor

__all__ = ["Prediction", "Predictions", "Predictor"]
