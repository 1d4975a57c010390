"""A small invented county whose events come early and late: the material of reporting's tests."""
