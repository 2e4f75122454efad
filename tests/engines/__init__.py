"""Real engines on this machine, that the tests ask the rendered SQL of."""
