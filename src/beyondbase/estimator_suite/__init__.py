"""What any unbiased pass@k must satisfy, as tests against a function of a user's: `beyondbase estimators`."""
