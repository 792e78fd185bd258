"""The settings in params.yaml: one module per section; errors name the line."""
