"""A partner objects to a reward or to a month: both sides' figures, the causes, the decision."""
