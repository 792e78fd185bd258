"""What every page needs: the tables of evaluation, words for numbers and worlds, and HTML."""
