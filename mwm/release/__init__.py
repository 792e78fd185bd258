"""What mwm comes with: the pretrained models, and how good they are."""
