"""What training, evaluation and the report all measure by: errors, objects, the criterion."""
