"""What is done with a project's translations outside a build: brought up to date, drafted, checked, mended, judged."""
