"""The report: tables, figures and summary numbers from what evaluation found."""
