"""Figures, side by side: what the template, the proxy and the commands cost, as ratios from the same minutes."""
