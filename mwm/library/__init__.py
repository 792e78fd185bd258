"""What `import mwm` offers: trained models, frames of screens, judging."""
