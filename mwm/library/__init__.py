"""What `import mwm` offers beside the rooms: trained models, screens to frames, judging."""
