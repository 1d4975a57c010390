"""What operators see: metrics, rules, dashboards and traces of real services."""
