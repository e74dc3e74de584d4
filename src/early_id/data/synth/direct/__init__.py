"""Features drawn without extracts: the processes of the council as arrays, and closed forms for what happens inside windows."""
