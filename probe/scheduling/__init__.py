"""Cron expressions, jobs, misfires, and the schedule that starts runs."""
