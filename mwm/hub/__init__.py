"""The pretrained models as others share models: a folder for a model hub."""
