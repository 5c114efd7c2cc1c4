"""Insights: what a data set and a version look like, as numbers, pictures and a page.

Everything here is made in a process of its own (`trainer_service.insights.worker`), so that
the service itself needs neither the memory nor the plotting libraries.
"""
