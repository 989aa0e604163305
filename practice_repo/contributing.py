"""What the verbs of contributing share: the states, who may see what, and the steps of the review's process."""

REVIEW_PROCESS = "contribution_review"
