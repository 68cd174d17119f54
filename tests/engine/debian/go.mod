module probe
